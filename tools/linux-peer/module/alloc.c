// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page allocator's hot paths: one block taken and given back, so that the per-CPU list
 * always has it; and 512 single pages by one call.
 */
#include <linux/gfp.h>
#include <linux/version.h>

#include "peer.h"

#define BULK_PAGES 512

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define alloc_pages_bulk alloc_pages_bulk_array
#endif

static void measure_order(unsigned int order, const char *call, const char *undo)
{
	int i;

	for (i = 0; i < SAMPLES; i++) {
		struct page *page;

		SAMPLE(&calls, i, page = alloc_pages(GFP_KERNEL, order));
		if (!page) {
			row_missing(call, "out of memory");
			return;
		}
		SAMPLE(&undos, i, __free_pages(page, order));
	}
	row(call, &calls);
	row(undo, &undos);
}

static void measure_bulk(const char *name)
{
	unsigned long got = 0, k;
	int i;

	for (i = 0; i < SAMPLES; i++) {
		memset(pages, 0, BULK_PAGES * sizeof(*pages));
		SAMPLE(&calls, i, got = alloc_pages_bulk(GFP_KERNEL, BULK_PAGES, pages));
		for (k = 0; k < got; k++)
			__free_pages(pages[k], 0);
		if (got != BULK_PAGES) {
			row_missing(name, "it gave fewer");
			return;
		}
		settle();
	}
	row(name, &calls);
}

void measure_alloc(void)
{
	measure_order(0, "alloc_pages/order0", "free_pages/order0");
	measure_order(9, "alloc_pages/order9", "free_pages/order9");
	measure_bulk("alloc_pages_bulk/512");
}
