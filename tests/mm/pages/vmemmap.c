// SPDX-License-Identifier: MIT
/*
 * Suite vmemmap: populating struct pages of huge pages and taking them away. Of frames that are
 * neither RAM nor anything else: struct pages do not need what they stand for.
 */
#include "mm/pages/vmemmap.h"

#include <errno.h>

#include "lib/arm64/probe.h"
#include "mm/map/view/walk.h"
#include "mm/pages/audit.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/phys/fail.h"
#include "mm/phys/page.h"
#include "tests/support.h"

#define FIRST_PFN  (EMPTY_PA >> PAGE_SHIFT)
#define HEAD_STATE PAGE_STATE(PG_HEAD | PG_BLOCK | PG_ALLOCATED, 0, 0, 1)

/* Orders of the granule's leaves and groups. */
static const unsigned orders[] = { CONT_PTES_SHIFT, PMD_SHIFT - PAGE_SHIFT,
				   CONT_PMD_SHIFT - PAGE_SHIFT,
#if HAVE_PUD_BLOCK
				   PUD_SHIFT - PAGE_SHIFT
#endif
};

/* Frames of one huge page, or of a section of them. */
static uint64_t frames_of(unsigned order)
{
	return MAX(PAGES_PER_SECTION, 1UL << order);
}

static int add(unsigned order)
{
	uint64_t nr = frames_of(order);
	int error = sections_add(FIRST_PFN, nr, order, ZONE_DEVICE);

	if (error)
		return error;
	error = vmemmap_populate(FIRST_PFN, nr, HEAD_STATE);
	if (error)
		sections_remove(FIRST_PFN, nr);
	return error;
}

static void remove(unsigned order)
{
	vmemmap_depopulate(FIRST_PFN, frames_of(order));
	sections_remove(FIRST_PFN, frames_of(order));
}

static bool is_writable(uint64_t pfn)
{
	struct page *page = pfn_to_page(pfn);

	return probe_write(page, page->state).class == FAULT_NONE;
}

/* Every vmemmap page: heads' may be written, those of tails alone may not. */
static uint64_t wrongly_writable(unsigned order)
{
	uint64_t step = HVO_RESERVED_STRUCTS, size = 1UL << order, wrong = 0;

	for (uint64_t i = 0; i < frames_of(order); i += step)
		wrong += is_writable(FIRST_PFN + i) !=
			 (!order_is_optimizable(order) || i % size < step);
	return wrong;
}

static void check_order(unsigned order)
{
	struct vmemmap_counts before = vmemmap_counts;
	uint64_t nr = frames_of(order), pages = nr / HVO_RESERVED_STRUCTS, heads = nr >> order;
	uint64_t own = order_is_optimizable(order) ? heads : pages;

	CHECK_EQ(add(order), 0);
	CHECK_EQ(vmemmap_counts.own - before.own, own);
	CHECK_EQ(vmemmap_counts.shared - before.shared, pages - own);
	CHECK_EQ(vmemmap_audit(note_line), 0);
	CHECK_EQ(vmemmap_audit_compound(FIRST_PFN, nr, order,
					order_is_optimizable(order) ? PG_HVO : 0, note_line),
		 0);
	CHECK_EQ(wrongly_writable(order), 0);
	remove(order);
	CHECK_EQ(vmemmap_counts.own, before.own);
	CHECK_EQ(vmemmap_counts.shared, before.shared);
	CHECK_EQ(probe_read(pfn_to_page(FIRST_PFN), &(uint64_t){ 0 }).class, FAULT_TRANSLATION);
}

TEST(vmemmap_orders, "vmemmap/heads-own-and-tails-shared")
{
	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++)
		check_order(orders[i]);
}

TEST(vmemmap_again, "vmemmap/populated-again-and-again")
{
	unsigned order = PMD_SHIFT - PAGE_SHIFT;
	struct vmemmap_counts before;

	CHECK_EQ(add(order), 0);
	remove(order);
	before = vmemmap_counts;
	for (unsigned i = 0; i < 50; i++) {
		CHECK_EQ(add(order), 0);
		remove(order);
	}
	CHECK_EQ(vmemmap_counts.own, before.own);
	CHECK_EQ(vmemmap_counts.tails, before.tails);
	CHECK_EQ(vmemmap_find_shared_tail(ZONE_DEVICE, order)->refcount, 1);
}

TEST(vmemmap_refused, "vmemmap/sections-refused")
{
	unsigned order = PMD_SHIFT - PAGE_SHIFT;
	uint64_t nr = frames_of(order);

	CHECK_EQ(sections_add(FIRST_PFN, nr / 2, order, ZONE_DEVICE), -EOPNOTSUPP);
	CHECK_EQ(sections_add(FIRST_PFN + nr / 2, nr, order, ZONE_DEVICE), -EOPNOTSUPP);
	CHECK_EQ(sections_add(FIRST_PFN, 0, order, ZONE_DEVICE), -EINVAL);
	CHECK_EQ(sections_add((PHYS_END >> PAGE_SHIFT) - nr, 2 * nr, order, ZONE_DEVICE), -EINVAL);
	CHECK_EQ(sections_add(FIRST_PFN, nr, order, ZONE_DEVICE), 0);
	CHECK_EQ(sections_add(FIRST_PFN, nr, order, ZONE_DEVICE), -EEXIST);
	CHECK_EQ(sections_add(FIRST_PFN, nr, 0, ZONE_DEVICE), -EEXIST);
	CHECK_EQ(section_of_pfn(FIRST_PFN + nr - 1).order, order);
	sections_remove(FIRST_PFN, nr);
	CHECK(!section_of_pfn(FIRST_PFN).present);
}
