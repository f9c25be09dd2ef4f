// SPDX-License-Identifier: MIT
/*
 * The pools of huge pages at run time.
 *
 * A pool's lock is held for a push or a pop. What takes longer, optimising and restoring, works
 * on pages that are in nobody's list: they were just allocated, or just taken out.
 */
#include "mm/pages/users/hugepages-internal.h"

#include <errno.h>

#include "lib/lock.h"
#include "mm/pages/hvo.h"
#include "mm/phys/buddy.h"

SLIST_HEAD(page_chain, page); /* by hot_link */

/* One pool. */
struct hstate {
	spinlock_t lock; /* protects what follows; below it nothing is taken */
	struct page_chain free;
	uint64_t nr_free;
	uint64_t nr; /* all, allocated or not */
	bool resizing;
};

/* Restores or optimises so many at a time. */
#define HUGE_BATCH 64

static struct hstate hstates[NR_HUGE_SIZES] = {
	[0 ... NR_HUGE_SIZES - 1] = { .lock = SPINLOCK(LOCK_HUGE) },
};

/* NR_HUGE_SIZES: there is no such pool. */
static unsigned index_of(unsigned order)
{
	unsigned i = 0;

	while (i < NR_HUGE_SIZES && huge_orders[i] != order)
		i++;
	return i;
}

bool has_huge_pool(unsigned order)
{
	return index_of(order) < NR_HUGE_SIZES;
}

/* @page has no reference: the pool may give it out. Any context. */
static void enqueue(unsigned index, struct page *page)
{
	struct hstate *h = &hstates[index];
	uint64_t irq = spin_lock_irqsave(&h->lock);

	SLIST_INSERT_HEAD(&h->free, page, hot_link);
	h->nr_free++;
	spin_unlock_irqrestore(&h->lock, irq);
}

/* For release_huge_page: the last reference to @page, of a pool, is gone. Any context. */
static void free_huge_page(struct page *page)
{
	enqueue(index_of(page->order), page);
}

/* Pops up to @n pages into @pages; returns how many. */
static uint64_t dequeue(struct hstate *h, struct page **pages, uint64_t n)
{
	uint64_t irq = spin_lock_irqsave(&h->lock), got;

	for (got = 0; got < n && (pages[got] = SLIST_FIRST(&h->free)); got++)
		SLIST_REMOVE_HEAD(&h->free, hot_link);
	h->nr_free -= got;
	spin_unlock_irqrestore(&h->lock, irq);
	return got;
}

struct page *alloc_huge_page(unsigned order)
{
	unsigned index = index_of(order);
	struct page *page;

	if (index == NR_HUGE_SIZES || !dequeue(&hstates[index], &page, 1))
		return NULL;
	/* Release: a speculative get that succeeds from here on sees the page out of the list. */
	__atomic_store_n(&page->refcount, 1, __ATOMIC_RELEASE);
	return page;
}

uint64_t nr_huge_pages(unsigned order)
{
	unsigned index = index_of(order);

	return index < NR_HUGE_SIZES ? READ_ONCE(hstates[index].nr) : 0;
}

uint64_t nr_free_huge_pages(unsigned order)
{
	unsigned index = index_of(order);

	return index < NR_HUGE_SIZES ? READ_ONCE(hstates[index].nr_free) : 0;
}

/* --- growing and shrinking --------------------------------------------------------------- */

static void count_pages(struct hstate *h, uint64_t more)
{
	uint64_t irq = spin_lock_irqsave(&h->lock);

	h->nr += more;
	spin_unlock_irqrestore(&h->lock, irq);
}

/* Shares the tails of heads[0 .. n), of one order; where that fails they stay as they are. */
static void optimize(struct page *const *heads, uint64_t n)
{
	uint64_t done;

	if (!n || !order_is_optimizable(heads[0]->order))
		return;
	/* One that fails is left as it is, the next may do better. */
	for (; n && hugetlb_vmemmap_optimize_pages(heads, n, &done); n -= done + 1)
		heads += done + 1;
}

/* Back to the page allocator, to which it is a block with one reference again. */
static void give_back(struct page *page)
{
	page->compound_info = 0;
	page->state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD, page->zone, page->order, 1);
	put_page(page);
}

/* @n blocks, chained: all, or none and -ENOMEM. */
static int take_blocks(unsigned order, uint64_t n, struct page_chain *blocks)
{
	struct page *page;

	SLIST_INIT(blocks);
	for (; n; n--) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
		if (!page)
			break;
		SLIST_INSERT_HEAD(blocks, page, hot_link);
	}
	while (n && (page = SLIST_FIRST(blocks))) {
		SLIST_REMOVE_HEAD(blocks, hot_link);
		__free_pages(page, order);
	}
	return n ? -ENOMEM : 0;
}

/*
 * A block with one reference becomes a page of the pool by losing that: whoever holds another one,
 * by speculation, gives it up through the same door.
 */
static void adopt(struct page *page)
{
	page->flags |= PG_HUGE;
	put_page(page);
}

static int grow(struct hstate *h, unsigned order, uint64_t n)
{
	struct page *heads[HUGE_BATCH], *page;
	struct page_chain blocks;
	int error = take_blocks(order, n, &blocks);
	uint64_t batch;

	if (error)
		return error;
	count_pages(h, n);
	do {
		for (batch = 0; batch < HUGE_BATCH && (page = SLIST_FIRST(&blocks)); batch++) {
			SLIST_REMOVE_HEAD(&blocks, hot_link);
			heads[batch] = page;
		}
		optimize(heads, batch);
		for (uint64_t i = 0; i < batch; i++)
			adopt(heads[i]);
	} while (batch);
	return 0;
}

/* Of those in the pool as many as can be restored, @n at most. */
static int shrink(struct hstate *h, unsigned index, uint64_t n)
{
	struct page *heads[HUGE_BATCH];
	int error = 0;

	while (n && !error) {
		uint64_t got = dequeue(h, heads, MIN(n, HUGE_BATCH)), done = got;

		if (!got)
			return -EBUSY;
		if (order_is_optimizable(huge_orders[index]))
			error = hugetlb_vmemmap_restore_pages(heads, got, &done);
		count_pages(h, -done);
		for (uint64_t i = 0; i < done; i++)
			give_back(heads[i]);
		for (uint64_t i = done; i < got; i++)
			enqueue(index, heads[i]);
		n -= done;
	}
	return error;
}

int set_nr_huge_pages(unsigned order, uint64_t n)
{
	unsigned index = index_of(order);
	struct hstate *h = &hstates[index];
	int error = 0;

	if (index == NR_HUGE_SIZES)
		return -EINVAL;
	if (order > MAX_ORDER)
		return -EOPNOTSUPP;
	if (__atomic_test_and_set(&h->resizing, __ATOMIC_ACQUIRE))
		return -EBUSY;
	if (n > h->nr)
		error = grow(h, order, n - h->nr);
	else if (n < h->nr)
		error = shrink(h, index, h->nr - n);
	__atomic_clear(&h->resizing, __ATOMIC_RELEASE);
	return error;
}

/* --- boot --------------------------------------------------------------------------------- */

/* Makes the page what vmemmap_populate() made of those in whole sections, but for the sharing. */
static void make_huge_page(struct page *page, unsigned order)
{
	enum zone_id zone = pfn_zone(page_to_pfn(page));

	page_fill_tails(page + 1, (1UL << order) - 1, zone, order);
	page->compound_info = 0;
	page->state = HUGE_HEAD_STATE | PAGE_STATE(0, zone, order, 0);
}

/* Pages that do not fill a section: [@first, @first + @n). */
static void make_huge_pages(struct page *first, uint64_t n, unsigned order)
{
	struct page *heads[HUGE_BATCH];

	for (uint64_t i = 0; i < n; i++) {
		heads[i % HUGE_BATCH] = first + (i << order);
		make_huge_page(heads[i % HUGE_BATCH], order);
		if (i % HUGE_BATCH == HUGE_BATCH - 1 || i == n - 1)
			optimize(heads, i % HUGE_BATCH + 1);
	}
}

/* The page at the lowest address is given out first. */
static void fill_pool(const struct huge_chunk *c)
{
	struct hstate *h = &hstates[c->index];
	unsigned order = huge_orders[c->index];
	uint64_t n = c->pages >> order, irq;
	struct page *first = pfn_to_page(c->pfn);

	if (!c->whole)
		make_huge_pages(first, n, order);
	irq = spin_lock_irqsave(&h->lock);
	h->nr += n;
	h->nr_free += n;
	while (n--)
		SLIST_INSERT_HEAD(&h->free, first + (n << order), hot_link);
	spin_unlock_irqrestore(&h->lock, irq);
	adjust_managed_page_count(pfn_zone(c->pfn), c->pages);
}

void hugepages_init(void)
{
	release_huge_page = free_huge_page;
	for (unsigned i = nr_huge_chunks; i-- > 0;)
		fill_pool(&huge_chunks[i]);
}
