// SPDX-License-Identifier: MIT
/*
 * The page arrays that vmap() and vmalloc()'s mapping half are measured on: one for each
 * turn, every page tagged with its frame number, so that a mapping can be read back.
 */
#pragma once

#include "bench/measure.h"

enum array_kind {
	ARRAY_APART,	 /* blocks of which no two are neighbours in memory */
	ARRAY_ADJACENT,	 /* one contiguous stretch */
	ARRAY_SCATTERED, /* order-0 pages in random order (options.seed) */
};

/*
 * Makes the arrays of @pass->bench: bytes, order, kind. An error (with the pass's reason)
 * if blocks of that order do not fill its bytes, or if memory does not suffice.
 */
int arrays_make(struct pass *pass);

/* Gives everything back. */
void arrays_free(void);

/* One pointer a page; one pointer a block of the bench's order (APART only). */
struct page **array_pages(unsigned turn);
struct page **array_blocks(unsigned turn);

/* An array of @count pointers in pages of its own; NULL: out of memory. */
struct page **pointers_alloc(unsigned long count);
void pointers_free(struct page **pointers, unsigned long count);
