// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: what has to come after: tables freed, reuse, barriers, TLBIs.
 */
#pragma once

/* --- tables freed ------------------------------------------------------------------------- */

STEPS(free_linked)
{
	link_ptes();
	free_table(PTES);
}
STEPS(free_detached)
{
	free_table(PTES);
}
STEPS(free_unflushed)
{
	unlink_ptes();
	dsb_st();
	free_table(PTES);
}
STEPS(free_leaf_form)
{
	unlink_ptes();
	dsb_st();
	tlbi_leaf(PAGE(5));
	tlbi_leaf(PAGE(6));
	tlbi_leaf(PAGE(0));
	flushed();
	free_table(PTES);
}
STEPS(free_no_dsb)
{
	unlink_ptes();
	dsb_st();
	tlbi_all();
	free_table(PTES);
}
STEPS(free_other_cpus_dsb)
{
	unlink_ptes();
	dsb_st();
	tlbi_all();
	cpu = 1;
	dsb();
	cpu = 0;
	free_table(PTES);
}
STEPS(free_right)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	tlbi_walk(PAGE(6));
	flushed();
	free_table(PTES);
	free_frames(PTES * PAGE_SIZE, PAGE_SIZE);
}
STEPS(free_then_leaf)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	flushed();
	free_table(PTES);
	tlbi_leaf(PAGE(6));
	flushed();
}
STEPS(free_frame_of_table)
{
	link_ptes();
	free_frames(0, PAGES * PAGE_SIZE);
}
STEPS(store_unlinked)
{
	unlink_ptes();
	store(PTES, 7, LEAF(7));
}
STEPS(free_and_again)
{
	free_right();
	alloc(PTES);
	store(PTES, 5, 0);
	store(PTES, 6, 0);
	link_ptes();
}

static void test_frees(void)
{
	silent(free_detached, "a table that was never linked");
	silent(free_right, "unlink, DSB, TLBI of all levels, DSB, free");
	silent(free_then_leaf, "the last leaf's TLBI after the table has gone");
	silent(free_and_again, "the page once more a table in the same place");
	reports(RULE_TABLE_FREED, free_linked, "linked");
	reports(RULE_TABLE_FREED, free_frame_of_table, "linked, as part of a larger block");
	reports(RULE_TABLE_FREED, free_unflushed, "no TLBI");
	reports(RULE_TABLE_FREED, free_leaf_form, "TLBIs of the last level");
	reports(RULE_TABLE_FREED, free_no_dsb, "no DSB after the TLBI");
	reports(RULE_TABLE_FREED, free_other_cpus_dsb, "another CPU's DSB after the TLBI");
	reports(RULE_TABLE_FREED, store_unlinked, "written to instead");
}

/* --- reuse -------------------------------------------------------------------------------- */

STEPS(again_no_tlbi)
{
	unmap_one();
	dsb_st();
	store(PTES, 5, LEAF(5));
	mapped();
}
STEPS(again_no_dsb)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(5));
	store(PTES, 5, LEAF(5));
	flushed();
}
STEPS(again_table)
{
	unlink_ptes();
	dmb();
	store(PMD, 0, link_to(SPARE));
	mapped();
}
STEPS(again_block)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	flushed();
	store(PMD, 0, BLOCK);
	mapped();
}
STEPS(given_out)
{
	unmap_one();
	dsb_st();
	tell(EVENT_REUSE, VA, 0, PMD_SIZE);
	tlbi_all();
	flushed();
}
STEPS(given_out_next)
{
	unmap_one();
	dsb_st();
	tell(EVENT_REUSE, VA + 6 * PAGE_SIZE, 0, PMD_SIZE);
	tell(EVENT_REUSE, VA, 0, 5 * PAGE_SIZE);
	tlbi_all();
	flushed();
}
/* Another CPU has the lock, and a table in hand that nothing of the new owner's was in. */
STEPS(given_out_below_an_unlinked_table)
{
	unlink_ptes();
	cpu = 3;
	tell(EVENT_REUSE, VA + 7 * PAGE_SIZE, 0, 100 * PAGE_SIZE);
	cpu = 0;
	dsb_st();
	tlbi_all();
	flushed();
}
STEPS(given_out_with_a_leaf_of_an_unlinked_table)
{
	unlink_ptes();
	tell(EVENT_REUSE, VA, 0, 6 * PAGE_SIZE);
	dsb_st();
	tlbi_all();
	flushed();
}
STEPS(given_out_later)
{
	unmap_one();
	flush_page(5);
	tell(EVENT_REUSE, VA, 0, PMD_SIZE);
	cpu = 3;
	store(PTES, 5, LEAF(9));
	mapped();
}

static void test_reuse(void)
{
	reports(RULE_VA_REUSED, again_no_tlbi, "no TLBI");
	reports(RULE_VA_REUSED, again_no_dsb, "no DSB after the TLBI");
	reports(RULE_VA_REUSED, again_table, "another table");
	reports(RULE_VA_REUSED, again_block, "a block over a page that may be cached");
	reports(RULE_VA_REUSED, given_out, "the address given out");
	reports(RULE_VA_REUSED, given_out_with_a_leaf_of_an_unlinked_table,
		"an address of an unlinked table given out");
	silent(given_out_next, "its neighbours given out");
	silent(given_out_below_an_unlinked_table, "an address that was not in use in one");
	silent(given_out_later, "given out and mapped by another CPU after the flush");
}

/* --- barriers ----------------------------------------------------------------------------- */

static void locked(void (*steps)(void))
{
	tell(EVENT_LOCK, 0, 0, 0);
	steps();
	tell(EVENT_UNLOCK, 0, 0, 0);
}

STEPS(store_alone)
{
	store(PMD, 0, BLOCK);
}
STEPS(store_dsb)
{
	store(PMD, 0, BLOCK);
	dsb_st();
}
STEPS(store_dmb)
{
	store(PMD, 0, BLOCK);
	dmb();
	isb();
}
STEPS(store_all)
{
	store(PMD, 0, BLOCK);
	mapped();
}
STEPS(locked_all)
{
	locked(store_all);
}
STEPS(locked_no_dsb)
{
	locked(store_alone);
	mapped();
}
STEPS(locked_no_isb)
{
	locked(store_dsb);
	isb();
}
STEPS(tlbi_no_dsb)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(5));
	dsb_st();
	isb();
}
STEPS(tlbi_no_isb)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(5));
	dsb();
}
STEPS(other_cpus_dsb)
{
	store(PMD, 0, BLOCK);
	cpu = 1;
	mapped();
}
STEPS(other_cpus_isb)
{
	store(PMD, 0, BLOCK);
	dsb_st();
	cpu = 1;
	isb();
}
STEPS(isb_before_dsb)
{
	store(PMD, 0, BLOCK);
	isb();
	dsb_st();
}
STEPS(control)
{
	tell(EVENT_TCR, 0, 0, 0);
	isb();
	tell(EVENT_SCTLR, 0, 0, 0);
	isb();
}
STEPS(control_no_isb)
{
	tell(EVENT_SCTLR, 0, 0, 0);
}

static void test_barriers(void)
{
	silent(locked_all, "lock, store, DSB, ISB, unlock");
	reports(RULE_NO_DSB, store_alone, "none at all");
	reports(RULE_NO_DSB, store_dmb, "a DMB is none");
	reports(RULE_NO_DSB, locked_no_dsb, "before the lock is dropped");
	reports(RULE_NO_DSB, other_cpus_dsb, "another CPU's does not count");
	reports(RULE_NO_DSB, tlbi_no_dsb, "the kind for stores completes no TLBI");
	reports(RULE_NO_ISB, store_dsb, "after a map");
	reports(RULE_NO_ISB, isb_before_dsb, "before the DSB");
	reports(RULE_NO_ISB, tlbi_no_isb, "after an unmap");
	reports(RULE_NO_ISB, locked_no_isb, "before the lock is dropped");
	reports(RULE_NO_ISB, other_cpus_isb, "another CPU's does not count");
	silent(control, "registers, each with its ISB");
	reports(RULE_NO_ISB, control_no_isb, "after SCTLR");
}

/* --- TLBI --------------------------------------------------------------------------------- */

STEPS(early)
{
	unmap_one();
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(early_dmb)
{
	unmap_one();
	dmb();
	tlbi_all();
	flushed();
}
STEPS(early_other_cpu)
{
	unmap_one();
	cpu = 1;
	dsb_st();
	cpu = 0;
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(other_cpu_flushes)
{
	unmap_one();
	dsb_st();
	isb();
	cpu = 1;
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(no_tlbi)
{
	unmap_one();
	dsb_st();
	flushed();
}
STEPS(neighbours)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(4));
	tlbi_walk(PAGE(6));
	flushed();
}
STEPS(all)
{
	unmap_one();
	dsb_st();
	tlbi_all();
	flushed();
}
STEPS(level_hint)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(5) | 1UL << 44);
	flushed();
}
STEPS(asid)
{
	unmap_one();
	dsb_st();
	tlbi_leaf(PAGE(5) | 1UL << 48);
	flushed();
}
STEPS(leaf_below_table)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	tlbi_leaf(PAGE(6));
	flushed();
}
STEPS(leaf_then_table)
{
	unlink_ptes();
	dsb_st();
	tlbi_leaf(PAGE(6));
	tlbi_walk(PAGE(5));
	flushed();
}
STEPS(leaf_after_table)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	flushed();
	tlbi_leaf(PAGE(6));
	flushed();
}
STEPS(group_missed)
{
	group();
	for (uint64_t i = 0; i < CONT_PTES; i++)
		store(PTES, CONT_PTES + i, 0);
	dsb_st();
	for (uint64_t i = 1; i < CONT_PTES; i++)
		tlbi_leaf(PAGE(CONT_PTES + i));
	flushed();
}
STEPS(group_flushed)
{
	group();
	for (uint64_t i = 0; i < CONT_PTES; i++)
		store(PTES, CONT_PTES + i, 0);
	dsb_st();
	for (uint64_t i = 0; i < CONT_PTES; i++)
		tlbi_leaf(PAGE(CONT_PTES + i));
	flushed();
}
STEPS(block_by_any_va)
{
	store_all();
	store(PMD, 0, 0);
	dsb_st();
	tlbi_leaf(PAGE(7));
	flushed();
}

static void test_tlbis(void)
{
	reports(RULE_TLBI_EARLY, early, "no DSB");
	reports(RULE_TLBI_EARLY, early_dmb, "a DMB");
	reports(RULE_TLBI_EARLY, early_other_cpu, "another CPU's DSB");
	silent(other_cpu_flushes, "one CPU stores, another flushes");
	silent(all, "TLBI of everything");
	silent(block_by_any_va, "a block by an address inside it");
	silent(group_flushed, "each member of a group");
	silent(leaf_after_table, "the last-level form when the table's own has completed");
	reports(RULE_TLBI_SCOPE, no_tlbi, "none");
	reports(RULE_TLBI_SCOPE, neighbours, "of the neighbours");
	reports(RULE_TLBI_SCOPE, level_hint, "a level hint");
	reports(RULE_TLBI_SCOPE, asid, "an ASID");
	reports(RULE_TLBI_SCOPE, leaf_below_table, "last-level form with the table's");
	reports(RULE_TLBI_SCOPE, leaf_then_table, "last-level form before the table's");
	reports(RULE_TLBI_SCOPE, group_missed, "one member of a group missed");
}
