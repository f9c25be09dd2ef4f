// SPDX-License-Identifier: MIT
/*
 * Single pages in chains: what hot.c does for one, with IRQs masked once for many and no array.
 */
#include "lib/percpu.h"
#include "mm/phys/fail.h"
#include "mm/phys/hot-internal.h"

/* @n pages, or fewer when memory runs out. Returns how many, *@end: the last one's link. */
static uint64_t take(gfp_t gfp, uint64_t n, struct page **link, struct page ***end)
{
	uint64_t irq = local_irq_save(), i;
	struct hot_cpu *cpu = &this_cpu(hot_cpu);
	struct hot_list *list = &cpu->lists[0][cpu->gfp_zone & ~gfp];

	for (i = 0; i < n; i++) {
		struct page *page = hot_pop(list);

		if (unlikely(!page)) {
			/* The list is filled, or the page comes from elsewhere. */
			local_irq_restore(irq);
			page = alloc_pages(gfp, 0);
			irq = local_irq_save();
			cpu = &this_cpu(hot_cpu);
			list = &cpu->lists[0][cpu->gfp_zone & ~gfp];
		}
		if (unlikely(!page))
			break;
		*link = page;
		link = &page->hot_link.sle_next;
	}
	local_irq_restore(irq);
	*link = NULL;
	*end = link;
	return i;
}

struct page **alloc_page_chain(gfp_t gfp, uint64_t n, struct page **link)
{
	struct page **end;

	*link = NULL;
	if (likely(!fail_this_allocation()) && likely(take(gfp, n, link, &end) == n))
		return end;
	free_page_chain(*link);
	*link = NULL;
	return NULL;
}

/*
 * Puts pages from the front of the chain on one list, in the chain's order, as long as they are
 * plain ones of the list's zone and there is room. Returns the first that is not. IRQs masked.
 */
static __always_inline struct page *push_run(const struct hot_cpu *cpu, struct hot_list *list,
					     struct page *first)
{
	/* What nothing is wrong with, and what it becomes. */
	uint64_t owned = PAGE_STATE(PG_BLOCK, first->zone, 0, 0) ^ PAGE_STATE_OWNED;
	uint64_t room = list->room, ram_pages = cpu->ram_pages;
	const struct page *ram = cpu->ram;
	struct page *page = first, *last = NULL;

	while (page && room && page->state == owned && page_index(page, ram) < ram_pages) {
		tell_freed(page, 1);
		page->state = owned ^ PAGE_STATE_OWNED;
		room--;
		last = page;
		page = page->hot_link.sle_next;
	}
	if (likely(last)) {
		last->hot_link.sle_next = list->head;
		list->head = first;
		list->room = room;
	}
	return page;
}

void free_page_chain(struct page *page)
{
	uint64_t irq = local_irq_save();

	while (page) {
		struct hot_cpu *cpu = &this_cpu(hot_cpu);
		struct page *first = page, *next;

		page = push_run(cpu, &cpu->lists[0][page->zone % NR_BUDDY_ZONES], first);
		if (likely(page != first))
			continue;
		next = page->hot_link.sle_next;
		local_irq_restore(irq);
		__free_pages(page, 0);
		irq = local_irq_save();
		page = next;
	}
	local_irq_restore(irq);
}
