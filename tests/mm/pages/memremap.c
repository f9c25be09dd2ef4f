// SPDX-License-Identifier: MIT
/*
 * Suite memremap: struct pages of a device's memory (`dax=`) come and go, as single pages and as
 * compound pages of every size, and all that can be refused.
 */
#include "mm/pages/users/memremap.h"

#include <errno.h>

#include "lib/arm64/probe.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/pages/audit.h"
#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/page-ref.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

#define NO_DAX "no memory of a device: dax=, or no room for it"

/* @bytes from @offset on of the device, compound pages of 2^@order. */
static struct dev_pagemap part(uint64_t offset, uint64_t bytes, unsigned order)
{
	return (struct dev_pagemap){
		.range = { dax_base + offset, dax_base + offset + bytes - 1 },
		.vmemmap_shift = order,
	};
}

static struct dev_pagemap all_of_it(void)
{
	return part(0, dax_size, dax_order);
}

static struct page *first_page(const struct dev_pagemap *map)
{
	return phys_to_page(map->range.start);
}

static uint64_t frames(const struct dev_pagemap *map)
{
	return (map->range.end + 1 - map->range.start) >> PAGE_SHIFT;
}

/* What no failed call may change: totals, and what the vmemmap says of itself. */
struct before {
	struct totals totals;
	struct vmemmap_counts counts;
};

static struct before look(void)
{
	return (struct before){ count_totals(), vmemmap_counts };
}

#define CHECK_AS_BEFORE(before)                                          \
	do {                                                             \
		CHECK_UNCHANGED((before).totals);                        \
		CHECK_EQ(vmemmap_counts.own, (before).counts.own);       \
		CHECK_EQ(vmemmap_counts.shared, (before).counts.shared); \
		CHECK_EQ(vmemmap_audit(note_line), 0);                   \
	} while (0)

/* --- what the pages are ------------------------------------------------------------------------
 */

/* Single pages that are not what a device's page is. */
static uint64_t wrong_singles(const struct dev_pagemap *map)
{
	const struct page *page = first_page(map);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < frames(map); i++)
		wrong += page[i].state != PAGE_STATE(PG_BLOCK | PG_ALLOCATED, ZONE_DEVICE, 0, 1) ||
			 compound_head(&page[i]) != &page[i];
	return wrong;
}

/* Heads that are not what a device's head is. */
static uint64_t wrong_heads(const struct dev_pagemap *map)
{
	unsigned order = map->vmemmap_shift, flags = PG_BLOCK | PG_ALLOCATED | PG_HEAD;
	uint64_t wrong = 0;

	if (order_is_optimizable(order))
		flags |= PG_HVO;
	for (uint64_t i = 0; i < frames(map); i += 1UL << order)
		wrong += first_page(map)[i].state != PAGE_STATE(flags, ZONE_DEVICE, order, 1);
	return wrong;
}

static void check_pages(const struct dev_pagemap *map)
{
	uint64_t pfn = map->range.start >> PAGE_SHIFT, n = frames(map);
	unsigned order = map->vmemmap_shift;

	CHECK(pfn_valid(pfn));
	CHECK(pfn_valid(pfn + n - 1));
	if (!order) {
		CHECK_EQ(wrong_singles(map), 0);
		return;
	}
	CHECK_EQ(wrong_heads(map), 0);
	CHECK_EQ(vmemmap_audit_compound(pfn, n, order, order_is_optimizable(order) ? PG_HVO : 0,
					note_line),
		 0);
}

/* Own vmemmap pages that the formula gives for the map. */
static uint64_t own_pages(const struct dev_pagemap *map)
{
	unsigned order = map->vmemmap_shift;

	return order_is_optimizable(order) ? frames(map) >> order
					   : frames(map) / HVO_RESERVED_STRUCTS;
}

static void check_order(unsigned order)
{
	struct dev_pagemap map = part(0, dax_size, order);
	struct vmemmap_counts before = vmemmap_counts;
	uint64_t pages = dax_size / PAGE_SIZE / HVO_RESERVED_STRUCTS;

	if (!IS_ALIGNED(dax_base | dax_size, PAGE_SIZE << order)) {
		ktap_note("order %u: dax= is too small, or not aligned to it", order);
		return;
	}
	CHECK_EQ(memremap_pages(&map), 0);
	check_pages(&map);
	CHECK_EQ(vmemmap_counts.own - before.own, own_pages(&map));
	CHECK_EQ(vmemmap_counts.shared - before.shared, pages - own_pages(&map));
	CHECK_EQ(vmemmap_audit(note_line), 0);
	CHECK_EQ(memunmap_pages(&map), 0);
	CHECK_EQ(vmemmap_counts.own, before.own);
	CHECK_EQ(vmemmap_counts.shared, before.shared);
	CHECK(!pfn_valid(dax_base >> PAGE_SHIFT));
	CHECK(!section_of_pfn(dax_base >> PAGE_SHIFT).present);
	CHECK_EQ(probe_read(first_page(&map), &(uint64_t){ 0 }).class, FAULT_TRANSLATION);
}

TEST(memremap_orders, "memremap/pages-of-every-order")
{
	if (!dax_size)
		SKIP(NO_DAX);
	check_order(0);
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		check_order(huge_orders[i]);
}

TEST(memremap_again, "memremap/a-hundred-times")
{
	struct dev_pagemap map = all_of_it();
	struct before before;

	if (!dax_size)
		SKIP(NO_DAX);
	/* The first time tables and the shared page are made, and stay. */
	CHECK_EQ(memremap_pages(&map), 0);
	CHECK_EQ(memunmap_pages(&map), 0);
	before = look();
	for (unsigned i = 0; i < 100; i++) {
		CHECK_EQ(memremap_pages(&map), 0);
		CHECK_EQ(vmemmap_find_shared_tail(ZONE_DEVICE, dax_order)->refcount,
			 1 + (int64_t)(vmemmap_counts.shared - before.counts.shared));
		CHECK_EQ(memunmap_pages(&map), 0);
	}
	CHECK_EQ(vmemmap_find_shared_tail(ZONE_DEVICE, dax_order)->refcount, 1);
	CHECK_EQ(vmemmap_counts.tails, before.counts.tails);
	CHECK_AS_BEFORE(before);
}

TEST(memremap_write, "memremap/write-to-a-shared-tail-faults")
{
	struct dev_pagemap map = all_of_it();
	struct page *page = first_page(&map);
	uint64_t written = 0, size = 1UL << dax_order;

	if (!dax_size)
		SKIP(NO_DAX);
	CHECK_EQ(memremap_pages(&map), 0);
	for (uint64_t i = 0; i < frames(&map); i += HVO_RESERVED_STRUCTS) {
		struct fault fault = probe_write(&page[i], page[i].state);

		written += fault.class != (i % size ? FAULT_PERMISSION : FAULT_NONE);
	}
	CHECK_EQ(written, 0);
	CHECK_EQ(memunmap_pages(&map), 0);
}

/* --- what they are for -------------------------------------------------------------------------
 */

/* The first and the last @n pages, by an array of them: some are tails whose struct is shared. */
static void check_vmap(const struct dev_pagemap *map, struct page **pages, uint64_t n)
{
	struct page *page = first_page(map);
	void *va;

	for (uint64_t i = 0; i < n; i++)
		pages[i] = page + (i < n / 2 ? i : frames(map) - n + i);
	for (uint64_t i = 0; i < n; i++)
		tag_page(pages[i]);
	va = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	if (CHECK(va)) {
		CHECK_EQ(pages_misread((uint64_t)va, pages, n), 0);
		CHECK_EQ(vmalloc_to_page((char *)va + (n - 1) * PAGE_SIZE), pages[n - 1]);
	}
	vunmap(va);
	CHECK_EQ(pages_still_mapped((uint64_t)va, n), 0);
}

/* All of it by large leaves. */
static void check_vmap_sg(const struct dev_pagemap *map)
{
	struct phys_range run = { map->range.start >> PAGE_SHIFT, frames(map) };
	void *va = vmap_sg(&run, 1, VM_MAP, PAGE_KERNEL);
	uint64_t value;

	if (!CHECK(va))
		return;
	for (uint64_t at = 0; at < dax_size; at += dax_size / 16) {
		*(uint64_t *)phys_to_virt(dax_base + at) = ~at;
		CHECK_EQ(probe_read((char *)va + at, &value).class, FAULT_NONE);
		CHECK_EQ(value, ~at);
	}
	CHECK(leaf_shift((uint64_t)va) >= PMD_SHIFT);
	vunmap(va);
}

TEST(memremap_map, "memremap/mapped-and-read-back")
{
	enum { N = 300 };
	static struct page *pages[N];
	struct dev_pagemap map = all_of_it();

	if (!dax_size)
		SKIP(NO_DAX);
	CHECK_EQ(memremap_pages(&map), 0);
	check_vmap(&map, pages, N);
	check_vmap_sg(&map);
	CHECK_EQ(wrong_heads(&map), 0);
	CHECK_EQ(memunmap_pages(&map), 0);
	/* Without struct pages it is no memory that anybody could map. */
	CHECK(!vmap(pages, N, VM_MAP, PAGE_KERNEL));
	CHECK(!ioremap(dax_base, PAGE_SIZE));
	CHECK(!ioremap(dax_base + dax_size - PAGE_SIZE, PAGE_SIZE));
}

/* --- in use ------------------------------------------------------------------------------------
 */

TEST(memremap_busy, "memremap/busy-while-referenced")
{
	struct dev_pagemap map = all_of_it();
	struct page *page = first_page(&map), *tail = page + frames(&map) - 1;
	struct before before;

	if (!dax_size)
		SKIP(NO_DAX);
	CHECK_EQ(memremap_pages(&map), 0);
	before = look();
	for (unsigned i = 0; i < 3; i++) {
		struct page *used = i == 0 ? page : i == 1 ? page + HVO_RESERVED_STRUCTS : tail;

		CHECK_EQ(try_get_page(used), compound_head(used));
		CHECK_EQ(memunmap_pages(&map), -EBUSY);
		CHECK_EQ(page_count(used), 2);
		CHECK_AS_BEFORE(before);
		put_page(used);
		check_pages(&map);
	}
	CHECK_EQ(memunmap_pages(&map), 0);
}

/* Two devices side by side: one goes, the other stays what it is. */
TEST(memremap_parts, "memremap/two-of-them")
{
	struct dev_pagemap one = part(0, dax_size / 2, dax_order);
	struct dev_pagemap two = part(dax_size / 2, dax_size / 2, 0), across;
	struct page *page = first_page(&two);
	struct before before;

	if (!dax_size)
		SKIP(NO_DAX);
	if (!IS_ALIGNED(dax_size / 2, MAX(SECTION_SIZE, PAGE_SIZE << dax_order)))
		SKIP("dax= has not room for two of them");
	CHECK_EQ(memremap_pages(&one), 0);
	CHECK_EQ(memremap_pages(&two), 0);
	before = look();
	across = all_of_it();
	CHECK_EQ(memremap_pages(&across), -EEXIST);
	CHECK_EQ(memremap_pages(&one), -EEXIST);
	across = part(dax_size - SECTION_SIZE, SECTION_SIZE, 0);
	CHECK_EQ(memremap_pages(&across), -EEXIST);
	across = two;
	CHECK_EQ(memunmap_pages(&across), -ENOENT);
	CHECK_AS_BEFORE(before);
	check_pages(&one);
	check_pages(&two);
	CHECK_EQ(memunmap_pages(&one), 0);
	check_pages(&two);
	CHECK_EQ(memunmap_pages(&one), -ENOENT);
	get_page(page);
	CHECK_EQ(memunmap_pages(&two), -EBUSY);
	put_page(page);
	CHECK_EQ(memremap_pages(&one), 0);
	CHECK_EQ(memunmap_pages(&two), 0);
	check_pages(&one);
	CHECK_EQ(memunmap_pages(&one), 0);
}

/* --- refused -----------------------------------------------------------------------------------
 */

static void check_refused(struct dev_pagemap map, int error)
{
	struct before before = look();

	CHECK_EQ(memremap_pages(&map), error);
	CHECK_EQ(memunmap_pages(&map), -ENOENT);
	CHECK_AS_BEFORE(before);
}

TEST(memremap_refused, "memremap/refused")
{
	unsigned order = huge_orders[1];
	struct dev_pagemap map;

	/* Whether there is a device or not. */
	map = (struct dev_pagemap){ .range = { SECTION_SIZE, SECTION_SIZE - 1 } };
	check_refused(map, -EINVAL);
	map = (struct dev_pagemap){ .range = { 0, UINT64_MAX } };
	check_refused(map, -ENXIO);
	map = (struct dev_pagemap){ .range = { EMPTY_PA, EMPTY_PA + SECTION_SIZE - 1 } };
	check_refused(map, -ENXIO);
	map.range = (struct range){ find_ram(SECTION_SIZE), 0 };
	map.range.end = map.range.start + SECTION_SIZE - 1;
	check_refused(map, -ENXIO);
	if (!dax_size)
		return;
	check_refused(part(0, SECTION_SIZE, 1), -EINVAL);
	check_refused(part(0, SECTION_SIZE, MAX_HUGE_ORDER + 1), -EINVAL);
	check_refused(part(PAGE_SIZE, SECTION_SIZE, order), -EINVAL);
	check_refused(part(0, SECTION_SIZE - 1, 0), -EINVAL);
	check_refused(part(0, SECTION_SIZE / 2, huge_orders[0]), -EOPNOTSUPP);
	check_refused(part(0, PAGE_SIZE, 0), -EOPNOTSUPP);
	check_refused(part(PAGE_SIZE, SECTION_SIZE, 0), -EOPNOTSUPP);
	check_refused(part(0, dax_size + SECTION_SIZE, 0), -ENXIO);
	check_refused(part(-SECTION_SIZE, 2 * SECTION_SIZE, 0), -ENXIO);
	check_refused(part(-SECTION_SIZE, SECTION_SIZE, 0), -ENXIO);
	check_refused(part(dax_size, SECTION_SIZE, 0), -ENXIO);
}
