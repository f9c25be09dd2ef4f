// SPDX-License-Identifier: MIT
/*
 * The mapping calls for arrays of pages and for blocks: what is a part of one window goes
 * the shorter way of window.c, the rest by a plan.
 */
#include <errno.h>

#include "mm/map/map-internal.h"
#include "mm/phys/ranges.h"

spinlock_t pgtable_lock = SPINLOCK(LOCK_PGTABLE);
uint64_t table_pages;

__attribute__((section(".bss.tables"), aligned(PAGE_SIZE))) desc_t swapper_pg_dir[PTRS_PER_TABLE];

/* What no source makes right. */
static __always_inline bool is_valid(uint64_t va, uint64_t end, pgprot_t prot, unsigned max_shift)
{
	return is_mappable(va, end) && IS_ALIGNED(va | end, PAGE_SIZE) &&
	       !(prot & ~DESC_PROT_MASK) && max_shift >= PAGE_SHIFT;
}

static __always_inline int map(struct source *s, uint64_t va, uint64_t end)
{
	int error = -EAGAIN;

	if (is_part_of_window(va, end))
		error = map_in_window(s, va, end);
	return likely(error != -EAGAIN) ? error : map_by_plan(s, va, end);
}

int map_source(struct source *s, uint64_t va, uint64_t end)
{
	return map(s, va, end);
}

static noinline int map_several(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
				unsigned max_shift)
{
	struct source s = {
		.kind = SOURCE_PAGES, .pages = pages, .prot = prot, .max_shift = max_shift
	};

	return is_valid(va, end, prot, max_shift) ? map(&s, va, end) : -EINVAL;
}

/* One page that is not where the last one was. */
static noinline int map_strange_page(uint64_t va, uint64_t end, struct page *page, pgprot_t prot,
				     unsigned max_shift)
{
	if (!pfn_valid(page_to_pfn(page)))
		return -EINVAL;
	return map_range(va, end, page_to_phys(page), prot, max_shift);
}

int map_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
	      unsigned max_shift)
{
	struct page *page;

	if (unlikely(!pages))
		return -EINVAL;
	if (end - va != PAGE_SIZE)
		return map_several(va, end, pages, prot, max_shift);
	/* One page is a range, once it is known to be a page. */
	page = pages[0];
	if (unlikely(!IS_ALIGNED((uint64_t)page, STRUCT_PAGE_SIZE)))
		return -EINVAL;
	if (unlikely(!pfn_is_near(page_to_pfn(page))))
		return map_strange_page(va, end, page, prot, max_shift);
	return map_range(va, end, page_to_phys(page), prot, max_shift);
}

static noinline int map_any_blocks(uint64_t va, uint64_t end, struct page *const *blocks,
				   unsigned order, pgprot_t prot, unsigned max_shift)
{
	struct source s = { .kind = SOURCE_BLOCKS,
			    .pages = blocks,
			    .order = order,
			    .prot = prot,
			    .max_shift = max_shift };

	return map(&s, va, end);
}

int map_blocks(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order, pgprot_t prot,
	       unsigned max_shift)
{
	int error = -EAGAIN;
	desc_t *slot;

	if (unlikely(!blocks || order > MAX_ORDER || !is_valid(va, end, prot, max_shift)))
		return -EINVAL;
	if (is_part_of_window(va, end) && order >= CONT_PTES_SHIFT && max_shift >= CONT_PTE_SHIFT &&
	    IS_ALIGNED(va, CONT_PTE_SIZE) && IS_ALIGNED(end - va, PAGE_SIZE << order)) {
		slot = find_slot(va, LEVEL_PMD);
		if (slot && !get_desc(slot))
			error = blocks_in_new_table(va, end, blocks, order, prot, slot);
	}
	return likely(error != -EAGAIN) ? error
					: map_any_blocks(va, end, blocks, order, prot, max_shift);
}

uint64_t map_table_pages(void)
{
	return READ_ONCE(table_pages);
}
