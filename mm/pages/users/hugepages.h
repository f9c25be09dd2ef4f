// SPDX-License-Identifier: MIT
/*
 * Huge pages: a pool of compound pages for each size that the granule has a leaf or a contiguous
 * group of. What HugeTLB is in Linux, under its names: boot reserves them (`hugepages=`), at run
 * time they come from the page allocator and go back; their tails share struct pages (hvo.h).
 *
 * In the pool a page has no reference, so that a speculative get fails, and PG_HUGE; the last
 * put_page() brings it back there. All functions: any CPU.
 */
#pragma once

#include "mm/phys/page.h"

/* 4K: 64K 2M 32M 1G; 16K: 2M 32M 1G; 64K: 2M 512M 16G. */
#define NR_HUGE_SIZES (3 + HAVE_PUD_BLOCK)

/* Their orders, ascending. */
extern const unsigned huge_orders[NR_HUGE_SIZES];

/* Whether there is a pool for 2^@order pages. */
bool has_huge_pool(unsigned order);

/* The state of a head in the pool, zone and order apart: what vmemmap_populate() gives to boot's.
 */
#define HUGE_HEAD_STATE PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD | PG_HUGE, 0, 0, 0)

/*
 * A huge page with one reference, contents undefined. NULL: the pool has none, or there is no
 * such pool. Any context.
 */
struct page *alloc_huge_page(unsigned order);

/* Pages of the pool, allocated or not, and those that are not. 0 if there is no such pool. */
uint64_t nr_huge_pages(unsigned order);
uint64_t nr_free_huge_pages(unsigned order);

/*
 * Makes the pool @n pages large. What it grows by comes from the page allocator and is optimised,
 * or stays as it is where that fails; what it shrinks by is restored and goes back. IRQs on, no
 * lock held, not from an interrupt.
 *	-EINVAL		no such pool
 *	-EOPNOTSUPP	larger than the page allocator's blocks: boot's number stays
 *	-ENOMEM		it cannot grow so far: nothing has changed
 * and while it shrinks, for pages that are surplus now: they stay in the pool, the others have
 * gone; a later call may do better
 *	-EBUSY		some are allocated, or another CPU resizes this pool, which is left alone
 *	others		what hugetlb_vmemmap_restore() says, -ENOMEM among them
 */
int set_nr_huge_pages(unsigned order, uint64_t n);

/*
 * Boot, in this order. The first, after RAM is mapped and before the vmemmap is populated, takes
 * what `hugepages=` asks for, and gives whole sections their order; where that is not all, it
 * says so in one line. The second, when the page allocator is up, fills the pools.
 */
void hugepages_reserve(void);
void hugepages_init(void);
