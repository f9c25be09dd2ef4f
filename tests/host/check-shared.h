// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: one leaf table of the same read-only leaves that is linked several times,
 * as the tables of shared tails are.
 */
#pragma once

static void fill_table_ro(void)
{
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		store(PTES, i, RO(5));
}

static void share(void)
{
	fill_table_ro();
	link_ptes();
	store(PMD, 1, link_to(PTES));
	mapped();
	store(PMD, 2, link_to(PTES));
	mapped();
}

static void forget_all(void)
{
	dsb_st();
	tlbi_all();
	flushed();
}

STEPS(shared)
{
	share();
}
STEPS(shared_one_goes)
{
	share();
	store(PMD, 1, 0);
	forget_all();
	store(PMD, 1, link_to(PTES));
	mapped();
}
STEPS(shared_all_go)
{
	share();
	for (unsigned i = 0; i < 3; i++)
		store(PMD, i, 0);
	forget_all();
	free_table(PTES);
	free_frames(FRAME(5), PAGE_SIZE);
}
STEPS(shared_anew)
{
	share();
	for (unsigned i = 0; i < 3; i++)
		store(PMD, i, 0);
	forget_all();
	store(PTES, 0, LEAF(7));
	link_ptes();
}
STEPS(shared_changes)
{
	share();
	store(PTES, 7, RO(6));
	flush_page(7);
}
STEPS(shared_with_a_writable)
{
	fill_table_ro();
	store(PTES, 7, LEAF(5));
	link_ptes();
	store(PMD, 1, link_to(PTES));
	mapped();
}
STEPS(shared_with_a_hole)
{
	fill_table_ro();
	store(PTES, 7, 0);
	link_ptes();
	store(PMD, 1, link_to(PTES));
	mapped();
}
STEPS(shared_unlinked_stale)
{
	share();
	store(PMD, 1, 0);
	dsb_st();
	isb();
}
STEPS(shared_unlinked_last_level)
{
	share();
	store(PMD, 1, 0);
	dsb_st();
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		tlbi_leaf(PAGE(PTRS_PER_TABLE + i));
	flushed();
}
STEPS(shared_freed)
{
	share();
	store(PMD, 1, 0);
	forget_all();
	free_table(PTES);
}

static void test_shared(void)
{
	silent(shared, "a table of read-only leaves, linked three times");
	silent(shared_one_goes, "one of its links goes and comes back");
	silent(shared_all_go, "all of them go, then table and frame");
	silent(shared_anew, "all of them go, and it is an ordinary table");
	reports(RULE_LINK_USED, shared_changes, "a shared table changes");
	reports(RULE_LINK_USED, shared_with_a_writable, "linked twice with a writable leaf");
	reports(RULE_LINK_USED, shared_with_a_hole, "linked twice with a hole");
	reports(RULE_TLBI_SCOPE, shared_unlinked_stale, "one of its links goes, and no TLBI");
	reports(RULE_TLBI_SCOPE, shared_unlinked_last_level, "... and TLBIs of the last level");
	reports(RULE_TABLE_FREED, shared_freed, "freed while other links lead to it");
}
