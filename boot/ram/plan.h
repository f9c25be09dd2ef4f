// SPDX-License-Identifier: MIT
/*
 * Which memory is ours: from the tree to ranges (mm/phys/ranges.h), and the linear map of them.
 * Neither probes: where a machine has no RAM, an access may hit RAM under another address.
 */
#pragma once

#include "lib/fdt/fdt.h"
#include "mm/arm64/pgtable.h"

/* Where the image is, in bytes of physical address. */
struct boot_image {
	uint64_t start, writable, end; /* text and rodata, then what is written to */
};

/*
 * RAM = memory nodes below @phys_end, the first address that this CPU has not; of them the lowest
 * @limit bytes (0: all), less what is never ours on this board (drivers/board.h), /memreserve/,
 * /reserved-memory, the image and the tree at @fdt_pa. What of it is odd is said, a line each; what
 * cannot be used is left out. -EINVAL, and a line: no RAM, or the image is not in it; or an error
 * of ranges.h. Boot CPU, once.
 */
int plan_ram(const struct fdt *fdt, uint64_t fdt_pa, const struct boot_image *image,
	     uint64_t phys_end, uint64_t limit);

/*
 * Maps all RAM that is ours in @root, and nothing else: range by range, so that no leaf reaches
 * past the end of one. After plan_ram(), which found the image in it. Boot CPU, once.
 */
void map_linear(desc_t *root, const struct boot_image *image);
