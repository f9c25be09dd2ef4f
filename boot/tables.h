// SPDX-License-Identifier: MIT
/*
 * Boot's mapper: the translation tables that exist before there are struct pages.
 *
 * The engine (mm/map) needs struct pages for its tables; this one needs nothing, so
 * that it can map the image with the MMU off and then RAM and the struct pages
 * themselves. Nothing that it maps is ever changed or unmapped later.
 */
#pragma once

#include "mm/arm64/pgtable.h"

/*
 * Fills swapper_pg_dir with the image (text RO+X, rodata RO, data RW, stacks with
 * guards) and boot_idmap_root with the page that the MMU is switched on from.
 * MMU off, BSS zeroed; @image_pa is where the image was loaded.
 */
void boot_early_map(uint64_t image_pa);

/*
 * Maps [va, va + size) to @pa with the largest legal leaves, contiguous groups included.
 * All page aligned, nothing mapped there yet. Panics when there is no page for a table
 * (a machine that cannot even map itself). Boot CPU; either side of the MMU switch.
 */
void boot_map(desc_t *root, uint64_t va, uint64_t pa, uint64_t size, pgprot_t prot);

/* After the MMU is on: where the image is, so that the pool's tables are found again. */
void boot_tables_moved(uint64_t image_pa);

/* From now on tables come from free RAM in [lo, hi), which is in the linear map, while it lasts. */
void boot_tables_from_ram(uint64_t lo, uint64_t hi);

/* Pages of RAM used as tables so far, the image's own pool not included. */
uint64_t boot_table_pages(void);

extern desc_t boot_idmap_root[PTRS_PER_TABLE];
