// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// clang-format on
// granules: 12 14 16
/*
 * Small objects: random traffic with each object filled to the brim with its own bytes,
 * alignment, exhaustion, pages that come back, misuse that is named.
 */
#include <string.h>

#include "lib/arm64/cpu.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/misuse.h"
#include "tests/host/tap.h"

/* Little RAM, in two pieces, so that it runs out: 300 pages and 200, one range above 4 GiB. */
#define LOW	  (1 * GiB)
#define HIGH	  (4 * GiB)
#define ALL_PAGES 500
#define MAX_LIVE  20000

static struct live {
	unsigned char *at;
	size_t size;
	unsigned char fill;
} live[MAX_LIVE];
static unsigned nr_live;
static unsigned long long seed = 7;

static size_t rounded(size_t size)
{
	size_t to = 32;

	while (to < size)
		to *= 2;
	return MIN(to, PAGE_SIZE);
}

static void remember(void *at, size_t size)
{
	live[nr_live] = (struct live){ at, size, tap_random(&seed) };
	memset(at, live[nr_live++].fill, size);
}

/* Frees a random object; false if somebody wrote into it. */
static bool forget_any(void)
{
	unsigned i = tap_random(&seed) % nr_live;
	struct live object = live[i];

	live[i] = live[--nr_live];
	for (size_t n = 0; n < object.size; n++)
		if (object.at[n] != object.fill)
			return false;
	kfree(object.at);
	return true;
}

static bool all_back(void)
{
	bool good = true;

	while (nr_live)
		good = forget_any() && good;
	kmalloc_drain();
	good = good && kmalloc_slab_pages() == 0;
	drain_hot_lists();
	return good && nr_free_pages() == ALL_PAGES && nr_managed_pages() == ALL_PAGES;
}

static size_t random_size(void)
{
	size_t top = tap_random(&seed) % 20 ? 512 : 3 * PAGE_SIZE;

	return tap_random(&seed) % top;
}

static bool allocate(void)
{
	size_t size = random_size();
	gfp_t gfp = tap_random(&seed) % 10 ? 0 : __GFP_DMA32;
	bool zero = tap_random(&seed) % 4 == 0, good = true;
	unsigned char *at = zero ? kzalloc(size, gfp) : kmalloc(size, gfp);

	if (!at) /* pages are left only in other CPUs' hands, of which there are none */
		return size > PAGE_SIZE || nr_free_pages() == 0 || gfp;
	for (size_t n = 0; zero && n < size; n++)
		good = good && at[n] == 0;
	good = good && IS_ALIGNED((uint64_t)at, rounded(size)) &&
	       (!gfp || virt_to_phys(at) < 4 * GiB);
	remember(at, size);
	return good;
}

static void test_random(void)
{
	bool good = true;
	unsigned step;

	for (step = 0; step < 60000 && good; step++) {
		unsigned lean = step / 10000 % 2 ? 65 : 40;

		if (nr_live && (nr_live == MAX_LIVE || tap_random(&seed) % 100 < lean))
			good = forget_any();
		else
			good = allocate();
		if (step % 5000 == 0)
			kmalloc_drain();
	}
	ok(good, "60000 random operations, no object touched by another (%u)", step);
	ok(all_back(), "after them all pages are back");
}

static void test_exhaustion(void)
{
	for (size_t size = 32; size <= PAGE_SIZE * 2; size *= 2) {
		uint64_t objects = 0, per_page = MAX(PAGE_SIZE / size, 1);
		uint64_t want = ALL_PAGES * per_page / MAX(size / PAGE_SIZE, 1);
		void **list = NULL, **at;

		while ((at = kmalloc(size, GFP_KERNEL))) {
			*at = list; /* the objects hold each other: no room elsewhere */
			list = at;
			objects++;
		}
		while (list) {
			at = list;
			list = *at;
			kfree(at);
		}
		ok(objects == want && all_back(), "%zu byte objects until NULL: %lu of %lu", size,
		   objects, want);
	}
}

/* Full pages that get one object back must be found again when there is nothing else. */
static void test_full_pages_return(void)
{
	void **list = NULL, **at;
	uint64_t freed = 0, again = 0;
	unsigned i = 0;

	while ((at = kmalloc(256, GFP_KERNEL))) {
		*at = list;
		list = at;
	}
	/* Every third object, so that no page empties. */
	for (void **object = list; object; object = *object) {
		void **next = *object;

		if (++i % 3 || !next)
			continue;
		*object = *next;
		kfree(next);
		freed++;
	}
	kmalloc_drain();
	while ((at = kmalloc(256, GFP_KERNEL))) {
		*at = list;
		list = at;
		again++;
	}
	while (list) {
		at = list;
		list = *at;
		kfree(at);
	}
	ok(freed > 100 && again == freed, "%lu objects freed in full pages, %lu had again", freed,
	   again);
	ok(all_back(), "and nothing is lost");
}

static void test_caching(void)
{
	void *objects[1000];
	uint64_t cached;

	for (unsigned i = 0; i < 1000; i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	for (unsigned i = 0; i < 1000; i++)
		kfree(objects[i]);
	cached = kmalloc_slab_pages();
	ok(cached > 0 && cached <= 64, "the CPU's list keeps few slab pages (%lu)", cached);
	ok(all_back(), "kmalloc_drain() gives them back");
	kfree(NULL);
	objects[0] = kmalloc(0, GFP_KERNEL);
	objects[1] = kmalloc(0, GFP_KERNEL);
	ok(objects[0] && objects[1] && objects[0] != objects[1], "size 0 gives objects");
	kfree(objects[0]);
	kfree(objects[1]);
	ok(!kmalloc(~0UL, GFP_KERNEL) && !kzalloc(PAGE_SIZE << (MAX_ORDER + 1), GFP_KERNEL) &&
		   !kmalloc((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL),
	   "absurd sizes give NULL");
	ok(all_back(), "and nothing is lost");
}

static void free_twice(void)
{
	void *at = kmalloc(40, GFP_KERNEL);

	kfree(at);
	kfree(at);
}

/* The second free comes when the object has left the CPU's list. */
static void free_twice_drained(void)
{
	void *keep = kmalloc(40, GFP_KERNEL), *at = kmalloc(40, GFP_KERNEL);

	kfree(at);
	kmalloc_drain();
	kfree(at);
	kfree(keep);
}

static void free_twice_page_gone(void)
{
	void *at = kmalloc(40, GFP_KERNEL);

	kfree(at);
	kmalloc_drain();
	kfree(at);
}

static void free_large_twice(void)
{
	void *at = kmalloc(PAGE_SIZE, GFP_KERNEL);

	kfree(at);
	kfree(at);
}

static void free_inside_small(void)
{
	kfree((char *)kmalloc(128, GFP_KERNEL) + 32);
}

static void free_inside_large(void)
{
	kfree((char *)kmalloc(2 * PAGE_SIZE, GFP_KERNEL) + PAGE_SIZE);
}

static void free_off_large(void)
{
	kfree((char *)kmalloc(2 * PAGE_SIZE, GFP_KERNEL) + 8);
}

static void free_stack(void)
{
	char buffer[64];

	kfree(buffer);
}

static void free_static(void)
{
	static char buffer[64];

	kfree(buffer);
}

static void free_hole(void)
{
	kfree(phys_to_virt(2 * GiB));
}

static void free_pages_of_others(void)
{
	kfree(page_address(alloc_pages(GFP_KERNEL, 0)));
}

static void free_slab_page(void)
{
	__free_pages(virt_to_page(kmalloc(64, GFP_KERNEL)), 0);
}

static void test_misuse(void)
{
	static const struct misuse cases[] = {
		{ "double free", free_twice, "kfree: double free" },
		{ "double free after a drain", free_twice_drained, "kfree: double free" },
		{ "double free, page given back", free_twice_page_gone, "is not from kmalloc" },
		{ "double free of a large one", free_large_twice, "is not from kmalloc" },
		{ "inside a small object", free_inside_small, "is inside an object" },
		{ "inside a large object", free_inside_large, "is not from kmalloc" },
		{ "off a large object's start", free_off_large, "is not from kmalloc" },
		{ "stack", free_stack, "is no RAM" },
		{ "static object", free_static, "is no RAM" },
		{ "hole between RAM", free_hole, "is no RAM" },
		{ "page of alloc_pages()", free_pages_of_others, "is not from kmalloc" },
		{ "__free_pages() of a slab", free_slab_page, "__free_pages: pfn" },
	};

	each_panics(cases, ARRAY_SIZE(cases), "misuse");
	ok(all_back(), "the parent lost nothing");
}

int main(void)
{
	arena_add_ram(LOW, 300 * PAGE_SIZE);
	arena_add_ram(HIGH, 200 * PAGE_SIZE);
	buddy_init();
	test_caching();
	test_exhaustion();
	test_full_pages_return();
	test_random();
	test_misuse();
	ok(host_irq_depth == 0, "IRQ masks balance");
	return tap_done();
}
