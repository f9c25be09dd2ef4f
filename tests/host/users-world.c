// SPDX-License-Identifier: MIT
/*
 * The machine with users of the vmemmap (users-world.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/cmdline/cmdline.h"
#include "mm/phys/ranges.h"
#include "tests/host/users-world.h"

#define POOLED_FLAGS (PG_BLOCK | PG_ALLOCATED | PG_HEAD | PG_HUGE)
#define DEVICE_FLAGS (PG_BLOCK | PG_ALLOCATED | PG_HEAD)

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "users-world: %s\n", what);
	exit(99);
}

void users_ram(uint64_t start, uint64_t bytes)
{
	arena_add_ram(start, bytes);
}

static void populate(uint64_t pfn, uint64_t end)
{
	for (uint64_t at = pfn, next; at < end; at = next) {
		next = MIN(end, ALIGN_DOWN(at, PAGES_PER_SECTION) + PAGES_PER_SECTION);
		if (!section_of_pfn(at).order)
			must(!sections_add(at, next - at, 0, pfn_zone(at)), "sections_add");
	}
	must(!vmemmap_populate(pfn, end - pfn, HUGE_HEAD_STATE), "vmemmap_populate");
	world_populated(pfn, end - pfn, true);
}

void users_pooled(struct huge *huge, bool is)
{
	huge->refcount = !is;
}

/* Boot's, for as long as this looks: all are in their pools. */
static void learn_pool(unsigned order)
{
	static struct page *heads[8192];
	unsigned n = 0;

	while ((heads[n] = alloc_huge_page(order)))
		must(++n < ARRAY_SIZE(heads), "too many huge pages");
	while (n-- > 0) {
		struct huge *huge =
			world_huge(heads[n], order, POOLED_FLAGS, order_is_optimizable(order));

		put_page(heads[n]);
		users_pooled(huge, true);
	}
}

void users_boot(const char *line)
{
	char error[128];
	struct phys_range r;

	must(!cmdline_parse(line, error, sizeof(error)), line);
	dax_reserve();
	hugepages_reserve();
	for_each_ram_range (&r)
		populate(ALIGN_DOWN(r.first_pfn, MAX_ORDER_PAGES),
			 ALIGN_UP(r.first_pfn + r.pages, MAX_ORDER_PAGES));
	buddy_init();
	vmemmap_late_init();
	hugepages_init();
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		learn_pool(huge_orders[i]);
}

/* --- devices ------------------------------------------------------------------------------ */

static uint64_t first_pfn(const struct dev_pagemap *pgmap)
{
	return pgmap->range.start >> PAGE_SHIFT;
}

static uint64_t nr_pfns(const struct dev_pagemap *pgmap)
{
	return (pgmap->range.end + 1 - pgmap->range.start) >> PAGE_SHIFT;
}

int users_memremap(struct dev_pagemap *pgmap)
{
	unsigned order = pgmap->vmemmap_shift;
	int error = memremap_pages(pgmap);

	if (error)
		return error;
	world_populated(first_pfn(pgmap), nr_pfns(pgmap), true);
	for (uint64_t i = 0; order && i < nr_pfns(pgmap); i += 1UL << order)
		world_huge(pfn_to_page(first_pfn(pgmap) + i), order, DEVICE_FLAGS,
			   order_is_optimizable(order));
	return 0;
}

int users_memunmap(struct dev_pagemap *pgmap)
{
	unsigned order = pgmap->vmemmap_shift;
	int error = memunmap_pages(pgmap);

	if (error)
		return error;
	world_populated(first_pfn(pgmap), nr_pfns(pgmap), false);
	for (uint64_t i = 0; order && i < nr_pfns(pgmap); i += 1UL << order)
		world_forget(world_find(pfn_to_page(first_pfn(pgmap) + i)));
	return 0;
}

uint64_t users_accounted(void)
{
	return nr_free_pages() + vmemmap_counts.own + vmemmap_counts.tails + vmemmap_counts.tables;
}
