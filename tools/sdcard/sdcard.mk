# SPDX-License-Identifier: MIT
#
# The SD card (docs/rk3588.md). A card without UBOOT is for boards with U-Boot in SPI flash,
# one without DTBS for a U-Boot that passes a tree of its own.

UBOOT  ?=
DTBS   ?=
DEV    ?=
SDCARD ?= $(O)/sdcard.img

sdcard: all
	@O='$(O)' tools/sdcard/install.sh
	@PYTHONPATH=tools python3 -B -m sdcard.image --out '$(O)' --uboot '$(UBOOT)' --dtbs '$(DTBS)'

# Of what is there: root need not build, and what is written is what was made last.
flash:
	@PYTHONPATH=tools python3 -B -m sdcard.flash '$(DEV)' '$(SDCARD)'

.PHONY: sdcard flash
