// SPDX-License-Identifier: MIT
/*
 * The mapping engine: one walker, fed by sources of physical runs.
 *
 * A physical range, an array of pages and a list of equal blocks are three
 * sources. Each position gets the largest leaf that virtual and physical
 * alignment, run length and the caller's limit allow: 1G block, CONT_PMD, PMD,
 * CONT_PTE, page. Plan, check, apply: an error leaves nothing changed.
 *
 * All: the caller owns [va, end) (an area of the VA allocator, or boot's), and
 * nothing is mapped there. va and end are page aligned, va < end. Any CPU; takes
 * the page-table lock; at most one DMB, one DSB and one ISB a call, but for a block that takes an
 * empty table's place, which is broken before it is made.
 * Errors: -EINVAL (range, alignment, foreign page), -ENOMEM (no table page).
 */
#pragma once

#include "mm/arm64/pgtable.h"
#include "mm/phys/table-pages.h"

struct phys_range; /* mm/phys/ranges.h */

/* No limit on the leaf but the engine's own. */
#define MAP_SHIFT_ANY 63

/*
 * Maps [va, end) to @pa (page aligned) and up.
 * @max_shift: log2 of the largest leaf or contiguous group to use, >= PAGE_SHIFT.
 */
int map_range(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift);

/*
 * Maps [va, end) to @pages, one pointer a page. Contiguity is read from the
 * pointers, never from compound_order. -EINVAL: a pointer that is NULL,
 * misaligned or no page of RAM.
 */
int map_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
	      unsigned max_shift);

/*
 * Maps [va, end) to blocks of 1 << @order pages, given by their first pages; the last
 * block may be used in part. The caller vouches for the blocks (its own allocation).
 */
int map_blocks(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order, pgprot_t prot,
	       unsigned max_shift);

/*
 * Maps [va, end) to @runs, which come to just that many pages, or to the frames @pfns, one a
 * page. Neighbouring runs and frames that follow each other make larger leaves. The caller
 * vouches for the frames: they may be no RAM. -EINVAL also: a frame past PHYS_END, too few.
 */
int map_runs(uint64_t va, uint64_t end, const struct phys_range *runs, uint64_t nr_runs,
	     pgprot_t prot, unsigned max_shift);
int map_pfns(uint64_t va, uint64_t end, const uint64_t *pfns, pgprot_t prot, unsigned max_shift);

/*
 * Unmaps [va, end), every page of which is mapped (or was, and its descriptor made invalid), by
 * whole leaves and groups, and flushes, with flush=each and flush=lazy by one TLBI a descriptor,
 * the whole TLB past 512. On return no stale translation is left and empty leaf tables have gone
 * back. Cannot fail.
 */
void unmap_range(uint64_t va, uint64_t end);

/*
 * The same for an area of one memory type, but for the end: no TLBI, and tables stay. Until a purge
 * the addresses are not reused, and accesses to them may give anything that they gave before.
 * false: it is no Normal write-back memory, which may not be forgotten late; nothing was done.
 */
bool unmap_range_deferred(uint64_t va, uint64_t end);

/* One purge of what unmap_range_deferred() left: one flush for all of it. */
struct purge {
	uint64_t va, end, irq;
	struct table_list tables; /* unlinked */
};

/*
 * purge_begin() takes the page-table lock, purge_end() drops it; from then on no stale translation
 * of any range that purge_range() named is used, and their empty leaf tables have gone back.
 */
void purge_begin(struct purge *purge);
void purge_range(struct purge *purge, uint64_t va, uint64_t end);
void purge_end(struct purge *purge);

/*
 * Makes sure that the tables above the leaf tables of [va, end) exist. -ENOMEM.
 * For benches that time the mapping half alone.
 */
int map_populate_upper(uint64_t va, uint64_t end);

/* Pages now in use as translation tables, boot's not included. For audits. */
uint64_t map_table_pages(void);

/* The root for TTBR1, shared by all CPUs. */
extern desc_t swapper_pg_dir[PTRS_PER_TABLE];
