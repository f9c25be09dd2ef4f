// SPDX-License-Identifier: MIT
/*
 * The rung `series`: "mm/vmalloc: Speed up ioremap, vmalloc and vmap with contiguous
 * memory", v4 of 2026-06-18, patch by patch. With a patch left out, the code before it
 * (the rung `linux`) does that part.
 *
 * As in v4, the batch of a page array is not held against the alignment of its physical
 * side, so that an array whose batches straddle a leaf table can be mapped wrong; the
 * read-back catches it, and no array of the benches does (docs/rungs.md).
 */
#include "bench/rungs/walk.h"
#include "mm/map/map.h"

static bool has(const struct rung *rung, unsigned patches)
{
	return (rung->patches & patches) == patches;
}

/*
 * 1/6 lets one set call write several groups, 2/6 asks for several: neither does
 * anything without the other. Half a PMD at most, so that no block descriptor can come out.
 */
static unsigned batch_limit(const struct rung *rung)
{
	if (has(rung, SERIES_SET_SEVERAL_GROUPS | SERIES_SIZE_OF_SEVERAL))
		return PMD_SHIFT - 1;
	return CONT_PTE_SHIFT;
}

static int series_map_range(const struct rung *rung, uint64_t va, uint64_t end, uint64_t pa,
			    pgprot_t prot)
{
	return map_range_batched(va, end, pa, prot, MAP_SHIFT_ANY, batch_limit(rung));
}

/*
 * 4/6: the array is walked once, whatever the shift, with PMD blocks where it allows them.
 * It sets through the common setter of 3/6, which is all that 3/6 is.
 */
static int series_map_pages(const struct rung *rung, uint64_t va, uint64_t end,
			    struct page *const *pages, pgprot_t prot, unsigned shift)
{
	struct rung_walk walk;

	if (!has(rung, SERIES_ONE_SETTER | SERIES_NO_REWALK))
		return rung_linux.map_pages(rung, va, end, pages, prot, shift);
	walk = (struct rung_walk){
		.window = has(rung, SERIES_CAP_BY_FRAME) ? window_pages_capped : window_pages,
		.block = shift >= PMD_SHIFT ? block_pages : NULL,
		.prot = prot,
		.max_shift = shift,
		.batch_shift = MIN(shift, batch_limit(rung)),
		.pages = pages,
	};
	return rung_walk(&walk, va, end);
}

/* Pages from @pages[0] on that follow each other in memory, @count at most. */
static unsigned long contiguous_pages(struct page *const *pages, unsigned long count)
{
	struct page *const first = pages[0];
	unsigned long n = 1;

	while (n < count && pages[n] == first + n)
		n++;
	return n;
}

/*
 * The shift that fits at @pages[0]: the run there, cut to the first frame's natural
 * alignment before it is counted, down to a power of two; PAGE_SHIFT where the
 * architecture has nothing between.
 */
static unsigned batch_shift_at(struct page *const *pages, unsigned long count)
{
	uint64_t pfn = page_to_pfn(pages[0]);
	unsigned long run;
	unsigned shift;

	if (pfn)
		count = MIN(count, pfn & -pfn);
	run = contiguous_pages(pages, count);
	if (run < 2)
		return PAGE_SHIFT;
	shift = PAGE_SHIFT + ilog2(run);
	return rung_vmalloc_shift(1UL << shift) == PAGE_SHIFT ? PAGE_SHIFT : shift;
}

/*
 * 5/6: equal shifts in a row make one segment, mapped by one walk. At the first place
 * that takes only a page, scanning stops and the rest goes by pages: arrays tend to come
 * with their orders descending.
 */
static int series_map_array(const struct rung *rung, uint64_t va, uint64_t end,
			    struct page *const *pages, pgprot_t prot)
{
	unsigned long count = (end - va) >> PAGE_SHIFT, i = 0, first = 0;
	unsigned shift, segment_shift = 0;

	if (!has(rung, SERIES_VMAP_BATCHES))
		return rung_linux.map_array(rung, va, end, pages, prot);
	while (i < count) {
		shift = batch_shift_at(pages + i, count - i);
		if (segment_shift && shift != segment_shift) {
			int ret = series_map_pages(rung, va + (first << PAGE_SHIFT),
						   va + (i << PAGE_SHIFT), pages + first, prot,
						   segment_shift);

			if (ret)
				return ret;
			first = i;
		}
		segment_shift = shift;
		if (shift == PAGE_SHIFT)
			break;
		i += 1UL << (shift - PAGE_SHIFT);
	}
	return series_map_pages(rung, va + (first << PAGE_SHIFT), end, pages + first, prot,
				segment_shift);
}

/* 6/6: the area is aligned for what the batches could use, if the size allows. */
static uint64_t series_array_align(const struct rung *rung, uint64_t bytes)
{
	if (!has(rung, SERIES_VMAP_ALIGN))
		return PAGE_SIZE;
	return 1UL << rung_vmalloc_shift(bytes);
}

const struct rung rung_series = {
	.name = "series",
	.patches = SERIES_ALL,
	.map_range = series_map_range,
	.map_pages = series_map_pages,
	.map_array = series_map_array,
	.array_align = series_array_align,
};
