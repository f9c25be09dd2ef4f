// SPDX-License-Identifier: MIT
/*
 * A machine for the tests of mm/pages: RAM with a vmemmap that is populated by the code under
 * test and seen through its tables (live-vmemmap.h), and a plain model of what each vmemmap page
 * and each struct page of a huge page has to be.
 */
#pragma once

#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "tests/host/arena.h"
#include "tests/host/live-vmemmap.h"

/* The largest order of the page allocator's that is optimizable: 2M, 32M and 512M. */
#define HUGE_ORDER (PMD_SHIFT - PAGE_SHIFT)

/* Struct pages in a vmemmap page. */
#define STRUCTS_PER_PAGE HVO_RESERVED_STRUCTS

/* Of the head of a huge page that is nobody's, from a section with an order. */
#define WORLD_HEAD_FLAGS (PG_ALLOCATED | PG_BLOCK | PG_HEAD)

/* --- the machine -------------------------------------------------------------------------- */

/* First of all; then ranges of RAM, then world_boot(). */
void world_begin(void);

/* RAM at [@start, @start + @bytes), with sections of @order, 0: for the page allocator. */
void world_ram(uint64_t start, uint64_t bytes, unsigned order);

/* Populates the vmemmap, in the order of boot; the page allocator is up afterwards. */
void world_boot(void);

/* --- the model ---------------------------------------------------------------------------- */

/* The vmemmap of [@pfn, @pfn + @nr) is populated, or not any more. world_boot() says it of its own.
 */
void world_populated(uint64_t pfn, uint64_t nr, bool is);

/* A huge page that the model knows of. */
struct huge {
	struct page *head;
	unsigned order;
	enum zone_id zone;
	uint16_t flags; /* of the head, but for PG_HVO */
	int refcount;
	bool optimized;
};

/* The head of a compound page of whose struct pages the model says what they are. */
struct huge *world_huge(struct page *head, unsigned order, uint16_t flags, bool optimized);

/* The one that @head is the head of; NULL: the model knows of none. */
struct huge *world_find(const struct page *head);

/* It is no huge page any more. */
void world_forget(struct huge *huge);

/* What is wrong with anything; each goes to standard error. 0: all is as the model has it. */
unsigned world_wrong(void);

/* The same, but of one huge page in @n, others each time, each struct page is looked at. */
unsigned world_wrong_some(unsigned n);
