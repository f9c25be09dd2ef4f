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
#include "mm/phys/ranges.h"

/*
 * @size bytes, rounded up to pages, mapped page by page so that each page's
 * permissions can be changed by itself. Contents undefined.
 * NULL: size 0 or more than all RAM, no memory, no addresses.
 */
void *vmalloc(uint64_t size);

/* The same, reading zero. */
void *vzalloc(uint64_t size);

/* The same as vmalloc() from memory below 4 GiB. */
void *vmalloc_32(uint64_t size);

/* The same; @gfp: GFP_KERNEL or GFP_DMA32, with or without __GFP_ZERO. Other bits have no effect.
 */
void *__vmalloc(uint64_t size, gfp_t gfp);

/*
 * The same from blocks of one leaf each: of PMD_SIZE if @size is that large, else of
 * CONT_PTE_SIZE; if there are no addresses, blocks or tables for that, from pages. @size is
 * rounded up to whole blocks. The blocks stay whole, one reference on the first page
 * (allocated_block() gets there from any), unless vmalloc_split is set.
 */
void *vmalloc_huge(uint64_t size, gfp_t gfp);

/*
 * All of the above with everything said; Linux's __vmalloc_node_range() without a node.
 * @align: a power of two, at least a page is used. [@lo, @hi): where it may lie. @prot:
 * PAGE_KERNEL and its like, nothing executable. @flags: VM_ALLOW_HUGE_VMAP for blocks as
 * vmalloc_huge() takes them, then aligned to their size too, but for the one retry by pages;
 * VM_NO_GUARD; VM_FLUSH_RESET_PERMS.
 */
void *__vmalloc_range(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi, gfp_t gfp,
		      pgprot_t prot, uint32_t flags);

/*
 * Makes what vmalloc() and its kin returned @size bytes long and returns where it is then;
 * the first bytes, as many as both sizes have, are kept. With __GFP_ZERO in each call for
 * the area what is added reads zero. NULL as @addr: __vmalloc(); 0 as @size: vfree().
 *
 * Shrinking gives the tail's pages back, if they are no blocks and the area has no
 * VM_FLUSH_RESET_PERMS; the addresses stay the area's. Growing stays in place as far as its
 * pages reach, then with new ones if the addresses behind it are free; else everything is
 * copied to a new area of single pages. While it runs the area is hidden.
 *
 * NULL: as __vmalloc(), then the old area is as it was; another address, one line in the log.
 */
void *vrealloc(const void *addr, uint64_t size, gfp_t gfp);

/* The same for an address that is, and stays, a multiple of @align; NULL if it is none, one line.
 */
void *vrealloc_align(const void *addr, uint64_t size, uint64_t align, gfp_t gfp);

/*
 * Boot's `split=1`: each page of a huge block gets a reference of its own, as in Linux, so that
 * drivers may hold single ones; freeing then goes page by page.
 */
extern bool vmalloc_split;

/*
 * Unmaps what vmalloc() and its kin returned and frees the pages; of a vmap() with
 * VM_MAP_PUT_PAGES also; of another vmap() only unmaps. NULL is a no-op. Any other
 * address is refused with one line in the log.
 */
void vfree(const void *addr);

/* Whether vmap() and its kin use leaves larger than a page: boot's `vmap=always|optin`. */
enum vmap_mode {
	VMAP_ALWAYS, /* where the frames allow it, as the series does */
	VMAP_OPTIN,  /* only for callers that pass VM_ALLOW_HUGE_VMAP, as its reviewers want it */
};
extern unsigned vmap_mode;

/*
 * Maps @count pages side by side, with the largest leaves that runs of neighbouring
 * frames allow. @pages: one pointer a page, RAM. @flags: VM_MAP, with VM_MAP_PUT_PAGES
 * the pages (one reference each) and the array (from kmalloc() or vmalloc()) are vfree()'s
 * to free; VM_ALLOW_HUGE_VMAP, see vmap_mode; VM_NO_GUARD, which has no effect. @prot:
 * PAGE_KERNEL and its like; nothing executable.
 * NULL: no pages or more than all RAM, an entry that is NULL or no page of RAM, a flag
 * that only the allocators use, no memory, no addresses.
 */
void *vmap(struct page **pages, uint64_t count, uint32_t flags, pgprot_t prot);

/*
 * The same for runs of neighbouring pages instead of an array of each: nothing is searched for.
 * @runs: @nr_runs of RAM, none empty. @flags: not VM_MAP_PUT_PAGES. Linux has no such call; the
 * series' author names it as the alternative to looking at arrays.
 */
void *vmap_sg(const struct phys_range *runs, uint64_t nr_runs, uint32_t flags, pgprot_t prot);

/*
 * Maps @count frames that are no RAM, @pfns, side by side; larger leaves as vmap() without
 * VM_ALLOW_HUGE_VMAP. NULL also: a frame that is RAM, or past the CPU's physical addresses.
 */
void *vmap_pfn(const uint64_t *pfns, uint64_t count, pgprot_t prot);

/*
 * Unmaps what vmap(), vmap_sg() or vmap_pfn() returned; the pages stay the caller's. NULL is a
 * no-op. Other addresses, a vmap() with VM_MAP_PUT_PAGES among them (its pages would be lost), are
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

/*
 * Reads [@addr, @addr + @count) of the region into @buf, whatever is there: zeros for what is
 * not mapped, for devices (VM_IOREMAP) and for areas that are being set up or taken down.
 * Never faults, if @buf does not. Returns @count; 0 and @buf is as it was: no area lies in
 * that range. Any CPU.
 */
uint64_t vread(void *buf, const void *addr, uint64_t count);
