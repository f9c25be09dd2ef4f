// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page array of vmap's rows, with the physical layout that a row's name promises.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "peer.h"

/* So many times as many blocks are looked through for adjacent ones. */
#define CANDIDATES 8

struct page **pages;

static unsigned long count;
static unsigned int block_order;

int pages_start(void)
{
	pages = kvcalloc(BIG_PAGES, sizeof(*pages), GFP_KERNEL);
	return pages ? 0 : -ENOMEM;
}

void pages_stop(void)
{
	kvfree(pages);
}

static int by_address(const void *a, const void *b)
{
	const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;

	return x < y ? -1 : x > y;
}

int pages_take(unsigned long bytes, unsigned int order, bool comp)
{
	unsigned long step = 1UL << order, i, j;

	block_order = order;
	count = bytes >> PAGE_SHIFT;
	for (i = 0; i < count; i += step) {
		struct page *page = alloc_pages(GFP_KERNEL | (comp ? __GFP_COMP : 0), order);

		if (!page) {
			count = i;
			pages_give();
			return -ENOMEM;
		}
		for (j = 0; j < step; j++)
			pages[i + j] = page + j;
	}
	sort(pages, count, sizeof(*pages), by_address, NULL);
	return 0;
}

/* The first of @need neighbours among @n ascending blocks; @n: there are none. */
static unsigned long find_run(struct page *const *blocks, unsigned long n, unsigned long need)
{
	unsigned long run = 0, i;

	for (i = 0; i < n; i++) {
		bool follows = run && page_to_pfn(blocks[i]) ==
					      page_to_pfn(blocks[i - 1]) + (1UL << block_order);

		run = follows ? run + 1 : 1;
		if (run == need)
			return i + 1 - need;
	}
	return n;
}

int pages_take_adjacent(unsigned long bytes, unsigned int order)
{
	unsigned long need = bytes >> PAGE_SHIFT >> order, most = CANDIDATES * need, n, at, i;
	struct page **blocks = kvcalloc(most, sizeof(*blocks), GFP_KERNEL);
	gfp_t gfp = GFP_KERNEL | __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN;

	if (!blocks)
		return -ENOMEM;
	block_order = order;
	for (n = 0; n < most && (blocks[n] = alloc_pages(gfp, order)); n++)
		;
	sort(blocks, n, sizeof(*blocks), by_address, NULL);
	at = find_run(blocks, n, need);
	count = at < n ? bytes >> PAGE_SHIFT : 0;
	for (i = 0; i < count; i++)
		pages[i] = blocks[at + (i >> order)] + (i & ((1UL << order) - 1));
	for (i = 0; i < n; i++)
		if (!count || i < at || i >= at + need)
			__free_pages(blocks[i], order);
	kvfree(blocks);
	return count ? 0 : -ENOMEM;
}

void pages_give(void)
{
	unsigned long i;

	/* A block's first page is the lowest of its pages: of a scattered array all are order 0. */
	for (i = 0; i < count; i += 1UL << block_order)
		__free_pages(pages[i], block_order);
	count = 0;
}

/* Of the ascending blocks first the even ones, last to first, then the odd ones so. */
int pages_put_apart(void)
{
	unsigned long step = 1UL << block_order, blocks = count / step, n = 0, i, j;
	struct page **order = kvcalloc(blocks, sizeof(*order), GFP_KERNEL);
	int odd;

	if (!order)
		return -ENOMEM;
	for (odd = 0; odd < 2; odd++)
		for (i = blocks; i-- > 0;)
			if ((i & 1) == odd)
				order[n++] = pages[i * step];
	for (i = 0; i < blocks; i++)
		for (j = 0; j < step; j++)
			pages[i * step + j] = order[i] + j;
	kvfree(order);
	return 0;
}

/* Marsaglia's xorshift: the same order in every run. */
void pages_scatter(void)
{
	u64 x = 88172645463325252ULL;
	unsigned long i;

	for (i = count - 1; i > 0; i--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		swap(pages[i], pages[x % (i + 1)]);
	}
}

unsigned long pages_breaks(void)
{
	unsigned long breaks = 0, i;

	for (i = 1; i < count; i++)
		breaks += page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1;
	return breaks;
}
