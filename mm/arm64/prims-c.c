// SPDX-License-Identifier: MIT
/*
 * The primitives in plain C: what the assembly must equal, and what the host and Image.check run.
 */
#include "mm/arm64/event.h"
#include "mm/arm64/hw.h"
#include "mm/arm64/layout.h"
#include "mm/arm64/prims.h"
#include "mm/arm64/prims-asm.h"

#ifndef HOST
static_assert(PAGE_SHIFT_ASM == PAGE_SHIFT && STRUCT_PAGE_SIZE_ASM == STRUCT_PAGE_SIZE &&
		      VMEMMAP_START_ASM == VMEMMAP_START && CONT_PTES_ASM == CONT_PTES,
	      "prims.S computes with the same layout");
#endif

/* Physical address of the frame that @page stands for, without knowing what a struct page is. */
static uint64_t frame_address(const struct page *page)
{
	return ((uint64_t)page - VMEMMAP_START) / STRUCT_PAGE_SIZE << PAGE_SHIFT;
}

void desc_fill_c(desc_t *slot, desc_t first, uint64_t step, unsigned long n)
{
	uint64_t irq = mm_events_begin();

	for (unsigned long i = 0; i < n; i++)
		hw_store_desc(&slot[i], first + i * step);
	mm_events_end(irq);
}

void desc_fill_blocks_c(desc_t *slot, struct page *const *blocks, unsigned long stride,
			unsigned long nr_blocks, unsigned long per_block, desc_t bits)
{
	for (unsigned long b = 0; b < nr_blocks; b++)
		desc_fill_c(slot + b * per_block, frame_address(blocks[b * stride]) | bits,
			    PAGE_SIZE, per_block);
}

bool desc_fill_pages_c(desc_t *slot, struct page *const *pages, unsigned long n, desc_t bits,
		       const struct page *lo, uint64_t span_bytes)
{
	uint64_t irq = mm_events_begin();
	bool good = true;

	for (unsigned long i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)pages[i] - (uint64_t)lo;

		good &= offset < span_bytes && IS_ALIGNED(offset, STRUCT_PAGE_SIZE);
		hw_store_desc(&slot[i], frame_address(pages[i]) + bits);
	}
	mm_events_end(irq);
	return good;
}

void desc_clear_c(desc_t *slot, unsigned long n)
{
	uint64_t irq = mm_events_begin();

	for (unsigned long i = 0; i < n; i++)
		hw_store_desc(&slot[i], 0);
	mm_events_end(irq);
}

void desc_copy_c(desc_t *to, const desc_t *from, unsigned long n)
{
	uint64_t irq = mm_events_begin();

	for (unsigned long i = 0; i < n; i++)
		hw_store_desc(&to[i], from[i]);
	mm_events_end(irq);
}

static bool is_group(struct page *const *pages, const struct page *lo, uint64_t span_bytes)
{
	const uint64_t bytes = CONT_PTES * STRUCT_PAGE_SIZE;
	uint64_t first = (uint64_t)pages[0], offset = first - (uint64_t)lo;

	return offset < span_bytes && bytes <= span_bytes - offset &&
	       IS_ALIGNED(first - VMEMMAP_START, bytes) &&
	       page_run_c(pages, CONT_PTES) == CONT_PTES;
}

unsigned long desc_fill_groups_c(desc_t *slot, struct page *const *pages, unsigned long max_groups,
				 desc_t bits, const struct page *lo, uint64_t span_bytes)
{
	unsigned long n = 0;

	for (; n < max_groups && is_group(pages, lo, span_bytes); n++, pages += CONT_PTES)
		desc_fill_c(slot + n * CONT_PTES, frame_address(pages[0]) | bits, PAGE_SIZE,
			    CONT_PTES);
	return n;
}

unsigned long page_run_c(struct page *const *pages, unsigned long max)
{
	uint64_t first = (uint64_t)pages[0];
	unsigned long n = 1;

	while (n < max && (uint64_t)pages[n] == first + n * STRUCT_PAGE_SIZE)
		n++;
	return n;
}

void page_fill_c(struct page *page, uint64_t state, uint64_t info, unsigned long n)
{
	uint64_t *word = (uint64_t *)page, *end = word + n * STRUCT_PAGE_SIZE / sizeof(*word);

	for (; word < end; word += STRUCT_PAGE_SIZE / sizeof(*word)) {
		word[0] = state;
		word[2] = info;
		word[1] = word[3] = word[4] = word[5] = word[6] = word[7] = 0;
	}
}
