// SPDX-License-Identifier: MIT
/*
 * Mapping by hand: into areas that get_vm_area() reserved, and out of them again.
 *
 * Linux's names and meanings. All: page-aligned addresses of the vmalloc region, which the
 * caller owns; any CPU, not from inside the page allocator. An error changes nothing. What
 * is unmapped is flushed from every TLB before the call returns.
 */
#pragma once

#include "mm/areas/area.h"
#include "mm/phys/page.h"

/*
 * Maps [@addr, @end) to @phys and up, with the largest leaves. @prot: nothing executable; RAM
 * only write-back (its linear mapping is), and no range that is RAM in part.
 *	-EINVAL	no such range, addresses or @prot; the kernel's text and rodata
 *	-EBUSY	something is mapped there
 *	-ENOMEM	no table page
 */
int vmap_page_range(uint64_t addr, uint64_t end, uint64_t phys, pgprot_t prot);

/*
 * The same for all of a VM_IOREMAP area, which [@addr, @end) must be just: -EINVAL if @addr is
 * in no such area, -ERANGE if it is another range, either with one line in the log. RAM is
 * refused, as by ioremap().
 */
int ioremap_page_range(uint64_t addr, uint64_t end, uint64_t phys, pgprot_t prot);

/*
 * Unmaps what is mapped of [@addr, @end), holes or not. A block or contiguous group that an end
 * lies in is split first, and so, unlike Linux's, it can fail, with nothing changed: -EINVAL (not
 * in the region, misaligned, empty), -ENOMEM, -ETIMEDOUT (map_split(), whose context it needs).
 */
int vunmap_range(uint64_t addr, uint64_t end);

/*
 * Maps [@start, @end) of a VM_SPARSE area to @pages, one pointer a page, PAGE_KERNEL, page by
 * page, so that any part can be unmapped again.
 *	-EINVAL	no VM_SPARSE area, or one without a guard; unaligned; nothing; no page of RAM
 *	-E2BIG	more than all RAM
 *	-ERANGE	not inside the area
 *	-EBUSY	something is mapped there
 *	-ENOMEM	no table page, or a NULL pointer
 */
int vm_area_map_pages(struct vm_struct *area, uint64_t start, uint64_t end, struct page **pages);

/* Unmaps what is mapped of [@start, @end). What vm_area_map_pages() refuses has no effect. */
void vm_area_unmap_pages(struct vm_struct *area, uint64_t start, uint64_t end);
