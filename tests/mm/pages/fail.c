// SPDX-License-Identifier: MIT
/*
 * Each allocation of growing and shrinking a pool of huge pages, and of giving struct pages to a
 * device, fails in turn (tests/sweep.h).
 */
#include <errno.h>

#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/hvo.h"
#include "mm/pages/users/memremap.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"
#include "tests/sweep.h"

#if HAVE_FAIL_NTH
/* --- pools -------------------------------------------------------------------------------------
 */

static uint64_t nr; /* pages of the pool when the call begins */
static struct vmemmap_counts counts;

static bool resize(const struct sweep_call *c, uint64_t pages, int expected)
{
	int error = set_nr_huge_pages(c->order, pages);

	if (error)
		CHECK_EQ(error, expected);
	return !error;
}

/* Blocks of the vmemmap are split the first time, and the shared page is made: that stays. */
static bool prepare_grow(const struct sweep_call *c)
{
	nr = nr_huge_pages(c->order);
	if (!blocks_are_free(2, c->order) || !resize(c, nr + 2, 0) || !resize(c, nr, 0))
		return false;
	counts = vmemmap_counts;
	return true;
}

/* The page that came is the one that goes first. */
static bool newest_is_optimized(unsigned order)
{
	struct page *page = alloc_huge_page(order);
	bool optimized = page->flags & PG_HVO;

	put_page(page);
	return optimized || !order_is_optimizable(order);
}

/*
 * Growing does not need the memory that sharing takes where a block has to be split: the page stays
 * as it is. That counts as a failure here, after which nothing may be left of it either.
 */
static bool call_grow(const struct sweep_call *c)
{
	if (!resize(c, nr + 1, -ENOMEM))
		return false;
	if (newest_is_optimized(c->order))
		return true;
	resize(c, nr, 0);
	return false;
}

static bool right_grow(const struct sweep_call *c)
{
	uint64_t shared = order_is_optimizable(c->order) ? order_vmemmap_pages(c->order) - 1 : 0;

	return nr_huge_pages(c->order) == nr + 1 && vmemmap_counts.own == counts.own - shared &&
	       vmemmap_counts.shared == counts.shared + shared;
}

static void undo_grow(const struct sweep_call *c)
{
	resize(c, nr, 0);
}

static const struct sweep_kind by_growing = { prepare_grow, call_grow, right_grow, undo_grow,
					      NULL };

static bool is_grown; /* by what there is to shrink */

/* A page that is there goes: it keeps its place in the pool while its tails have no memory. */
static bool prepare_shrink(const struct sweep_call *c)
{
	is_grown = prepare_grow(c) && resize(c, nr + 1, 0);
	if (!is_grown)
		return false;
	nr++;
	counts = vmemmap_counts;
	return true;
}

static bool call_shrink(const struct sweep_call *c)
{
	if (resize(c, nr - 1, -ENOMEM))
		return true;
	/* It is in the pool still, and shares its tails. */
	CHECK_EQ(nr_huge_pages(c->order), nr);
	CHECK_EQ(nr_free_huge_pages(c->order), nr);
	CHECK_EQ(vmemmap_counts.shared, counts.shared);
	return false;
}

static bool right_shrink(const struct sweep_call *c)
{
	return nr_huge_pages(c->order) == nr - 1;
}

static void restore_shrink(const struct sweep_call *c)
{
	if (is_grown)
		resize(c, nr - 1, 0);
}

static const struct sweep_kind by_shrinking = { prepare_shrink, call_shrink, right_shrink,
						undo_grow, restore_shrink };

/* --- devices -----------------------------------------------------------------------------------
 */

static struct dev_pagemap map;

/* Tables above, sections and the shared page are made the first time, and stay. */
static bool prepare_map(const struct sweep_call *c)
{
	if (!dax_size)
		return false;
	map.range.start = dax_base;
	map.range.end = dax_base + SECTION_SIZE - 1;
	map.vmemmap_shift = c->order;
	if (memremap_pages(&map) || memunmap_pages(&map))
		return false;
	counts = vmemmap_counts;
	return true;
}

static bool call_map(const struct sweep_call *c)
{
	int error = memremap_pages(&map);

	(void)c;
	if (error) {
		CHECK_EQ(error, -ENOMEM);
		CHECK_EQ(vmemmap_counts.own, counts.own);
		CHECK_EQ(vmemmap_counts.shared, counts.shared);
	}
	return !error;
}

static bool right_map(const struct sweep_call *c)
{
	uint64_t last = map.range.end >> PAGE_SHIFT;
	const struct page *head = compound_head(pfn_to_page(last));

	return pfn_valid(last) && head->refcount == 1 && head->order == c->order &&
	       head->zone == ZONE_DEVICE;
}

static void undo_map(const struct sweep_call *c)
{
	(void)c;
	CHECK_EQ(memunmap_pages(&map), 0);
}

static const struct sweep_kind by_device = { prepare_map, call_map, right_map, undo_map, NULL };

#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)

static const struct sweep_call calls[] = {
	{ "huge-small", &by_growing, .order = CONT_PTES_SHIFT, .twice = true },
	{ "huge-grow", &by_growing, .order = PMD_ORDER, .twice = true },
	{ "huge-shrink", &by_shrinking, .order = PMD_ORDER, .twice = true },
	{ "device-pages", &by_device, .twice = true },
	{ "device-huge", &by_device, .order = PMD_ORDER, .twice = true },
};

/* The rows whose kind is one of the two. */
static void sweep_kinds(const struct sweep_kind *one, const struct sweep_kind *other)
{
	struct sweep_sum sum = { 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].kind == one || calls[i].kind == other)
			sweep(&calls[i], &sum);
	if (!sum.calls)
		SKIP("no room for it in this machine");
	CHECK(sum.failures > 0);
	CHECK_EQ(sum.wrong, 0);
	ktap_note("%lu sweeps, %lu left out for want of room, %lu allocations failed, %lu made "
		  "up for",
		  sum.calls, sum.left_out, sum.failures, sum.made_up);
}
#endif

TEST(fail_huge, "fail/huge-pages")
{
#if HAVE_FAIL_NTH
	sweep_kinds(&by_growing, &by_shrinking);
#else
	SKIP("no allocation fails on demand in Image: boot Image.check");
#endif
}

TEST(fail_device, "fail/memremap-pages")
{
#if HAVE_FAIL_NTH
	sweep_kinds(&by_device, NULL);
#else
	SKIP("no allocation fails on demand in Image: boot Image.check");
#endif
}
