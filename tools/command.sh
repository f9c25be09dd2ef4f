# SPDX-License-Identifier: MIT
#
# Sourced by qemu.sh: all that is known of QEMU's command line. Uses $given, $machine,
# $qemu, $cpu, $mem, $smp, $folder, $words and cannot_start of qemu.sh.

UBOOT=/usr/lib/u-boot/qemu_arm64/u-boot.bin # Debian's u-boot-qemu

kib() { # 512M -> 524288; a bare number is MiB, as for QEMU
	local number=${1%[KMGT]} shift=10
	case $1 in *K) shift=0 ;; *G) shift=20 ;; *T) shift=30 ;; esac
	echo $((number << shift))
}

# More RAM than this is not reserved: it may be more than the host has, of which the guest touches
# little. The same on every host, so that --dry-run prints what any other host would run.
reserved_kib=$((4 << 20))
needs_lazy_memory() { [ "$(kib "$mem")" -gt "$reserved_kib" ]; }

# Bits of a physical address, of those models of QEMU's that have few.
phys_bits() {
	case ${cpu%%,*} in
	cortex-a35 | cortex-a53 | cortex-a55 | cortex-a76) echo 40 ;;
	cortex-a57 | cortex-a72) echo 44 ;;
	esac
}

# RAM of `virt` begins at 1G. Of other machines and models QEMU says what they cannot have.
check_memory() {
	local bits end_kib=$(($(kib "$mem") + (1 << 20)))
	case $machine in virt | virt-*) bits=$(phys_bits) ;; esac
	[ -n "${bits:-}" ] && [ "$end_kib" -gt $((1 << (bits - 10))) ] &&
		cannot_start "--mem $mem: ${cpu%%,*} has $bits bits of address and RAM begins at 1G," \
			"$(((1 << (bits - 30)) - 1))G at most"
}

# The last value of key $1, as the kernel reads $words: double quotes protect blanks and go,
# a bare word is 1.
word_value() {
	local rest=$words word found='' blanks=$' \t'
	local first="^[$blanks]*(([^$blanks\"]|\"[^\"]*\")+)(.*)$"
	while [[ $rest =~ $first ]]; do
		rest=${BASH_REMATCH[3]} word=${BASH_REMATCH[1]//\"/}
		case $word in "$1") found=1 ;; "$1"=*) found=${word#*=} ;; esac
	done
	printf '%s' "$found"
}

compose() { # sets the array `command`, and `image`, what it boots
	local board=$machine
	check_memory
	case $machine in virt | virt-*)
		board+=",gic-version=${given[gic]:-3}${given[el2]:+,virtualization=on},dtb-randomness=off" ;;
	esac
	needs_lazy_memory && board+=,memory-backend=ram
	command=("$qemu" -M "$board")
	[ -z "$cpu" ] || command+=(-cpu "$cpu")
	needs_lazy_memory && command+=(-object "memory-backend-ram,id=ram,size=$mem,reserve=off")
	command+=(-m "$mem" -smp "$smp")
	[ "${given[icount]:-on}" = off ] || command+=(-icount 'shift=0,sleep=off')
	command+=(-display none -monitor none -serial stdio -no-reboot -nodefaults -nic none)
	# A line typed at the shell may be the `exit=semihosting`.
	case $(word_value exit) in semihosting | shell)
		command+=(-semihosting-config enable=on,target=native) ;;
	esac
	[ -z "${given[gdb]:-}" ] || command+=(-gdb tcp:127.0.0.1:1234 -S)
	[ -z "${given[sdcard]:-}" ] || { compose_card && return; }
	image=Image
	# The checker is a build of its own.
	case $(word_value check)/$(word_value trace) in 1/* | */1) image=Image.check ;; esac
	command+=(-kernel "$folder/$image")
	[ -z "$words" ] || command+=(-append "$words")
}

# What boots is on the card, found by U-Boot. QEMU reads a comma in a name if there are two.
compose_card() {
	local file=${given[sdcard]//,/,,}
	image=''
	command+=(-bios "$UBOOT" -drive "if=none,id=card,format=raw,readonly=on,file=$file"
		-device virtio-blk-device,drive=card)
}

print_command() {
	local word line=''
	for word in "${command[@]}"; do
		[[ $word =~ ^[A-Za-z0-9_./,=:+@%-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
		line+="$word "
	done
	printf '%s\n' "${line% }"
}

check_qemu() {
	local line major minor
	line=$("$qemu" --version 2>/dev/null </dev/null | head -n 1)
	[[ $line =~ version\ ([0-9]+)\.([0-9]+)([0-9.]*) ]] ||
		cannot_start "$qemu is not a QEMU that runs here"
	major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]} qemu_version=$major.$minor${BASH_REMATCH[3]}
	[ $((major * 100 + minor)) -ge 702 ] ||
		cannot_start "$qemu is version $qemu_version, 7.2 or later is needed"
}
