// SPDX-License-Identifier: MIT
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// granules: 12 14 16
/*
 * The page allocator against a plain model that holds one owner per page: no overlap,
 * alignment, zones, counts; NULL exactly when no block is left; everything merges back.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/arm64/cpu.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

/*
 * Two pieces of RAM, both with ragged ends, one across the 4 GiB line:
 *	[2B + 3 pages, 5B + 7 pages) and [4 GiB - 2B, 4 GiB + 2B - 5 pages), B = ARENA_BLOCK
 */
#define B	 ARENA_BLOCK
#define LOW	 (2 * B + 3 * PAGE_SIZE)
#define LOW_END	 (5 * B + 7 * PAGE_SIZE)
#define HIGH	 (4 * GiB - 2 * B)
#define HIGH_END (4 * GiB + 2 * B - 5 * PAGE_SIZE)
#define PFN(pa)	 ((pa) >> PAGE_SHIFT)

/* Reserved, so that no block is whole: one page in the middle of the second B. */
#define HOLE (3 * B + 77 * PAGE_SIZE)

struct block {
	struct page *page;
	unsigned order;
};

#define MAX_BLOCKS 40000
static struct block blocks[MAX_BLOCKS];
static unsigned nr_blocks;
static bool *owned; /* by pfn */
static uint64_t owned_pages;
static struct zone_stats initial[NR_BUDDY_ZONES];
static unsigned long long seed = 42;

static bool is_free_ram(uint64_t pfn)
{
	bool ram = (pfn >= PFN(LOW) && pfn < PFN(LOW_END)) ||
		   (pfn >= PFN(HIGH) && pfn < PFN(HIGH_END));

	return ram && pfn != PFN(HOLE) && !owned[pfn];
}

static bool all_free(uint64_t pfn, unsigned order)
{
	for (uint64_t i = 0; i < 1UL << order; i++)
		if (!is_free_ram(pfn + i))
			return false;
	return true;
}

/* Is there a free aligned block that @gfp allows? */
static bool model_has(gfp_t gfp, unsigned order)
{
	uint64_t step = 1UL << order, end = gfp & __GFP_DMA32 ? PFN(4 * GiB) : PFN(HIGH_END);

	for (uint64_t pfn = ALIGN_UP(PFN(LOW), step); pfn + step <= end; pfn += step) {
		if (pfn >= PFN(LOW_END) && pfn < PFN(HIGH))
			pfn = ALIGN_DOWN(PFN(HIGH), step);
		if (all_free(pfn, order))
			return true;
	}
	return false;
}

/* Gives the block an owner. Returns whether it was free, and where it may be. */
static bool claim(struct page *page, gfp_t gfp, unsigned order)
{
	uint64_t pfn = page_to_pfn(page);

	if (!IS_ALIGNED(pfn, 1UL << order) || !all_free(pfn, order))
		return false;
	if (gfp & __GFP_DMA32 && pfn >= PFN(4 * GiB))
		return false;
	memset(owned + pfn, true, 1UL << order);
	owned_pages += 1UL << order;
	blocks[nr_blocks++] = (struct block){ page, order };
	return true;
}

/* Forgets a random block of the model. */
static struct block disown_any(void)
{
	unsigned i = tap_random(&seed) % nr_blocks;
	struct block block = blocks[i];

	blocks[i] = blocks[--nr_blocks];
	memset(owned + page_to_pfn(block.page), false, 1UL << block.order);
	owned_pages -= 1UL << block.order;
	return block;
}

static bool counts_agree(void)
{
	return nr_free_pages() == nr_managed_pages() - owned_pages;
}

/* The zones' own books: what the lists hold is what was counted. */
static bool books_balance(void)
{
	uint64_t all = 0;

	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++) {
		struct zone_stats stats;
		uint64_t pages = 0;

		get_zone_stats(id, &stats);
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			pages += stats.blocks[order] << order;
		if (pages != stats.free_pages || stats.managed_pages != initial[id].managed_pages)
			return false;
		all += stats.free_pages + stats.hot_pages;
	}
	return all == nr_free_pages() && counts_agree();
}

/* With nothing in use every block is as big as it was at first. */
static bool recovered(void)
{
	struct zone_stats stats[NR_BUDDY_ZONES];

	while (nr_blocks) {
		struct block block = disown_any();

		__free_pages(block.page, block.order);
	}
	drain_hot_lists();
	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++)
		get_zone_stats(id, &stats[id]);
	return memcmp(stats, initial, sizeof(stats)) == 0 && books_balance();
}

static void setup(void)
{
	uint64_t pages = 0;

	owned = calloc(PFN(HIGH_END) + MAX_ORDER_PAGES, sizeof(*owned));
	arena_add_ram(HIGH, HIGH_END - HIGH);
	arena_add_ram(LOW, LOW_END - LOW);
	ok(boot_ram_reserve(HOLE + 1, 1) == 0, "one page is reserved");
	buddy_init();
	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++) {
		get_zone_stats(id, &initial[id]);
		pages += initial[id].managed_pages;
	}
	ok(pages == PFN(LOW_END - LOW) - 1 + PFN(HIGH_END - HIGH) && pages == nr_managed_pages() &&
		   pages == nr_free_pages() && books_balance(),
	   "all free pages are managed");
	ok(initial[ZONE_NORMAL].managed_pages == PFN(HIGH_END - 4 * GiB) &&
		   initial[ZONE_DMA32].blocks[MAX_ORDER] == 3 &&
		   initial[ZONE_NORMAL].blocks[MAX_ORDER] == 1,
	   "zones split at 4 GiB, blocks are as large as they can be");
}

static bool allocate(gfp_t gfp, unsigned order)
{
	struct page *page = alloc_pages(gfp, order);

	if (!page)
		return !model_has(gfp, order);
	return claim(page, gfp, order) && page->order == order && page->refcount == 1;
}

static bool allocate_bulk(gfp_t gfp)
{
	struct page *array[600] = { NULL }, *taken = (struct page *)array;
	unsigned long nr = tap_random(&seed) % (ARRAY_SIZE(array) + 1), got, gaps = 0;

	for (unsigned i = 0; i < 5 && nr; i++)
		array[tap_random(&seed) % nr] = taken;
	for (unsigned i = 0; i < nr; i++)
		gaps += !array[i];
	if (nr_blocks + gaps > MAX_BLOCKS)
		return true;
	got = alloc_pages_bulk(gfp, nr, array);
	for (unsigned i = 0; i < got; i++) {
		if (array[i] == taken)
			continue;
		if (!array[i] || !claim(array[i], gfp, 0))
			return false;
		gaps--;
	}
	/* Stopping early is right only before an entry that nothing was left for. */
	return got == nr ? gaps == 0 : !array[got] && !model_has(gfp, 0);
}

static bool free_some_bulk(void)
{
	struct page *array[600];
	unsigned nr = tap_random(&seed) % ARRAY_SIZE(array), n = 0;

	/* From the end: the order of allocation, where runs are; NULL entries between. */
	for (unsigned i = nr_blocks > nr ? nr_blocks - nr : 0; i < nr_blocks && n < nr; i++) {
		if (tap_random(&seed) % 50 == 0)
			array[n++] = NULL;
		else if (blocks[i].order == 0) {
			array[n++] = blocks[i].page;
			owned[page_to_pfn(blocks[i].page)] = false;
			owned_pages--;
			blocks[i].page = NULL;
		}
	}
	free_pages_bulk(array, n);
	for (unsigned i = n = 0; i < nr_blocks; i++)
		if (blocks[i].page)
			blocks[n++] = blocks[i];
	nr_blocks = n;
	return true;
}

/* A block of the model becomes pages of the model. */
static bool split_any(void)
{
	struct block block = disown_any();
	bool good = true;

	if (nr_blocks + (1UL << block.order) > MAX_BLOCKS || block.page->flags & PG_HEAD) {
		__free_pages(block.page, block.order);
		return true;
	}
	split_page(block.page, block.order);
	for (uint64_t i = 0; i < 1UL << block.order; i++)
		good = good && claim(block.page + i, GFP_KERNEL, 0);
	return good;
}

static unsigned random_order(void)
{
	switch (tap_random(&seed) % 8) {
	case 0:
		return tap_random(&seed) % (MAX_ORDER + 3);
	case 1:
		return PMD_SHIFT - PAGE_SHIFT;
	case 2:
	case 3:
		return tap_random(&seed) % 6;
	default:
		return 0;
	}
}

static bool random_step(unsigned phase)
{
	gfp_t gfp = (tap_random(&seed) % 3 ? 0 : __GFP_DMA32) |
		    (tap_random(&seed) % 5 ? 0 : __GFP_COMP);
	unsigned what = tap_random(&seed) % 100, order = random_order();
	struct block block;

	if (what < 2)
		return free_some_bulk();
	if (what < 4)
		return allocate_bulk(gfp & ~__GFP_COMP);
	if (what < 5)
		drain_hot_lists();
	if (what < 7 && nr_blocks)
		return split_any();
	/* Phases lean to allocation and to freeing in turn, so that zones fill and empty. */
	if (nr_blocks && (what < 35 + 30 * (phase % 2) || nr_blocks == MAX_BLOCKS)) {
		block = disown_any();
		__free_pages(block.page, block.order);
		return true;
	}
	return order > MAX_ORDER ? !alloc_pages(gfp, order) : allocate(gfp, order);
}

static void test_random(void)
{
	bool good = true;
	unsigned step;

	for (step = 0; step < 60000 && good; step++) {
		good = random_step(step / 2000) && counts_agree();
		if (step % 500 == 0)
			good = good && books_balance();
	}
	ok(good, "60000 random operations against the model (%u)", step);
	ok(recovered(), "after them all blocks merge back");
}

static void test_exhaustion(void)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_DMA32 };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(gfps); i++) {
		for (unsigned order = 0; order <= MAX_ORDER; order++) {
			struct page *page;

			while (nr_blocks < MAX_BLOCKS && (page = alloc_pages(gfps[i], order)))
				good = good && claim(page, gfps[i], order);
			if (nr_blocks < MAX_BLOCKS)
				good = good && !model_has(gfps[i], order);
			if (order == 0 && gfps[i] == GFP_KERNEL && nr_blocks < MAX_BLOCKS)
				good = good && nr_free_pages() == 0;
			good = good && recovered();
		}
	}
	ok(good, "each order and zone down to NULL, and back");
}

/* What one order has cached must not be missing for another. */
static void test_exhaustion_across_orders(void)
{
	uint64_t max = 0, again = 0;
	bool good;

	while (allocate(GFP_KERNEL, MAX_ORDER) && nr_blocks > max)
		max++;
	good = recovered();
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		for (unsigned i = 0; i < 300 && model_has(GFP_KERNEL, order); i++)
			allocate(GFP_KERNEL, order);
	while (nr_blocks) {
		struct block block = disown_any();

		__free_pages(block.page, block.order);
	}
	/* No drain here: the blocks sit on hot lists of all orders. */
	while (allocate(GFP_KERNEL, MAX_ORDER) && nr_blocks > again)
		again++;
	ok(good && again == max, "largest blocks: %lu from fresh, %lu from full hot lists", max,
	   again);
	ok(recovered(), "and all recovers");
}

static void test_zone_preference(void)
{
	uint64_t normal = 0;
	struct page *page;

	while ((page = alloc_pages(GFP_KERNEL, 3)) && page_to_pfn(page) >= PFN(4 * GiB) &&
	       claim(page, GFP_KERNEL, 3))
		normal++;
	ok(page && page->zone == ZONE_DMA32 && normal == initial[ZONE_NORMAL].managed_pages / 8,
	   "GFP_KERNEL empties ZONE_NORMAL first, then goes on below 4 GiB");
	claim(page, GFP_KERNEL, 3);
	ok(recovered(), "and all recovers");
}

static void test_zero(void)
{
	bool good = true;

	for (unsigned order = 0; order <= 3; order++) {
		size_t bytes = PAGE_SIZE << order;
		struct page *page = alloc_pages(GFP_KERNEL, order);

		memset(page_address(page), 0xff, bytes);
		__free_pages(page, order);
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, order);
		for (size_t i = 0; i < bytes; i++)
			good = good && ((char *)page_address(page))[i] == 0;
		__free_pages(page, order);
	}
	ok(good, "__GFP_ZERO reads zero, from a hot list too");
	struct page *array[40] = { NULL };

	for (unsigned i = 0; i < 40; i++)
		memset(page_address(array[i] = alloc_pages(GFP_KERNEL, 0)), 0xff, PAGE_SIZE);
	free_pages_bulk(array, 40);
	memset(array, 0, sizeof(array));
	good = alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, 40, array) == 40;
	for (unsigned i = 0; i < 40; i++)
		for (size_t at = 0; at < PAGE_SIZE; at++)
			good = good && ((char *)page_address(array[i]))[at] == 0;
	free_pages_bulk(array, 40);
	ok(good && recovered(), "__GFP_ZERO in bulk");
}

static void test_bulk(void)
{
	struct page *array[512] = { NULL };
	bool row = alloc_pages_bulk(GFP_KERNEL, 512, array) == 512;

	for (unsigned i = 1; i < 512; i++)
		row = row && array[i] == array[i - 1] + 1;
	ok(row, "512 pages from fresh memory lie in a row");
	ok(alloc_pages_bulk(GFP_KERNEL, 512, array) == 512 &&
		   nr_free_pages() == nr_managed_pages() - 512,
	   "a full array gets nothing more");
	free_pages_bulk(array, 512);
	ok(alloc_pages_bulk(GFP_KERNEL, 0, NULL) == 0 && recovered(), "and all goes back");
}

static void test_compound(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);
	struct page *plain = alloc_pages(GFP_KERNEL, 4);
	struct page *single = alloc_pages(GFP_KERNEL | __GFP_COMP, 0);
	bool heads = page->flags & PG_HEAD, blocks_known = true, clean = true;

	for (unsigned i = 0; i < 16; i++) {
		heads = heads && compound_head(page + i) == page &&
			(!i || page[i].state == PAGE_STATE(PG_TAIL, ZONE_NORMAL, 0, 0));
		blocks_known = blocks_known && allocated_block(page + i) == page &&
			       allocated_block(plain + i) == plain;
	}
	ok(heads, "compound_head() from all pages");
	ok(blocks_known && !allocated_block(pfn_to_page(PFN(HOLE))), "allocated_block() likewise");
	ok(single->flags == (PG_BLOCK | PG_ALLOCATED), "order 0 is never compound");
	get_page(page + 5);
	__free_pages(page, 4);
	ok(nr_free_pages() == nr_managed_pages() - 33 && page->refcount == 1,
	   "a pin by a tail keeps the block");
	put_page(page + 7);
	for (unsigned i = 1; i < 16; i++)
		clean = clean && page[i].flags == 0 && compound_head(page + i) == page + i;
	ok(clean && nr_free_pages() == nr_managed_pages() - 17,
	   "the last put frees it, tails clean");
	get_page(plain);
	put_page(plain);
	put_page(plain);
	put_page(single);
	ok(recovered(), "plain blocks are counted too");
}

int main(void)
{
	setup();
	test_bulk();
	test_zone_preference();
	test_zero();
	test_compound();
	test_exhaustion();
	test_exhaustion_across_orders();
	test_random();
	ok(host_irq_depth == 0, "IRQ masks balance");
	return tap_done();
}
