// SPDX-License-Identifier: MIT
/*
 * The layouts, in frames.
 */
#include "bench/hvo/layout.h"

/* Leaf tables of leaves that share. In the unified layout one is enough for all without a head. */
static uint64_t leaf_tables(enum vmemmap_layout layout, uint64_t structs, unsigned order)
{
	uint64_t windows = DIV_ROUND_UP(structs, PMD_SIZE);

	if (layout == LAYOUT_UNIFIED)
		return MIN(windows, structs / (STRUCT_PAGE_SIZE << order));
	return windows;
}

struct layout_cost layout_cost(enum vmemmap_layout layout, uint64_t bytes, unsigned order,
			       bool blocks)
{
	uint64_t structs = structs_of(bytes), pages = structs >> PAGE_SHIFT;
	uint64_t huge_pages = bytes >> (PAGE_SHIFT + order);
	struct layout_cost cost = { .own = pages };

	if (layout == LAYOUT_PLAIN) {
		/* What is left after the blocks; leaves that share are always pages. */
		cost.tables =
			blocks ? !IS_ALIGNED(structs, PMD_SIZE) : DIV_ROUND_UP(structs, PMD_SIZE);
		return cost;
	}
	cost.own = layout == LAYOUT_DAX ? 2 * huge_pages : huge_pages;
	cost.shared = pages - cost.own;
	cost.tables = leaf_tables(layout, structs, order);
	if (layout == LAYOUT_UNIFIED) {
		cost.tail_pages = 1;
		cost.tail_tables = cost.tables < DIV_ROUND_UP(structs, PMD_SIZE);
	}
	return cost;
}
