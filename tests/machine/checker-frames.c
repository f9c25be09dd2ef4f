// SPDX-License-Identifier: MIT
/*
 * Suite checker, leaves that come to name another frame while they are live: read-only, and without
 * the access flag.
 */
#include "drivers/smp/call.h"
#include "lib/platform.h"
#include "mm/arm64/door.h"
#include "mm/phys/buddy.h"
#include "tests/machine/checker.h"
#include "tests/support.h"

static void flush_leaf(void)
{
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	door_after_tlbi();
}

/* To the checker: whether each CPU sets access flags by itself. */
static void tell_tcr(void *bits)
{
	MM_EVENT(EVENT_TCR, 0, 0, platform.tcr | (uint64_t)bits);
	MM_EVENT(EVENT_ISB, 0, 0, 0);
}

static void tell_all_tcr(uint64_t bits)
{
	tell_tcr((void *)bits);
	smp_call_others(tell_tcr, (void *)bits);
}

/* --- frames that hold the same ------------------------------------------------------------ */

/* Two, the second @differs in its last byte; they go with the tables. 0: no memory. */
static uint64_t make_frames(struct scratch *s, bool differs)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 1);

	if (!CHECK(page && s->nr_tables < MOST_TABLES))
		return 0;
	s->tables[s->nr_tables].page = page;
	s->tables[s->nr_tables].link = NULL;
	s->tables[s->nr_tables++].order = 1;
	((char *)page_address(page))[2 * PAGE_SIZE - 1] = differs;
	return page_to_phys(page);
}

static void set_leaf(struct scratch *s, uint64_t pa, pgprot_t prot)
{
	set_desc(s->pte, leaf_desc(pa, prot, LEVEL_PTE));
}

static void move_frame(struct scratch *s, bool differs, bool flush)
{
	uint64_t pa = make_frames(s, differs);

	if (!pa)
		return;
	set_leaf(s, pa, PAGE_KERNEL);
	door_mapped();
	set_leaf(s, pa, PAGE_KERNEL_RO);
	if (flush)
		flush_leaf();
	set_leaf(s, pa + PAGE_SIZE, PAGE_KERNEL_RO);
}

RULE(move, "silent-on-another-frame-read-only", RULE_NONE)
{
	move_frame(s, false, true);
	flush_leaf();
}

RULE(move_differs, "another-frame-that-differs", RULE_BBM_ADDRESS)
{
	move_frame(s, true, true);
	flush_leaf();
}

RULE(move_early, "another-frame-while-writable-somewhere", RULE_BBM_ADDRESS)
{
	move_frame(s, false, false);
	flush_leaf();
}

RULE(move_unflushed, "another-frame-without-a-tlbi", RULE_TLBI_SCOPE)
{
	move_frame(s, false, true);
	door_mapped();
}

RULE(move_freed, "frame-before-freed-before-its-tlbi", RULE_MAP_COUNT)
{
	move_frame(s, false, true);
	MM_EVENT(EVENT_FREE, page_to_phys(s->tables[s->nr_tables - 1].page), 0, PAGE_SIZE);
	flush_leaf();
}

static void clear_flag(struct scratch *s, uint64_t pa)
{
	tell_all_tcr(TCR_HA);
	set_leaf(s, pa, PAGE_KERNEL);
	door_mapped();
	set_leaf(s, pa, PAGE_KERNEL & ~DESC_AF);
	flush_leaf();
}

RULE(flag, "silent-on-another-frame-without-access-flag", RULE_NONE)
{
	uint64_t pa = make_frames(s, true);

	if (!pa)
		return;
	clear_flag(s, pa);
	CHECK(cas_desc(s->pte, leaf_desc(pa, PAGE_KERNEL & ~DESC_AF, LEVEL_PTE),
		       leaf_desc(pa + PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE)));
	CHECK_EQ(get_desc(s->pte), leaf_desc(pa + PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE));
	CHECK(!cas_desc(s->pte, 0, leaf_desc(pa, PAGE_KERNEL, LEVEL_PTE)));
	CHECK_EQ(get_desc(s->pte), leaf_desc(pa + PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE));
	door_mapped();
	tell_all_tcr(0);
}

RULE(flag_plain, "plain-store-without-access-flag", RULE_ACCESS_FLAG)
{
	uint64_t pa = make_frames(s, true);

	if (!pa)
		return;
	clear_flag(s, pa);
	set_leaf(s, pa + PAGE_SIZE, PAGE_KERNEL);
	door_mapped();
	tell_all_tcr(0);
}
