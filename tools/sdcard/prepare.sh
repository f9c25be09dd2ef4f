#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The first step of `make sdcard`, before anything is built: the card of an earlier call goes,
# and what is missing is installed, as qemu.sh does for itself. O: the build folder, SDCARD: the
# card.

set -u
out=${O:?} card=${SDCARD:?}
declare -A given=()

say() { printf 'tlbed: %s\n' "$*" >&2; }
cannot_start() { say "no card image: $*"; exit 1; }

# A call that fails leaves no card. Nothing but a card is removed: this may be root's /dev/sdX.
remove_card() {
	[ ! -e "$card" ] || [ -f "$card" ] || cannot_start "$card is there and is not a file"
	rm -f -- "$card" 2>/dev/null || cannot_start "$card cannot be removed"
}

make_folder() {
	mkdir -p -- "$1" 2>/dev/null && [ -w "$1" ] || cannot_start "$1 cannot be written"
}

. tools/install.sh
find_missing() {
	packages=()
	find_missing_build
	find_missing_card
}
remove_card
make_folder "$out"
make_folder "$(dirname -- "$card")"
install_missing
