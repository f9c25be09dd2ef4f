// SPDX-License-Identifier: MIT
/*
 * flush=lazy: areas that were unmapped and are not forgotten yet, as in Linux. Their pages are
 * gone, their addresses are nobody's, and one flush for all of them comes when there are enough,
 * when addresses or memory run short, or when somebody asks.
 *
 * Only areas of Normal write-back RAM: a stale translation of it reads or writes RAM that is
 * somebody else's by now, which is the caller's error and no worse than that. Device frames, and
 * memory that others map uncached, must not be reached speculatively: these are flushed at once.
 */
#pragma once

#include "mm/areas/area.h"
#include "mm/map/flush.h"
#include "mm/map/holes.h"
#include "mm/map/map.h"

/* unmap_vm_area() with flush=lazy. False: not an area for it, nothing was done. */
bool unmap_vm_area_lazily(struct vm_struct *area);

/*
 * Unmaps all of @area, which the caller has claimed and gives to free_vm_area() next. Any CPU, no
 * lock held.
 */
static __always_inline void unmap_vm_area(struct vm_struct *area)
{
	uint64_t va = (uint64_t)area->addr;

	if (unlikely(flush_policy == FLUSH_LAZY) && unmap_vm_area_lazily(area))
		return;
	if (likely(area->nr_pages))
		unmap_range(va, va + (area->nr_pages << PAGE_SHIFT));
	else
		unmap_holes(va, va + get_vm_area_size(area));
}

/* free_vm_area() of an area that was unmapped lazily; may purge. */
void free_vm_area_lazily(struct vm_struct *area);

/*
 * Flushes what is on the list, and gives areas and tables back. On return no stale translation of
 * any of it is used, whoever put it there, and a purge that ran on another CPU is over. Returns
 * whether there was anything. Any CPU, no lock held.
 */
bool purge_vmap_areas(void);

/*
 * The same, under the name that callers of Linux know: before permissions of frames change. Gives
 * blocks of vm_map_ram() back too that nobody uses and of which little is left (map-ram.h).
 */
void vm_unmap_aliases(void);

/* Pages of addresses on the list, guards included. Racy while others unmap. */
uint64_t nr_lazy_pages(void);

/* How many there may be: 32 MiB for each bit that the number of online CPUs has, as in Linux. */
uint64_t lazy_max_pages(void);
