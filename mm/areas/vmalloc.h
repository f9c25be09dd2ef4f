// SPDX-License-Identifier: MIT
/*
 * Memory that is contiguous in the vmalloc region: from the page allocator
 * (vmalloc() and its kin), or from pages that the caller has (vmap()).
 *
 * Linux's names and meanings. All: any CPU, after buddy_init(), not from inside the page
 * allocator.
 * NULL on any error, and nothing is changed then. What is unmapped is flushed from
 * every TLB before the call returns.
 */
#pragma once

#include "mm/areas/area.h"
#include "mm/arm64/pgtable.h"
#include "mm/phys/gfp.h"
#include "mm/phys/page.h"

/*
 * @size bytes, rounded up to pages, mapped page by page so that each page's
 * permissions can be changed by itself. Contents undefined.
 * NULL: size 0 or more than all RAM, no memory, no addresses. The list of the pages is
 * one block itself, which limits an area to 2 GiB at 4K and lies past all RAM otherwise.
 */
void *vmalloc(uint64_t size);

/* The same, reading zero. */
void *vzalloc(uint64_t size);

/*
 * The same from blocks of PMD_SIZE if @size is that large, else of CONT_PTE_SIZE, each
 * mapped as one; falls back to smaller blocks and to pages. @size is rounded up to whole
 * blocks. The blocks stay whole: one reference, on the first page (allocated_block()
 * gets there from any). @gfp: GFP_KERNEL or GFP_DMA32, with or without __GFP_ZERO.
 */
void *vmalloc_huge(uint64_t size, gfp_t gfp);

/*
 * Unmaps what vmalloc() and its kin returned and frees the pages; of a vmap() with
 * VM_MAP_PUT_PAGES also; of another vmap() only unmaps. NULL is a no-op. Any other
 * address is refused with one line in the log.
 */
void vfree(const void *addr);

/*
 * Maps @count pages side by side, with the largest leaves that runs of neighbouring
 * frames allow. @pages: one pointer a page, RAM. @flags: VM_MAP, with VM_MAP_PUT_PAGES
 * the pages (one reference each) and the array (from kmalloc() or vmalloc()) are vfree()'s
 * to free. @prot: PAGE_KERNEL and its like; nothing executable.
 * NULL: no pages or more than all RAM, an entry that is NULL or no page of RAM, a flag
 * that only the allocators use, no memory, no addresses.
 */
void *vmap(struct page **pages, uint64_t count, uint32_t flags, pgprot_t prot);

/*
 * Unmaps what vmap() returned; the pages stay the caller's. NULL is a no-op. Other
 * addresses, a vmap() with VM_MAP_PUT_PAGES among them (its pages would be lost), are
 * refused with one line in the log.
 */
void vunmap(const void *addr);

/*
 * The page behind an address of the region, inside a larger leaf too. NULL: not in the
 * region, nothing mapped, or no RAM (ioremap()). The caller keeps the area alive.
 */
struct page *vmalloc_to_page(const void *addr);

/* Its frame number; 0 where vmalloc_to_page() gives NULL. */
uint64_t vmalloc_to_pfn(const void *addr);

/* @addr lies in the vmalloc region, used or not. */
static __always_inline bool is_vmalloc_addr(const void *addr)
{
	return (uint64_t)addr - VMALLOC_START < VMALLOC_END - VMALLOC_START;
}
