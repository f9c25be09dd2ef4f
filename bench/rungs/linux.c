// SPDX-License-Identifier: MIT
/*
 * The rung `linux`: the kernel before the series. ioremap walks its range once and sets
 * one contiguous group a call; huge vmalloc starts again from the root for each chunk;
 * vmap goes page by page and knows no size but the page.
 */
#include "bench/rungs/walk.h"
#include "mm/map/map.h"

static int linux_map_range(const struct rung *rung, uint64_t va, uint64_t end, uint64_t pa,
			   pgprot_t prot)
{
	(void)rung;
	return map_range_batched(va, end, pa, prot, MAP_SHIFT_ANY, CONT_PTE_SHIFT);
}

static int linux_map_pages(const struct rung *rung, uint64_t va, uint64_t end,
			   struct page *const *pages, pgprot_t prot, unsigned shift)
{
	(void)rung;
	if (shift == PAGE_SHIFT)
		return map_small_pages(va, end, pages, prot);
	return map_pages_chunk_by_chunk(va, end, pages, prot, shift);
}

static int linux_map_array(const struct rung *rung, uint64_t va, uint64_t end,
			   struct page *const *pages, pgprot_t prot)
{
	(void)rung;
	return map_small_pages(va, end, pages, prot);
}

static uint64_t linux_array_align(const struct rung *rung, uint64_t bytes)
{
	(void)rung;
	(void)bytes;
	return PAGE_SIZE;
}

unsigned rung_vmalloc_shift(uint64_t bytes)
{
	if (bytes >= PMD_SIZE)
		return PMD_SHIFT;
	return bytes >= CONT_PTE_SIZE ? CONT_PTE_SHIFT : PAGE_SHIFT;
}

const struct rung rung_linux = {
	.name = "linux",
	.map_range = linux_map_range,
	.map_pages = linux_map_pages,
	.map_array = linux_map_array,
	.array_align = linux_array_align,
};
