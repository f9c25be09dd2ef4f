// SPDX-License-Identifier: MIT
/*
 * Changing what is mapped already: permissions, and the sizes of leaves.
 *
 * All: [va, end) is the caller's, page aligned, in the vmalloc region or above; nobody else
 * maps or unmaps in it meanwhile, while other calls of this page may run. Any CPU, IRQs on, no
 * lock held, not from an interrupt and not between stop_others() and resume_others(). Where a
 * live leaf is broken, all other CPUs are held (drivers/smp/call.h): they may use the addresses at
 * any other time and never fault. The running stack and the code that runs may not lie in a leaf
 * that is split or merged. An error leaves nothing changed.
 */
#pragma once

#include "mm/arm64/pgtable.h"

/*
 * Makes [.., va) and [va, ..) separate leaves: the block or contiguous group that has @va in its
 * middle is split, only as far as needed. What is mapped stays the same. Nothing to do is no work.
 *	-EINVAL		misaligned, outside the region and the vmemmap
 *	-ENOMEM		no page for a table
 *	-ETIMEDOUT	a CPU could not be held
 */
int map_split(uint64_t va);

/*
 * Sets bits @set and clears bits @clear in each leaf of [va, end): DESC_RO, DESC_PXN, DESC_VALID,
 * disjoint. What is larger than the range is split first, unless it has the bits already. An
 * invalid leaf keeps its address and attributes, has no translation, and counts as mapped for
 * unmap_range(). On return no TLB holds the old permissions. What becomes executable was made
 * coherent before; every CPU has passed an ISB on return.
 *	-EINVAL		bad arguments; a page that was never mapped; a leaf would be writable
 *			and executable, or executable and not Normal write-back memory
 *	-ENOMEM, -ETIMEDOUT	as map_split()
 */
int map_protect(uint64_t va, uint64_t end, desc_t set, desc_t clear);

/*
 * Bits of descriptors that all leaves of [va, end) have, in *@all, and that any has, in *@any.
 * A page that was never mapped has none. Takes the page-table lock.
 */
void map_look(uint64_t va, uint64_t end, desc_t *all, desc_t *any);

/*
 * Makes one leaf or contiguous group, the largest that is legal, of each that [va, end) touches
 * and that lies in [lo, hi), if what is mapped there is one run of frames with equal attributes.
 * Tables that are not needed any more go back. The caller has [lo, hi).
 *	-EINVAL, -ETIMEDOUT	as above; what was merged before stays merged
 */
int map_merge(uint64_t va, uint64_t end, uint64_t lo, uint64_t hi);
