// SPDX-License-Identifier: MIT
/*
 * Suite phys: the page and small-object allocators on real memory, up to its end and back.
 */
#include <string.h>

#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* No test clears or fills blocks larger than this. */
#define FILL_MAX (4 * MiB)

/* First word that is not @value, as an index; @words if all are. */
static uint64_t first_other(const uint64_t *at, uint64_t words, uint64_t value)
{
	uint64_t i = 0;

	while (i < words && at[i] == value)
		i++;
	return i;
}

static void check_block(struct page *block, unsigned order)
{
	volatile uint64_t *start = page_address(block);
	uint64_t words = (PAGE_SIZE << order) / sizeof(*start);

	CHECK(IS_ALIGNED(page_to_pfn(block), 1UL << order));
	CHECK(pfn_valid(page_to_pfn(block)) && pfn_valid(page_to_pfn(block) + (1UL << order) - 1));
	CHECK_EQ(block->refcount, 1);
	start[0] = ~page_to_pfn(block);
	start[words - 1] = page_to_pfn(block);
	CHECK_EQ(start[0], ~page_to_pfn(block));
	CHECK_EQ(start[words - 1], page_to_pfn(block));
}

TEST(phys_orders, "phys/every-order")
{
	uint64_t had = 0;

	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		uint64_t before = nr_free_pages();
		struct page *block = alloc_pages(GFP_KERNEL, order);

		if (!block)
			continue; /* a small machine may have no block of the largest orders */
		had++;
		check_block(block, order);
		CHECK_EQ(nr_free_pages(), before - (1UL << order));
		__free_pages(block, order);
		CHECK_EQ(nr_free_pages(), before);
	}
	CHECK(had > MAX_ORDER / 2);
	CHECK(!alloc_pages(GFP_KERNEL, MAX_ORDER + 1));
	CHECK(!alloc_pages(GFP_KERNEL, ~0u));
	__free_pages(NULL, 0);
}

TEST(phys_zero, "phys/zeroed-when-asked")
{
	for (unsigned order = 0; order <= MAX_ORDER && PAGE_SIZE << order <= FILL_MAX; order++) {
		uint64_t words = (PAGE_SIZE << order) / sizeof(uint64_t);
		struct page *block = alloc_pages(GFP_KERNEL, order);

		if (!CHECK(block))
			return;
		memset(page_address(block), 0x5a, PAGE_SIZE << order);
		__free_pages(block, order);
		block = alloc_pages(__GFP_ZERO, order);
		if (!CHECK(block))
			return;
		CHECK_EQ(first_other(page_address(block), words, 0), words);
		__free_pages(block, order);
	}
}

TEST(phys_dma32, "phys/dma32-is-below-4G")
{
	struct zone_stats stats;

	get_zone_stats(ZONE_DMA32, &stats);
	if (!stats.managed_pages)
		SKIP("no RAM below 4G");
	for (unsigned order = 0; order <= MAX_ORDER / 2; order++) {
		struct page *block = alloc_pages(GFP_DMA32, order);

		if (!CHECK(block))
			return;
		CHECK(page_to_phys(block) + (PAGE_SIZE << order) <= 4 * GiB);
		__free_pages(block, order);
	}
}

TEST(phys_bulk, "phys/bulk-fills-the-gaps")
{
	static struct page *array[300];
	struct page *own = alloc_pages(GFP_KERNEL, 0);
	uint64_t before = nr_free_pages();

	if (!CHECK(own))
		return;
	memset(array, 0, sizeof(array));
	array[0] = array[137] = array[299] = own;
	CHECK_EQ(alloc_pages_bulk(GFP_KERNEL, ARRAY_SIZE(array), array), ARRAY_SIZE(array));
	CHECK(array[0] == own && array[137] == own && array[299] == own);
	CHECK_EQ(nr_free_pages(), before - (ARRAY_SIZE(array) - 3));
	array[0] = array[137] = array[299] = NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(array); i++)
		if (array[i])
			tag_page(array[i]);
	/* Nobody's tag was written over: no page was given out twice. */
	for (unsigned i = 0; i < ARRAY_SIZE(array); i++)
		if (array[i])
			CHECK_EQ(pages_misread((uint64_t)page_address(array[i]), &array[i], 1), 0);
	free_pages_bulk(array, ARRAY_SIZE(array));
	CHECK_EQ(nr_free_pages(), before);
	__free_pages(own, 0);
}

/* Most entries taken, in every density: the rest of a block that was cut for them goes back. */
TEST(phys_bulk_sparse, "phys/bulk-into-few-gaps")
{
	static struct page *array[400];
	struct page *own = alloc_pages(GFP_KERNEL, 0);
	uint64_t before = nr_free_pages(), seed = random_seed();

	if (!CHECK(own))
		return;
	for (unsigned density = 2; density < 40; density += 5) {
		uint64_t gaps = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(array); i++) {
			array[i] = random_below(&seed, density) ? own : NULL;
			gaps += !array[i];
		}
		CHECK_EQ(alloc_pages_bulk(GFP_KERNEL, ARRAY_SIZE(array), array), ARRAY_SIZE(array));
		CHECK_EQ(nr_free_pages(), before - gaps);
		for (unsigned i = 0; i < ARRAY_SIZE(array); i++) {
			CHECK(array[i]);
			if (array[i] == own)
				array[i] = NULL;
		}
		free_pages_bulk(array, ARRAY_SIZE(array));
		CHECK_EQ(nr_free_pages(), before);
	}
	__free_pages(own, 0);
}

TEST(phys_split, "phys/split-pages-merge-again")
{
	struct zone_stats before[NR_BUDDY_ZONES], after[NR_BUDDY_ZONES];
	const unsigned order = 6;
	struct page *block;

	count_totals();
	for (unsigned zone = 0; zone < NR_BUDDY_ZONES; zone++)
		get_zone_stats(zone, &before[zone]);
	block = alloc_pages(GFP_KERNEL, order);
	if (!CHECK(block))
		return;
	split_page(block, order);
	/* 37 is odd: every page once, in an order that leaves no two neighbours free for long. */
	for (unsigned i = 0; i < 1u << order; i++)
		__free_pages(block + i * 37 % (1u << order), 0);
	count_totals();
	for (unsigned zone = 0; zone < NR_BUDDY_ZONES; zone++) {
		get_zone_stats(zone, &after[zone]);
		CHECK_EQ(memcmp(&before[zone], &after[zone], sizeof(after[zone])), 0);
	}
}

TEST(phys_compound, "phys/compound-pages-and-references")
{
	const unsigned order = 4;
	uint64_t before = nr_free_pages();
	struct page *block = alloc_pages(__GFP_COMP, order);

	if (!CHECK(block))
		return;
	for (unsigned i = 0; i < 1u << order; i++) {
		CHECK_EQ(compound_head(block + i), block);
		CHECK_EQ(allocated_block(block + i), block);
	}
	get_page(block + 3);
	__free_pages(block, order);
	CHECK_EQ(nr_free_pages(), before - (1UL << order));
	put_page(block + 7);
	CHECK_EQ(nr_free_pages(), before);
	CHECK_EQ(compound_head(block + 3), block + 3);
	CHECK(!allocated_block(block));
}

/* --- to the last page ----------------------------------------------------------------------- */

static void get_all_stats(struct zone_stats stats[NR_BUDDY_ZONES])
{
	count_totals();
	for (unsigned zone = 0; zone < NR_BUDDY_ZONES; zone++)
		get_zone_stats(zone, &stats[zone]);
}

static void check_all_stats(const struct zone_stats before[NR_BUDDY_ZONES])
{
	struct zone_stats after[NR_BUDDY_ZONES];

	get_all_stats(after);
	for (unsigned zone = 0; zone < NR_BUDDY_ZONES; zone++) {
		CHECK_EQ(after[zone].free_pages, before[zone].free_pages);
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			CHECK_EQ(after[zone].blocks[order], before[zone].blocks[order]);
	}
}

static void check_nothing_is_left(void)
{
	CHECK_EQ(nr_free_pages(), 0);
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		CHECK(!alloc_pages(GFP_KERNEL, order) && !alloc_pages(GFP_DMA32, order));
	CHECK(!kmalloc(PAGE_SIZE, GFP_KERNEL));
	CHECK(!kzalloc(2 * PAGE_SIZE, GFP_KERNEL));
	CHECK(!kmalloc(40, GFP_KERNEL)); /* the caches were drained */
	CHECK(!vmalloc(PAGE_SIZE));
	CHECK(!vmalloc_huge(PMD_SIZE, GFP_KERNEL));
}

TEST(phys_exhaust, "phys/exhaust-all-orders")
{
	struct zone_stats before[NR_BUDDY_ZONES];
	uint64_t all;
	struct hoard hoard;

	get_all_stats(before);
	all = nr_free_pages();
	hoard_all(&hoard);
	CHECK_EQ(hoard.pages, all);
	check_nothing_is_left();
	hoard_give_page(&hoard);
	CHECK_EQ(nr_free_pages(), 1);
	hoard_free(&hoard);
	CHECK_EQ(nr_free_pages(), all);
	check_all_stats(before);
}

/* Pages taken one by one at the end of memory. */
#define SINGLE_PAGES 2048

TEST(phys_exhaust_pages, "phys/exhaust-page-by-page")
{
	struct page **pages = kmalloc(2 * SINGLE_PAGES * sizeof(*pages), GFP_KERNEL);
	struct zone_stats before[NR_BUDDY_ZONES];
	uint64_t n = 0, seed = random_seed();
	struct hoard hoard;

	if (!CHECK(pages))
		return;
	get_all_stats(before);
	hoard_all(&hoard);
	for (unsigned i = 0; i < SINGLE_PAGES && hoard.pages; i++)
		hoard_give_page(&hoard);
	while (n < 2 * SINGLE_PAGES && (pages[n] = alloc_pages(GFP_KERNEL, 0)))
		tag_page(pages[n++]);
	CHECK_EQ(n, MIN(SINGLE_PAGES, n + hoard.pages));
	check_nothing_is_left();
	while (n) {
		uint64_t i = random_below(&seed, n);

		CHECK_EQ(pages_misread((uint64_t)page_address(pages[i]), &pages[i], 1), 0);
		__free_pages(pages[i], 0);
		pages[i] = pages[--n];
	}
	hoard_free(&hoard);
	check_all_stats(before);
	kfree(pages);
}

/* --- small objects ---------------------------------------------------------------------------- */

#define OBJECTS 60

/* Sizes around each power of two up to two pages. */
static size_t object_size(unsigned i)
{
	return (1UL << (i / 3 % (PAGE_SHIFT + 1))) + i % 3;
}

TEST(phys_kmalloc, "phys/kmalloc-objects-do-not-overlap")
{
	static uint8_t *objects[OBJECTS];

	for (unsigned i = 0; i < OBJECTS; i++) {
		objects[i] = kmalloc(object_size(i), GFP_KERNEL);
		if (!CHECK(objects[i]))
			return;
		CHECK(IS_ALIGNED((uint64_t)objects[i],
				 MIN(1UL << ilog2(object_size(i)), PAGE_SIZE)));
		memset(objects[i], i + 1, object_size(i));
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		for (size_t at = 0; at < object_size(i); at++)
			if (objects[i][at] != i + 1) {
				CHECK_EQ(objects[i][at], i + 1);
				break;
			}
		kfree(objects[i]);
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		objects[i] = kzalloc(object_size(i), GFP_KERNEL);
		if (!CHECK(objects[i]))
			return;
		for (size_t at = 0; at < object_size(i); at++)
			if (objects[i][at]) {
				CHECK_EQ(objects[i][at], 0);
				break;
			}
	}
	for (unsigned i = OBJECTS; i--;)
		kfree(objects[i]);
	kfree(NULL);
	CHECK(!kmalloc((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL));
	CHECK(!kmalloc(SIZE_MAX, GFP_KERNEL));
}
