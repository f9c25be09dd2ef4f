// SPDX-License-Identifier: MIT
/*
 * The vmemmap: which memory holds the struct pages. One way to populate it, for boot's RAM, boot's
 * huge pages and devices, which decides at the leaf by the order of the section (section.h):
 * pages that hold a head get memory of their own, those that hold tails alone the one shared tail
 * page of (zone, order), read-only; without an order everything is own memory, in the largest
 * leaves.
 *
 * Who calls: boot, then memremap.c under its lock; CPUs may look at other struct pages meanwhile.
 */
#pragma once

#include "mm/phys/gfp.h"
#include "mm/phys/page.h"

/* Orders that a shared tail page may be for: the largest leaf or group of any granule. */
#define MAX_HUGE_ORDER 18

/*
 * vmemmap pages, by what they are. They move by the same formula on populate, optimise, restore
 * and depopulate: of a compound page that is optimised one own page, and shared mappings for the
 * rest; of all else own pages.
 */
struct vmemmap_counts {
	uint64_t own;	 /* frames that hold struct pages of their own */
	uint64_t shared; /* leaves that map a shared tail page */
	uint64_t tails;	 /* shared tail pages and tables of them: frames, of (zone, order) in use
			    ever */
	uint64_t tables; /* frames of leaf and upper tables of the vmemmap */
};

extern struct vmemmap_counts vmemmap_counts;

/*
 * Of the largest leaf or group that populate uses for own memory, log2, at least PAGE_SHIFT;
 * PAGE_SHIFT splits ahead of time what HVO would have to split at run time.
 */
extern unsigned vmemmap_max_shift;

/*
 * Maps the struct pages of [@pfn, @pfn + @nr), rounded outward to whole vmemmap pages and where
 * nothing is mapped yet, and initialises them: zero, or heads and tails of compound pages of the
 * sections' order, of which the head's flags and refcount are @head_state. Sections are present.
 * -ENOMEM: nothing has changed, but that upper tables may stay.
 */
int vmemmap_populate(uint64_t pfn, uint64_t nr, uint64_t head_state);

/* Unmaps them and gives their memory back. Whole sections, after the allocator is up. */
void vmemmap_depopulate(uint64_t pfn, uint64_t nr);

/* The page allocator is up: from here on memory comes from it, shared pages are counted on. */
void vmemmap_late_init(void);

/*
 * The shared tail page of (@zone, @order), made when it is asked for first. NULL: no memory.
 * Its references: one, and one for each leaf that maps it.
 */
struct page *vmemmap_shared_tail(enum zone_id zone, unsigned order);

/* The same, NULL if it is not there yet. */
struct page *vmemmap_find_shared_tail(enum zone_id zone, unsigned order);

/* @n leaves more map it, or @n fewer. It is there. */
void vmemmap_tail_get(enum zone_id zone, unsigned order, uint64_t n);
void vmemmap_tail_put(enum zone_id zone, unsigned order, uint64_t n);
