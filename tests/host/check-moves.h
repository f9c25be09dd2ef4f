// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: a live leaf comes to name another frame, as struct pages do, by each of
 * the ways that need no invalid entry: read-only, and without the access flag.
 */
#pragma once

#define RO(i)	 (LEAF(i) | DESC_RO)
#define NO_AF(i) (LEAF(i) & ~DESC_AF)
#define FRAME(i) (RAM + (i)*PAGE_SIZE)

/* --- read-only ---------------------------------------------------------------------------- */

static void map_ro(void)
{
	link_ptes();
	store(PTES, 5, RO(5));
	mapped();
}

static void move_ro(void)
{
	map_ro();
	store(PTES, 5, RO(6));
}

STEPS(move)
{
	move_ro();
	flush_page(5);
	free_frames(FRAME(5), PAGE_SIZE);
}
STEPS(move_and_back)
{
	map_one();
	store(PTES, 5, RO(5));
	flush_page(5);
	store(PTES, 5, RO(6));
	flush_page(5);
	free_frames(FRAME(5), PAGE_SIZE);
	store(PTES, 5, RO(7));
	flush_page(5);
	store(PTES, 5, LEAF(7));
	flush_page(5);
	store(PTES, 5, 0);
	flush_page(5);
	free_frames(RAM, RAM_END - RAM);
}
STEPS(move_block)
{
	store(PMD, 0, BLOCK | DESC_RO);
	mapped();
	store(PMD, 0, (BLOCK | DESC_RO) + PMD_SIZE);
	flush_page(5);
	free_frames(RAM, PMD_SIZE);
}
STEPS(move_block_odd)
{
	odd_frame = RAM + 2 * PMD_SIZE - PAGE_SIZE;
	move_block();
}
STEPS(move_from_rw)
{
	map_one();
	store(PTES, 5, RO(6));
	flush_page(5);
}
STEPS(move_to_rw)
{
	map_ro();
	store(PTES, 5, LEAF(6));
	flush_page(5);
}
STEPS(move_and_more)
{
	map_ro();
	store(PTES, 5, RO(6) & ~DESC_PXN);
	flush_page(5);
}
STEPS(move_odd)
{
	odd_frame = FRAME(6);
	move();
}
STEPS(move_to_nothing)
{
	map_ro();
	store(PTES, 5, RO(5) + (RAM_END - RAM));
	flush_page(5);
}
STEPS(move_no_flush)
{
	map_one();
	store(PTES, 5, RO(5));
	mapped();
	store(PTES, 5, RO(6));
	flush_page(5);
}
STEPS(move_no_dsb)
{
	map_one();
	store(PTES, 5, RO(5));
	dsb_st();
	tlbi_leaf(PAGE(5));
	store(PTES, 5, RO(6));
	flush_page(5);
}
STEPS(move_other_cpus_dsb)
{
	map_one();
	store(PTES, 5, RO(5));
	dsb_st();
	tlbi_leaf(PAGE(5));
	cpu = 1;
	flushed();
	cpu = 0;
	store(PTES, 5, RO(6));
	flush_page(5);
}
STEPS(move_twice)
{
	move_ro();
	dsb_st();
	store(PTES, 5, RO(7));
	flush_page(5);
}
STEPS(move_then_rw)
{
	move_ro();
	dsb_st();
	store(PTES, 5, LEAF(6));
	flush_page(5);
}
STEPS(move_unflushed)
{
	move_ro();
	mapped();
}
STEPS(move_then_free)
{
	move_ro();
	dsb_st();
	free_frames(FRAME(5), PAGE_SIZE);
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(move_then_free_no_dsb)
{
	move_ro();
	dsb_st();
	tlbi_leaf(PAGE(5));
	free_frames(FRAME(5), PAGE_SIZE);
	flushed();
}
STEPS(move_unmap_free)
{
	move_ro();
	store(PTES, 5, 0);
	dsb_st();
	free_frames(FRAME(5), PAGE_SIZE);
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(move_free_new)
{
	move_ro();
	flush_page(5);
	free_frames(FRAME(6), PAGE_SIZE);
}
STEPS(move_member)
{
	fill_group(0, CONT_PTES, GROUP(0) | DESC_RO);
	mapped();
	store(PTES, 1, (GROUP(1) | DESC_RO) + (CONT_PTES << PAGE_SHIFT));
	dsb_st();
	tlbi_all();
	flushed();
}

static void test_vmemmap(void)
{
	const uint64_t before = base;

	config.lazy_purge = true;
	reports(RULE_MAP_COUNT, move_then_free,
		"moved, freed before the TLBI, which no policy allows");
	silent(permissions_unflushed, "permissions without a TLBI, by policy");
	base = VMEMMAP_START | -1UL << VA_BITS;
	reports(RULE_MAP_COUNT, free_cached, "a page of the vmemmap, which no policy allows");
	reports(RULE_TLBI_SCOPE, permissions_unflushed, "of a page of the vmemmap likewise");
	config.lazy_purge = false;
	silent(move_and_back, "in the vmemmap");
	base = before;
}

static void test_moves(void)
{
	silent(move, "a read-only page comes to name another frame of the same contents");
	silent(move_and_back, "read-only, flush, move, flush, and back");
	silent(move_block, "a block likewise");
	reports(RULE_BBM_ADDRESS, move_from_rw, "a writable page's, to a read-only one");
	reports(RULE_BBM_ADDRESS, move_to_rw, "a read-only page's, to a writable one");
	reports(RULE_BBM_ADDRESS, move_and_more, "and PXN");
	reports(RULE_BBM_ADDRESS, move_odd, "one byte differs");
	config.memory_at = NULL;
	silent(move_odd, "contents that nobody knows are not judged");
	config.memory_at = memory_at;
	reports(RULE_BBM_ADDRESS, move_block_odd, "one byte of a block differs");
	reports(RULE_BBM_ADDRESS, move_to_nothing, "no memory");
	reports(RULE_BBM_ADDRESS, move_no_flush, "the writable translation was not flushed");
	reports(RULE_BBM_ADDRESS, move_no_dsb, "its TLBI is not complete");
	reports(RULE_BBM_ADDRESS, move_other_cpus_dsb, "its TLBI is complete for another CPU");
	reports(RULE_BBM_ADDRESS, move_twice, "once more, before the flush");
	reports(RULE_BBM_ADDRESS, move_then_rw, "then writable, before the flush");
	reports(RULE_TLBI_SCOPE, move_unflushed, "no TLBI for the frame before");
	reports(RULE_MAP_COUNT, move_then_free, "the frame before freed before the TLBI");
	reports(RULE_MAP_COUNT, move_then_free_no_dsb, "the frame before freed before the DSB");
	reports(RULE_MAP_COUNT, move_unmap_free, "the frame before, two changes ago");
	reports(RULE_MAP_COUNT, move_free_new, "the frame after freed");
	reports(RULE_GROUP, move_member, "one member moved");
	test_vmemmap();
}

/* --- the access flag ---------------------------------------------------------------------- */

static void set_flags(unsigned on_cpu, uint64_t ha)
{
	cpu = on_cpu;
	tell(EVENT_TCR, 0, 0, ha << 39);
	isb();
	cpu = 0;
}

/* What a walker does. */
static void walker_sets_flag(void)
{
	memory[PTES][5] |= DESC_AF;
}

/* Mapped, the flag cleared, nothing flushed. */
static void clear_flag(void)
{
	set_flags(0, 1);
	map_one();
	store(PTES, 5, NO_AF(5));
}

STEPS(flag)
{
	clear_flag();
	flush_page(5);
	cas(PTES, 5, LEAF(6));
	mapped();
	free_frames(FRAME(5), PAGE_SIZE);
}
STEPS(flag_any_change)
{
	clear_flag();
	flush_page(5);
	cas(PTES, 5, LEAF(5) | TYPE(MAIR_NORMAL_NC));
	mapped();
}
STEPS(flag_set_again)
{
	clear_flag();
	flush_page(5);
	store(PTES, 5, LEAF(5));
	mapped();
}
STEPS(flag_by_walker)
{
	clear_flag();
	flush_page(5);
	walker_sets_flag();
}
STEPS(flag_by_walker_then_break)
{
	flag_by_walker();
	store(PTES, 5, 0);
	flush_page(5);
	store(PTES, 5, LEAF(6));
	mapped();
}
STEPS(flag_by_walker_no_flush)
{
	flag_by_walker();
	store(PTES, 5, 0);
	dsb_st();
	free_frames(FRAME(5), PAGE_SIZE);
	tlbi_leaf(PAGE(5));
	flushed();
}
STEPS(flag_by_walker_and_more)
{
	flag_by_walker();
	memory[PTES][5] |= DESC_RO;
}
STEPS(flag_two_cpus)
{
	set_flags(1, 1);
	clear_flag();
	flush_page(5);
}
STEPS(flag_one_of_two)
{
	set_flags(1, 0);
	clear_flag();
	flush_page(5);
}
STEPS(flag_off_again)
{
	set_flags(0, 1);
	set_flags(0, 0);
	one_page(NO_AF(5));
}
STEPS(flag_no_tlbi)
{
	clear_flag();
	mapped();
	cas(PTES, 5, LEAF(6));
	mapped();
}
STEPS(flag_no_dsb)
{
	clear_flag();
	dsb_st();
	tlbi_leaf(PAGE(5));
	cas(PTES, 5, LEAF(6));
	flushed();
}
STEPS(flag_plain)
{
	clear_flag();
	flush_page(5);
	store(PTES, 5, LEAF(6));
	mapped();
}
STEPS(flag_seen_too_late)
{
	flag_by_walker();
	cas(PTES, 5, LEAF(6));
	flush_page(5);
}
STEPS(flag_unflushed)
{
	clear_flag();
	mapped();
}

static void test_access_flag(void)
{
	silent(flag, "flag cleared, flush, another frame by compare-and-swap");
	silent(flag_any_change, "the same for another type");
	silent(flag_set_again, "the flag set again, no flush");
	silent(flag_by_walker, "a walker sets the flag");
	silent(flag_by_walker_then_break, "the flag set by a walker, then break-before-make");
	silent(flag_two_cpus, "two CPUs that set flags");
	reports(RULE_ATTRIBUTES, flag_one_of_two, "no AF, one of two CPUs does not set it");
	reports(RULE_ATTRIBUTES, flag_off_again, "no AF, no CPU sets it any more");
	reports(RULE_BBM_ADDRESS, flag_no_tlbi, "flag cleared, no TLBI");
	reports(RULE_BBM_ADDRESS, flag_no_dsb, "flag cleared, no DSB after the TLBI");
	reports(RULE_BBM_ADDRESS, flag_seen_too_late, "the flag was set by a walker");
	reports(RULE_ACCESS_FLAG, flag_plain, "no compare-and-swap");
	reports(RULE_TLBI_SCOPE, flag_unflushed, "flag cleared, no TLBI ever");
	reports(RULE_MAP_COUNT, flag_by_walker_no_flush, "freed, set by a walker, no TLBI");
	reports(RULE_DOOR, flag_by_walker_and_more, "more than the flag");
}
