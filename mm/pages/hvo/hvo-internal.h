// SPDX-License-Identifier: MIT
/*
 * Between hvo.c, which says what, and the files that know how: leaves of the vmemmap in rows, and
 * chains of the frames behind them.
 */
#pragma once

#include "mm/map/tables.h"
#include "mm/pages/hvo.h"
#include "mm/pages/vmemmap-internal.h"

/* Leaves in a row in one leaf table of the vmemmap: the pure tails of one huge page, or a part. */
struct hvo_row {
	desc_t *slot; /* the first */
	uint64_t va, n;
	struct page *head;
	desc_t shared; /* what they hold while they are shared */
};

/* Rows of one batch; of the largest huge page there are eight (1G at 4K). */
#define HVO_ROWS 64
#define HVO_ROWS_PER_PAGE \
	(((STRUCT_PAGE_SIZE << MAX_HUGE_ORDER) >> PAGE_SHIFT) / PTRS_PER_TABLE + 1)

/*
 * What changes between two flushes, under pgtable_lock. Frames hang together by their own struct
 * pages, lowest first, so that any number needs no memory: those that become free, or the new
 * ones.
 */
struct hvo_batch {
	struct page *frames;
	uint64_t states; /* of the frames, those bits that all have; boot's have none */
	uint64_t leaves;
	unsigned nr_pages, nr_rows; /* huge pages, and their rows */
	struct hvo_row rows[HVO_ROWS];
};

/* How a strategy goes there and back. Under pgtable_lock; frames were chained before. */
struct hvo_ways {
	void (*share)(const struct hvo_batch *b);
	void (*unshare)(const struct hvo_batch *b);
	bool held;    /* other CPUs are held */
	bool refused; /* not on this machine any more */
};

extern const struct hvo_ways hvo_ways[HVO_STRATEGIES];

/* The one in force. HVO_AF's may be taken out of force at any moment, under pgtable_lock. */
extern const struct hvo_ways *hvo_current;

/* The leaf that maps the shared page @tail. */
static __always_inline desc_t shared_leaf(const struct page *tail)
{
	return leaf_desc(page_to_phys(tail), PAGE_KERNEL_RO, LEVEL_PTE);
}

/* A frame of the vmemmap by itself: a page without CONT, writable. */
static __always_inline bool is_own_leaf(desc_t d)
{
	return (d & ~DESC_ADDR_MASK) == leaf_desc(0, PAGE_KERNEL, LEVEL_PTE);
}

/*
 * Makes every leaf of [@va, @end) of the vmemmap a page without CONT. -ENOMEM, -ETIMEDOUT: some
 * may be, which nobody can tell from before. Not under pgtable_lock.
 */
int hvo_split_leaves(uint64_t va, uint64_t end);

/*
 * Makes every table that leaves of @head lie in its own: boot and devices share those that hold
 * nothing but shared tails. -ENOMEM, -ETIMEDOUT: none is changed. Not under pgtable_lock.
 */
int hvo_own_tables(const struct page *head);
