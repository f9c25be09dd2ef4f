// SPDX-License-Identifier: MIT
/*
 * vmalloc(): an area, its pages, their mapping; each step undone if the next fails.
 *
 * An area's pages are blocks of one order, in a list of their first pages; with `split=1`
 * each page of a block is one for itself, as in Linux, and in the list.
 */
#include <string.h>

#include "mm/areas/area-internal.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"

/* What a caller may ask for; the rest of enum vm_flags is the allocators' own. */
#define VMALLOC_FLAGS (VM_NO_GUARD | VM_FLUSH_RESET_PERMS | VM_ALLOW_HUGE_VMAP)

bool vmalloc_split;

void free_blocks(struct page **blocks, uint64_t n, unsigned order)
{
	if (order == 0) {
		free_pages_bulk(blocks, n);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		__free_pages(blocks[i], order);
}

bool alloc_blocks(struct page **blocks, uint64_t n, unsigned order, gfp_t gfp)
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

/* The same number of pages, each with a reference of its own. */
static bool alloc_split(struct page **pages, uint64_t n, unsigned order, gfp_t gfp)
{
	uint64_t got = 0;

	while (got < n) {
		struct page *block = alloc_pages(gfp, order);

		if (!block) {
			free_pages_bulk(pages, got);
			return false;
		}
		split_page(block, order);
		for (uint64_t i = 0; i < 1UL << order; i++)
			pages[got++] = block + i;
	}
	return true;
}

/* One block of the page allocator; what no block could hold is an area itself. */
struct page **alloc_list(uint64_t n)
{
	uint64_t bytes = n * sizeof(struct page *);

	return likely(bytes <= PAGE_SIZE << MAX_ORDER) ? kmalloc(bytes, GFP_KERNEL)
						       : vmalloc(bytes);
}

void free_list(struct page **list)
{
	if (is_vmalloc_addr(list))
		vfree(list);
	else
		kfree(list);
}

/* Fills @area with blocks of its page_order and maps them, or changes nothing. */
static bool populate(struct vm_struct *area, gfp_t gfp, pgprot_t prot)
{
	uint64_t va = (uint64_t)area->addr, end = va + (area->nr_pages << PAGE_SHIFT);
	unsigned order = area->page_order, each = list_order(area);
	uint64_t n = area->nr_pages >> each;
	int err;

	area->pages = alloc_list(n);
	if (unlikely(!area->pages))
		return false;
	if (each == order ? alloc_blocks(area->pages, n, order, gfp)
			  : alloc_split(area->pages, n, order, gfp)) {
		if (each == 0)
			err = map_pages(va, end, area->pages, prot, PAGE_SHIFT + order);
		else
			err = map_blocks(va, end, area->pages, order, prot, PAGE_SHIFT + order);
		if (likely(err == 0))
			return true;
		free_blocks(area->pages, n, each);
	}
	free_list(area->pages);
	return false;
}

/* One try, by leaves of one size, with arguments that were checked. */
static void *vmalloc_shift(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi, gfp_t gfp,
			   pgprot_t prot, uint32_t flags, unsigned shift)
{
	uint64_t bytes = ALIGN_UP(size, 1UL << shift);
	struct vm_struct *area;

	if (shift > PAGE_SHIFT && vmalloc_split)
		flags |= VM_SPLIT_PAGES;
	flags |= VM_ALLOC | VM_UNINITIALIZED;
	if (likely(!lo && hi == ~0UL)) /* the shorter way */
		area = get_vm_area_aligned(bytes, align, flags);
	else
		area = __get_vm_area(bytes, align, lo, hi, flags);
	if (unlikely(!area))
		return NULL;
	area->page_order = (uint16_t)(shift - PAGE_SHIFT);
	area->nr_pages = bytes >> PAGE_SHIFT;
	area->requested_size = size;
	if (likely(populate(area, gfp, prot) ||
		   (purge_vmap_areas() && populate(area, gfp, prot)))) {
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

/* The largest leaf that @size fills. */
static unsigned vm_shift(uint64_t size)
{
	if (size >= PMD_SIZE)
		return PMD_SHIFT;
	return size >= CONT_PTE_SIZE ? CONT_PTE_SHIFT : PAGE_SHIFT;
}

/* Without the blocks that were wanted; the census is told. */
static noinline void *vmalloc_pages(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi,
				    gfp_t gfp, pgprot_t prot, uint32_t flags)
{
	void *addr = vmalloc_shift(size, align, lo, hi, gfp, prot, flags, PAGE_SHIFT);

	if (addr)
		find_vm_area(addr)->fell_from = (uint8_t)vm_shift(size);
	return addr;
}

void *__vmalloc_range(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi, gfp_t gfp,
		      pgprot_t prot, uint32_t flags)
{
	unsigned shift = flags & VM_ALLOW_HUGE_VMAP ? vm_shift(size) : PAGE_SHIFT;
	void *addr;

	if (!check_size(size) || !align || align & (align - 1) || flags & ~VMALLOC_FLAGS ||
	    !vm_prot_valid(prot))
		return NULL;
	/* Compound blocks would have every struct page written, for no reader. */
	gfp &= __GFP_DMA32 | __GFP_ZERO;
	addr = vmalloc_shift(size, MAX(align, 1UL << shift), lo, hi, gfp, prot, flags, shift);
	if (unlikely(!addr && shift > PAGE_SHIFT))
		addr = vmalloc_pages(size, align, lo, hi, gfp, prot, flags);
	return addr;
}

void *__vmalloc(uint64_t size, gfp_t gfp)
{
	gfp &= __GFP_DMA32 | __GFP_ZERO;
	if (unlikely(!check_size(size)))
		return NULL;
	return vmalloc_shift(size, PAGE_SIZE, 0, ~0UL, gfp, PAGE_KERNEL, 0, PAGE_SHIFT);
}

void *vmalloc(uint64_t size)
{
	return __vmalloc(size, GFP_KERNEL);
}

void *vzalloc(uint64_t size)
{
	return __vmalloc(size, GFP_KERNEL | __GFP_ZERO);
}

void *vmalloc_32(uint64_t size)
{
	return __vmalloc(size, GFP_DMA32);
}

void *vmalloc_huge(uint64_t size, gfp_t gfp)
{
	return __vmalloc_range(size, PAGE_SIZE, 0, ~0UL, gfp, PAGE_KERNEL, VM_ALLOW_HUGE_VMAP);
}

void vfree_area(struct vm_struct *area)
{
	unsigned order = list_order(area);

	unmap_vm_area(area);
	if (area->pages) {
		free_blocks(area->pages, area->nr_pages >> order, order);
		free_list(area->pages);
	}
	free_vm_area(area);
}

void vfree(const void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = claim_vm_area(addr, VM_ALLOC | VM_MAP, 0, "vfree");
	if (area)
		vfree_area(area);
}

struct page *vmalloc_to_page(const void *addr)
{
	struct leaf leaf;

	if (!is_vmalloc_addr(addr) || lookup_mapped((uint64_t)addr, &leaf))
		return NULL;
	return pfn_valid(leaf.pa >> PAGE_SHIFT) ? phys_to_page(leaf.pa) : NULL;
}

uint64_t vmalloc_to_pfn(const void *addr)
{
	const struct page *page = vmalloc_to_page(addr);

	return page ? page_to_pfn(page) : 0;
}
