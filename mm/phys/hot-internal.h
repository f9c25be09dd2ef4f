// SPDX-License-Identifier: MIT
/*
 * The per-CPU lists of free pages: blocks of each order (hot.c), and pages that were
 * translation tables (table-pages.c).
 */
#pragma once

#include "lib/percpu.h"
#include "mm/phys/buddy-internal.h"

struct hot_list {
	struct page *head;
	uint64_t room;	    /* blocks that head can still take; 0 too before hot_cpu_init() */
	struct page *spare; /* NULL, or exactly `high` blocks */
	uint64_t high;
};

struct hot_cpu {
	struct hot_list lists[MAX_ORDER + 1][NR_BUDDY_ZONES];
	struct hot_list tables[NR_BUDDY_ZONES]; /* table-pages.c; without a spare */
	struct page *ram;			/* first page of the range of RAM last freed to, */
	uint64_t ram_pages;			/* and its size; 0 at first */
	enum zone_id gfp_zone; /* where GFP_KERNEL starts: the highest zone with memory */
	bool ready;	       /* hot_cpu_init() is done */
	struct hot_cpu *next;  /* all CPUs' */
};

DECLARE_PER_CPU(struct hot_cpu, hot_cpu);

/* Takes the top block, whose state changes by @change; NULL if there is none. */
static __always_inline struct page *hot_pop_as(struct hot_list *list, uint64_t change)
{
	struct page *page;
	uint64_t room;

	ONE_REGISTER(list);
	page = list->head;
	room = list->room;
	if (unlikely(!page))
		return NULL;
	list->head = page->hot_link.sle_next;
	list->room = room + 1;
	page->state ^= change;
	return page;
}

static __always_inline struct page *hot_pop(struct hot_list *list)
{
	return hot_pop_as(list, PAGE_STATE_OWNED);
}

/* Puts a block on top, @state is what the page's becomes. false: there is no room. */
static __always_inline bool hot_push(struct hot_list *list, struct page *page, uint64_t state)
{
	struct page *head;
	uint64_t room;

	ONE_REGISTER(list);
	head = list->head;
	room = list->room;
	if (unlikely(room == 0))
		return false;
	page->state = state;
	page->hot_link.sle_next = head;
	list->head = page;
	list->room = room - 1;
	return true;
}

/* Index of a well-formed struct page pointer from @base on; huge for any other. */
static __always_inline uint64_t page_index(const struct page *page, const struct page *base)
{
	uint64_t offset = (uint64_t)page - (uint64_t)base;

	/* Rotated, not shifted: misalignment lands in the top bits. One instruction. */
	return offset >> 6 | offset << 58;
}
