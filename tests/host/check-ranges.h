// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: TLBIs by range.
 */
#pragma once

STEPS(range)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 2));
	flushed();
}
STEPS(range_below)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(3, 2));
	flushed();
}
STEPS(range_above)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(6, 64));
	flushed();
}
STEPS(range_scale)
{
	unmap_one();
	dsb_st();
	/* 64 pages from 64 below on, once more: 1 << 6 times 2. */
	tlbi_range_leaf((range_operand(-64UL, 4) & ~(3UL << 44)) | 1UL << 44);
	flushed();
}
STEPS(range_early)
{
	unmap_one();
	tlbi_range_leaf(range_operand(4, 2));
	dsb();
	isb();
}
STEPS(range_no_dsb)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 2));
}
STEPS(range_granule)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 2) ^ 1UL << 46);
	flushed();
}
STEPS(range_hint)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 2) | 3UL << 37);
	flushed();
}
STEPS(range_asid)
{
	unmap_one();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 2) | 1UL << 48);
	flushed();
}
STEPS(range_walks)
{
	unlink_ptes();
	dsb_st();
	tlbi_range_walk(range_operand(4, 4));
	flushed();
	free_table(PTES);
}
STEPS(range_walks_by_leaves)
{
	unlink_ptes();
	dsb_st();
	tlbi_range_leaf(range_operand(4, 4));
	flushed();
}
STEPS(range_block)
{
	store_all();
	store(PMD, 0, 0);
	dsb_st();
	tlbi_range_leaf(range_operand(7, 2));
	flushed();
}

static void test_ranges(void)
{
	silent(range, "by range");
	silent(range_scale, "by range, of a larger scale");
	silent(range_walks, "a table by range, all levels");
	silent(range_block, "a block by a range inside");
	reports(RULE_TLBI_SCOPE, range_below, "a range that ends below");
	reports(RULE_TLBI_SCOPE, range_above, "a range that begins above");
	reports(RULE_TLBI_SCOPE, range_granule, "a range of another granule");
	reports(RULE_TLBI_SCOPE, range_hint, "a level hint in a range");
	reports(RULE_TLBI_SCOPE, range_asid, "an ASID in a range");
	reports(RULE_TLBI_SCOPE, range_walks_by_leaves, "a table by a range of leaves");
	reports(RULE_TLBI_EARLY, range_early, "a range before its DSB");
	reports(RULE_NO_DSB, range_no_dsb, "a range, no DSB after it");
}
