// SPDX-License-Identifier: MIT
/*
 * Between the zones (buddy.c) and what stands in front of them (hot.c, bulk.c).
 */
#pragma once

#include "lib/lock.h"
#include "mm/arm64/event.h"
#include "mm/phys/buddy.h"

LIST_HEAD(block_list, page);

struct zone {
	spinlock_t lock;   /* below it nothing is taken; protects all the rest */
	uint32_t nonempty; /* bit n: free[n] is not empty */
	uint64_t free_pages;
	uint64_t managed_pages;
	struct block_list free[MAX_ORDER + 1];
};

extern struct zone zones[NR_BUDDY_ZONES];

/*
 * Takes a block out of the zone; zone lock held. The smallest free block of at least
 * @order, split until it has at most @top (>= @order); *got is its order. The caller
 * gives the state to the first page (zero now). NULL: none.
 */
struct page *zone_take(enum zone_id id, unsigned order, unsigned top, unsigned *got);

/* Puts a block back and merges it as far as that goes; zone lock held; state is overwritten. */
void zone_give(enum zone_id id, struct page *page, unsigned order);

/* Puts pages of one zone back, states zero, as the largest aligned blocks; zone lock held. */
void zone_give_run(enum zone_id id, uint64_t pfn, uint64_t pages);

/* Pages on hot lists of all CPUs. */
uint64_t hot_pages_of(enum zone_id id);

/* alloc_pages()'s way to __GFP_ZERO and __GFP_COMP. Returns @page. */
struct page *prepare_block(struct page *page, unsigned order, gfp_t gfp);

/* Frames go back to the allocator: told before anybody can be given them. */
static __always_inline void tell_freed(const struct page *page, uint64_t pages)
{
	MM_EVENT(EVENT_FREE, page_to_phys(page), 0, pages << PAGE_SHIFT);
}

/* Says what is wrong with __free_pages(@page, @order), by panic. */
_Noreturn void bad_free(struct page *page, unsigned order);

/* Says why nobody takes @page, the first of a block of which the last reference has gone. */
_Noreturn void bad_last_reference(const struct page *page);

/*
 * Makes the compiler hold the address in one register, where it would rather spread it
 * over a base and an index and then has no LDP and STP for neighbouring fields.
 */
#define ONE_REGISTER(pointer) asm("" : "+r"(pointer))

static_assert(ZONE_NORMAL_PFN % MAX_ORDER_PAGES == 0, "no block straddles two zones");
