// SPDX-License-Identifier: MIT
/*
 * What has no mapping half: the page allocator's hot paths and the VA allocator.
 */
#include <errno.h>

#include "bench/rows/arrays.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

#define BULK_PAGES 512

static void alloc_body(struct pass *pass)
{
	pass->page = alloc_pages(GFP_KERNEL, pass->bench->order);
}

static void free_body(struct pass *pass)
{
	__free_pages(pass->page, pass->bench->order);
}

/* The block is RAM, aligned, and has its one reference. */
static int alloc_check(struct pass *pass)
{
	const struct page *page = pass->page;

	if (page && pfn_valid(page_to_pfn(page)) && page->refcount == 1 &&
	    IS_ALIGNED(page_to_pfn(page), 1UL << pass->bench->order))
		return 0;
	pass->why = "the block is not one";
	return -EFAULT;
}

static int alloc_before(struct pass *pass)
{
	alloc_body(pass);
	return pass->page ? 0 : -ENOMEM;
}

static int free_after(struct pass *pass)
{
	free_body(pass);
	return 0;
}

#define ALLOC(ident, label, block_order)                                                       \
	BENCH(alloc_##ident, .name = "alloc_pages/" label, .rungs = RUNGS_TLBED,               \
	      .bytes = PAGE_SIZE << block_order, .order = block_order, .body = alloc_body,     \
	      .check = alloc_check, .after = free_after);                                      \
	BENCH(free_##ident, .name = "free_pages/" label, .rungs = RUNGS_TLBED,                 \
	      .bytes = PAGE_SIZE << block_order, .order = block_order, .before = alloc_before, \
	      .body = free_body)

ALLOC(order0, "order0", 0);
ALLOC(order9, "order9", 9);

static int bulk_prepare(struct pass *pass)
{
	pass->pages = pointers_alloc(BULK_PAGES);
	return pass->pages ? 0 : -ENOMEM;
}

static void bulk_body(struct pass *pass)
{
	pass->error = alloc_pages_bulk(GFP_KERNEL, BULK_PAGES, pass->pages) - BULK_PAGES;
}

/* Every page can be written and is there once. */
static int bulk_check(struct pass *pass)
{
	for (uint64_t i = 0; i < BULK_PAGES; i++)
		*(uint64_t *)page_address(pass->pages[i]) = i;
	for (uint64_t i = 0; i < BULK_PAGES; i++)
		if (*(uint64_t *)page_address(pass->pages[i]) != i) {
			pass->why = "a page was handed out twice";
			return -EFAULT;
		}
	return 0;
}

static int bulk_after(struct pass *pass)
{
	free_pages_bulk(pass->pages, BULK_PAGES);
	for (unsigned i = 0; i < BULK_PAGES; i++)
		pass->pages[i] = NULL;
	return 0;
}

static void bulk_finish(struct pass *pass)
{
	pointers_free(pass->pages, BULK_PAGES);
}

BENCH(bulk_512, .name = "alloc_pages_bulk/512", .rungs = RUNGS_TLBED,
      .bytes = BULK_PAGES * PAGE_SIZE, .prepare = bulk_prepare, .body = bulk_body,
      .check = bulk_check, .after = bulk_after, .finish = bulk_finish);

static void area_body(struct pass *pass)
{
	pass->area = get_vm_area(pass->bytes, VM_IOREMAP);
}

static int area_check(struct pass *pass)
{
	const struct vm_struct *area = pass->area;

	if (area && IS_ALIGNED((uint64_t)area->addr, ioremap_align(pass->bytes)) &&
	    get_vm_area_size(area) == pass->bytes && find_vm_area(area->addr) == area)
		return 0;
	pass->why = "the area is not one";
	return -EFAULT;
}

static int area_after(struct pass *pass)
{
	free_vm_area(pass->area);
	return 0;
}

BENCH(area_1m, .name = "get_vm_area/1M", .rungs = RUNGS_TLBED, .bytes = 1 * MiB, .body = area_body,
      .check = area_check, .after = area_after);
