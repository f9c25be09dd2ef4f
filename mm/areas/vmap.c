// SPDX-License-Identifier: MIT
/*
 * vmap(): the caller's pages in an area of their own.
 */
#include "mm/areas/area-internal.h"
#include "mm/phys/buddy.h"

/* What a caller may ask for; the rest of enum vm_flags is the allocators' own. */
#define VMAP_FLAGS (VM_MAP | VM_MAP_PUT_PAGES | VM_ALLOW_HUGE_VMAP | VM_NO_GUARD)

unsigned vmap_mode = VMAP_ALWAYS;

struct vm_struct *get_misaligned_area(uint64_t size, uint32_t flags)
{
	struct vm_struct *area = get_vm_area_aligned(size, PAGE_SIZE, flags);

	if (area)
		area->fell_from = size >= PMD_SIZE ? PMD_SHIFT : CONT_PTE_SHIFT;
	return area;
}

void *vmap(struct page **pages, uint64_t count, uint32_t flags, pgprot_t prot)
{
	uint64_t size = count << PAGE_SHIFT, va;
	unsigned max_shift = vmap_max_shift(flags);
	struct vm_struct *area;

	if (unlikely(!pages || count - 1 >= nr_managed_pages() || flags & ~VMAP_FLAGS))
		return NULL;
	if (unlikely(!vm_prot_valid(prot)))
		return NULL;
	/* Never without a guard page: the top of this area is the bottom of another. */
	flags = (flags & ~VM_NO_GUARD) | VM_MAP | VM_UNINITIALIZED;
	area = get_vmap_area(size, flags, max_shift);
	if (unlikely(!area))
		return NULL;
	va = (uint64_t)area->addr;
	if (unlikely(map_pages(va, va + size, pages, prot, max_shift) < 0) &&
	    !(purge_vmap_areas() && !map_pages(va, va + size, pages, prot, max_shift))) {
		free_vm_area(area);
		return NULL;
	}
	area->nr_pages = count;
	if (flags & VM_MAP_PUT_PAGES)
		area->pages = pages;
	publish_vm_area(area);
	return area->addr;
}

void vunmap(const void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = claim_vm_area(addr, VM_MAP, VM_MAP_PUT_PAGES, "vunmap");
	if (!area)
		return;
	unmap_vm_area(area);
	free_vm_area(area);
}
