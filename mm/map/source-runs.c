// SPDX-License-Identifier: MIT
/*
 * Sources that name frames by number: a list of runs, and a list of single frames. Both are
 * trusted: what they name was looked at before anything is mapped.
 *
 * Pages are asked for in ascending order but for a new start now and then, so a list of runs
 * remembers where it was.
 */
#include <errno.h>

#include "mm/map/map-internal.h"
#include "mm/phys/ranges.h"

/* What a leaf needs, and what one plan of blocks takes at most. */
#define RUN_MOST (CONT_PMDS << TABLE_SHIFT)

/* The run that page @index lies in. */
static __always_inline const struct phys_range *run_at(struct source *s, uint64_t index)
{
	if (index < s->run_first)
		s->run = s->run_first = 0;
	while (index - s->run_first >= s->runs[s->run].pages)
		s->run_first += s->runs[s->run++].pages;
	return &s->runs[s->run];
}

static __always_inline uint64_t pa_at(struct source *s, uint64_t index)
{
	if (s->kind == SOURCE_PFNS)
		return s->pfns[index] << PAGE_SHIFT;
	return (run_at(s, index)->first_pfn + index - s->run_first) << PAGE_SHIFT;
}

uint64_t runs_pa(struct source *s, uint64_t index)
{
	return pa_at(s, index);
}

/* How many pages from @index on follow each other; looks no further than @most. */
static __always_inline uint64_t run_length(struct source *s, uint64_t index, uint64_t most)
{
	const struct phys_range *r;
	uint64_t n = 1;

	if (s->kind == SOURCE_PFNS) {
		while (n < most && s->pfns[index + n] == s->pfns[index] + n)
			n++;
		return n;
	}
	r = run_at(s, index);
	n = r->pages - (index - s->run_first);
	for (; n < most && r[1].first_pfn == r->first_pfn + r->pages; r++)
		n += r[1].pages;
	return MIN(n, most);
}

bool runs_have_leaf(struct source *s, uint64_t index, uint64_t left, unsigned shift)
{
	uint64_t n = 1UL << (shift - PAGE_SHIFT);

	return left >= n && IS_ALIGNED(runs_pa(s, index), 1UL << shift) &&
	       run_length(s, index, n) == n;
}

uint64_t runs_run(struct source *s, uint64_t index, uint64_t left)
{
	return run_length(s, index, MIN(left, RUN_MOST));
}

/* Shorter than this a run is stored here: it holds no group, and is not worth two calls. */
#define SHORT_RUN 16

static_assert(SHORT_RUN <= CONT_PTES, "a short run has no contiguous group");

static __always_inline void fill_step(const struct source *s, uint64_t pa, uint64_t n, desc_t *slot,
				      uint64_t va)
{
	if (n >= SHORT_RUN) {
		fill_run(s, pa, n, slot, va);
		return;
	}
	for (desc_t d = leaf_desc(pa, s->prot, LEVEL_PTE); n; n--, d += PAGE_SIZE)
		set_desc_in_loop(slot++, d);
}

static void fill_pfns(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va)
{
	for (uint64_t at = 0, step; at < n; at += step) {
		step = run_length(s, index + at, n - at);
		fill_step(s, pa_at(s, index + at), step, slot + at, va + (at << PAGE_SHIFT));
	}
}

/* run_at() and run_length() in one, for lists that are long because their runs are short. */
static void fill_list(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va)
{
	const struct phys_range *r = run_at(s, index);
	uint64_t first = s->run_first, skip = index - first, at = 0;

	while (at < n) {
		uint64_t pa = (r->first_pfn + skip) << PAGE_SHIFT, step = r->pages - skip;

		for (; step < n - at && r[1].first_pfn == r->first_pfn + r->pages; r++) {
			first += r->pages;
			step += r[1].pages;
		}
		if (step <= n - at)
			first += r++->pages;
		else /* the rest of this run is for the next call */
			step = n - at;
		fill_step(s, pa, step, slot + at, va + (at << PAGE_SHIFT));
		at += step;
		skip = 0;
	}
	s->run = (uint64_t)(r - s->runs);
	s->run_first = first;
}

void runs_fill(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va)
{
	if (s->kind == SOURCE_RUNS)
		fill_list(s, index, n, slot, va);
	else
		fill_pfns(s, index, n, slot, va);
}

/* All of [pfn, pfn + pages) can be in a descriptor. */
static bool is_addressable(uint64_t pfn, uint64_t pages)
{
	return pfn < PHYS_END >> PAGE_SHIFT && pages <= (PHYS_END >> PAGE_SHIFT) - pfn;
}

int map_runs(uint64_t va, uint64_t end, const struct phys_range *runs, uint64_t nr_runs,
	     pgprot_t prot, unsigned max_shift)
{
	struct source s = {
		.kind = SOURCE_RUNS, .runs = runs, .prot = prot, .max_shift = max_shift
	};
	uint64_t left = (end - va) >> PAGE_SHIFT;

	for (uint64_t i = 0; i < nr_runs; i++) {
		if (!is_addressable(runs[i].first_pfn, runs[i].pages) || runs[i].pages - 1 >= left)
			return -EINVAL;
		left -= runs[i].pages;
	}
	return left ? -EINVAL : map_source(&s, va, end);
}

int map_pfns(uint64_t va, uint64_t end, const uint64_t *pfns, pgprot_t prot, unsigned max_shift)
{
	struct source s = {
		.kind = SOURCE_PFNS, .pfns = pfns, .prot = prot, .max_shift = max_shift
	};

	for (uint64_t i = 0; pfns && i < (end - va) >> PAGE_SHIFT; i++)
		if (!is_addressable(pfns[i], 1))
			return -EINVAL;
	return pfns ? map_source(&s, va, end) : -EINVAL;
}
