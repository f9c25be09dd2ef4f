// SPDX-License-Identifier: MIT
/*
 * Huge pages for benches: of the page allocator where its blocks are large enough, else of the pool
 * that `hugepages=` fills.
 */
#pragma once

#include "bench/measure.h"

/*
 * Up to @most sets of @per huge pages of 2^@order pages each, one after the other in @heads, tails
 * not shared. Returns how many sets; 0: not one, and why is in @pass.
 */
unsigned huge_take(struct pass *pass, unsigned order, unsigned per, unsigned most,
		   struct page **heads);

/* Gives @n of them back, whether their tails are shared or not. */
void huge_give(struct page *const *heads, unsigned n);

/*
 * Whether the leaves, struct pages and flag of the huge page @head are those of one that is
 * optimised, or that is not; adds to @use. If not, why is in @pass.
 */
bool huge_is(struct pass *pass, const struct page *head, bool optimized, struct vmemmap_use *use);
