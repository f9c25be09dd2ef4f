// SPDX-License-Identifier: MIT
/*
 * Between the engine's files: a source of physical runs, a plan, tables.
 */
#pragma once

#include "mm/arm64/prims.h"
#include "mm/map/map.h"
#include "mm/map/tables.h"
#include "mm/phys/buddy.h"

enum source_kind { SOURCE_RANGE, SOURCE_PAGES, SOURCE_BLOCKS, SOURCE_RUNS, SOURCE_PFNS };

/* Where the frames come from. Page i of the source is mapped at start + i pages. */
struct source {
	enum source_kind kind;
	unsigned order; /* SOURCE_BLOCKS: of each block */
	union {
		uint64_t pa;		       /* SOURCE_RANGE */
		struct page *const *pages;     /* SOURCE_PAGES, SOURCE_BLOCKS: first pages */
		const struct phys_range *runs; /* SOURCE_RUNS */
		const uint64_t *pfns;	       /* SOURCE_PFNS */
	};
	unsigned max_shift;
	pgprot_t prot;
	/* SOURCE_PAGES: pages [index, run_end) are known to be one run of good frames. */
	uint64_t run_end;
	/* SOURCE_RUNS: the one asked for last is runs[run], page run_first of the source its first.
	 */
	uint64_t run, run_first;
};

/* Frame address of page @index of the source. */
uint64_t source_pa(struct source *s, uint64_t index);

/*
 * Whether the source gives 1 << (@shift - PAGE_SHIFT) pages in one run from page @index,
 * beginning at a multiple of its size, all of them good. @left: pages of the call from
 * @index on. The limit max_shift is looked at too.
 */
bool source_has_leaf(struct source *s, uint64_t index, uint64_t left, unsigned shift);

/* Pages from @index on that are known to be one run, at most @left; after source_has_leaf(). */
uint64_t source_run(struct source *s, uint64_t index, uint64_t left);

/*
 * Writes the descriptors of pages [@index, @index + @n) to @slot, which is the slot of
 * @va in a table (or in a buffer), with the contiguous bit where whole groups fit.
 * -EINVAL: a pointer that is no page; some slots may have been written then.
 */
int source_fill(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va);

/* Whether source_fill() cannot fail, so that it may write to a live table. */
static __always_inline bool source_is_trusted(const struct source *s)
{
	return s->kind != SOURCE_PAGES;
}

/* One run of frames, as source_fill() does it. */
void fill_run(const struct source *s, uint64_t pa, uint64_t n, desc_t *slot, uint64_t va);

/* The same questions about SOURCE_RUNS and SOURCE_PFNS: source-runs.c. */
uint64_t runs_pa(struct source *s, uint64_t index);
bool runs_have_leaf(struct source *s, uint64_t index, uint64_t left, unsigned shift);
uint64_t runs_run(struct source *s, uint64_t index, uint64_t left);
void runs_fill(struct source *s, uint64_t index, uint64_t n, desc_t *slot, uint64_t va);

/* What every call of map.h ends in. */
int map_source(struct source *s, uint64_t va, uint64_t end);

/* Zeroes slots [@first, @end) as far as @extent does not know them to be zero. */
static __always_inline void zero_slots(desc_t *table, struct table_extent extent, uint64_t first,
				       uint64_t end)
{
	first = MAX(first, extent.first);
	end = MIN(end, extent.end);
	if (unlikely(first < end))
		desc_clear(table + first, end - first);
}

/*
 * A detached leaf table that will hold @n descriptors from @va on: all others are zero. Returns
 * the slot of @va.
 */
static __always_inline desc_t *begin_table(struct page *page, uint64_t va, uint64_t n)
{
	uint64_t first = table_index(va, LEVEL_PTE);
	struct table_extent extent = page->table_extent;
	desc_t *table = page_address(page);

	page->table_live = (uint32_t)n;
	if (unlikely(extent.first < first))
		zero_slots(table, extent, 0, first);
	if (unlikely(extent.end > first + n))
		zero_slots(table, extent, first + n, PTRS_PER_TABLE);
	return table + first;
}

/*
 * Links a table that was begun, and counts it; ends the call but for the lock. Slot empty, lock
 * held.
 */
static __always_inline void link_new_table(desc_t *slot, struct page *page, uint64_t leaves)
{
	door_mapped_table(slot, table_desc(page_to_phys(page)), leaves);
	table_pages++;
}

/* @n leaf descriptors are in the live table that @d links: ends the call but for the lock. */
static __always_inline void leaves_stored(desc_t d, uint64_t n)
{
	desc_table_page(d)->table_live += (uint32_t)n;
	door_mapped_leaves(n);
}

/* Gives back a table that nobody has seen, from table_alloc_uncounted(). */
static inline void table_free_unseen(struct page *page)
{
	DOOR_COUNT(c->tables_allocated++);
	table_free(page);
}

/* Windows whose plan fits on the stack: 256 MiB at 4K. */
#define PLAN_ON_STACK 128

/* In a plan, this block stands for a whole PUD: the plan's next windows are part of it. */
#define PLAN_PUD     (1UL << 55)
#define PMDS_PER_PUD (PUD_SIZE / PMD_SIZE)

struct plan {
	uint64_t va, end;
	struct source *source;
	desc_t *first_slot; /* of va at the PMD's level; NULL: a table above is missing */
	desc_t *windows;
	bool has_tables;
	struct table_list upper; /* zeroed tables for the levels above the PMD's */
	struct table_list spare; /* goes back when the call is over */
	desc_t on_stack[PLAN_ON_STACK];
};

static __always_inline uint64_t window_end(const struct plan *p, uint64_t va)
{
	uint64_t next = ALIGN_DOWN(va, PMD_SIZE) + PMD_SIZE;

	return next < p->end ? next : p->end;
}

static __always_inline uint64_t source_index(const struct plan *p, uint64_t va)
{
	return (va - p->va) >> PAGE_SHIFT;
}

/*
 * Plans [va, end) of @s; the caller has set first_slot and windows, and the lists are empty.
 * -EINVAL, -ENOMEM: nothing is left of it but what is on p->upper.
 */
int make_plan(struct plan *p, struct source *s, uint64_t va, uint64_t end);

/* Gives back the tables that were filled; the lists are the caller's. */
void undo_plan(struct plan *p);

/* Zeroed tables for the levels above, one for each that is missing, on p->upper. -ENOMEM. */
int plan_upper(struct plan *p);

/* Maps by a plan. 0, -EINVAL, -ENOMEM. */
int map_by_plan(struct source *s, uint64_t va, uint64_t end);

/*
 * A shorter way for a part of one window. -EAGAIN, nothing changed: a plan is needed.
 */
int map_in_window(struct source *s, uint64_t va, uint64_t end);

/*
 * The shortest for blocks: whole ones, of whole groups, into a new table that is linked to @slot.
 * -EAGAIN: another CPU linked one first.
 */
int blocks_in_new_table(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order,
			pgprot_t prot, desc_t *slot);

/* [@va, @end) is in the region, and not empty. */
static __always_inline bool is_mappable(uint64_t va, uint64_t end)
{
	return va >= MAPPABLE_START && va < end && end <= MAPPABLE_END;
}

static __always_inline bool is_part_of_window(uint64_t va, uint64_t end)
{
	return (va ^ (end - 1)) < PMD_SIZE && end - va < PMD_SIZE;
}

/* --- filling slots from one run of frames, with groups wherever whole ones fit */

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
