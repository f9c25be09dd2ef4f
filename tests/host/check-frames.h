// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: frames, stores past a table, its own memory.
 */
#pragma once

/* --- frames ------------------------------------------------------------------------------- */

static void unmap_and_free(desc_t d)
{
	one_page(d);
	store(PTES, 5, 0);
	dsb_st();
	free_frames(desc_addr(d), PAGE_SIZE);
	tlbi_leaf(PAGE(5));
	flushed();
}

STEPS(free_unmapped)
{
	unmap_one();
	flush_page(5);
	free_frames(RAM, RAM_END - RAM);
}
STEPS(free_mapped)
{
	map_one();
	free_frames(RAM + 5 * PAGE_SIZE, PAGE_SIZE);
}
STEPS(free_neighbours)
{
	map_one();
	free_frames(RAM, 5 * PAGE_SIZE);
	free_frames(RAM + 6 * PAGE_SIZE, PAGE_SIZE);
}
STEPS(free_mapped_twice)
{
	map_one();
	store(PTES, 9, LEAF(5));
	mapped();
	store(PTES, 5, 0);
	flush_page(5);
	free_frames(RAM + 5 * PAGE_SIZE, PAGE_SIZE);
}
STEPS(free_in_block)
{
	store_all();
	free_frames(RAM + PAGE_SIZE, PAGE_SIZE);
}
STEPS(free_by_unlink)
{
	unlink_ptes();
	dsb_st();
	tlbi_all();
	flushed();
	free_frames(RAM, PMD_SIZE);
}
STEPS(free_cached)
{
	unmap_and_free(LEAF(5));
}
STEPS(free_cached_nc)
{
	unmap_and_free(LEAF(5) | TYPE(MAIR_NORMAL_NC));
}
STEPS(negative_count)
{
	link_ptes();
	memory[PTES][5] = LEAF(5);
	store(PTES, 5, 0);
	mapped();
}
STEPS(behind)
{
	map_one();
	memory[PTES][6] = LEAF(6);
}
STEPS(behind_gone)
{
	map_one();
	memory[PTES][5] = 0;
}
STEPS(behind_then_door)
{
	map_one();
	memory[PTES][5] = LEAF(7);
	store(PTES, 5, 0);
	dsb_st();
	tlbi_all();
	flushed();
}

static void test_frames(void)
{
	silent(free_unmapped, "freed after the flush");
	silent(free_neighbours, "the neighbours freed");
	silent(free_by_unlink, "freed after the table went");
	reports(RULE_MAP_COUNT, free_mapped, "freed while mapped");
	reports(RULE_MAP_COUNT, free_mapped_twice, "freed while mapped elsewhere");
	reports(RULE_MAP_COUNT, free_in_block, "freed while a block maps it");
	reports(RULE_MAP_COUNT, free_cached, "freed before the TLBI");
	config.lazy_purge = true;
	silent(free_cached, "freed before the TLBI, by policy");
	reports(RULE_MAP_COUNT, free_cached_nc, "NC freed before the TLBI, which no policy allows");
	config.lazy_purge = false;
	reports(RULE_DOOR, behind, "a slot made valid");
	reports(RULE_DOOR, behind_gone, "a slot made invalid");
	reports(RULE_DOOR, behind_then_door, "a slot changed, noticed at the next store");
	reports(RULE_DOOR, negative_count, "a slot made valid and cleared by the door");
	ok(rules[RULE_MAP_COUNT], "%s: negative then", check_rules[RULE_MAP_COUNT].name);
}

static void two(desc_t a, desc_t b)
{
	link_ptes();
	store(PTES, 5, a);
	store(PTES, 6, b);
	mapped();
}

#define DEVICE_LEAF(type) (leaf_desc(DEVICE, PROT_KERNEL_BITS | DESC_PXN, LEVEL_PTE) | TYPE(type))

STEPS(same_type)
{
	two(LEAF(5), LEAF(5) | DESC_RO);
}
STEPS(two_types)
{
	two(LEAF(5), LEAF(5) | TYPE(MAIR_NORMAL_NC));
}
STEPS(two_types_far)
{
	two(DEVICE_LEAF(MAIR_DEVICE_nGnRE), DEVICE_LEAF(MAIR_DEVICE_nGnRnE));
}
STEPS(two_frames)
{
	two(LEAF(5), LEAF(6) | TYPE(MAIR_NORMAL_NC));
}
STEPS(page_in_block)
{
	store(PMD, 1, BLOCK);
	link_ptes();
	store(PTES, 5, LEAF(5) | TYPE(1));
	mapped();
}
STEPS(block_over_page)
{
	one_page(LEAF(5) | TYPE(1));
	store(PMD, 1, BLOCK);
	mapped();
}
STEPS(page_beside_block)
{
	store(PMD, 1, BLOCK);
	link_ptes();
	store(PTES, 5, (LEAF(5) + PMD_SIZE) | TYPE(1));
	mapped();
}
STEPS(one_after_other)
{
	unmap_one();
	flush_page(5);
	store(PTES, 5, LEAF(5) | TYPE(1));
	mapped();
}

static void test_types(void)
{
	silent(same_type, "one frame twice, of one type");
	silent(two_frames, "two frames of two types");
	silent(page_beside_block, "a page beside a block of another type");
	silent(one_after_other, "one type after the other");
	reports(RULE_MEMORY_TYPE, two_types, "two pages");
	reports(RULE_MEMORY_TYPE, two_types_far, "two pages of a device");
	reports(RULE_MEMORY_TYPE, page_in_block, "a page of a block");
	reports(RULE_MEMORY_TYPE, block_over_page, "a block of a page");
}

/* --- past the table ----------------------------------------------------------------------- */

/* PTES maps @va's window, the page after it in memory is the one of @next's. */
static void run_on(uint64_t window, unsigned slots)
{
	dmb();
	store(PMD, 0, link_to(PTES));
	store(PMD, window, link_to(NEXT));
	mapped();
	for (uint64_t i = 0; i < slots; i++)
		store(PTES, PTRS_PER_TABLE - 1 + i, LEAF(i));
	mapped();
}

STEPS(run_within)
{
	run_on(2, 1);
}
STEPS(run_past)
{
	run_on(2, 2);
}
STEPS(run_into_next_window)
{
	run_on(1, 2);
}
STEPS(run_into_rubbish)
{
	free_table(NEXT);
	link_ptes();
	store(PTES, PTRS_PER_TABLE - 1, LEAF(1));
	store(PTES, PTRS_PER_TABLE, LEAF(2));
	mapped();
}
STEPS(two_calls)
{
	free_table(NEXT);
	link_ptes();
	store(PTES, PTRS_PER_TABLE - 1, LEAF(1));
	mapped();
	store(PTES, PTRS_PER_TABLE, LEAF(2));
}
STEPS(filling)
{
	for (uint64_t i = 0; i < 2 * PTRS_PER_TABLE; i++)
		store(PTES, i, 0);
}
STEPS(past_root)
{
	store(ROOT, PTRS_PER_ROOT, LEAF(1));
	mapped();
}
STEPS(between_slots)
{
	link_ptes();
	tell(EVENT_STORE, PTES * PAGE_SIZE + 4, 0, LEAF(1));
	mapped();
}

static void test_past(void)
{
	silent(run_within, "up to the last slot");
	silent(run_into_next_window, "on in the next page, which is the next window's");
	silent(two_calls, "the next page is somebody else's business");
	silent(filling, "two neighbours that are being filled");
	reports(RULE_PAST_TABLE, run_past, "into a table that is elsewhere");
	reports(RULE_PAST_TABLE, run_into_rubbish, "into a page that is no table");
	reports(RULE_PAST_TABLE, between_slots, "between two slots");
	if (PTRS_PER_ROOT < PTRS_PER_TABLE)
		reports(RULE_PAST_TABLE, past_root, "past the root's last slot");
}

/* --- its own memory ------------------------------------------------------------------------ */

/* Page 0 of as many PMD-sized parts of memory, @at_once of them mapped at a time. */
static void map_in_parts(uint64_t parts, uint64_t at_once)
{
	link_ptes();
	for (uint64_t i = 0; i < parts; i++) {
		if (i >= at_once) {
			store(PTES, i - at_once, 0);
			flush_page(i - at_once);
		}
		store(PTES, i, LEAF(i * PTRS_PER_TABLE));
		mapped();
	}
}

static void test_frame_blocks(void)
{
	config.frame_blocks = 2;
	memset(records, 0xa5, sizeof(records));
	begin(0);
	map_in_parts(8, 2);
	ok(!checker_reports(checker), "frames of two parts at once, eight in all, in any memory");
	free_frames(RAM, 6 * PMD_SIZE);
	ok(!checker_reports(checker), "those of six are free");
	free_frames(RAM, 7 * PMD_SIZE);
	ok(rules[RULE_MAP_COUNT] == 1, "not that of the seventh");
	begin(0);
	map_in_parts(4, 3);
	ok(checker_reports(checker) == rules[RULE_NONE] && rules[RULE_NONE] == 1 &&
		   strstr(first_text, "out of memory for 2 blocks of frames"),
	   "frames of a third part: out of memory, said once");
	config.frame_blocks = 0;
	begin(0);
	map_one();
	free_frames(RAM, PMD_SIZE);
	ok(rules[RULE_MAP_COUNT] == 1, "one frame of a part is mapped, and not its first");
}

static void test_memory(void)
{
	begin(checker_memory(&config, 4));
	link_ptes();
	ok(checker_reports(checker) == rules[RULE_NONE] && rules[RULE_NONE] == 1 &&
		   strstr(first_text, "out of memory"),
	   "out of memory for tables: said once, and nothing that follows from it");
	begin(0);
	for (uint64_t i = 0; i < 300; i++)
		store(PMD, i % PTRS_PER_TABLE, BLOCK + (i << PMD_SHIFT));
	mapped();
	ok(checker_reports(checker) == rules[RULE_NONE] && rules[RULE_NONE] == 1,
	   "out of memory for regions likewise");
	begin(0);
	link_ptes();
	store(PTES, 5, LEAF(5));
	checker_quiet(checker);
	checker_forgive(checker);
	ok(checker_quiet(checker) && !checker_reports(checker), "forgiven");
	begin(0);
	unlink_ptes();
	checker_quiet(checker);
	checker_forgive(checker);
	alloc(PTES);
	ok(checker_quiet(checker) && !checker_reports(checker) && !checker_stats(checker)->stale &&
		   !checker_stats(checker)->mapped_bytes &&
		   checker_stats(checker)->tables == LEVEL_PMD - LEVEL_ROOT,
	   "forgiven, with what was stale");
	ok(!checker_init(&config, records, 1024), "1024 bytes are too few");
}
