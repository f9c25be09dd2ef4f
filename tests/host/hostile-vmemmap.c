// SPDX-License-Identifier: MIT
/*
 * Struct pages as other CPUs see them (hostile-vmemmap.h).
 */
#include "tests/host/hostile-vmemmap.h"

#include <stdlib.h>
#include <string.h>

#include "mm/map/view/walk.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-oracle.h"

static struct page_watch {
	uint64_t pa;
	pgprot_t prot, next; /* next: 0: no call is about it */
	enum vmemmap_writers writers;
	const void *copy; /* what has to be read: its own, or the head's */
	void *own;	  /* allocated once */
} watched[VMEMMAP_PAGES_MAX];
static unsigned nr_watched;
static uint64_t start;

static uint64_t address(unsigned page)
{
	return start + ((uint64_t)page << PAGE_SHIFT);
}

static struct page_watch *find(uint64_t va)
{
	uint64_t page = (va - start) >> PAGE_SHIFT;

	return page < nr_watched ? &watched[page] : NULL;
}

/* As the tables in memory have it. */
static void look(unsigned page)
{
	struct leaf leaf;

	if (walk_lookup(address(page), &leaf)) {
		hostile_fail("0x%lx: the tables do not map it", address(page));
		return;
	}
	watched[page].pa = leaf.pa;
	watched[page].prot = leaf.prot;
	watched[page].next = 0;
}

void vmemmap_watch(uint64_t va, unsigned pages)
{
	start = va;
	nr_watched = pages;
	for (unsigned i = 0; i < pages; i++) {
		look(i);
		watched[i].writers = READ_ALONE;
		if (!watched[i].own)
			watched[i].own = malloc(PAGE_SIZE);
		watched[i].copy = watched[i].own;
		memcpy(watched[i].own, phys_to_virt(watched[i].pa), PAGE_SIZE);
	}
}

void vmemmap_set_head(unsigned page)
{
	watched[page].copy = phys_to_virt(watched[page].pa);
	watched[page].writers = WRITE_SAME;
}

void vmemmap_set_writers(unsigned first, unsigned pages, enum vmemmap_writers writers)
{
	for (unsigned i = first; i < first + pages; i++)
		watched[i].writers = writers;
}

void vmemmap_changing(unsigned first, unsigned pages, pgprot_t prot)
{
	for (unsigned i = first; i < first + pages; i++)
		watched[i].next = prot;
	oracle_current(address(first), address(first + pages));
}

static void check_shared(const struct page_watch *w)
{
	for (const struct page_watch *o = watched; o < watched + nr_watched; o++)
		if (o != w && o->pa == w->pa && !(w->prot & DESC_RO))
			hostile_fail("0x%lx: may be written to, and shares frame 0x%lx with 0x%lx",
				     address((unsigned)(w - watched)), w->pa,
				     address((unsigned)(o - watched)));
}

void vmemmap_changed(unsigned first, unsigned pages)
{
	for (unsigned i = first; i < first + pages; i++)
		look(i);
	for (unsigned i = 0; i < nr_watched; i++)
		check_shared(&watched[i]);
}

void vmemmap_check(void)
{
	oracle_check(start, address(nr_watched));
}

bool vmemmap_answer(uint64_t va, struct answer *answer)
{
	const struct page_watch *w = find(va);

	if (!w)
		return false;
	*answer = (struct answer){ .mapped = true,
				   .pa = w->pa,
				   .prot = w->prot,
				   .either = w->next,
				   .contents = w->copy,
				   .any_pa = w->next };
	return true;
}

bool vmemmap_is_elsewhere(uint64_t va)
{
	return nr_watched && ((va - VMEMMAP_START) & ((1UL << VA_BITS) - 1)) < VMEMMAP_SIZE;
}

uint64_t vmemmap_address(void)
{
	if (!nr_watched || !hostile_pick(4))
		return 0;
	return address(hostile_pick(nr_watched));
}

bool vmemmap_holds(uint64_t pa, const void *contents)
{
	return pfn_valid(pa >> PAGE_SHIFT) && pa < ARENA_END &&
	       !memcmp(phys_to_virt(pa), contents, PAGE_SIZE);
}

void vmemmap_write(unsigned cpu, uint64_t va)
{
	struct page_watch *w = find(va);
	uint64_t word = hostile_pick(PAGE_SIZE / 8), value = hostile_pick(1u << 31);
	struct answer by;

	if (w->writers == READ_ALONE)
		return;
	by = tlb_translate(cpu, va);
	if (!by.mapped || by.prot & DESC_RO) {
		if (w->writers != WRITE_IF_MAY || !by.mapped)
			hostile_fail("CPU %u: a store to 0x%lx faults", cpu, va);
		return;
	}
	if (w->writers == WRITE_SAME)
		return;
	((uint64_t *)phys_to_virt(by.pa))[word] = value;
	((uint64_t *)w->own)[word] = value;
}

void vmemmap_frame_freed(uint64_t pa)
{
	if (nr_watched)
		memset(phys_to_virt(pa), 0x5a, PAGE_SIZE);
}
