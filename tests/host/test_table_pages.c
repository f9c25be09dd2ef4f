// SPDX-License-Identifier: MIT
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// granules: 12 14 16
/*
 * Pages for tables: what their extents promise holds through any number of lives, they are
 * counted as free while they wait, and go back to the zones when memory runs short.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/arm64/pgtable.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"
#include "mm/phys/table-pages.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

#define MOST   300
#define ROUNDS 20000

static unsigned long long seed = 11;
static struct page *held[MOST];
static unsigned nr_held;

/* Slots outside of the extent are zero; all the others may hold anything. */
static bool extent_holds(struct page *page)
{
	const desc_t *slots = page_address(page);
	struct table_extent extent = page->table_extent;

	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (slots[i] && (i < extent.first || i >= extent.end))
			return false;
	return true;
}

/* A table's life: zeros where nothing is, something in [first, end). */
static void live(struct page *page)
{
	uint64_t first = tap_random(&seed) % PTRS_PER_TABLE;
	uint64_t end = first + tap_random(&seed) % (PTRS_PER_TABLE - first + 1);
	desc_t *slots = page_address(page);

	memset(slots, 0, PAGE_SIZE);
	for (uint64_t i = first; i < end; i++)
		slots[i] = ~0UL;
	page->table_extent = (struct table_extent){ (uint32_t)first, (uint32_t)end };
}

static void free_some(unsigned n)
{
	struct table_list list = SLIST_HEAD_INITIALIZER(list);

	while (n-- && nr_held) {
		unsigned at = tap_random(&seed) % nr_held;

		SLIST_INSERT_HEAD(&list, held[at], hot_link);
		held[at] = held[--nr_held];
	}
	table_pages_free(&list);
}

/* Between its lives as a table a page may be anybody's, and full of anything. */
static void use_as_memory(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, tap_random(&seed) % 3);

	if (!page)
		return;
	memset(page_address(page), 0xff, PAGE_SIZE << page->order);
	__free_pages(page, page->order);
}

static void test_lives(void)
{
	uint64_t free_pages = nr_free_pages(), reused = 0;
	bool good = true, counted = true;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (tap_random(&seed) % 50 == 0)
			drain_hot_lists();
		use_as_memory();
		if (nr_held < MOST && tap_random(&seed) % 2) {
			struct page *page = table_page_alloc();

			good = good && page && page->flags & PG_TABLE && extent_holds(page);
			reused +=
				page->table_extent.end - page->table_extent.first < PTRS_PER_TABLE;
			live(page);
			held[nr_held++] = page;
		} else {
			free_some(1 + tap_random(&seed) % 8);
		}
		counted = counted && nr_free_pages() == free_pages - nr_held;
	}
	ok(good, "extents hold through %u rounds", ROUNDS);
	ok(reused > ROUNDS / 10, "and are worth something: %lu tables were known in part",
	   (unsigned long)reused);
	ok(counted, "those that wait are free pages");
	free_some(MOST);
	ok(nr_free_pages() == free_pages, "nothing is lost");
}

/* All memory can be had though pages wait to be tables. */
static void test_short_memory(void)
{
	uint64_t free_pages = nr_free_pages(), n = 0;
	struct page **all = calloc(free_pages, sizeof(*all));
	struct table_list list = SLIST_HEAD_INITIALIZER(list);

	for (nr_held = 0; nr_held < 40; nr_held++) {
		held[nr_held] = table_page_alloc();
		live(held[nr_held]);
	}
	free_some(40);
	while (n < free_pages && (all[n] = alloc_pages(GFP_KERNEL, 0)))
		n++;
	ok(n == free_pages && !table_page_alloc(),
	   "pages that wait are no one's when memory is short");
	while (n)
		__free_pages(all[--n], 0);
	fail_nth_begin(1, 1);
	ok(!table_page_alloc() && fail_nth_end() == 1, "an allocation that is to fail fails");
	held[0] = table_page_alloc();
	live(held[0]);
	SLIST_INSERT_HEAD(&list, held[0], hot_link);
	table_pages_free(&list);
	ok(SLIST_EMPTY(&list), "the list is empty then");
	table_pages_free(&list);
	ok(nr_free_pages() == free_pages, "and nothing is lost");
	free(all);
}

int main(void)
{
	/* Both zones, so that a table may come from either. */
	arena_add_ram(4 * GiB - 2 * ARENA_BLOCK, 3 * ARENA_BLOCK);
	buddy_init();
	test_lives();
	test_short_memory();
	return tap_done();
}
