// SPDX-License-Identifier: MIT
/*
 * Whole calls for the rungs. vmalloc() keeps what Linux keeps: an array with one pointer
 * a page, whatever the size of the blocks behind it.
 */
#include <string.h>

#include "bench/rungs/calls.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"

static void unmap_area(struct vm_struct *area)
{
	rung_unmap((uint64_t)area->addr, (uint64_t)area->addr + get_vm_area_size(area));
}

/* Ends every mapping call: the area is the caller's, or gone with what was mapped of it. */
static void *publish_unless(int error, struct vm_struct *area)
{
	if (likely(!error)) {
		publish_vm_area(area);
		return area->addr;
	}
	unmap_area(area);
	free_vm_area(area);
	return NULL;
}

void *rung_ioremap(const struct rung *rung, uint64_t pa, uint64_t size)
{
	uint64_t offset = pa & ~PAGE_MASK, va;
	struct vm_struct *area;
	void *addr;

	/* Linux's checks: no wrap, and the first page is no RAM. */
	if (!size || pa + size - 1 < pa || pfn_valid(pa >> PAGE_SHIFT))
		return NULL;
	pa -= offset;
	size = ALIGN_UP(size + offset, PAGE_SIZE);
	area = get_vm_area(size, VM_IOREMAP | VM_UNINITIALIZED);
	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	area->phys_addr = pa;
	addr = publish_unless(rung->map_range(rung, va, va + size, pa, PROT_DEVICE_nGnRE), area);
	return addr ? (char *)addr + offset : NULL;
}

void rung_iounmap(void *addr)
{
	struct vm_struct *area =
		claim_vm_area((void *)((uint64_t)addr & PAGE_MASK), VM_IOREMAP, 0, "rung_iounmap");

	if (!area)
		return;
	unmap_area(area);
	free_vm_area(area);
}

void *rung_vmap(const struct rung *rung, struct page **pages, uint64_t count)
{
	uint64_t size = count << PAGE_SHIFT, va;
	struct vm_struct *area;

	if (!count || count > nr_managed_pages())
		return NULL;
	area = __get_vm_area(size, rung->array_align(rung, size), VMALLOC_START, VMALLOC_END,
			     VM_MAP | VM_UNINITIALIZED);
	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	return publish_unless(rung->map_array(rung, va, va + size, pages, PAGE_KERNEL), area);
}

void rung_vunmap(void *addr)
{
	struct vm_struct *area = claim_vm_area(addr, VM_MAP, VM_MAP_PUT_PAGES, "rung_vunmap");

	if (!area)
		return;
	unmap_area(area);
	free_vm_area(area);
}

static struct page **alloc_pointers(uint64_t n)
{
	uint64_t bytes = n * sizeof(struct page *);

	return bytes > PAGE_SIZE ? vmalloc(bytes) : kmalloc(bytes, GFP_KERNEL);
}

static void free_pointers(struct page **pointers)
{
	if (is_vmalloc_addr(pointers))
		vfree(pointers);
	else
		kfree(pointers);
}

static void free_area_pages(const struct vm_struct *area, uint64_t n)
{
	if (area->page_order == 0) {
		free_pages_bulk(area->pages, n);
		return;
	}
	for (uint64_t i = 0; i < n; i += 1UL << area->page_order)
		__free_pages(area->pages[i], area->page_order);
}

/* All of the area's pages, or none and false. */
static bool alloc_area_pages(struct vm_struct *area)
{
	uint64_t n = area->nr_pages, got = 0;
	unsigned order = area->page_order;

	if (order == 0) {
		memset(area->pages, 0, n * sizeof(*area->pages));
		got = alloc_pages_bulk(GFP_KERNEL, n, area->pages);
	}
	while (order && got < n) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		if (!page)
			break;
		for (uint64_t i = 0; i < 1UL << order; i++)
			area->pages[got++] = page + i;
	}
	if (got < n)
		free_area_pages(area, got);
	return got == n;
}

static bool populate(const struct rung *rung, struct vm_struct *area, unsigned shift)
{
	uint64_t va = (uint64_t)area->addr;

	area->pages = alloc_pointers(area->nr_pages);
	if (!area->pages)
		return false;
	if (alloc_area_pages(area)) {
		if (!rung->map_pages(rung, va, va + (area->nr_pages << PAGE_SHIFT), area->pages,
				     PAGE_KERNEL, shift))
			return true;
		unmap_area(area);
		free_area_pages(area, area->nr_pages);
	}
	free_pointers(area->pages);
	return false;
}

static void *vmalloc_shift(const struct rung *rung, uint64_t size, unsigned shift)
{
	struct vm_struct *area;

	if (!size || size >> PAGE_SHIFT > nr_managed_pages())
		return NULL;
	size = ALIGN_UP(size, 1UL << shift);
	area = __get_vm_area(size, 1UL << shift, VMALLOC_START, VMALLOC_END,
			     VM_ALLOC | VM_UNINITIALIZED);
	if (!area)
		return NULL;
	area->page_order = shift - PAGE_SHIFT;
	area->nr_pages = size >> PAGE_SHIFT;
	if (likely(populate(rung, area, shift)))
		return publish_unless(0, area);
	free_vm_area(area);
	return NULL;
}

void *rung_vmalloc(const struct rung *rung, uint64_t size)
{
	return vmalloc_shift(rung, size, PAGE_SHIFT);
}

/* Linux's one fallback: from the preferred shift to pages. */
void *rung_vmalloc_huge(const struct rung *rung, uint64_t size)
{
	unsigned shift = rung_vmalloc_shift(size);
	void *addr = vmalloc_shift(rung, size, shift);

	if (!addr && shift != PAGE_SHIFT)
		addr = vmalloc_shift(rung, size, PAGE_SHIFT);
	return addr;
}

void rung_vfree(void *addr)
{
	struct vm_struct *area = claim_vm_area(addr, VM_ALLOC, 0, "rung_vfree");

	if (!area)
		return;
	unmap_area(area);
	free_area_pages(area, area->nr_pages);
	free_pointers(area->pages);
	free_vm_area(area);
}
