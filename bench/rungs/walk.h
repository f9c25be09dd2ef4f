// SPDX-License-Identifier: MIT
/*
 * What the rungs share: one descent through the tables, the windows (the part of a range
 * inside one leaf table) that it feeds, and the block attempts above them.
 */
#pragma once

#include "bench/rungs/rung.h"

/*
 * Where the step from @va ends: the next boundary of @level, or @end. The last boundary
 * of the address space wraps to 0, so it is the last bytes that are compared.
 */
static inline uint64_t rung_step_end(uint64_t va, uint64_t end, int level)
{
	uint64_t last = va | ((1UL << level_shift(level)) - 1);

	return MIN(last, end - 1) + 1;
}

struct rung_walk {
	/* Fills @slot.. for [va, end), inside one leaf table. 0 or an error. */
	int (*window)(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);
	/* May map [va, next) by one leaf in @slot of @level: 1 done, 0 go down, or an error. */
	int (*block)(struct rung_walk *walk, desc_t *slot, int level, uint64_t va, uint64_t next);

	pgprot_t prot;
	unsigned max_shift;   /* largest block */
	unsigned batch_shift; /* most bytes that one set call writes */

	/* Advanced by whoever maps; a walk uses one of the two. */
	uint64_t pa;
	struct page *const *pages;
};

/* Maps [va, end) from the root down. 0 or an error. */
int rung_walk(struct rung_walk *walk, uint64_t va, uint64_t end);

/* Windows: a contiguous range, page by page or in batches; pages, one by one or in batches. */
int window_range_by_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);
int window_range(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);
int window_small_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);
int window_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);

/* window_pages() with no batch larger than the alignment of the frame that it starts at. */
int window_pages_capped(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end);

/* Block attempts: a contiguous range at PUD and PMD level; pages at PMD level. */
int block_range(struct rung_walk *walk, desc_t *slot, int level, uint64_t va, uint64_t next);
int block_pages(struct rung_walk *walk, desc_t *slot, int level, uint64_t va, uint64_t next);

/* Halves that more than one rung has. */
int map_range_batched(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift,
		      unsigned batch_shift);
int map_small_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot);
int map_pages_chunk_by_chunk(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
			     unsigned shift);
