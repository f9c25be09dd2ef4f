// SPDX-License-Identifier: MIT
/*
 * Requests for the mapping engine: plain ones, and such as pick()'s numbers make them, of
 * all lengths around the sizes of groups and tables, in and out of phase with the virtual
 * addresses, with and without a flaw.
 */
#pragma once

#include "tests/host/map-oracle.h"

/* Page @index of FRAMES. */
static __always_inline struct page *frame(uint64_t index)
{
	return phys_to_page(FRAMES_START) + index;
}

/* An array of @n pages from frame(@from) on; to be freed. */
struct page **run_of(uint64_t from, uint64_t n);

/* PAGE_KERNEL and no limit of leaves. */
struct request pages_request(uint64_t first, uint64_t n, struct page **pages);

/* Device memory, no limit either. */
struct request range_request(uint64_t first, uint64_t n, uint64_t pa);

/* Pages of the window that requests may touch. */
struct region {
	uint64_t first, n;
};

/* The program's: a number below @below (> 0). */
uint64_t pick(uint64_t below);

/* A frame of FRAMES, fit for a run of @n pages from page @page of the window. */
struct page *pick_frame(uint64_t page, uint64_t n);

/*
 * Fills @r with a call on free pages of @region, @most pages at most; its array is to be
 * freed. Returns false if there was no room where it looked.
 */
bool pick_request(struct request *r, const struct region *region, uint64_t most);

/* Pages that are all mapped, by whole leaves; false: nothing is mapped in @region. */
bool pick_mapped(const struct region *region, uint64_t *first, uint64_t *n);
