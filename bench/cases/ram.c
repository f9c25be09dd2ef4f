// SPDX-License-Identifier: MIT
/*
 * vm_map_ram() and vm_unmap_ram() of the same pages again and again.
 */
#include "bench/cases/case.h"
#include "mm/areas/map-ram.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"

/* Linux's does not look at the result before it writes there. */
static int map_once(struct worker *w, struct page **pages, uint64_t n)
{
	char *p = vm_map_ram(pages, n);
	int error;

	if (!p)
		return -1;
	*(volatile char *)p = 'a';
	error = case_readback(w, p, n * PAGE_SIZE) ? 0 : -1;
	vm_unmap_ram(p, n);
	return error;
}

int map_ram(struct worker *w)
{
	uint64_t n = w->params.nr_pages, got = 0;
	struct page **pages = kzalloc(n * sizeof(*pages), GFP_KERNEL);
	int error = -1;

	if (!pages)
		return -1;
	got = alloc_pages_bulk(GFP_KERNEL, n, pages);
	if (got == n)
		error = 0;
	for (uint64_t i = 0; i < w->params.test_loop_count && !error; i++)
		error = map_once(w, pages, n);
	free_pages_bulk(pages, got);
	kfree(pages);
	return error;
}
