// SPDX-License-Identifier: MIT
/*
 * What happens to whole blocks off the hot path: preparation, splitting, many pages at
 * once, and naming what was wrong with a free.
 */
#include <string.h>

#include "lib/panic.h"
#include "mm/phys/buddy-internal.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"

/* From here on a block off the zone is cheaper than pages off the hot list. */
#define BULK_MIN 16

struct page *prepare_block(struct page *page, unsigned order, gfp_t gfp)
{
	if (gfp & __GFP_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	if (gfp & __GFP_COMP && order > 0) {
		page_fill_tails(page + 1, (1UL << order) - 1, page->zone, order);
		/* Release: who sees a head sees its tails, and no older ones (page-ref.h). */
		__atomic_store_n(&page->flags, page->flags | PG_HEAD, __ATOMIC_RELEASE);
	}
	return page;
}

void split_page(struct page *page, unsigned order)
{
	uint64_t single = PAGE_STATE(PG_BLOCK, page->zone, 0, 0) ^ PAGE_STATE_OWNED;

	panic_unless(page->state == (single | PAGE_STATE(0, 0, order, 0)),
		     "split_page: pfn %#lx is no plain block of order %u", page_to_pfn(page),
		     order);
	for (unsigned long i = 0; i < 1UL << order; i++)
		page[i].state = single;
}

struct page *allocated_block(struct page *page)
{
	uint64_t pfn = page_to_pfn(page);
	struct page *head = compound_head(page);

	/* By its mask: a compound page may be larger than any block of the zones. */
	if (head != page)
		return head->flags & PG_ALLOCATED ? head : NULL;
	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		struct page *first = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (first->flags & PG_ALLOCATED)
			return first->order >= order ? first : NULL;
		if (first->flags & (PG_BUDDY | PG_BLOCK))
			return NULL;
	}
	return NULL;
}

_Noreturn void bad_free(struct page *page, unsigned order)
{
	uint64_t pfn = page_to_pfn(page);
	struct page *block;

	if ((uint64_t)page % STRUCT_PAGE_SIZE || !pfn_valid(pfn))
		panic("__free_pages: %p is no struct page of RAM", (void *)page);
	block = allocated_block(page);
	if (!block && page->flags & (PG_BUDDY | PG_BLOCK))
		panic("__free_pages: double free of pfn %#lx", pfn);
	if (block && block != page)
		panic("__free_pages: pfn %#lx lies inside the block of pfn %#lx", pfn,
		      page_to_pfn(block));
	if (!block)
		panic("__free_pages: pfn %#lx is reserved or already free", pfn);
	if (page->order != order)
		panic("__free_pages: order %u for pfn %#lx, allocated with order %u", order, pfn,
		      page->order);
	if (page->refcount < 1 && page->flags & PG_HEAD)
		panic("__free_pages: pfn %#lx has no reference left", pfn);
	panic("__free_pages: pfn %#lx is in use: flags %#x, %d references", pfn, page->flags,
	      page->refcount);
}

_Noreturn void bad_last_reference(const struct page *page)
{
	uint64_t pfn = page_to_pfn(page);

	if (page->zone == ZONE_DEVICE)
		panic("__free_pages: the last reference to pfn %#lx is its device's", pfn);
	if (page->flags & PG_HUGE)
		panic("__free_pages: pfn %#lx is a huge page, and no pool takes it", pfn);
	if (page->flags & PG_HVO)
		panic("__free_pages: pfn %#lx still shares the struct pages of its tails", pfn);
	panic("__free_pages: pfn %#lx has order %u, past what the zones hold", pfn, page->order);
}

/*
 * Fills NULL entries of [at, nr) from a run of pages, *next to @end. Returns where it
 * stopped: past the last entry, or where the run was used up.
 */
static unsigned long fill_entries(struct page **array, unsigned long at, unsigned long nr,
				  struct page **next, struct page *end, uint64_t state)
{
	struct page *page = *next;

	while (at < nr && page < end) {
		struct page **slot = &array[at];
		struct page **stop = slot + MIN(nr - at, (unsigned long)(end - page));

		if (*slot) {
			at++;
			continue;
		}
		for (; slot < stop && !*slot; slot++) {
			page->state = state;
			*slot = page++;
		}
		at = slot - array;
	}
	*next = page;
	return at;
}

/* Large blocks of one zone into the array, as long as the zone has any. */
static unsigned long bulk_from_zone(enum zone_id id, unsigned long at, unsigned long nr,
				    struct page **array)
{
	struct zone *zone = &zones[id];
	uint64_t irq = spin_lock_irqsave(&zone->lock);

	while (nr - at >= BULK_MIN && zone->nonempty) {
		unsigned top = MIN((unsigned)MAX_ORDER, ilog2(nr - at)), got;
		/* The largest that fits; else the largest there is. */
		unsigned low = zone->nonempty >> top ? top : ilog2(zone->nonempty);
		struct page *page = zone_take(id, low, top, &got), *end = page + (1UL << got);

		at = fill_entries(array, at, nr, &page, end,
				  PAGE_STATE(PG_BLOCK, id, 0, 0) ^ PAGE_STATE_OWNED);
		zone_give_run(id, page_to_pfn(page), end - page); /* entries were taken */
	}
	spin_unlock_irqrestore(&zone->lock, irq);
	return at;
}

unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **array)
{
	unsigned long at = 0;

	if (fail_this_allocation())
		nr /= 2;
	if (!(gfp & (__GFP_DMA32 | __GFP_ZERO)))
		at = bulk_from_zone(ZONE_NORMAL, at, nr, array);
	if (!(gfp & __GFP_ZERO))
		at = bulk_from_zone(ZONE_DMA32, at, nr, array);
	/* The rest, and what the hot lists still hold when the zones are empty. */
	for (; at < nr; at++) {
		if (!array[at])
			array[at] = alloc_pages(gfp & ~__GFP_COMP, 0);
		if (!array[at])
			break;
	}
	return at;
}

static_assert(NR_BUDDY_ZONES == 2, "one bit says which");

/* Of either zone, which a device's is not. */
static bool plain_single(const struct page *page)
{
	return (uint64_t)page % STRUCT_PAGE_SIZE == 0 && pfn_valid(page_to_pfn(page)) &&
	       (page->state & ~PAGE_STATE(0, 1, 0, 0)) ==
		       (PAGE_STATE(PG_BLOCK, 0, 0, 0) ^ PAGE_STATE_OWNED);
}

/*
 * How many entries from the first are single pages in use, one frame after the other.
 * Takes their states, so that they are nobody's.
 */
static unsigned long claim_run(struct page **array, unsigned long nr)
{
	struct page *page = array[0];
	uint64_t single = page->state;
	unsigned long n;

	for (n = 0; n < nr && array[n] == page && page->state == single; n++, page++)
		page->state = 0;
	return n;
}

void free_pages_bulk(struct page **array, unsigned long nr)
{
	unsigned long i = 0;

	while (i < nr) {
		struct page *page = array[i];

		if (i + 1 < nr && page && array[i + 1] == page + 1 && plain_single(page)) {
			enum zone_id id = page->zone;
			unsigned long run = claim_run(array + i, nr - i);
			uint64_t irq;

			tell_freed(page, run);
			irq = spin_lock_irqsave(&zones[id].lock);
			zone_give_run(id, page_to_pfn(page), run);
			spin_unlock_irqrestore(&zones[id].lock, irq);
			i += run;
		} else {
			__free_pages(page, 0);
			i++;
		}
	}
}
