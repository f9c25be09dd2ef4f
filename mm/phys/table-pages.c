// SPDX-License-Identifier: MIT
/*
 * Pages for translation tables. Only its own CPU touches a list, with IRQs masked.
 */
#include "mm/phys/table-pages.h"

#include "mm/arm64/door.h"
#include "mm/phys/fail.h"
#include "mm/phys/hot-internal.h"

/* What a free page and a table differ by. */
#define TABLE_TAKEN (PAGE_STATE_OWNED | PG_TABLE)

/* No list had one in front: from another zone's, or a page of which nothing is known. */
static noinline struct page *alloc_unknown(uint64_t irq)
{
	struct hot_cpu *cpu = &this_cpu(hot_cpu);
	struct page *page = NULL;

	for (unsigned id = 0; !page && id < NR_BUDDY_ZONES; id++)
		page = hot_pop_as(&cpu->tables[id], TABLE_TAKEN);
	local_irq_restore(irq);
	if (page)
		return page;
	page = alloc_pages(GFP_KERNEL, 0);
	if (page) {
		page->flags |= PG_TABLE;
		page->table_extent = (struct table_extent){ 0, PTRS_PER_TABLE };
	}
	return page;
}

struct page *table_page_alloc(void)
{
	struct hot_cpu *cpu;
	struct page *page;
	uint64_t irq;

	if (unlikely(fail_this_allocation()))
		return NULL;
	irq = local_irq_save();
	cpu = &this_cpu(hot_cpu);
	page = hot_pop_as(&cpu->tables[cpu->gfp_zone], TABLE_TAKEN);
	if (unlikely(!page))
		return alloc_unknown(irq);
	local_irq_restore(irq);
	return page;
}

/* To this CPU's list; false: it is full, or not set up yet. */
static __always_inline bool keep(struct hot_cpu *cpu, struct page *page)
{
	enum zone_id id = page->zone;

	return hot_push(&cpu->tables[id], page, PAGE_STATE(PG_BLOCK, id, 0, 0));
}

void table_pages_free(struct table_list *list)
{
	struct page *page = SLIST_FIRST(list), *next;
	uint64_t irq;

	if (!page)
		return;
	SLIST_INIT(list);
	irq = local_irq_save();
	for (; page; page = next) {
		next = page->hot_link.sle_next;
		if (unlikely((page->state & ~PAGE_STATE_ZONE) !=
			     (PAGE_STATE(PG_BLOCK, 0, 0, 0) | TABLE_TAKEN)))
			bad_free(page, 0);
		MM_EVENT(EVENT_TABLE_FREE, page_to_phys(page), 0, 0);
		DOOR_COUNT(c->tables_freed++);
		if (likely(keep(&this_cpu(hot_cpu), page))) {
			tell_freed(page, 1); /* still nobody else's: IRQs are masked */
			continue;
		}
		page->flags &= ~PG_TABLE;
		__free_pages(page, 0);
	}
	local_irq_restore(irq);
}
