// SPDX-License-Identifier: MIT
/*
 * The bulk primitives behind the door: fill, clear, copy and scan, with SIMD on the
 * target. Each has a plain C twin (_c) that the host runs and a test compares.
 *
 * Live tables: "element or structure writes from SIMD registers of 64-bit or smaller
 * elements, where each element is aligned to its size, have each element treated as a
 * single-copy atomic store", and a write of a 128-bit register that is 64-bit aligned is
 * a pair of single-copy atomic 64-bit writes (Arm ARM DDI 0487, B2.2.1). ST1 of .2D and
 * STP of X registers are thus as good as STR for each descriptor, live or not.
 *
 * All: any CPU, any context but an exception that returns; MMU on (SIMD is Normal memory
 * only). None counts: the caller knows which of the stores are to tables.
 */
#pragma once

#include "mm/arm64/pgtable.h"

struct page;

/* slot[i] = first + i * step, for @n descriptors. */
void desc_fill(desc_t *slot, desc_t first, uint64_t step, unsigned long n);

/*
 * The same for @nr_blocks runs in a row of @per_block descriptors each (a multiple of 16):
 * run b begins at the descriptor of page blocks[b * stride], with attributes @bits.
 */
void desc_fill_blocks(desc_t *slot, struct page *const *blocks, unsigned long stride,
		      unsigned long nr_blocks, unsigned long per_block, desc_t bits);

/*
 * slot[i] = descriptor of pages[i] with attributes @bits. False if some pointer is not a
 * struct page of [@lo, @lo + @span_bytes); slots of those that are hold the right descriptor.
 * False may be wrong where the span is past 4 GiB, true never is: the caller asks page by page.
 */
bool desc_fill_pages(desc_t *slot, struct page *const *pages, unsigned long n, desc_t bits,
		     const struct page *lo, uint64_t span_bytes);

/* slot[i] = 0. */
void desc_clear(desc_t *slot, unsigned long n);

/* to[i] = from[i], each store 64-bit single-copy atomic. */
void desc_copy(desc_t *to, const desc_t *from, unsigned long n);

/*
 * Fills whole groups of CONT_PTES pages, with attributes @bits, as far as each is, for itself,
 * one run that begins at a group's boundary, inside [@lo, @lo + @span_bytes). Returns how
 * many groups from pages[0] on that were, @max_groups at most; slots of those after them are
 * undefined: the table is detached.
 */
unsigned long desc_fill_groups(desc_t *slot, struct page *const *pages, unsigned long max_groups,
			       desc_t bits, const struct page *lo, uint64_t span_bytes);

/* How many of pages[0 .. max) follow each other in the vmemmap from pages[0]; max >= 1. */
unsigned long page_run(struct page *const *pages, unsigned long max);

/*
 * @n struct pages from @page on: @state is their first word, @info their third, all else is zero.
 * Of the rules above only the last holds: these are no tables.
 */
void page_fill(struct page *page, uint64_t state, uint64_t info, unsigned long n);

void desc_fill_c(desc_t *slot, desc_t first, uint64_t step, unsigned long n);
void desc_fill_blocks_c(desc_t *slot, struct page *const *blocks, unsigned long stride,
			unsigned long nr_blocks, unsigned long per_block, desc_t bits);
bool desc_fill_pages_c(desc_t *slot, struct page *const *pages, unsigned long n, desc_t bits,
		       const struct page *lo, uint64_t span_bytes);
void desc_clear_c(desc_t *slot, unsigned long n);
void desc_copy_c(desc_t *to, const desc_t *from, unsigned long n);
unsigned long desc_fill_groups_c(desc_t *slot, struct page *const *pages, unsigned long max_groups,
				 desc_t bits, const struct page *lo, uint64_t span_bytes);
unsigned long page_run_c(struct page *const *pages, unsigned long max);
void page_fill_c(struct page *page, uint64_t state, uint64_t info, unsigned long n);

/* The same with pairs of general registers in place of SIMD: what is measured beside it. */
void desc_fill_stp(desc_t *slot, desc_t first, uint64_t step, unsigned long n);
void desc_fill_blocks_stp(desc_t *slot, struct page *const *blocks, unsigned long stride,
			  unsigned long nr_blocks, unsigned long per_block, desc_t bits);
bool desc_fill_pages_stp(desc_t *slot, struct page *const *pages, unsigned long n, desc_t bits,
			 const struct page *lo, uint64_t span_bytes);
void desc_clear_stp(desc_t *slot, unsigned long n);
void desc_copy_stp(desc_t *to, const desc_t *from, unsigned long n);
unsigned long desc_fill_groups_stp(desc_t *slot, struct page *const *pages,
				   unsigned long max_groups, desc_t bits, const struct page *lo,
				   uint64_t span_bytes);
unsigned long page_run_stp(struct page *const *pages, unsigned long max);
void page_fill_stp(struct page *page, uint64_t state, uint64_t info, unsigned long n);

/*
 * Image.check: so that each store is an event; a test compares the assembly all the same.
 * PRIMS=c and PRIMS=stp: images to measure what SIMD is worth.
 */
#if defined(HOST) || defined(CHECKED) || defined(PRIMS_C)
#define PRIMS_NAME	 "c"
#define desc_fill	 desc_fill_c
#define desc_fill_blocks desc_fill_blocks_c
#define desc_fill_pages	 desc_fill_pages_c
#define desc_clear	 desc_clear_c
#define desc_copy	 desc_copy_c
#define desc_fill_groups desc_fill_groups_c
#define page_run	 page_run_c
#define page_fill	 page_fill_c
#elif defined(PRIMS_STP)
#define PRIMS_NAME	 "stp"
#define desc_fill	 desc_fill_stp
#define desc_fill_blocks desc_fill_blocks_stp
#define desc_fill_pages	 desc_fill_pages_stp
#define desc_clear	 desc_clear_stp
#define desc_copy	 desc_copy_stp
#define desc_fill_groups desc_fill_groups_stp
#define page_run	 page_run_stp
#define page_fill	 page_fill_stp
#else
#define PRIMS_NAME "simd"
#endif
