// SPDX-License-Identifier: MIT
/*
 * Suite hugepages: the pools of huge pages, filled by boot (`hugepages=`) or by the test. What
 * each of their pages is, where it goes when it is put, and what a pool may ask of the allocator.
 */
#include "mm/pages/users/hugepages.h"

#include <errno.h>

#include "lib/arm64/probe.h"
#include "mm/areas/vmalloc.h"
#include "mm/pages/audit.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/page-ref.h"
#include "tests/support.h"

/* The test needs @n free pages in the pool of @order: it grows if need be. False: no memory. */
static bool borrow(unsigned order, uint64_t n)
{
	uint64_t free = nr_free_huge_pages(order);

	return free >= n || !set_nr_huge_pages(order, nr_huge_pages(order) + n - free);
}

/* The pool is as large as it was. */
static void give_back(unsigned order, uint64_t nr)
{
	if (nr_huge_pages(order) != nr)
		CHECK_EQ(set_nr_huge_pages(order, nr), 0);
	CHECK_EQ(nr_huge_pages(order), nr);
	CHECK_EQ(nr_free_huge_pages(order), nr);
}

/* The largest order whose tails can be shared and that has a page; 0: none. */
static unsigned some_order(uint64_t n, uint64_t *nr)
{
	for (unsigned i = NR_HUGE_SIZES; i-- > 0;) {
		unsigned order = huge_orders[i];

		*nr = nr_huge_pages(order);
		if (order_is_optimizable(order) && borrow(order, n))
			return order;
	}
	return 0;
}

#define NO_PAGES "no huge page by hugepages=, and no room to make one"

/* --- what pages of the pool are -------------------------------------------------------------- */

static unsigned flags_of(unsigned order)
{
	return PG_HUGE | (order_is_optimizable(order) ? PG_HVO : 0);
}

/* All pages of the pool come out, each is what it should be, and all go back. */
static void check_pool(unsigned order)
{
	SLIST_HEAD(, page) out = SLIST_HEAD_INITIALIZER(out);
	uint64_t nr = nr_huge_pages(order), got = 0;
	struct page *page;

	CHECK_EQ(nr_free_huge_pages(order), nr);
	for (; (page = alloc_huge_page(order)); got++) {
		CHECK_EQ(page->refcount, 1);
		CHECK_EQ(page->order, order);
		CHECK_EQ(page->zone, pfn_zone(page_to_pfn(page)));
		CHECK_EQ(vmemmap_audit_compound(page_to_pfn(page), 1UL << order, order,
						flags_of(order), note_line),
			 0);
		SLIST_INSERT_HEAD(&out, page, hot_link);
	}
	CHECK_EQ(got, nr);
	CHECK_EQ(nr_free_huge_pages(order), 0);
	while ((page = SLIST_FIRST(&out))) {
		SLIST_REMOVE_HEAD(&out, hot_link);
		put_page(page);
	}
	CHECK_EQ(nr_huge_pages(order), nr);
	CHECK_EQ(nr_free_huge_pages(order), nr);
}

TEST(huge_pool, "hugepages/boot-pool")
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		pages += nr_huge_pages(huge_orders[i]) << huge_orders[i];
	if (!pages)
		SKIP("no huge page from boot: hugepages=, or no room for it");
	/* They may come to the allocator one day, and may be mapped today: they are counted. */
	CHECK(nr_managed_pages() >= nr_free_pages() + pages);
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		check_pool(huge_orders[i]);
	ktap_note("huge pages of %lu pages in all", pages);
}

/* Boot made the struct pages of whole sections shared from the start: none is its own there. */
TEST(huge_sections, "hugepages/boot-sections")
{
	uint64_t pfn = 0, nr = 0, sections = 0;
	struct mem_section section;

	while (next_section_run(&pfn, &nr, &section)) {
		if (!section.order || section.zone == ZONE_DEVICE)
			continue;
		sections += nr / PAGES_PER_SECTION;
		CHECK(has_huge_pool(section.order));
		CHECK(IS_ALIGNED(pfn | nr, 1UL << section.order));
		CHECK_EQ(section.zone, pfn_zone(pfn));
		CHECK_EQ(section.zone, pfn_zone(pfn + nr - 1));
		CHECK_EQ(vmemmap_audit_compound(pfn, nr, section.order, flags_of(section.order),
						note_line),
			 0);
	}
	if (!sections)
		SKIP("no section full of huge pages: hugepages=, or no room for it");
	ktap_note("%lu sections", sections);
}

/* --- references ------------------------------------------------------------------------------- */

TEST(huge_put, "hugepages/last-put-from-a-tail")
{
	uint64_t nr, free;
	unsigned order = some_order(1, &nr);
	struct page *page, *tails[3];

	if (!order)
		SKIP(NO_PAGES);
	free = nr_free_huge_pages(order);
	page = alloc_huge_page(order);
	tails[0] = page + 1;
	tails[1] = page + HVO_RESERVED_STRUCTS;
	tails[2] = page + (1UL << order) - 1;
	for (unsigned i = 0; i < ARRAY_SIZE(tails); i++) {
		get_page(tails[i]);
		CHECK_EQ(page->refcount, 2 + i);
		CHECK_EQ(page_count(tails[i]), 2 + i);
	}
	CHECK_EQ(try_get_page(tails[2]), page);
	for (unsigned i = 0; i < ARRAY_SIZE(tails); i++)
		put_page(tails[i]);
	CHECK_EQ(page->refcount, 2);
	put_page(page);
	CHECK_EQ(nr_free_huge_pages(order), free - 1);
	put_page(tails[1]);
	CHECK_EQ(nr_free_huge_pages(order), free);
	/* In the pool it is nobody's, and nobody can have it but by asking the pool. */
	CHECK_EQ(page->refcount, 0);
	CHECK(!try_get_page(tails[2]));
	CHECK(!try_get_page(page));
	give_back(order, nr);
}

TEST(huge_write, "hugepages/write-to-a-shared-tail-faults")
{
	uint64_t nr, written = 0;
	unsigned order = some_order(1, &nr);
	struct page *page;

	if (!order)
		SKIP(NO_PAGES);
	page = alloc_huge_page(order);
	for (uint64_t i = HVO_RESERVED_STRUCTS; i < 1UL << order; i += HVO_RESERVED_STRUCTS) {
		struct fault fault = probe_write(&page[i], page[i].state);

		written += fault.class != FAULT_PERMISSION || !fault.write;
	}
	CHECK_EQ(written, 0);
	CHECK_EQ(probe_write(page, page->state).class, FAULT_NONE);
	CHECK_EQ(probe_write(page + 1, page[1].state).class, FAULT_NONE);
	put_page(page);
	give_back(order, nr);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Words at distances that no leaf size divides: a name each, by the linear map, then read. */
static uint64_t misread(uint64_t va, const struct page *page, unsigned order)
{
	uint64_t bytes = PAGE_SIZE << order, step = (bytes / 61) & ~7UL, wrong = 0, value;
	uint64_t linear = (uint64_t)page_address(page);

	for (uint64_t at = 0; at < bytes; at += step)
		*(uint64_t *)(linear + at) = ~(linear + at);
	for (uint64_t at = 0; at < bytes; at += step)
		wrong += probe_read((void *)(va + at), &value).class != FAULT_NONE ||
			 value != ~(linear + at);
	return wrong;
}

/* False: there is no page. */
static bool check_mapping(unsigned order)
{
	uint64_t nr = nr_huge_pages(order);
	struct page *page = borrow(order, 1) ? alloc_huge_page(order) : NULL;
	struct phys_range run = { .pages = 1UL << order };
	void *va;

	if (!page) {
		ktap_note("order %u: none, and no room to make one", order);
		return false;
	}
	run.first_pfn = page_to_pfn(page);
	va = vmap_sg(&run, 1, VM_MAP, PAGE_KERNEL);
	if (CHECK(va)) {
		CHECK_EQ(misread((uint64_t)va, page, order), 0);
		CHECK_EQ(vmalloc_to_page((char *)va + (PAGE_SIZE << order) - PAGE_SIZE),
			 page + (1UL << order) - 1);
		CHECK(leaf_shift((uint64_t)va) >= MIN(PAGE_SHIFT + order, PMD_SHIFT));
	}
	vunmap(va);
	CHECK_EQ(page->refcount, 1);
	put_page(page);
	give_back(order, nr);
	return true;
}

TEST(huge_map, "hugepages/mapped-and-read-back")
{
	unsigned mapped = 0;

	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		mapped += check_mapping(huge_orders[i]);
	if (!mapped)
		SKIP(NO_PAGES);
}

/* --- growing and shrinking -------------------------------------------------------------------- */

/* The largest order that can come from the allocator, shareable if there is one of which @n fit. */
static unsigned order_to_grow(uint64_t n)
{
	for (unsigned i = NR_HUGE_SIZES; i-- > 0;) {
		unsigned order = huge_orders[i];

		if (order <= MAX_ORDER && blocks_are_free(n, order))
			return order;
	}
	return 0;
}

/* Pages that the vmemmap gives back for one that comes. */
static uint64_t saved_pages(unsigned order)
{
	return order_is_optimizable(order) ? order_vmemmap_pages(order) - 1 : 0;
}

TEST(huge_resize, "hugepages/grow-and-shrink")
{
	unsigned order = order_to_grow(3);
	uint64_t nr = nr_huge_pages(order), free = nr_free_huge_pages(order);
	struct totals before, grown;
	struct vmemmap_counts counts;

	if (!order)
		SKIP("no room for three huge pages of any size");
	/* The first time blocks of the vmemmap are split, which stays. */
	CHECK_EQ(set_nr_huge_pages(order, nr + 3), 0);
	CHECK_EQ(set_nr_huge_pages(order, nr), 0);
	before = count_totals();
	counts = vmemmap_counts;
	CHECK_EQ(set_nr_huge_pages(order, nr + 3), 0);
	CHECK_EQ(nr_huge_pages(order), nr + 3);
	CHECK_EQ(nr_free_huge_pages(order), free + 3);
	grown = count_totals();
	CHECK_EQ(before.free_pages - grown.free_pages, 3 * ((1UL << order) - saved_pages(order)));
	CHECK_EQ(counts.own - vmemmap_counts.own, 3 * saved_pages(order));
	CHECK_EQ(vmemmap_counts.shared - counts.shared, 3 * saved_pages(order));
	check_pool(order);
	CHECK_EQ(set_nr_huge_pages(order, nr + 3), 0);
	CHECK_EQ(set_nr_huge_pages(order, nr), 0);
	CHECK_EQ(nr_free_huge_pages(order), free);
	CHECK_UNCHANGED(before);
}

TEST(huge_no_memory, "hugepages/grow-past-all-memory")
{
	unsigned order = order_to_grow(1);
	uint64_t nr = nr_huge_pages(order), all = nr_managed_pages() >> order;
	struct totals before = count_totals();
	struct vmemmap_counts counts = vmemmap_counts;

	if (!order)
		SKIP("no room for a huge page of any size");
	CHECK_EQ(set_nr_huge_pages(order, nr + all + 1), -ENOMEM);
	CHECK_EQ(nr_huge_pages(order), nr);
	CHECK_EQ(vmemmap_counts.own, counts.own);
	CHECK_EQ(vmemmap_counts.shared, counts.shared);
	CHECK_UNCHANGED(before);
}

TEST(huge_surplus, "hugepages/what-is-allocated-is-surplus")
{
	unsigned order = order_to_grow(2);
	uint64_t nr = nr_huge_pages(order);
	struct page *page, *other;

	if (!order)
		SKIP("no room for two huge pages of any size");
	CHECK_EQ(set_nr_huge_pages(order, nr + 2), 0);
	page = alloc_huge_page(order);
	other = alloc_huge_page(order);
	if (!CHECK(page && other))
		return;
	put_page(other);
	/* Of all that there are only those that nobody has go. */
	CHECK_EQ(set_nr_huge_pages(order, 0), -EBUSY);
	CHECK_EQ(nr_huge_pages(order), 1);
	CHECK_EQ(nr_free_huge_pages(order), 0);
	CHECK_EQ(vmemmap_audit_compound(page_to_pfn(page), 1UL << order, order, flags_of(order),
					note_line),
		 0);
	put_page(page);
	CHECK_EQ(nr_free_huge_pages(order), 1);
	CHECK_EQ(set_nr_huge_pages(order, 0), 0);
	CHECK_EQ(nr_huge_pages(order), 0);
	CHECK(!alloc_huge_page(order));
	CHECK_EQ(set_nr_huge_pages(order, nr), 0);
	give_back(order, nr);
}

TEST(huge_errors, "hugepages/refused")
{
	struct totals before = count_totals();

	CHECK(!alloc_huge_page(0));
	CHECK(!alloc_huge_page(MAX_HUGE_ORDER + 1));
	CHECK(!alloc_huge_page(1));
	CHECK_EQ(nr_huge_pages(1), 0);
	CHECK_EQ(nr_free_huge_pages(UINT32_MAX), 0);
	CHECK_EQ(set_nr_huge_pages(1, 5), -EINVAL);
	CHECK_EQ(set_nr_huge_pages(0, 0), -EINVAL);
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++) {
		uint64_t nr = nr_huge_pages(huge_orders[i]);

		if (huge_orders[i] <= MAX_ORDER)
			continue;
		CHECK_EQ(set_nr_huge_pages(huge_orders[i], nr + 1), -EOPNOTSUPP);
		CHECK_EQ(set_nr_huge_pages(huge_orders[i], 0), -EOPNOTSUPP);
		CHECK_EQ(nr_huge_pages(huge_orders[i]), nr);
	}
	CHECK_UNCHANGED(before);
}

/* --- all CPUs ----------------------------------------------------------------------------------
 */

#define RACE_ROUNDS 300

static unsigned race_order;
static uint64_t race_wrong, race_got;

/* Takes a page, writes its own name to it, gives it back: nobody else's name may be there then. */
static void race(void *unused)
{
	uint64_t got = 0, wrong = 0;

	(void)unused;
	for (unsigned i = 0; i < RACE_ROUNDS; i++) {
		struct page *page = alloc_huge_page(race_order);
		uint64_t *word, name = (uint64_t)&got + i;

		if (!page)
			continue;
		got++;
		word = page_address(page);
		WRITE_ONCE(*word, name);
		get_page(page + (1UL << race_order) - 1);
		wrong += page->refcount < 2;
		put_page(page);
		wrong += READ_ONCE(*word) != name;
		put_page(page + 1);
	}
	__atomic_fetch_add(&race_got, got, __ATOMIC_RELAXED);
	__atomic_fetch_add(&race_wrong, wrong, __ATOMIC_RELAXED);
}

TEST(huge_race, "hugepages/all-cpus-take-and-put")
{
	uint64_t nr;

	race_order = some_order(2, &nr);
	if (!race_order)
		SKIP(NO_PAGES);
	race_wrong = race_got = 0;
	work_on_each_cpu(race, NULL);
	CHECK_EQ(race_wrong, 0);
	CHECK(race_got >= RACE_ROUNDS);
	give_back(race_order, nr);
}
