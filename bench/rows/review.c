// SPDX-License-Identifier: MIT
/*
 * What the reviewers of the series asked, each question a row: does the common case get slower,
 * what of orders that are no group, of mixed orders, odd lengths and addresses, of blocks that
 * are no compound pages. docs/rungs.md has the answers.
 */
#include "bench/rows/layout.h"

#define GROUP		 CONT_PTES
#define GROUPS_PER_TABLE (PTRS_PER_TABLE / CONT_PTES)

#define REVIEWED	   (1u << RUNG_LINUX | 1u << RUNG_SERIES | 1u << RUNG_TLBED)
#define VMAP(ident, label) VMAP_LAYOUT(ident, "review/" label, REVIEWED, SERIES_ALL, layout_vmap)
#define MAP(ident, label)  MAP_LAYOUT(ident, "review/" label, REVIEWED, SERIES_ALL)

/* --- the common case ----------------------------------------------------------------------- */

VMAP(one_page, "one-page") = { .pieces = { { 0, 1 } } };
VMAP(order0, "order0") = { .pieces = { { 0, 256 } } };

/* 256 pages each; at 4K only order 4 is a group. */
VMAP(order1, "order1") = { .pieces = { { 1, 128 } } };
VMAP(order2, "order2") = { .pieces = { { 2, 64 } } };
VMAP(order3, "order3") = { .pieces = { { 3, 32 } } };
VMAP(order4, "order4") = { .pieces = { { 4, 16 } } };

/* --- mixed orders -------------------------------------------------------------------------- */

/* One page in front puts all blocks off: no mapper can use groups, wherever the area starts. */
VMAP(page_first, "page-then-order8") = { .pieces = { { 0, 1 }, { 8, 8 } } };

/* As many in front as a group has: the blocks are where groups fit. */
VMAP(group_first, "group-of-pages-then-order8") = {
	.pieces = { { 0, GROUP }, { 8, 8 } },
	.grouped = 8 << 8,
};

/* One page in front, at an address at which the blocks that follow are aligned. */
MAP(page_first_in_phase, "page-then-order8/in-phase") = {
	.pieces = { { 0, 1 }, { 8, 8 } },
	.phase = PMD_SIZE - PAGE_SIZE,
	.grouped = 8 << 8,
};

/* So many of order 4 that what follows them is at a multiple of a group at each granule. */
VMAP(descending, "mixed/descending") = {
	.pieces = { { 8, 2 }, { 4, 8 }, { 0, GROUP } },
	.grouped = 2 << 8,
};
VMAP(ascending, "mixed/ascending") = {
	.pieces = { { 0, GROUP }, { 4, 8 }, { 8, 2 } },
	.grouped = 2 << 8,
};

/* --- addresses and lengths ----------------------------------------------------------------- */

/* Blocks of eight groups over a boundary of tables, and two more. */
#define STRADDLING                                                    \
	{                                                             \
		{                                                     \
			CONT_PTES_SHIFT + 3, GROUPS_PER_TABLE / 8 + 2 \
		}                                                     \
	}

MAP(phase_aligned, "va-phase/aligned") = {
	.pieces = STRADDLING,
	.grouped = PTRS_PER_TABLE + 16 * GROUP,
};

/* Off by one group: groups still fit. What the rung series makes of it is b1.c's finding. */
MAP(phase_group, "va-phase/group") = {
	.pieces = STRADDLING,
	.phase = CONT_PTE_SIZE,
	.grouped = PTRS_PER_TABLE + 16 * GROUP,
	.mismapped = 2 * 7 * GROUP,
};

/* Off by one page: none does. */
MAP(phase_page, "va-phase/page") = { .pieces = STRADDLING, .phase = PAGE_SIZE };

VMAP(under_group, "length/group-less-1") = { .pieces = { { CONT_PTES_SHIFT, 1 } }, .cut = 1 };
VMAP(over_group, "length/group-and-1") = {
	.pieces = { { CONT_PTES_SHIFT + 1, 1 } },
	.cut = GROUP - 1,
	.grouped = GROUP,
};
VMAP(under_table, "length/table-less-1") = {
	.pieces = { { TABLE_SHIFT, 1 } },
	.cut = 1,
	.grouped = PTRS_PER_TABLE - GROUP,
};
VMAP(over_table, "length/table-and-1") = {
	.pieces = { { TABLE_SHIFT, 1 }, { 0, 1 } },
	.grouped = PTRS_PER_TABLE,
};

/* --- blocks that are not what they seem ---------------------------------------------------- */

/* Two pages of a block have changed places: a compound page's order would lie. */
VMAP(permuted, "permuted-inside-a-block") = {
	.pieces = { { 8, 8 } },
	.swap = (4 << 8) + 5,
	.grouped = (8 << 8) - GROUP,
};

/*
 * The trace buffers of perf (TRBE, SPE): large blocks without __GFP_COMP, 1,024 pages here. With
 * the opt-in that was proposed, and without: what then is left of the series is patches 1 to 4.
 */
#define AUX_BUFFER                               \
	{                                        \
		.pieces = { { 9, 1 }, { 8, 2 } } \
	}

#define WITHOUT_VMAP (SERIES_ALL & ~(SERIES_VMAP_BATCHES | SERIES_VMAP_ALIGN))

VMAP_LAYOUT(aux_opted_in, "review/aux/opted-in", REVIEWED, SERIES_ALL,
	    layout_vmap_huge) = AUX_BUFFER;
VMAP_LAYOUT(aux_default, "review/aux/not-opted-in", REVIEWED, WITHOUT_VMAP,
	    layout_vmap) = AUX_BUFFER;
