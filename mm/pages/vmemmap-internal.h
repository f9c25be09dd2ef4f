// SPDX-License-Identifier: MIT
/*
 * Between the vmemmap's files: where its memory and its tables come from, before the page
 * allocator is up and after, and how leaves get into tables.
 */
#pragma once

#include "mm/map/tables.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"

/* Whether the page allocator is up. */
bool vmemmap_is_late(void);

/* @bytes of memory, a power of two of pages, aligned to that; its address, 0: there is none. */
uint64_t vmemmap_memory(uint64_t bytes);

/* Single pages, taken before they are used. */
struct vmemmap_pages {
	uint64_t next; /* of boot's memory: the next one's address */
	SLIST_HEAD(, page) list;
};

/* False: there are not that many, and none is taken. */
bool vmemmap_take_pages(struct vmemmap_pages *pages, uint64_t n);

/* The next of those that were taken. */
static __always_inline uint64_t vmemmap_next_page(struct vmemmap_pages *pages)
{
	struct page *page = SLIST_FIRST(&pages->list);

	if (page) {
		SLIST_REMOVE_HEAD(&pages->list, hot_link);
		return page_to_phys(page);
	}
	pages->next += PAGE_SIZE;
	return pages->next - PAGE_SIZE;
}

/* Gives back those that are left; boot's memory is lost, but so is the boot. */
void vmemmap_drop_pages(struct vmemmap_pages *pages);

/* A table that no walker sees yet. */
struct vmemmap_table {
	desc_t *slots;
	uint64_t pa;
};

/* Zeroed. False: no memory. */
bool vmemmap_new_table(struct vmemmap_table *table, int level);

/* The slot of @va in the table of @level, tables above made as needed. NULL: no memory. */
desc_t *vmemmap_make_slot(uint64_t va, int level);

/*
 * The one leaf table for windows of the vmemmap that hold nothing but tails of (zone, order): all
 * its leaves are the shared tail page's, it never changes, and it is linked as often as there are
 * such windows. Its address; 0: no memory.
 */
uint64_t vmemmap_tail_table(enum zone_id zone, unsigned order, desc_t leaf);

/* The same if it is there, else 0. */
uint64_t vmemmap_find_tail_table(enum zone_id zone, unsigned order);

/* Links it to @slot, which is empty. */
void vmemmap_publish_tail_table(desc_t *slot, uint64_t table_pa);

/* Links the table with its @leaves to @slot, which is empty. */
void vmemmap_publish_table(desc_t *slot, const struct vmemmap_table *table, uint64_t leaves);

/* Stores slot[i] = @d + i * @step to @n slots of a live table of @level, which are invalid. */
void vmemmap_publish_leaves(desc_t *slot, desc_t d, uint64_t step, uint64_t n, int level);

/* Moves vmemmap_counts, which HVO moves on other CPUs, and the references of the shared tail page.
 */
void vmemmap_count(enum zone_id zone, unsigned order, int64_t own, int64_t shared);

/* @n leaves were stored to @slot and behind it, in a live table of pages, and were counted by
 * nobody yet. Under the tables' lock. */
void vmemmap_leaves_stored(const desc_t *slot, uint64_t n);
