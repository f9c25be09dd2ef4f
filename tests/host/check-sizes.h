// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: sizes that change live where FEAT_BBM is of level 2, and frames that more
 * leaves map than a small count holds.
 */
#pragma once

static void block_with_table(unsigned level, desc_t bits)
{
	tell(EVENT_BBM, 0, 0, level);
	store(PMD, 0, BLOCK);
	mapped();
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		store(PTES, i, LEAF(i) | bits);
}

STEPS(split)
{
	block_with_table(2, 0);
	link_ptes();
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(split_into_groups)
{
	block_with_table(2, DESC_CONT);
	link_ptes();
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(split_and_join)
{
	split();
	store(PMD, 0, BLOCK);
	dsb_st();
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		tlbi_walk(PAGE(i));
	flushed();
	free_table(PTES);
}
STEPS(join_leaf_form)
{
	split();
	store(PMD, 0, BLOCK);
	dsb_st();
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		tlbi_leaf(PAGE(i));
	flushed();
}
STEPS(split_unflushed)
{
	block_with_table(2, 0);
	link_ptes();
}
STEPS(split_level_0)
{
	block_with_table(0, 0);
	link_ptes();
}
STEPS(split_level_1)
{
	block_with_table(1, 0);
	link_ptes();
}
STEPS(split_and_protect)
{
	block_with_table(2, DESC_RO);
	link_ptes();
}
STEPS(split_hole)
{
	block_with_table(2, 0);
	store(PTES, PTRS_PER_TABLE - 1, 0);
	link_ptes();
}
STEPS(split_then_move)
{
	tell(EVENT_BBM, 0, 0, 2);
	store(PMD, 0, BLOCK | DESC_RO);
	mapped();
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		store(PTES, i, RO(i));
	link_ptes();
	store(PTES, 5, RO(6));
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(ungroup)
{
	tell(EVENT_BBM, 0, 0, 2);
	group();
	for (uint64_t i = CONT_PTES; i < 2 * CONT_PTES; i++)
		store(PTES, i, LEAF(i));
	dsb_st();
	for (uint64_t i = CONT_PTES; i < 2 * CONT_PTES; i++)
		tlbi_leaf(PAGE(i));
	flushed();
}
STEPS(ungroup_unflushed)
{
	tell(EVENT_BBM, 0, 0, 2);
	group();
	for (uint64_t i = CONT_PTES; i < 2 * CONT_PTES; i++)
		store(PTES, i, LEAF(i));
	mapped();
}

static void test_sizes(void)
{
	silent(split, "FEAT_BBM 2: block to the table that maps the same");
	silent(split_into_groups, "in groups");
	silent(split_and_join, "and back");
	silent(ungroup, "a group's bits cleared");
	reports(RULE_BBM_SIZE, split_level_0, "block to table, FEAT_BBM 0");
	reports(RULE_BBM_SIZE, split_level_1, "block to table, FEAT_BBM 1");
	reports(RULE_BBM_SIZE, split_and_protect, "block to a table with other permissions");
	reports(RULE_BBM_SIZE, split_hole, "block to a table with a hole");
	reports(RULE_BBM_ADDRESS, split_then_move, "of a page, while its block may be cached");
	reports(RULE_TLBI_SCOPE, split_unflushed, "block to table without a TLBI");
	reports(RULE_TLBI_SCOPE, ungroup_unflushed, "a group's bits without a TLBI");
	reports(RULE_TLBI_SCOPE, join_leaf_form, "table to block, the table in a walk cache");
}

/* --- counts ------------------------------------------------------------------------------- */

/* One frame mapped @n times, and not any more, in one slot: leaves of tables that are linked. */
#define MOST_LEAVES 70000u

static unsigned map_more(desc_t d, unsigned from, unsigned to)
{
	unsigned reports = checker_reports(checker);

	for (unsigned i = from; i < to; i++) {
		uint64_t window = i / PTRS_PER_TABLE;

		if (!(i % PTRS_PER_TABLE)) {
			alloc(PAGES + window);
			dmb();
			store(PMD, window, link_to(PAGES + window));
		}
		store(PAGES + window, i % PTRS_PER_TABLE, d);
	}
	mapped();
	return checker_reports(checker) - reports;
}

static void unmap_more(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		store(PAGES + i / PTRS_PER_TABLE, i % PTRS_PER_TABLE, 0);
	dsb_st();
	tlbi_all();
	flushed();
}

static bool is_free(uint64_t frame)
{
	unsigned before = rules[RULE_MAP_COUNT];

	free_frames(FRAME(frame), PAGE_SIZE);
	return rules[RULE_MAP_COUNT] == before;
}

static void test_counts(void)
{
	begin(0);
	ok(!map_more(RO(5), 0, MOST_LEAVES), "%u leaves map one frame, and are counted",
	   MOST_LEAVES);
	store(PTES, 5, LEAF(5) | TYPE(1));
	dmb();
	store(PMD, PTRS_PER_TABLE - 1, link_to(PTES));
	mapped();
	ok(rules[RULE_MEMORY_TYPE] == 1, "another type is noticed then");
	store(PTES, 5, 0);
	unmap_more(1, MOST_LEAVES);
	ok(!is_free(5) && strstr(last_text, " 1 leaves"), "all but one are gone, it is not free");
	map_more(RO(5), MOST_LEAVES, MOST_LEAVES + 5);
	unmap_more(MOST_LEAVES, MOST_LEAVES + 5);
	ok(!is_free(5), "nor after some more");
	unmap_more(0, 1);
	ok(is_free(5) && !rules[RULE_NONE] && checker_quiet(checker), "none is left");
}
