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
/* Reserved: a page past MAX_ORDER; for a device. */
#define GIGANTIC       (8 * ARENA_BLOCK)
#define GIGANTIC_ORDER (MAX_ORDER + 1u)
#define DEVICE	       (10 * ARENA_BLOCK)
#define PFN(pa)	       ((pa) >> PAGE_SHIFT)

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

/* --- what is not the zones' -------------------------------------------------------------------
 */

/* A compound page with one reference where nobody looks: what mm/pages makes of reserved RAM. */
static struct page *compound(uint64_t pa, unsigned order, unsigned zone, uint16_t flags)
{
	struct page *head = phys_to_page(pa);

	page_fill_tails(head + 1, (1UL << order) - 1, zone, order);
	head->state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD | flags, zone, order, 1);
	return head;
}

static struct page *device(void)
{
	device_range_add(PFN(DEVICE), PFN(ARENA_BLOCK));
	return compound(DEVICE, MAX_ORDER, ZONE_DEVICE, 0);
}

static void put_device(void)
{
	struct page *head = device();

	get_page(head + 5);
	put_page(head + 6);
	put_page(head + 7);
}

/* No compound one, which nobody makes: it must not be taken for RAM all the same. */
static void put_device_page(void)
{
	struct page *page = device();

	page->state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED, ZONE_DEVICE, 0, 1);
	get_page(page);
	put_page(page);
	put_page(page);
}

static void free_device_page_in_bulk(void)
{
	struct page *page = device(), *array[2] = { page, page + 1 };

	page[0].state = page[1].state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED, ZONE_DEVICE, 0, 1);
	page[1].compound_info = 0;
	free_pages_bulk(array, 2);
}

static void put_removed_device(void)
{
	struct page *head = device();

	device_range_remove(PFN(DEVICE), PFN(ARENA_BLOCK));
	put_page(head);
}

static void put_huge_without_pool(void)
{
	put_page(compound(GIGANTIC, GIGANTIC_ORDER, ZONE_DMA32, PG_HUGE) + 5);
}

static void ignore(struct page *head __attribute__((unused)))
{
}

static void put_huge_in_pool(void)
{
	struct page *head = compound(GIGANTIC, GIGANTIC_ORDER, ZONE_DMA32, PG_HUGE);

	release_huge_page = ignore;
	put_page(head);
	put_page(head);
}

static void put_gigantic(void)
{
	put_page(compound(GIGANTIC, GIGANTIC_ORDER, ZONE_DMA32, 0));
}

static void free_inside_gigantic(void)
{
	__free_pages(compound(GIGANTIC, GIGANTIC_ORDER, ZONE_DMA32, PG_HUGE) + MAX_ORDER_PAGES, 0);
}

static void free_gigantic_wrong_order(void)
{
	__free_pages(compound(GIGANTIC, GIGANTIC_ORDER, ZONE_DMA32, PG_HUGE), MAX_ORDER);
}

static void put_optimised(void)
{
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, MAX_ORDER - 1);

	head->flags |= PG_HVO;
	get_page(head);
	put_page(head);
	put_page(head);
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
	{ "a device's last reference", put_device, "is its device's" },
	{ "the same, not compound", put_device_page, "is its device's" },
	{ "a device's pages in bulk", free_device_page_in_bulk, "is its device's" },
	{ "a device that is gone", put_removed_device, "is no struct page of RAM" },
	{ "a huge page, no pool", put_huge_without_pool, "is a huge page, and no pool takes it" },
	{ "a huge page of the pool", put_huge_in_pool, "has no reference left" },
	{ "order past the zones", put_gigantic, "past what the zones hold" },
	{ "inside a gigantic page", free_inside_gigantic, "lies inside the block of pfn" },
	{ "gigantic, wrong order", free_gigantic_wrong_order, "__free_pages: order 1" },
	{ "tails still shared", put_optimised, "still shares the struct pages of its tails" },
};

int main(void)
{
	arena_add_ram(LOW, LOW_END - LOW);
	boot_ram_reserve(HOLE + 1, 1);
	arena_add_ram(GIGANTIC, 3 * ARENA_BLOCK);
	boot_ram_reserve(GIGANTIC, 2 * ARENA_BLOCK);
	boot_ram_reserve_device(DEVICE, ARENA_BLOCK);
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
