// SPDX-License-Identifier: MIT
/*
 * Between the calls that make areas and those that take them down.
 */
#pragma once

#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"

/* No addresses with the alignment that the size asks for: any, and the census is told. */
struct vm_struct *get_misaligned_area(uint64_t size, uint32_t flags);

/*
 * An area for @size bytes of a caller's frames, aligned to the largest leaf that @size can use
 * and @max_shift allows; the frames decide whether it gets used. If the region is too
 * fragmented for that, any place does, as in Linux.
 */
static __always_inline struct vm_struct *get_vmap_area(uint64_t size, uint32_t flags,
						       unsigned max_shift)
{
	uint64_t align = PAGE_SIZE;
	struct vm_struct *area;

	if (max_shift > PAGE_SHIFT && size >= PMD_SIZE)
		align = PMD_SIZE;
	else if (max_shift > PAGE_SHIFT && size >= CONT_PTE_SIZE)
		align = CONT_PTE_SIZE;
	area = get_vm_area_aligned(size, align, flags);
	if (unlikely(!area && align > PAGE_SIZE))
		area = get_misaligned_area(size, flags);
	if (unlikely(max_shift == PAGE_SHIFT && area))
		area->max_shift = PAGE_SHIFT; /* for the census */
	return area;
}

/* The largest leaf that vmap() and its kin use for @flags: no limit, or a page (vmap_mode). */
static __always_inline unsigned vmap_max_shift(uint32_t flags)
{
	return vmap_mode == VMAP_ALWAYS || flags & VM_ALLOW_HUGE_VMAP ? MAP_SHIFT_ANY : PAGE_SHIFT;
}

/* Unmaps @area, which the caller has claimed, and frees it with its pages: vfree()'s work. */
void vfree_area(struct vm_struct *area);

/* log2 of the pages that each entry of pages[] names. */
static __always_inline unsigned list_order(const struct vm_struct *area)
{
	return area->flags & VM_SPLIT_PAGES ? 0 : area->page_order;
}

/* All @n blocks of 1 << @order pages, or none and false. */
bool alloc_blocks(struct page **blocks, uint64_t n, unsigned order, gfp_t gfp);
void free_blocks(struct page **blocks, uint64_t n, unsigned order);

/* A list of @n pointers, undefined; NULL: no memory. What vfree() takes with VM_MAP_PUT_PAGES. */
struct page **alloc_list(uint64_t n);
void free_list(struct page **list);
