// SPDX-License-Identifier: MIT
/*
 * Tables for the programs that store their descriptors by hand, past the engine.
 */
#pragma once

#include "mm/arm64/hw.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"

/* What was stored is there for walkers, and this CPU looks anew. */
static inline void published(void)
{
	hw_dsb_ishst();
	hw_isb();
}

/* Empty tables from the root down to one of @level for @va. Returns that one. */
static inline desc_t *build_tables(uint64_t va, int level)
{
	desc_t *table = swapper_pg_dir;

	for (int l = LEVEL_ROOT; l < level; l++) {
		struct page *page = alloc_pages(GFP_KERNEL, 0);
		desc_t *next = page_address(page);

		for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
			hw_store_desc(&next[i], 0);
		hw_dmb_ishst(); /* what is in it before the link */
		hw_store_desc(&table[table_index(va, l)], table_desc(page_to_phys(page)));
		published();
		table = next;
	}
	return table;
}
