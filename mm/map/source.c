// SPDX-License-Identifier: MIT
/*
 * Sources of physical runs: what the engine knows about frames, in one place.
 */
#include <errno.h>

#include "mm/arm64/prims.h"
#include "mm/map/map-internal.h"
#include "mm/phys/ranges.h"

static __always_inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t source_pa(struct source *s, uint64_t index)
{
	switch (s->kind) {
	case SOURCE_RANGE:
		return s->pa + (index << PAGE_SHIFT);
	case SOURCE_PAGES:
		return page_to_phys(s->pages[index]);
	case SOURCE_RUNS:
	case SOURCE_PFNS:
		return runs_pa(s, index);
	default:
		return page_to_phys(s->pages[index >> s->order]) +
		       ((index & ((1UL << s->order) - 1)) << PAGE_SHIFT);
	}
}

/* Whether frames [pfn, pfn + n) all have struct pages. */
static bool run_is_ram(uint64_t pfn, uint64_t n)
{
	const struct phys_range *r = ram_range_of_pfn(pfn);

	return r && pfn - r->first_pfn + n <= r->pages;
}

/* Extends the known run from @index to at least @n pages, or says that it is shorter. */
static bool pages_have_run(struct source *s, uint64_t index, uint64_t left, uint64_t n)
{
	struct page *const *p = s->pages + index;
	uint64_t run;

	if (index + n <= s->run_end)
		return true;
	/* Cheap no: the last page of the would-be run is not where it had to be. */
	if ((uint64_t)p[n - 1] - (uint64_t)p[0] != (n - 1) * STRUCT_PAGE_SIZE)
		return false;
	if (!IS_ALIGNED((uint64_t)p[0], STRUCT_PAGE_SIZE))
		return false;
	run = page_run(p, left);
	if (run < n || !run_is_ram(page_to_pfn(p[0]), run))
		return false;
	s->run_end = index + run;
	return true;
}

/* The blocks after @index are each other's neighbours for @n pages. */
static bool blocks_have_run(const struct source *s, uint64_t index, uint64_t n)
{
	uint64_t first = index >> s->order, last = (index + n - 1) >> s->order;

	for (uint64_t b = first; b < last; b++)
		if (s->pages[b + 1] != s->pages[b] + (1UL << s->order))
			return false;
	return true;
}

bool source_has_leaf(struct source *s, uint64_t index, uint64_t left, unsigned shift)
{
	uint64_t n = 1UL << (shift - PAGE_SHIFT);

	if (shift > s->max_shift || left < n)
		return false;
	if (s->kind >= SOURCE_RUNS)
		return runs_have_leaf(s, index, left, shift);
	if (s->kind == SOURCE_PAGES && !pages_have_run(s, index, left, n))
		return false;
	if (!IS_ALIGNED(source_pa(s, index), 1UL << shift))
		return false;
	return s->kind != SOURCE_BLOCKS || blocks_have_run(s, index, n);
}

uint64_t source_run(struct source *s, uint64_t index, uint64_t left)
{
	switch (s->kind) {
	case SOURCE_RANGE:
		return left;
	case SOURCE_RUNS:
	case SOURCE_PFNS:
		return runs_run(s, index, left);
	case SOURCE_PAGES:
		return min_u64(left, s->run_end - index);
	default: /* the rest of a block, or the block and neighbours that make up a leaf */
		return min_u64(left, MAX(PTRS_PER_TABLE,
					 (1UL << s->order) - (index & ((1UL << s->order) - 1))));
	}
}

noinline void fill_run(const struct source *s, uint64_t pa, uint64_t n, desc_t *slot, uint64_t va)
{
	fill_run_of_pages(slot, va, pa, n, s->prot, s->max_shift);
}

/* Whether each is a page; one by one, where they come from several ranges of RAM. */
static noinline bool are_pages(struct page *const *p, uint64_t n, const struct phys_range *r)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t pfn = page_to_pfn(p[i]);

		if (pfn - r->first_pfn >= r->pages && !(r = ram_range_of_pfn(pfn)))
			return false;
		if (!IS_ALIGNED((uint64_t)p[i], STRUCT_PAGE_SIZE))
			return false;
	}
	return true;
}

/*
 * Pages one by one. Checked against the range of RAM that the first of them is in; where
 * they come from several ranges the descriptors are right all the same, and it is left
 * to see that each page is one.
 */
static int fill_scattered(const struct source *s, struct page *const *p, uint64_t n, desc_t *slot,
			  const struct phys_range *r)
{
	if (desc_fill_pages(slot, p, n, leaf_desc(0, s->prot, LEVEL_PTE), pfn_to_page(r->first_pfn),
			    r->pages * STRUCT_PAGE_SIZE) ||
	    are_pages(p, n, r))
		return 0;
	return -EINVAL;
}

/*
 * Whether a contiguous group may begin at pages @p and address @va: the cheap half of the
 * question, by its first and last page. @left: pages that there are.
 */
static bool may_be_group(const struct source *s, struct page *const *p, uint64_t left, uint64_t va)
{
	return left >= CONT_PTES && s->max_shift >= CONT_PTE_SHIFT &&
	       IS_ALIGNED(va, CONT_PTE_SIZE) &&
	       (uint64_t)p[CONT_PTES - 1] - (uint64_t)p[0] == (CONT_PTES - 1) * STRUCT_PAGE_SIZE &&
	       IS_ALIGNED((uint64_t)p[0] - VMEMMAP_START, CONT_PTES * STRUCT_PAGE_SIZE);
}

/* Pages from @p on, at least one, up to the next place where a group may begin. */
static uint64_t scattered_extent(const struct source *s, struct page *const *p, uint64_t left,
				 uint64_t va)
{
	const uint64_t last = CONT_PTES - 1;
	uint64_t n = CONT_PTES - (va >> PAGE_SHIFT & last);

	if (s->max_shift < CONT_PTE_SHIFT)
		return left;
	/* may_be_group(), for all of it that differs from place to place. */
	while (n + CONT_PTES <= left &&
	       ((uint64_t)p[n + last] - (uint64_t)p[n] != last * STRUCT_PAGE_SIZE ||
		!IS_ALIGNED((uint64_t)p[n] - VMEMMAP_START, CONT_PTES * STRUCT_PAGE_SIZE)))
		n += CONT_PTES;
	return n + CONT_PTES <= left ? n : left;
}

/*
 * As many groups as there are in a row, then single pages up to the next, and so on. (noinline,
 * here and below: source_fill() stays a jump, and each pays only for its own registers.)
 */
static noinline int fill_pages(const struct source *s, struct page *const *p, uint64_t n,
			       desc_t *slot, uint64_t va)
{
	desc_t group = leaf_desc(0, s->prot, LEVEL_PTE) | DESC_CONT;

	while (n) {
		const struct phys_range *r = ram_range_of_pfn(page_to_pfn(p[0]));
		uint64_t step = 0;

		if (!r)
			return -EINVAL;
		if (may_be_group(s, p, n, va))
			step = desc_fill_groups(slot, p, n / CONT_PTES, group,
						pfn_to_page(r->first_pfn),
						r->pages * STRUCT_PAGE_SIZE) *
			       CONT_PTES;
		if (!step) {
			step = scattered_extent(s, p, n, va);
			if (fill_scattered(s, p, step, slot, r))
				return -EINVAL;
		}
		p += step;
		slot += step;
		va += step << PAGE_SHIFT;
		n -= step;
	}
	return 0;
}

static noinline void fill_blocks(struct source *s, uint64_t index, uint64_t n, desc_t *slot,
				 uint64_t va)
{
	uint64_t size = 1UL << s->order, shift = s->order + PAGE_SHIFT;
	desc_t bits = leaf_desc(0, s->prot, LEVEL_PTE);

	/* Whole blocks of whole groups, which is what a huge vmalloc has. */
	if (shift >= CONT_PTE_SHIFT && s->max_shift >= CONT_PTE_SHIFT &&
	    IS_ALIGNED(index | n, size) && IS_ALIGNED(va, CONT_PTE_SIZE)) {
		desc_fill_blocks(slot, s->pages + (index >> s->order), 1, n >> s->order, size,
				 bits | DESC_CONT);
		return;
	}
	while (n) {
		uint64_t b = index >> s->order, step = size - (index & (size - 1));

		/* Blocks that are neighbours are one run. */
		for (; step < n && s->pages[b + 1] == s->pages[b] + size; b++)
			step += size;
		step = min_u64(n, step);
		fill_run(s, source_pa(s, index), step, slot, va);
		index += step;
		slot += step;
		va += step << PAGE_SHIFT;
		n -= step;
	}
}

int source_fill(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va)
{
	switch (s->kind) {
	case SOURCE_RANGE:
		fill_run(s, s->pa + (index << PAGE_SHIFT), n, slot, va);
		return 0;
	case SOURCE_PAGES:
		return fill_pages(s, s->pages + index, n, slot, va);
	case SOURCE_RUNS:
	case SOURCE_PFNS:
		runs_fill(s, index, n, slot, va);
		return 0;
	default:
		fill_blocks(s, index, n, slot, va);
		return 0;
	}
}
