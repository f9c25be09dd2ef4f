// SPDX-License-Identifier: MIT
/*
 * Huge pages for tests, of orders that the page allocator does not have too.
 */
#pragma once

#include "mm/phys/page.h"

/* Whether a leaf or a contiguous group above a PTE group maps just 2^@order pages. */
bool is_huge_order(unsigned order);

/*
 * A compound page of 2^@order pages with one reference: from alloc_pages(), or made of blocks of
 * the largest order that lie in a row. NULL: there is none. Boot CPU, nobody else allocates.
 */
struct page *take_huge_page(unsigned order);
/*
 * The same, one whose struct pages have to be split first: they are in a block yet (@level is
 * LEVEL_PMD) or in groups of pages (LEVEL_PTE). NULL: none was found.
 */
struct page *take_unsplit_page(unsigned order, int level);

void drop_huge_page(struct page *head, unsigned order);
