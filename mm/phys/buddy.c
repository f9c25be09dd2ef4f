// SPDX-License-Identifier: MIT
/*
 * The zones: free blocks by order, split on the way out, merged on the way in.
 *
 * A free block is known by its first page's state alone, so that "is my buddy free,
 * whole and of my order" is one load and one compare. All other pages of a free
 * block have state zero.
 */
#include "lib/panic.h"
#include "mm/phys/buddy-internal.h"
#include "mm/phys/ranges.h"

uint64_t managed_pages;
struct zone zones[NR_BUDDY_ZONES] = {
	[0 ... NR_BUDDY_ZONES - 1] = { .lock = SPINLOCK(LOCK_ZONE) },
};

static __always_inline void insert(struct zone *zone, enum zone_id id, struct page *page,
				   unsigned order)
{
	page->state = PAGE_STATE(PG_BUDDY, id, order, 0);
	LIST_INSERT_HEAD(&zone->free[order], page, buddy_link);
	zone->nonempty |= 1u << order;
}

static __always_inline void remove(struct zone *zone, struct page *page, unsigned order)
{
	page->state = 0;
	LIST_REMOVE(page, buddy_link);
	if (LIST_EMPTY(&zone->free[order]))
		zone->nonempty &= ~(1u << order);
}

struct page *zone_take(enum zone_id id, unsigned order, unsigned top, unsigned *got)
{
	struct zone *zone = &zones[id];
	uint32_t candidates = zone->nonempty & ~0u << order;
	struct page *page;
	unsigned found;

	if (candidates == 0)
		return NULL;
	found = __builtin_ctz(candidates);
	page = LIST_FIRST(&zone->free[found]);
	remove(zone, page, found);
	while (found > top) {
		found--;
		insert(zone, id, page + (1UL << found), found);
	}
	zone->free_pages -= 1UL << found;
	*got = found;
	return page;
}

void zone_give(enum zone_id id, struct page *page, unsigned order)
{
	struct zone *zone = &zones[id];
	uint64_t pfn = page_to_pfn(page);

	zone->free_pages += 1UL << order;
	page->state = 0;
	while (order < MAX_ORDER) {
		struct page *buddy = pfn_to_page(pfn ^ 1UL << order);

		/*
		 * Another CPU may own the buddy and change its state meanwhile, but only
		 * a holder of this lock makes it, or unmakes it, a free block.
		 */
		if (READ_ONCE(buddy->state) != PAGE_STATE(PG_BUDDY, id, order, 0))
			break;
		remove(zone, buddy, order);
		pfn &= ~(1UL << order);
		order++;
	}
	insert(zone, id, pfn_to_page(pfn), order);
}

void zone_give_run(enum zone_id id, uint64_t pfn, uint64_t pages)
{
	while (pages) {
		unsigned order = MIN((unsigned)MAX_ORDER, ilog2(pages));

		if (pfn)
			order = MIN(order, (unsigned)__builtin_ctzll(pfn));
		zone_give(id, pfn_to_page(pfn), order);
		pfn += 1UL << order;
		pages -= 1UL << order;
	}
}

/* The part of [pfn, end) that lies in the zone. */
static void add_to_zone(enum zone_id id, uint64_t pfn, uint64_t end)
{
	struct zone *zone = &zones[id];
	uint64_t irq = spin_lock_irqsave(&zone->lock);

	if (id == ZONE_DMA32)
		end = MIN(end, ZONE_NORMAL_PFN);
	else
		pfn = MAX(pfn, ZONE_NORMAL_PFN);
	if (pfn < end) {
		zone_give_run(id, pfn, end - pfn);
		zone->managed_pages += end - pfn;
		managed_pages += end - pfn;
	}
	spin_unlock_irqrestore(&zone->lock, irq);
}

void buddy_init(void)
{
	struct phys_range r;

	boot_ram_close();
	for_each_free_range(&r)
	{
		add_to_zone(ZONE_DMA32, r.first_pfn, r.first_pfn + r.pages);
		add_to_zone(ZONE_NORMAL, r.first_pfn, r.first_pfn + r.pages);
	}
}

/* The part of [pfn, end) that lies in one zone. Returns where that ends. */
static uint64_t adopt_in_zone(uint64_t pfn, uint64_t end)
{
	enum zone_id id = pfn_zone(pfn);
	uint64_t irq = spin_lock_irqsave(&zones[id].lock), first = pfn;

	if (id == ZONE_DMA32)
		end = MIN(end, ZONE_NORMAL_PFN);
	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		panic_unless(page->state == 0, "adopt_reserved_pages: pfn %#lx: state %#lx", pfn,
			     page->state);
		page->state = PAGE_STATE(PG_BLOCK, id, 0, 0) ^ PAGE_STATE_OWNED;
	}
	zones[id].managed_pages += end - first;
	__atomic_fetch_add(&managed_pages, end - first, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&zones[id].lock, irq);
	return end;
}

void adopt_reserved_pages(uint64_t pfn, uint64_t n)
{
	for (uint64_t end = pfn + n; pfn < end;)
		pfn = adopt_in_zone(pfn, end);
}

void adjust_managed_page_count(enum zone_id id, uint64_t pages)
{
	struct zone *zone = &zones[id];
	uint64_t irq = spin_lock_irqsave(&zone->lock);

	zone->managed_pages += pages;
	__atomic_fetch_add(&managed_pages, pages, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&zone->lock, irq);
}

uint64_t nr_free_pages(void)
{
	uint64_t pages = 0;

	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++)
		pages += READ_ONCE(zones[id].free_pages) + hot_pages_of(id);
	return pages;
}

void get_zone_stats(enum zone_id id, struct zone_stats *stats)
{
	struct zone *zone = &zones[id];
	uint64_t irq = spin_lock_irqsave(&zone->lock);

	*stats = (struct zone_stats){ .managed_pages = zone->managed_pages,
				      .free_pages = zone->free_pages,
				      .hot_pages = hot_pages_of(id) };
	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		struct page *page;

		LIST_FOREACH (page, &zone->free[order], buddy_link) {
			panic_unless(page->state == PAGE_STATE(PG_BUDDY, id, order, 0) &&
					     IS_ALIGNED(page_to_pfn(page), 1UL << order) &&
					     pfn_zone(page_to_pfn(page)) == id,
				     "get_zone_stats: zone %u order %u lists pfn %#lx, state %#lx",
				     id, order, page_to_pfn(page), page->state);
			stats->blocks[order]++;
		}
		panic_unless(!stats->blocks[order] == !(zone->nonempty & 1u << order),
			     "get_zone_stats: zone %u order %u: wrong nonempty bit", id, order);
	}
	spin_unlock_irqrestore(&zone->lock, irq);
}
