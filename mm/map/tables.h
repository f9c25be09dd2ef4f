// SPDX-License-Identifier: MIT
/*
 * The tables that swapper_pg_dir leads to: their lock, their pages, the way down. For the engine
 * and for who changes what it does not map, the vmemmap (mm/pages).
 */
#pragma once

#include "lib/lock.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/phys/page.h"
#include "mm/phys/table-pages.h"

/* Orders changes of tables after boot, and of their live counts. */
extern spinlock_t pgtable_lock;

/* pgtable_lock, IRQs masked; returns their state for unlock_tables(). */
static __always_inline uint64_t lock_tables(void)
{
	uint64_t irq = spin_lock_irqsave(&pgtable_lock);

	MM_EVENT(EVENT_LOCK, 0, 0, 0);
	return irq;
}

static __always_inline void unlock_tables(uint64_t irq)
{
	MM_EVENT(EVENT_UNLOCK, 0, 0, 0);
	spin_unlock_irqrestore(&pgtable_lock, irq);
}

/* Pages linked as tables. Under pgtable_lock. */
extern uint64_t table_pages;

/*
 * A page for a table of @level, whose live count is the caller's to set; only slots of its
 * table_extent may be other than zero. NULL: no memory. Not under pgtable_lock.
 */
static __always_inline struct page *table_alloc_uncounted(int level)
{
	struct page *page = table_page_alloc();

	if (likely(page))
		MM_EVENT(EVENT_TABLE_ALLOC, page_to_phys(page), mm_event_address(swapper_pg_dir),
			 level);
	return page;
}

/* The same with live count 0, and counted. */
static __always_inline struct page *table_alloc(int level)
{
	struct page *page = table_alloc_uncounted(level);

	if (unlikely(!page))
		return NULL;
	page->table_live = 0;
	DOOR_COUNT(c->tables_allocated++);
	return page;
}

/* To be freed with @list; what is not zero lies in slots [@first, @first + @n). */
static __always_inline void table_list_add(struct table_list *list, struct page *page,
					   uint64_t first, uint64_t n)
{
	page->table_extent = (struct table_extent){ (uint32_t)first, (uint32_t)(first + n) };
	SLIST_INSERT_HEAD(list, page, hot_link);
}

/* Gives back a table of which no walker knows. Not under pgtable_lock. */
static inline void table_free(struct page *page)
{
	struct table_list list = SLIST_HEAD_INITIALIZER(list);

	table_list_add(&list, page, 0, PTRS_PER_TABLE);
	table_pages_free(&list);
}

/* The table that link @d points to: a link of ours has no attributes, only type and address. */
static __always_inline struct page *desc_table_page(desc_t d)
{
	return phys_to_page(d - table_desc(0));
}

static __always_inline desc_t *desc_table(desc_t d)
{
	return phys_to_virt(d - table_desc(0));
}

/* Slot of @va at @level, NULL if a table above it is missing (or is a leaf). */
static __always_inline desc_t *find_slot(uint64_t va, int level)
{
	desc_t *table = swapper_pg_dir;

#pragma GCC unroll 3
	for (int l = LEVEL_ROOT; l < level; l++) {
		desc_t d = get_desc(&table[table_index(va, l)]);

		/* Of what may be here, 0, leaf or link, only a link has this bit. */
		if (unlikely(!(d & DESC_TABLE)))
			return NULL;
		table = desc_table(d);
	}
	return &table[table_index(va, level)];
}

/* The slot that a walk for @va ends at, and its level. Under pgtable_lock. */
static __always_inline desc_t *find_end(uint64_t va, int *level)
{
	desc_t *slot = &swapper_pg_dir[table_index(va, LEVEL_ROOT)];

#pragma GCC unroll 3
	for (int l = LEVEL_ROOT; l < LEVEL_PTE; l++) {
		desc_t d = get_desc(slot);

		if (!desc_is_table(d)) {
			*level = l;
			return slot;
		}
		slot = desc_table(d) + table_index(va, l + 1);
	}
	*level = LEVEL_PTE;
	return slot;
}
