// SPDX-License-Identifier: MIT
/*
 * The mapping calls. What lies in one window, or is whole blocks, is mapped by the shorter
 * ways of window.c; the rest by a plan.
 */
#include <errno.h>

#include "mm/map/map-internal.h"
#include "mm/phys/ranges.h"

spinlock_t pgtable_lock = SPINLOCK(LOCK_PGTABLE);
uint64_t table_pages;

__attribute__((section(".bss.tables"), aligned(PAGE_SIZE))) desc_t swapper_pg_dir[PTRS_PER_TABLE];

static __always_inline int map(struct source *s, uint64_t va, uint64_t end)
{
	int error = -EAGAIN;

	if (unlikely(va >= end || !IS_ALIGNED(va | end, PAGE_SIZE) || va < MAPPABLE_START ||
		     end > MAPPABLE_END || s->prot & ~DESC_PROT_MASK || s->max_shift < PAGE_SHIFT))
		return -EINVAL;
	if ((va ^ (end - 1)) < PMD_SIZE && end - va < PMD_SIZE)
		error = map_in_window(s, va, end);
	else if (s->kind == SOURCE_RANGE)
		error = map_whole_blocks(s, va, end);
	return likely(error != -EAGAIN) ? error : map_by_plan(s, va, end);
}

int map_source(struct source *s, uint64_t va, uint64_t end)
{
	return map(s, va, end);
}

int map_range(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift)
{
	struct source s = { .kind = SOURCE_RANGE, .pa = pa, .prot = prot, .max_shift = max_shift };

	if (!IS_ALIGNED(pa, PAGE_SIZE) || pa >= PHYS_END || end - va > PHYS_END - pa)
		return -EINVAL;
	return map(&s, va, end);
}

int map_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
	      unsigned max_shift)
{
	struct source s = {
		.kind = SOURCE_PAGES, .pages = pages, .prot = prot, .max_shift = max_shift
	};

	if (unlikely(!pages))
		return -EINVAL;
	if (end - va == PAGE_SIZE) {
		/* One page is a range, once it is known to be one. */
		uint64_t page = (uint64_t)pages[0];

		if (!IS_ALIGNED(page, STRUCT_PAGE_SIZE) || !pfn_valid(page_to_pfn(pages[0])))
			return -EINVAL;
		s.kind = SOURCE_RANGE;
		s.pa = page_to_phys(pages[0]);
	}
	return map(&s, va, end);
}

int map_blocks(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order, pgprot_t prot,
	       unsigned max_shift)
{
	struct source s = { .kind = SOURCE_BLOCKS,
			    .pages = blocks,
			    .order = order,
			    .prot = prot,
			    .max_shift = max_shift };

	return blocks && order <= MAX_ORDER ? map(&s, va, end) : -EINVAL;
}

uint64_t map_table_pages(void)
{
	return READ_ONCE(table_pages);
}
