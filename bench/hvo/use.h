// SPDX-License-Identifier: MIT
/*
 * What a stretch of the vmemmap takes, as the tables have it: read by the software walk, which
 * knows nothing of the vmemmap's own counts.
 */
#pragma once

#include "bench/measure.h"
#include "mm/phys/gfp.h"

/*
 * Of the struct pages of [@pfn, @pfn + @nr), whole vmemmap pages, where leaves that map @shared
 * (NULL: none does) share. False: something is not mapped, or a leaf has permissions that do not
 * become it.
 */
bool vmemmap_use(uint64_t pfn, uint64_t nr, const struct page *shared, struct vmemmap_use *use);

/*
 * Whether compound_head() finds the head from each of the @n pages from @head on, and no page
 * after it does.
 */
bool heads_are_right(const struct page *head, uint64_t n);
