// SPDX-License-Identifier: MIT
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// granules: 12 14 16
/*
 * Misuse of the page allocator: each kind is named by a panic, none goes on. A CPU's first
 * free is another way through the allocator than those that follow it.
 */
#include "lib/arm64/cpu.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/misuse.h"
#include "tests/host/tap.h"

/* RAM that begins inside a block, with one page of it reserved. */
#define LOW	(2 * ARENA_BLOCK + 3 * PAGE_SIZE)
#define LOW_END (5 * ARENA_BLOCK + 7 * PAGE_SIZE)
#define HOLE	(3 * ARENA_BLOCK + 77 * PAGE_SIZE)
#define PFN(pa) ((pa) >> PAGE_SHIFT)

static void free_twice(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	__free_pages(page, 0);
	__free_pages(page, 0);
}

static void free_twice_drained(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	__free_pages(page, 2);
	drain_hot_lists();
	__free_pages(page, 2);
}

static void free_twice_in_bulk(void)
{
	struct page *array[4] = { NULL };

	alloc_pages_bulk(GFP_KERNEL, 2, array);
	array[2] = array[0];
	array[3] = array[1];
	free_pages_bulk(array, 4);
}

static void free_wrong_order(void)
{
	__free_pages(alloc_pages(GFP_KERNEL, 3), 2);
}

static void free_absurd_order(void)
{
	__free_pages(alloc_pages(GFP_KERNEL, 0), 256);
}

static void free_wrong_order_compound(void)
{
	__free_pages(alloc_pages(GFP_KERNEL | __GFP_COMP, 3), 4);
}

static void free_inside(void)
{
	__free_pages(alloc_pages(GFP_KERNEL, 3) + 2, 1);
}

static void free_tail(void)
{
	__free_pages(alloc_pages(GFP_KERNEL | __GFP_COMP, 3) + 1, 0);
}

static void free_reserved(void)
{
	__free_pages(pfn_to_page(PFN(HOLE)), 0);
}

static void free_hole(void)
{
	__free_pages(pfn_to_page(MAX_ORDER_PAGES / 2), 0); /* its struct page is not even mapped */
}

static void free_before_ram(void)
{
	__free_pages(pfn_to_page(PFN(LOW) - 1), 0);
}

static void free_misaligned(void)
{
	__free_pages((struct page *)((char *)alloc_pages(GFP_KERNEL, 0) + 8), 0);
}

static void free_no_page(void)
{
	static struct page mine;

	__free_pages(&mine, 0);
}

static void free_no_page_in_bulk(void)
{
	static struct page mine[2];
	struct page *array[2] = { mine, mine + 1 };

	free_pages_bulk(array, 2);
}

static void free_table(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	page->flags |= PG_TABLE;
	__free_pages(page, 0);
}

static void put_too_often(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	get_page(page);
	put_page(page);
	put_page(page);
	put_page(page);
}

static void split_compound(void)
{
	split_page(alloc_pages(GFP_KERNEL | __GFP_COMP, 3), 3);
}

static void split_wrong_order(void)
{
	split_page(alloc_pages(GFP_KERNEL, 3), 2);
}

static const struct misuse cases[] = {
	{ "double free", free_twice, "__free_pages: double free of pfn" },
	{ "double free after merging", free_twice_drained, "__free_pages: " },
	{ "double free in bulk", free_twice_in_bulk, "__free_pages: " },
	{ "wrong order", free_wrong_order, "__free_pages: order 2 for pfn" },
	{ "absurd order", free_absurd_order, "__free_pages: order 256 for pfn" },
	{ "wrong order, compound", free_wrong_order_compound, "__free_pages: order 4 for" },
	{ "inside a block", free_inside, "lies inside the block of pfn" },
	{ "tail page", free_tail, "lies inside the block of pfn" },
	{ "reserved page", free_reserved, "is reserved" },
	{ "frame of a hole", free_hole, "is no struct page of RAM" },
	{ "frame before RAM", free_before_ram, "is no struct page of RAM" },
	{ "misaligned pointer", free_misaligned, "is no struct page of RAM" },
	{ "foreign pointer", free_no_page, "is no struct page of RAM" },
	{ "foreign pointer in bulk", free_no_page_in_bulk, "is no struct page of RAM" },
	{ "page in use as a table", free_table, "is in use: flags" },
	{ "one put too many", put_too_often, "__free_pages: double free of pfn" },
	{ "split of a compound page", split_compound, "split_page: pfn" },
	{ "split with the wrong order", split_wrong_order, "split_page: pfn" },
};

int main(void)
{
	arena_add_ram(LOW, LOW_END - LOW);
	boot_ram_reserve(HOLE + 1, 1);
	buddy_init();
	each_panics(cases, ARRAY_SIZE(cases), "a CPU's first free");
	__free_pages(alloc_pages(GFP_KERNEL, 0), 0);
	each_panics(cases, ARRAY_SIZE(cases), "a later free");
	__free_pages(NULL, 0);
	__free_pages(NULL, 77);
	ok(nr_free_pages() == nr_managed_pages(), "freeing NULL is nothing");
	ok(host_irq_depth == 0, "IRQ masks balance");
	return tap_done();
}
