// SPDX-License-Identifier: MIT
/*
 * The audit around each test. The walk is limited to the vmalloc region, which is all
 * that a test can change through the engine; the whole of TTBR1 is a test of its own.
 */
#include "tests/audit.h"

#include "mm/areas/area.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

static struct {
	struct totals totals;
	struct table_audit tables;
} before;

/* Pairs of free buddies in one range: the allocator should have merged them. */
static uint64_t unmerged_in(const struct phys_range *r)
{
	uint64_t pfn = r->first_pfn, end = pfn + r->pages, pairs = 0;

	while (pfn < end) {
		const struct page *page = pfn_to_page(pfn);
		unsigned order = page->flags & (PG_BUDDY | PG_BLOCK) ? page->order : 0;

		if (page->flags & PG_BUDDY && order < MAX_ORDER &&
		    pfn_to_page(pfn ^ 1UL << order)->state == page->state)
			pairs++;
		pfn += 1UL << order;
	}
	return pairs;
}

static uint64_t unmerged_buddies(void)
{
	struct phys_range r;
	uint64_t pairs = 0;

	for_each_ram_range (&r)
		pairs += unmerged_in(&r);
	return pairs;
}

void audit_before(void)
{
	before.totals = count_totals();
	before.tables = audit_tables(VMALLOC_START, VMALLOC_END, false);
}

void audit_after(void)
{
	struct table_audit now;

	CHECK_NOTHING_LOST(before.totals);
	CHECK_EQ(unmerged_buddies(), 0);
	now = audit_tables(VMALLOC_START, VMALLOC_END, true);
	CHECK_EQ(now.violations, 0);
	CHECK_EQ(now.leaves, before.tables.leaves);
	CHECK_EQ(now.leaf_tables, before.tables.leaf_tables);
	/* The engine's count is right, so that "a page became a table" is true. */
	CHECK_EQ(now.tables, count_totals().table_pages);
}
