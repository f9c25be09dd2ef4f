// SPDX-License-Identifier: MIT
/*
 * vmalloc(): an area, its pages, their mapping; each step undone if the next fails.
 *
 * An area's pages are blocks of one order, in a list of their first pages.
 */
#include <string.h>

#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/map/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"

static void free_blocks(struct page **blocks, uint64_t n, unsigned order)
{
	if (order == 0) {
		free_pages_bulk(blocks, n);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		__free_pages(blocks[i], order);
}

/* All @n blocks or none. */
static bool alloc_blocks(struct page **blocks, uint64_t n, unsigned order, gfp_t gfp)
{
	uint64_t got = 0;

	if (order == 0) {
		memset(blocks, 0, n * sizeof(*blocks));
		got = alloc_pages_bulk(gfp, n, blocks);
	} else {
		while (got < n && (blocks[got] = alloc_pages(gfp, order)))
			got++;
	}
	if (likely(got == n))
		return true;
	free_blocks(blocks, got, order);
	return false;
}

/* Fills @area with blocks of its page_order and maps them, or changes nothing. */
static bool populate(struct vm_struct *area, gfp_t gfp)
{
	uint64_t va = (uint64_t)area->addr, end = va + (area->nr_pages << PAGE_SHIFT);
	uint64_t n = area->nr_pages >> area->page_order;
	unsigned order = area->page_order;
	int err;

	area->pages = kmalloc(n * sizeof(*area->pages), GFP_KERNEL);
	if (unlikely(!area->pages))
		return false;
	if (alloc_blocks(area->pages, n, order, gfp)) {
		if (order == 0)
			err = map_pages(va, end, area->pages, PAGE_KERNEL, PAGE_SHIFT);
		else
			err = map_blocks(va, end, area->pages, order, PAGE_KERNEL,
					 PAGE_SHIFT + order);
		if (likely(err == 0))
			return true;
		free_blocks(area->pages, n, order);
	}
	kfree(area->pages);
	return false;
}

/* @size: checked by check_size(). */
static void *vmalloc_blocks(uint64_t size, unsigned order, gfp_t gfp, uint32_t flags)
{
	uint64_t block_bytes = PAGE_SIZE << order;
	struct vm_struct *area;

	size = ALIGN_UP(size, block_bytes);
	area = get_vm_area_aligned(size, block_bytes, flags | VM_UNINITIALIZED);
	if (unlikely(!area))
		return NULL;
	area->page_order = order;
	area->nr_pages = size >> PAGE_SHIFT;
	if (likely(populate(area, gfp) || (purge_vmap_areas() && populate(area, gfp)))) {
		publish_vm_area(area);
		return area->addr;
	}
	free_vm_area(area);
	return NULL;
}

/* Neither 0 nor more than all RAM; what passes does not overflow when rounded up either. */
static __always_inline bool check_size(uint64_t size)
{
	return (size - 1) >> PAGE_SHIFT < nr_managed_pages();
}

void *vmalloc(uint64_t size)
{
	return check_size(size) ? vmalloc_blocks(size, 0, GFP_KERNEL, VM_ALLOC) : NULL;
}

void *vzalloc(uint64_t size)
{
	return check_size(size) ? vmalloc_blocks(size, 0, __GFP_ZERO, VM_ALLOC) : NULL;
}

/* Blocks of the size that was wanted were not to be had: smaller ones, and the census is told. */
static noinline void *vmalloc_smaller(uint64_t size, gfp_t gfp, uint32_t flags)
{
	void *addr = NULL;

	if (size >= PMD_SIZE)
		addr = vmalloc_blocks(size, CONT_PTES_SHIFT, gfp, flags);
	if (!addr)
		addr = vmalloc_blocks(size, 0, gfp, flags);
	if (addr)
		find_vm_area(addr)->fell_from = size >= PMD_SIZE ? PMD_SHIFT : CONT_PTE_SHIFT;
	return addr;
}

void *vmalloc_huge(uint64_t size, gfp_t gfp)
{
	const uint32_t flags = VM_ALLOC | VM_ALLOW_HUGE_VMAP;
	void *addr;

	/* Compound blocks would have every struct page written, for no reader. */
	gfp &= __GFP_DMA32 | __GFP_ZERO;
	if (!check_size(size))
		return NULL;
	if (size >= PMD_SIZE) {
		addr = vmalloc_blocks(size, PMD_SHIFT - PAGE_SHIFT, gfp, flags);
		if (likely(addr))
			return addr;
	} else if (size >= CONT_PTE_SIZE) {
		addr = vmalloc_blocks(size, CONT_PTES_SHIFT, gfp, flags);
		if (likely(addr))
			return addr;
	} else {
		return vmalloc_blocks(size, 0, gfp, flags);
	}
	return vmalloc_smaller(size, gfp, flags);
}

/* A list that came with VM_MAP_PUT_PAGES may be vmalloc()'s. */
static void free_list(struct page **list)
{
	if (is_vmalloc_addr(list))
		vfree(list);
	else
		kfree(list);
}

void vfree(const void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = claim_vm_area(addr, VM_ALLOC | VM_MAP, 0, "vfree");
	if (!area)
		return;
	unmap_vm_area(area);
	if (area->pages) {
		free_blocks(area->pages, area->nr_pages >> area->page_order, area->page_order);
		free_list(area->pages);
	}
	free_vm_area(area);
}

struct page *vmalloc_to_page(const void *addr)
{
	struct leaf leaf;

	if (!is_vmalloc_addr(addr) || walk_lookup((uint64_t)addr, &leaf) != 0)
		return NULL;
	return pfn_valid(leaf.pa >> PAGE_SHIFT) ? phys_to_page(leaf.pa) : NULL;
}

uint64_t vmalloc_to_pfn(const void *addr)
{
	const struct page *page = vmalloc_to_page(addr);

	return page ? page_to_pfn(page) : 0;
}
