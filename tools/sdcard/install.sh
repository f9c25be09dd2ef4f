#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs what `make sdcard` is missing, as qemu.sh does for itself. O: the build folder.

set -u
out=${O:?}
declare -A given=()

say() { printf 'tlbed: %s\n' "$*" >&2; }
cannot_start() { say "no card image: $*"; exit 1; }

. tools/install.sh
find_missing() {
	packages=()
	find_missing_card
}
install_missing
