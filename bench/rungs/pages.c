// SPDX-License-Identifier: MIT
/*
 * The rung `pages`: one descriptor a page, one store each, one pair of barriers a leaf
 * table. What any mapper costs that knows neither groups nor blocks.
 */
#include "bench/rungs/walk.h"

static int pages_map_range(const struct rung *rung, uint64_t va, uint64_t end, uint64_t pa,
			   pgprot_t prot)
{
	(void)rung;
	return map_range_batched(va, end, pa, prot, PAGE_SHIFT, PAGE_SHIFT);
}

static int pages_map_array(const struct rung *rung, uint64_t va, uint64_t end,
			   struct page *const *pages, pgprot_t prot)
{
	(void)rung;
	return map_small_pages(va, end, pages, prot);
}

static int pages_map_pages(const struct rung *rung, uint64_t va, uint64_t end,
			   struct page *const *pages, pgprot_t prot, unsigned shift)
{
	(void)shift;
	return pages_map_array(rung, va, end, pages, prot);
}

static uint64_t pages_array_align(const struct rung *rung, uint64_t bytes)
{
	(void)rung;
	(void)bytes;
	return PAGE_SIZE;
}

const struct rung rung_pages = {
	.name = "pages",
	.map_range = pages_map_range,
	.map_pages = pages_map_pages,
	.map_array = pages_map_array,
	.array_align = pages_array_align,
};
