# SPDX-License-Identifier: MIT
#
# Sourced by qemu.sh: finds what is missing by looking for the program or file
# itself, so that other sources than Debian's packages count, and installs it
# with apt. Uses $given, $qemu, $out and cannot_start, say of qemu.sh, $UBOOT of command.sh.

PICOLIBC=/usr/lib/picolibc/aarch64-linux-gnu/lib/release/libc.a

have() { command -v "$1" >/dev/null 2>&1; }

have_cross_compiler() {
	[ -z "${CROSS_COMPILE:-}" ] || return 0
	have aarch64-none-elf-gcc || have aarch64-linux-gnu-gcc ||
		{ [ "$(uname -m)" = aarch64 ] && have gcc; }
}

# picolibc, or the C library that a GNU Arm toolchain brings (--test reads picolibc's headers).
have_libc() {
	[ -e "$PICOLIBC" ] || { [ -z "$testing" ] && have aarch64-none-elf-gcc &&
		[ -e "$(aarch64-none-elf-gcc -print-file-name=libc.a)" ]; }
}

have_sanitizers() {
	compgen -G "$(clang -print-resource-dir 2>/dev/null)/lib/*/libclang_rt.fuzzer*.a" >/dev/null
}

# For the plugin of --profile, which runs in QEMU, on this machine.
have_host_compiler() { [ -n "${HOSTCC:-}" ] || have cc || have gcc || have clang; }

# For `make sdcard`, and for --test, which boots a card.
find_missing_card() {
	have genimage || packages+=(genimage)
	have mformat || packages+=(mtools)
	have mkdosfs || [ -x /usr/sbin/mkdosfs ] || packages+=(dosfstools) # not in everybody's PATH
}

# For the kernels, and for our own programs.
find_missing_build() {
	have make || packages+=(make)
	have python3 || packages+=(python3)
	have_cross_compiler || packages+=(gcc-aarch64-linux-gnu)
	have_libc || packages+=(picolibc-aarch64-linux-gnu)
	if [ -n "$testing" ] || [ -n "${LLVM:-}" ]; then
		have clang || packages+=(clang)
		have ld.lld || packages+=(lld)
		have llvm-objcopy || packages+=(llvm)
	fi
}

# Sets the array `packages`.
find_missing() {
	packages=()
	find_missing_build
	have "$qemu" || [ "$qemu" != qemu-system-aarch64 ] || packages+=(qemu-system-arm)
	if [ -n "$profiling" ]; then
		have_host_compiler || packages+=(gcc)
		[ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
	fi
	[ -z "$testing" ] && [ -z "${given[sdcard]:-}" ] || [ -e "$UBOOT" ] || packages+=(u-boot-qemu)
	[ -n "$testing" ] || return 0
	have_sanitizers || packages+=("$(sanitizer_package)")
	have prove || packages+=(perl)
	have dtc || packages+=(device-tree-compiler)
	[ -e /usr/include/libfdt.h ] || packages+=(libfdt-dev)
	find_missing_card
}

# Debian has a package that follows clang's version; elsewhere the name carries it.
sanitizer_package() {
	local version
	version=$(clang -dumpversion 2>/dev/null) ||
		version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
	if [ -z "$version" ] || apt-cache show libclang-rt-dev 2>/dev/null | grep -q .; then
		echo libclang-rt-dev
	else
		echo "libclang-rt-${version%%.*}-dev"
	fi
}

# Sets the array `as_root`, or ends with the one line to type.
become_root() {
	have apt-get || cannot_start "not found here (Debian's names): ${packages[*]}"
	if [ "$(id -u)" = 0 ]; then
		as_root=()
	elif have sudo && sudo -n true 2>/dev/null; then
		as_root=(sudo -n)
	elif have sudo && [ -t 0 ] && [ -t 2 ]; then
		as_root=(sudo)
	else
		local line="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
		have sudo && line="sudo sh -c '$line'" || line="su -c '$line'"
		cannot_start "not installed: ${packages[*]}. Type: $line"
	fi
}

apt_get() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		apt-get -q -o DPkg::Lock::Timeout=120 "$@" >>"$out/install.log" 2>&1
}

lists_know_packages() { apt-cache show --no-all-versions "${packages[@]}" >/dev/null 2>&1; }

install_missing() {
	local packages as_root testing=${given[test]:-} profiling=${given[profile]:-}
	# No package brings a compiler that somebody named.
	if [ -n "${CROSS_COMPILE:-}" ] && { [ -n "$testing" ] || [ -z "${LLVM:-}" ]; }; then
		have "${CROSS_COMPILE}gcc" || cannot_start "${CROSS_COMPILE}gcc not found"
	fi
	find_missing
	[ ${#packages[@]} -gt 0 ] || return 0
	become_root
	say "installing ${packages[*]} (log: $out/install.log)"
	: >"$out/install.log"
	if ! lists_know_packages; then
		apt_get update
		find_missing # the lists may name the sanitizers' package only now
	fi
	# Lists that are out of date name files that are gone: fetch them and try once more.
	apt_get install -y --no-install-recommends "${packages[@]}" ||
		{ apt_get update && apt_get install -y --no-install-recommends "${packages[@]}"; } || {
		tail -n 5 "$out/install.log" >&2
		cannot_start "installing ${packages[*]} failed, see $out/install.log"
	}
	hash -r
	find_missing
	[ ${#packages[@]} -eq 0 ] || cannot_start "still missing after installing: ${packages[*]}"
}
