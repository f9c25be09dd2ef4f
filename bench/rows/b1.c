// SPDX-License-Identifier: MIT
/*
 * A finding about v4 of the series as the rung `series` restates it (docs/rungs.md): where the
 * blocks of a page array straddle a leaf table, a batch that starts in the middle of a block runs
 * past its end. Each array is mapped by the rung as it is, by the rung with batches cut to the
 * alignment of their first frame, which cures it, and by tlbed; each page is compared.
 *
 * A group is CONT_PTES pages, so that the cases are the same at each granule.
 */
#include "bench/rows/layout.h"

#define GROUP		 CONT_PTES
#define GROUPS(shift)	 (CONT_PTES_SHIFT + (shift)) /* the order of 1 << shift groups */
#define GROUPS_PER_TABLE (PTRS_PER_TABLE / CONT_PTES)
#define OFF(groups)	 (PMD_SIZE - (groups)*CONT_PTE_SIZE)

#define B1_RUNGS (RUNGS_SERIES | RUNGS_TLBED)
#define B1(ident, label)                                                                     \
	MAP_LAYOUT(b1_##ident, "b1/" label, B1_RUNGS, SERIES_ALL, .counts_mismapped = true); \
	BENCH(b1_##ident##_capped, .name = "b1/" label "/capped", .rungs = RUNGS_SERIES,     \
	      .patches = SERIES_EXACTLY(SERIES_ALL | SERIES_CAP_BY_FRAME),                   \
	      .data = &layout_b1_##ident, .only_named = true, .counts_mismapped = true,      \
	      .prepare = layout_make_and_place, .before = layout_choose,                     \
	      .rung_body = layout_rung_map, .check = layout_check, .after = layout_unmap,    \
	      .finish = layout_free);                                                        \
	static const struct layout layout_b1_##ident

/*
 * Two tables less a group. The second table begins in the middle of a block of two groups: from
 * there on each batch takes one group of it and one of what lies behind.
 */
B1(one_then_two, "1-group-then-2-groups") = {
	.pieces = { { GROUPS(0), 1 }, { GROUPS(1), GROUPS_PER_TABLE - 1 } },
	.grouped = 2 * PTRS_PER_TABLE - GROUP,
	.mismapped = (GROUPS_PER_TABLE / 2 - 1) * GROUP,
};

/* The second table begins three groups into the first block, with a batch of eight. */
B1(eight_off_three, "8-groups-off-3") = {
	.pieces = { { GROUPS(3), 2 } },
	.phase = OFF(3),
	.grouped = 16 * GROUP,
	.mismapped = 3 * GROUP,
};

/* One group into the first block: two batches of four, each one group too long. */
B1(four_off_one, "4-groups-off-1") = {
	.pieces = { { GROUPS(2), 3 } },
	.phase = OFF(1),
	.grouped = 12 * GROUP,
	.mismapped = 2 * GROUP,
};

/* The last group of the first PMD sized block, and half a table from there. */
B1(one_then_pmd, "1-group-then-pmd") = {
	.pieces = { { GROUPS(0), 1 }, { TABLE_SHIFT, 2 } },
	.grouped = 2 * PTRS_PER_TABLE + GROUP,
	.mismapped = PTRS_PER_TABLE / 2 - GROUP,
};

/* Nothing straddles a table. */
B1(eight_aligned, "8-groups-aligned") = {
	.pieces = { { GROUPS(3), 2 } },
	.grouped = 16 * GROUP,
};

/* No batch is larger than what the tables' boundaries are multiples of. */
B1(one_off_three, "1-group-off-3") = {
	.pieces = { { GROUPS(0), 12 } },
	.phase = OFF(3),
	.grouped = 12 * GROUP,
};

/* What the series was made for: orders 8, 4, 0, in that order. */
B1(descending, "descending") = {
	.pieces = { { 8, 2 }, { 4, 4 }, { 0, 8 } },
	.grouped = 2 << 8,
};
