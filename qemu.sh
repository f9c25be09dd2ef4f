#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The two commands of the README: boot tlbed under QEMU, or (--test) run every
# test. Checks the options, installs what is missing, builds, and hands over to
# tools/run.py or tools/test.py, which own the processes from there on.

set -u
usage() {
	cat <<'EOF'
usage: ./qemu.sh [options] [-- kernel command line words]

  (nothing)        install what is missing, build, boot, run the default benches
  --test           every test: host, fuzz, the on-target suites over tests/matrix,
                   the boots of tests/endings that must end in a known way, the SD card
                   by U-Boot, and a few errors planted on purpose that these must catch
  --list           every bench and test name, from the kernel itself
  --profile GLOB   instructions, bytes and cache lines by function, of each bench that
                   matches (docs/profile.md); leaves build/profile.txt and .json
  --profile-lines  with it: by source line, too
  --sdcard FILE    boot the image that `make sdcard` wrote, by U-Boot, as a board does
  --label NAME     with it: what to choose at U-Boot's menu (default claims)
  --cpu MODEL      QEMU's -cpu (default cortex-a76)
  --smp N          CPUs (default 1; xlnx-versal-virt: 4; --sdcard: 8, as on an RK3588)
  --mem SIZE       RAM, as 512M or 4G (default 2G; xlnx-versal-virt: 4G); more than 4G
                   is not reserved on the host, so that 256G start on a small one
  --gic 2|3        interrupt controller of `virt` (default 3)
  --el2            enter at EL2 (`virt` with virtualization=on)
  --machine NAME   virt (default), xlnx-versal-virt, or another that QEMU knows
  --qemu PATH      the QEMU to run (default qemu-system-aarch64; 7.2 or later)
  --icount on|off  count instructions as virtual time (default on)
  --timeout S      seconds of silence that count as a hang (default 30, with
                   --test 60); a whole boot may take 20 times that
  --gdb            wait for gdb on port 1234 before the first instruction
  --dry-run        print QEMU's command line and do nothing else
  --help           this text

Environment: O=DIR builds elsewhere; CROSS_COMPILE, GRANULE, LLVM go to make.
Exit status: from the kernel 0 ok, 1 failures, 2 bad kernel command line, 3 panic;
4 no exit line, or silence past the limit; 5 could not start (a bad option of
this script, installing, building, QEMU).
EOF
}

say() { printf 'tlbed: %s\n' "$*" >&2; }
show() { "$@" || cannot_start 'standard output cannot be written'; exit 0; }
cannot_start() { say "could not start: $* (exit status 5)"; exit 5; }

# Closed standard streams would hand their numbers to the next file opened. (A chroot may have no
# /proc, and then no /dev/fd, to tell.)
if [ -d /dev/fd ]; then
	[ -e /dev/fd/0 ] || exec </dev/null
	[ -e /dev/fd/1 ] || exec >/dev/null
	[ -e /dev/fd/2 ] || exec 2>/dev/null
fi

# The script may be called by a symbolic link.
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd) || exit 5
caller=$PWD
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$caller" "$1" ;; esac; }

number='[1-9][0-9]{0,5}' word='[A-Za-z0-9][A-Za-z0-9._-]*'
declare -A given=() # the options, by name; flags are "on"
declare -A pattern=([cpu]='[A-Za-z0-9][A-Za-z0-9._,=-]*' [smp]=$number [mem]="${number}[KMGT]?"
	[gic]='2|3' [machine]=$word [qemu]='.+' [icount]='on|off' [timeout]=$number
	[profile]='[^[:space:]"]+' [sdcard]='.+' [label]=$word)
words=''

set_option() { # --name value
	local name=${1#--}
	[ -n "$name" ] && [ -n "${pattern[$name]:-}" ] || cannot_start "unknown option '$1' (see --help)"
	[ $# -ge 2 ] || cannot_start "$1 needs a value"
	[[ $2 =~ ^(${pattern[$name]})$ ]] || cannot_start "malformed value '$2' for $1"
	given[$name]=$2
}

parse() {
	while [ $# -gt 0 ]; do
		case $1 in
		--) shift && words=$* && return ;;
		--el2 | --gdb | --dry-run | --list | --test | --profile-lines) given[${1#--}]=on ;;
		--help | -h) show usage ;;
		--*=*) set_option "${1%%=*}" "${1#*=}" ;;
		--*) set_option "$@" && shift ;;
		*) cannot_start "unknown option '$1' (kernel command line words go after --)" ;;
		esac
		shift
	done
}

not_for() { # why option...
	local why=$1 name
	shift
	for name; do
		[ -z "${given[$name]:-}" ] || cannot_start "--$name does not apply to $why"
	done
}

# What only one machine has. `virt` takes every option; the others bring their own CPUs.
check_options() {
	machine=${given[machine]:-virt} cpu=${given[cpu]:-} mem=${given[mem]:-2G} smp=${given[smp]:-1}
	case $machine in
	virt | virt-*) : "${cpu:=cortex-a76}" ;;
	xlnx-versal-virt)
		not_for "$machine" gic el2 cpu
		mem=${given[mem]:-4G} smp=${given[smp]:-4} ;;
	*) not_for "$machine" gic el2 ;;
	esac
	if [ -n "${given[test]:-}" ]; then
		not_for "--test (tests/matrix names the machines)" \
			cpu smp mem gic el2 machine icount gdb dry-run list profile profile-lines sdcard label
		[ -z "$words" ] || cannot_start "--test takes no kernel command line"
	fi
	check_profile
	check_card
	[ -z "${given[list]:-}" ] || words="list${words:+ $words}"
	qemu=${given[qemu]:-qemu-system-aarch64}
	case $qemu in */*) qemu=$(absolute "$qemu") ;; esac
}

# What a profile chooses itself, and what has no instructions to show.
check_profile() {
	local key
	if [ -z "${given[profile]:-}" ]; then
		not_for 'a run without --profile' profile-lines
		return
	fi
	not_for --profile list gdb dry-run
	[ "${given[icount]:-on}" = on ] || cannot_start '--profile counts instructions: --icount is on'
	for key in bench test skip list check trace format exit cpus; do
		[ -z "$(word_value "$key")" ] || cannot_start "'$key' does not apply to --profile"
	done
	words="bench=${given[profile]}${words:+ $words}"
}

# The card has the kernel and its words; U-Boot of u-boot-qemu knows `virt` alone.
check_card() {
	if [ -z "${given[sdcard]:-}" ]; then
		label=''
		not_for 'a run without --sdcard' label
		return
	fi
	not_for --sdcard list gdb profile
	[ "$machine" = virt ] || cannot_start "--sdcard does not apply to $machine"
	[ -z "$words" ] || cannot_start '--sdcard takes no kernel command line: the card has them, by --label'
	given[sdcard]=$(absolute "${given[sdcard]}")
	[ -f "${given[sdcard]}" ] || cannot_start "${given[sdcard]}: no such file (make sdcard writes one)"
	[ -r "${given[sdcard]}" ] || cannot_start "${given[sdcard]} cannot be read"
	smp=${given[smp]:-8} label=${given[label]:-claims}
}

# Sets `out` (absolute) and `folder` (the same, seen from the tree): O, or build/ in the
# tree, or (a tree that cannot be written) a folder in $TMPDIR.
choose_output() {
	local parent=$top
	out=$top/build
	[ ! -e "$out" ] || parent=$out
	if [ -n "${O:-}" ]; then
		out=$(absolute "$O")
	elif [ ! -w "$parent" ]; then
		out=${TMPDIR:-/tmp}/tlbed-$UID
		say "$parent cannot be written: building in $out"
		# $TMPDIR is everybody's: never build in what somebody else put there.
		[ ! -e "$out" ] || [ -O "$out" ] || cannot_start "$out is not yours"
	fi
	folder=${out#"$top"/}
	[[ $folder != *[[:space:]]* ]] || cannot_start "cannot build in '$out': make has no spaces"
}

build() {
	local goals=(all)
	[ -z "${given[profile]:-}" ] || goals+=("$folder/profile/plugin.so")
	say "building in $out"
	make O="$folder" "${goals[@]}" -j"$(nproc)" >"$out/make.log" 2>&1 </dev/null && return
	tail -n 20 "$out/make.log" >&2
	cannot_start "building failed, see $out/make.log"
}

cd "$top" || exit 5
. tools/command.sh
parse "$@"
check_options
choose_output
# From elsewhere only the absolute name of Image is good to copy.
[ -z "${given[dry-run]:-}" ] || [ "$caller" -ef "$top" ] || folder=$out
compose
[ -z "${given[dry-run]:-}" ] || show print_command
# For make, any LLVM that is there means clang.
case ${LLVM:-0} in 0) unset LLVM ;; esac

# A make that called this script (make test) must not steer the makes below it.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$out" 2>/dev/null && [ -w "$out" ] || cannot_start "$out cannot be written"
. tools/install.sh
install_missing
check_qemu
[ -n "${given[sdcard]:-}" ] || build
if [ -n "${given[test]:-}" ]; then
	exec python3 tools/test.py --out "$folder" --qemu "$qemu" --silence "${given[timeout]:-60}"
fi
[ -z "$image" ] || [ -e "$out/$image" ] || cannot_start "$out/$image is not there: make does not build it"
silence=${given[timeout]:-30}
if [ -n "${given[gdb]:-}" ]; then
	say "waiting for: gdb-multiarch $out/tlbed.elf -ex 'target remote :1234'"
	silence=0 # nobody is timed while somebody thinks
fi
if [ -n "${given[profile]:-}" ]; then
	exec python3 tools/profile-bench.py --out "$folder" --qemu-version "$qemu_version" \
		--silence "$silence" ${given[profile-lines]:+--lines} -- "${command[@]}"
fi
exec python3 tools/run.py --out "$folder" --qemu-version "$qemu_version" --silence "$silence" \
	${label:+--label "$label"} -- "${command[@]}"
