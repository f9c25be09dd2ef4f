// SPDX-License-Identifier: MIT
/*
 * Filling slots from one run of frames, with groups wherever whole ones fit.
 */
#pragma once

#include "mm/arm64/prims.h"

static __always_inline void fill_few(desc_t *slot, desc_t first, uint64_t step, uint64_t n)
{
	for (; n; n--, first += step)
		set_desc_in_loop(slot++, first);
}

/* A few are not worth the call. */
static __always_inline void fill_some(desc_t *slot, desc_t first, uint64_t step, uint64_t n)
{
	if (n < 16)
		fill_few(slot, first, step, n);
	else
		desc_fill(slot, first, step, n);
}

/*
 * @n leaves of @level from @pa on into the slots of @va: single leaves up to a group boundary,
 * whole groups, single leaves. @level and @group_shift, log2 of a group's leaves, are constants.
 */
static __always_inline void fill_leaves(desc_t *slot, uint64_t va, uint64_t pa, uint64_t n,
					pgprot_t prot, unsigned max_shift, int level,
					unsigned group_shift)
{
	unsigned shift = level_shift(level);
	uint64_t size = 1UL << shift, group = 1UL << group_shift;
	desc_t first = leaf_desc(pa, prot, level);
	uint64_t head, groups;

	if (n >= group && max_shift >= shift + group_shift &&
	    IS_ALIGNED(va ^ pa, size << group_shift)) {
		head = -(pa >> shift) & (group - 1);
		if (unlikely(head)) {
			head = MIN(n, head);
			fill_some(slot, first, size, head);
			slot += head;
			first += head << shift;
			n -= head;
		}
		groups = n & ~(group - 1);
		if (groups)
			fill_some(slot, first | DESC_CONT, size, groups);
		slot += groups;
		first += groups << shift;
		n -= groups;
	}
	fill_some(slot, first, size, n);
}

static __always_inline void fill_run_of_pages(desc_t *slot, uint64_t va, uint64_t pa, uint64_t n,
					      pgprot_t prot, unsigned max_shift)
{
	fill_leaves(slot, va, pa, n, prot, max_shift, LEVEL_PTE, CONT_PTES_SHIFT);
}

static __always_inline void fill_run_of_blocks(desc_t *slot, uint64_t va, uint64_t pa, uint64_t n,
					       pgprot_t prot, unsigned max_shift)
{
	fill_leaves(slot, va, pa, n, prot, max_shift, LEVEL_PMD, CONT_PMDS_SHIFT);
}
