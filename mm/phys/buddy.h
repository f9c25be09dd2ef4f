// SPDX-License-Identifier: MIT
/*
 * The page allocator: blocks of 2^order pages, naturally aligned, order 0 to MAX_ORDER.
 *
 * Per zone a buddy allocator under a lock; in front of it per-CPU hot lists, which
 * need only masked IRQs. Names and meanings are Linux's where Linux has them. All
 * functions: any CPU, any context, after buddy_init(), unless they say otherwise.
 *
 * Struct pages: for each range of RAM (ranges.h) rounded outward to MAX_ORDER_PAGES
 * they are mapped and zero before buddy_init(), for a merge looks at the buddy.
 *
 * Compound pages that others made (mm/pages) may be larger than MAX_ORDER: references,
 * heads and allocated_block() are the same for them.
 *
 * Misuse ends in panic("__free_pages: ..."): double free, wrong order, reserved
 * memory, a page inside a block, a pointer that is no struct page, a page that is
 * still a slab or a translation table, the last reference to what is not the zones'.
 */
#pragma once

#include "mm/phys/gfp.h"
#include "mm/phys/page.h"

/*
 * Closes the boot-time ranges and takes all free memory, whatever reservation is left
 * out for good. Boot CPU, once, MMU on, linear map and vmemmap in place. Nothing needs
 * doing on other CPUs; one that parks calls drain_hot_lists() first, because nobody
 * else can reach its lists.
 */
void buddy_init(void);

/* First frame of ZONE_NORMAL; the zone of a frame of RAM. */
#define ZONE_NORMAL_PFN ((4 * GiB) >> PAGE_SHIFT)

static __always_inline enum zone_id pfn_zone(uint64_t pfn)
{
	return pfn < ZONE_NORMAL_PFN ? ZONE_DMA32 : ZONE_NORMAL;
}

/* The order of the smallest block that holds @bytes, which are not 0. */
static __always_inline unsigned get_order(uint64_t bytes)
{
	return bytes <= PAGE_SIZE ? 0 : ilog2((bytes - 1) >> PAGE_SHIFT) + 1;
}

/*
 * A block of 2^@order pages; its first page carries the one reference. NULL: none left
 * (this CPU's hot lists are drained before giving up), or order > MAX_ORDER. GFP_KERNEL
 * takes ZONE_NORMAL first, then ZONE_DMA32. Contents undefined without __GFP_ZERO.
 * __GFP_COMP has no effect on order 0, as in Linux. With __GFP_COMP or __GFP_ZERO not from an
 * interrupt, which has no SIMD registers of its own (lib/arm64/exception.h).
 */
struct page *alloc_pages(gfp_t gfp, unsigned order);

/*
 * Drops one reference to a block from alloc_pages(); the last one frees it. @order as
 * allocated, compound or not. NULL is no error.
 */
void __free_pages(struct page *page, unsigned order);

/*
 * Fills the NULL entries of @array with order-0 pages; returns how many entries, counted
 * from the first, are not NULL then: @nr, or fewer when memory ran out. As far as memory
 * allows the pages come in contiguous runs that end up in ascending slots.
 */
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **array);

/*
 * __free_pages(p, 0) for each entry that is not NULL; runs of frames that follow each
 * other are recognised and cost a few instructions a page. Entries are left as they are.
 */
void free_pages_bulk(struct page **array, unsigned long nr);

/*
 * @n pages of order 0, linked by hot_link from *@link on; the last one's is NULL. Returns the last
 * one's, where a chain may go on. NULL: no memory, none is taken, *@link is NULL. @n is not 0.
 */
struct page **alloc_page_chain(gfp_t gfp, uint64_t n, struct page **link);

/* __free_pages(p, 0) for each page of a chain; NULL: there are none. */
void free_page_chain(struct page *page);

/* Turns an allocated block that is not compound into 2^@order pages freed one by one. */
void split_page(struct page *page, unsigned order);

/*
 * First page of the allocated block that holds @page, compound or not; NULL if none does.
 * @page: a frame of RAM. The caller keeps the block from being freed meanwhile.
 */
struct page *allocated_block(struct page *page);

/*
 * The head of a compound page from any of its pages; another page is its own head. No branch: the
 * mask of a page that is no tail has all bits.
 */
static __always_inline struct page *compound_head(const struct page *page)
{
	uint64_t info = READ_ONCE(page->compound_info);

	return (struct page *)((uint64_t)page & (info | ((info & 1) - 1)));
}

/* One more reference to an allocated block. @page: its first page, or any of a compound one. */
static __always_inline void get_page(struct page *page)
{
	__atomic_fetch_add(&compound_head(page)->refcount, 1, __ATOMIC_RELAXED);
}

/*
 * Who takes a huge page (PG_HUGE) when its last reference goes, in place of the zones: @head, with
 * no reference and all else as it was. Called where the reference was dropped, in any context,
 * IRQs as they were there, no lock of the allocator held. NULL: nobody, and that is a panic. Set
 * at boot, before there is a huge page.
 */
extern void (*release_huge_page)(struct page *head);

/*
 * Drops a reference; the last one frees the block, or hands a huge page to release_huge_page().
 * The last one to a device's page (ZONE_DEVICE) is the device's own: dropping it is misuse.
 */
static __always_inline void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	__free_pages(head, head->order);
}

/*
 * @n reserved frames of RAM from @pfn on, of which the allocator knows nothing (boot took them),
 * become pages as from alloc_pages(), one reference each, to be freed one by one. The
 * caller vouches for them; a state that is not zero is a panic.
 */
void adopt_reserved_pages(uint64_t pfn, uint64_t n);

/* Gives this CPU's hot lists back to the zones, so that an audit can see blocks merge. */
void drain_hot_lists(void);

/* Free pages of all zones, hot lists of all CPUs included (racy while others allocate). */
uint64_t nr_free_pages(void);

/*
 * Pages that the allocator has or may be given yet: those that buddy_init() took or that were
 * adopted since, free or not, and boot's huge pages.
 */
static __always_inline uint64_t nr_managed_pages(void)
{
	extern uint64_t managed_pages; /* buddy_init()'s */

	return managed_pages;
}

/* @pages more: RAM of the zone that boot kept and that may be given to __free_pages(). */
void adjust_managed_page_count(enum zone_id zone, uint64_t pages);

struct zone_stats {
	uint64_t managed_pages;
	uint64_t free_pages;		/* in the zone's lists, as counted on the way */
	uint64_t hot_pages;		/* on hot lists of all CPUs, free as well */
	uint64_t blocks[MAX_ORDER + 1]; /* in the zone's lists, by walking them */
};

/* For audits. A list with a block that is not free, misplaced or misaligned is a panic. */
void get_zone_stats(enum zone_id zone, struct zone_stats *stats);
