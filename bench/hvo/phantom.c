// SPDX-License-Identifier: MIT
/*
 * Sections, and what populates them.
 */
#include "bench/hvo/phantom.h"

#include <errno.h>

#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"

static_assert(IS_ALIGNED(PHANTOM_PFN, 1UL << MAX_HUGE_ORDER), "any huge page may be the first");

struct layout_cost phantom_cost(enum vmemmap_layout layout, uint64_t bytes, unsigned order)
{
	return layout_cost(layout, bytes, order, vmemmap_max_shift >= PMD_SHIFT);
}

/* Pages that populating it takes. */
static uint64_t own_pages(uint64_t bytes, unsigned order)
{
	enum vmemmap_layout layout = order_is_optimizable(order) ? LAYOUT_UNIFIED : LAYOUT_PLAIN;
	struct layout_cost cost = phantom_cost(layout, bytes, order);

	return layout_bytes(&cost) >> PAGE_SHIFT;
}

/* So that a machine with a lot of RAM does not spend minutes, and its host's memory, on a row. */
#define MOST_BYTES (2 * GiB + 256 * MiB)

static uint64_t added; /* pages */

int phantom_add(struct pass *pass, uint64_t bytes, unsigned order)
{
	uint64_t own = own_pages(bytes, order);
	int error;

	if (own > MOST_BYTES >> PAGE_SHIFT) {
		pass->why = "more struct pages than are populated in one go";
		return -E2BIG;
	}
	/* The eighth: upper tables, and what stays behind in blocks that are broken up. */
	if (own + own / 8 + 1024 > nr_free_pages()) {
		pass->why = "not enough memory for the struct pages";
		return -ENOMEM;
	}
	pass->why = "not whole huge pages, or sections";
	error = sections_add(PHANTOM_PFN, bytes >> PAGE_SHIFT, order, ZONE_DEVICE);
	if (error)
		return error;
	added = bytes >> PAGE_SHIFT;
	pass->why = NULL;
	return 0;
}

void phantom_remove(void)
{
	sections_remove(PHANTOM_PFN, added);
	added = 0;
}

int phantom_populate(uint64_t bytes)
{
	return vmemmap_populate(PHANTOM_PFN, bytes >> PAGE_SHIFT, PHANTOM_HEAD_STATE);
}

void phantom_depopulate(uint64_t bytes)
{
	vmemmap_depopulate(PHANTOM_PFN, bytes >> PAGE_SHIFT);
}

void phantom_make_compound(uint64_t bytes, unsigned order)
{
	struct page *head = pfn_to_page(PHANTOM_PFN), *end = head + (bytes >> PAGE_SHIFT);

	for (; head < end; head += 1UL << order) {
		head->state = PHANTOM_HEAD_STATE | PAGE_STATE(0, ZONE_DEVICE, order, 0);
		page_fill_tails(head + 1, (1UL << order) - 1, ZONE_DEVICE, order);
	}
}
