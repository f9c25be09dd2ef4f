// SPDX-License-Identifier: MIT
/*
 * vm_map_ram(): mappings of a few pages for a short while, without an area for each.
 *
 * Up to VMAP_MAX_ALLOC pages come from a block of VMAP_BLOCK_PAGES of this CPU, more are an
 * area of their own. No query finds either, as in Linux, where they have no vm_struct.
 */
#pragma once

#include "mm/areas/lazy.h"
#include "mm/phys/page.h"

#define VMAP_MAX_ALLOC	 64UL
#define VMAP_BLOCK_PAGES 1024UL

/*
 * Maps @count pages, one pointer a page, PAGE_KERNEL. NULL, and nothing mapped: no pages or
 * more than all RAM, an entry that is no page of RAM, no memory, no addresses. Linux's without
 * a node. Any CPU, not from inside the page allocator.
 */
void *vm_map_ram(struct page **pages, uint64_t count);

/*
 * Unmaps and flushes what vm_map_ram() returned for as many pages; any CPU. Anything else is
 * refused with one line in the log. Addresses in a block are not given out again before all of
 * the block has been used and unmapped, or it is purged.
 */
void vm_unmap_ram(const void *addr, uint64_t count);

/* Gives all blocks back that nobody uses. False: there were none. For audits too. */
bool purge_vmap_blocks(void);
