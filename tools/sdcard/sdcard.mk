# SPDX-License-Identifier: MIT
#
# The SD card (docs/rk3588.md). A card without UBOOT is for boards with U-Boot in SPI flash,
# one without DTBS for a U-Boot that passes a tree of its own.

UBOOT  ?=
DTBS   ?=
DEV    ?=
SDCARD ?= $(O)/sdcard.img

# A name for the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# The kernels by a make of its own: a compiler that has just been installed is found then.
sdcard:
	@O='$(O)' SDCARD=$(call quoted,$(SDCARD)) tools/sdcard/prepare.sh
	@$(MAKE) --no-print-directory all
	@PYTHONPATH=tools python3 -B -m sdcard.image --kernels '$(O)' --image $(call quoted,$(SDCARD)) \
		--uboot $(call quoted,$(UBOOT)) --dtbs $(call quoted,$(DTBS))

# Of what is there: root need not build, and what is written is what was made last.
flash:
	@PYTHONPATH=tools python3 -B -m sdcard.flash $(call quoted,$(DEV)) $(call quoted,$(SDCARD))

.PHONY: sdcard flash
