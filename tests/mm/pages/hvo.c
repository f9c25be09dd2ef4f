// SPDX-License-Identifier: MIT
/*
 * Suite hvo: huge pages are optimised and restored by each strategy, alone and many, while other
 * CPUs read every struct page and get references from tails.
 */
#include "mm/pages/hvo.h"

#include <errno.h>

#include "lib/arm64/probe.h"
#include "mm/map/view/walk.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "tests/mm/pages/huge.h"
#include "tests/support.h"

#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)

/* Words of a struct page that mean nothing of a tail are zero, in the shared page too. */
static bool is_tail(const struct page *page, const struct page *head, unsigned order)
{
	const uint64_t *words = (const uint64_t *)page;

	return compound_head(page) == head && page->flags == PG_TAIL && page->zone == head->zone &&
	       page->refcount == 0 && page->compound_info == tail_info(order) && !words[1] &&
	       !words[3] && !words[4] && !words[5] && !words[6] && !words[7];
}

static uint64_t wrong_tails(const struct page *head)
{
	uint64_t wrong = 0;

	for (uint64_t i = 1; i < 1UL << head->order; i++)
		wrong += !is_tail(head + i, head, head->order);
	return wrong;
}

/* Pages of the vmemmap of @head whose leaf is not what it must be; notes the first. */
static uint64_t wrong_leaves(const struct page *head, bool optimized)
{
	struct page *tail = vmemmap_find_shared_tail(head->zone, head->order);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < order_vmemmap_pages(head->order); i++) {
		bool shared = optimized && i;
		struct leaf leaf = { 0 };
		bool good = !walk_lookup((uint64_t)head + i * PAGE_SIZE, &leaf) &&
			    (leaf.pa == page_to_phys(tail)) == shared &&
			    leaf.prot == (shared ? PAGE_KERNEL_RO : PAGE_KERNEL);

		if (!good && !wrong++)
			ktap_note("page %lu: PA 0x%lx, bits 0x%lx", i, leaf.pa, leaf.prot);
	}
	return wrong;
}

/* A store to a struct page, of what it holds: it goes through, or is not permitted. */
static bool may_write(struct page *page)
{
	struct fault fault = probe_write(page, *(volatile uint64_t *)page);

	CHECK(fault.class == FAULT_NONE || (fault.class == FAULT_PERMISSION && fault.write));
	return fault.class == FAULT_NONE;
}

static void check_state(struct page *head, bool optimized)
{
	CHECK_EQ(!!(head->flags & PG_HVO), optimized);
	CHECK_EQ(wrong_tails(head), 0);
	CHECK_EQ(wrong_leaves(head, optimized), 0);
	CHECK(may_write(head));
	CHECK_EQ(may_write(head + HVO_RESERVED_STRUCTS), !optimized);
	CHECK_EQ(may_write(head + (1UL << head->order) - 1), !optimized);
}

/* --- one ------------------------------------------------------------------------------------ */

/* @head there and back, with all counts. It has been optimised before. */
static void there_and_back(struct page *head)
{
	uint64_t pages = order_vmemmap_pages(head->order) - 1, before = nr_free_pages();
	struct page *tail = vmemmap_find_shared_tail(head->zone, head->order);
	struct vmemmap_counts counts = vmemmap_counts;
	int references = tail->refcount;

	CHECK_EQ(hugetlb_vmemmap_optimize(head), 0);
	check_state(head, true);
	CHECK_EQ(nr_free_pages(), before + pages);
	CHECK_EQ(tail->refcount, references + (int)pages);
	CHECK_EQ(vmemmap_counts.shared, counts.shared + pages);
	CHECK_EQ(vmemmap_counts.own, counts.own - pages);
	CHECK_EQ(hugetlb_vmemmap_optimize(head), 0); /* nothing to do */
	CHECK_EQ(nr_free_pages(), before + pages);
	CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
	check_state(head, false);
	CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
	CHECK_EQ(nr_free_pages(), before);
	CHECK_EQ(tail->refcount, references);
	CHECK_EQ(vmemmap_counts.shared, counts.shared);
	CHECK_EQ(vmemmap_counts.own, counts.own);
}

static void each_order(enum hvo_strategy strategy)
{
	const char *why = hvo_strategy_refused(strategy);
	unsigned before = hvo_strategy, tried = 0;

	if (why)
		SKIP("%s", why);
	CHECK_EQ(hvo_set_strategy(strategy), 0);
	for (unsigned order = 1; order <= MAX_HUGE_ORDER; order++) {
		struct page *head;

		if (!order_is_optimizable(order) || !is_huge_order(order))
			continue;
		head = take_huge_page(order);
		if (!head) {
			ktap_note("no memory for order %u", order);
			continue;
		}
		tried++;
		CHECK_EQ(hugetlb_vmemmap_optimize(head), 0);
		check_state(head, true);
		CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
		check_state(head, false);
		there_and_back(head);
		drop_huge_page(head, order);
	}
	hvo_set_strategy(before);
	if (!tried)
		SKIP("no memory for a huge page");
}

TEST(hvo_ro, "hvo/ro")
{
	each_order(HVO_RO);
}

TEST(hvo_bbm, "hvo/bbm")
{
	each_order(HVO_BBM);
}

/* --- many ----------------------------------------------------------------------------------- */

#define MANY 80

static unsigned take_many(struct page **heads)
{
	unsigned n = 0;

	while (n < MANY && nr_free_pages() > 4UL << PMD_ORDER &&
	       (heads[n] = alloc_pages(GFP_KERNEL | __GFP_COMP, PMD_ORDER)))
		n++;
	return n;
}

static uint64_t wrong_of_many(struct page **heads, unsigned n, bool optimized)
{
	uint64_t wrong = 0;

	for (unsigned i = 0; i < n; i++)
		wrong += !!(heads[i]->flags & PG_HVO) != optimized || wrong_tails(heads[i]) ||
			 wrong_leaves(heads[i], optimized);
	return wrong;
}

/* More than one batch, one of them twice, one done before: not an error. */
TEST(hvo_many, "hvo/many")
{
	struct page *heads[MANY + 1];
	unsigned n = take_many(heads);
	uint64_t done, pages = order_vmemmap_pages(PMD_ORDER) - 1, before;

	if (n < 4)
		SKIP("no memory for four huge pages");
	heads[n] = heads[1];
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(heads, n, NULL), 0);
	CHECK_EQ(hugetlb_vmemmap_restore_pages(heads, n, NULL), 0);
	before = nr_free_pages();
	CHECK_EQ(hugetlb_vmemmap_optimize(heads[2]), 0);
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(heads, n + 1, &done), 0);
	CHECK_EQ(done, n + 1);
	CHECK_EQ(wrong_of_many(heads, n, true), 0);
	CHECK_EQ(nr_free_pages(), before + n * pages);
	CHECK_EQ(hugetlb_vmemmap_restore(heads[3]), 0);
	CHECK_EQ(hugetlb_vmemmap_restore_pages(heads, n + 1, &done), 0);
	CHECK_EQ(done, n + 1);
	CHECK_EQ(wrong_of_many(heads, n, false), 0);
	CHECK_EQ(nr_free_pages(), before);
	for (unsigned i = 0; i < n; i++)
		__free_pages(heads[i], PMD_ORDER);
}

/* --- memory that runs out --------------------------------------------------------------------- */

/* One page fewer than a restored one takes is as good as none. */
TEST(hvo_oom, "hvo/no-memory-to-restore")
{
	struct page *head = take_huge_page(PMD_ORDER);
	uint64_t pages = order_vmemmap_pages(PMD_ORDER) - 1;
	struct hvo_counts counts;
	struct hoard hoard;

	if (!head)
		SKIP("no memory for a huge page");
	CHECK_EQ(hugetlb_vmemmap_optimize(head), 0);
	hoard_all(&hoard);
	counts = hvo_counts;
	for (uint64_t i = 0; i < pages; i++) {
		CHECK_EQ(hugetlb_vmemmap_restore(head), -ENOMEM);
		CHECK_EQ(nr_free_pages(), i);
		hoard_give_page(&hoard);
	}
	CHECK_EQ(hvo_counts.restored, counts.restored);
	check_state(head, true);
	CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
	CHECK_EQ(nr_free_pages(), 0);
	check_state(head, false);
	hoard_free(&hoard);
	drop_huge_page(head, PMD_ORDER);
}

/* A table is needed first, and its being there does not hurt. */
TEST(hvo_oom_split, "hvo/no-memory-to-split")
{
	struct page *head = take_unsplit_page(PMD_ORDER, LEVEL_PMD);
	struct vmemmap_counts counts;
	struct hoard hoard;

	if (!head)
		SKIP("no huge page has its struct pages in a block");
	CHECK(vmemmap_shared_tail(head->zone, PMD_ORDER));
	counts = vmemmap_counts;
	hoard_all(&hoard);
	CHECK_EQ(hugetlb_vmemmap_optimize(head), -ENOMEM);
	CHECK_EQ(vmemmap_counts.own, counts.own);
	CHECK_EQ(vmemmap_counts.tables, counts.tables);
	CHECK(!(head->flags & PG_HVO));
	CHECK_EQ(wrong_tails(head), 0);
	hoard_give_page(&hoard);
	CHECK_EQ(hugetlb_vmemmap_optimize(head), 0);
	check_state(head, true);
	hoard_free(&hoard);
	CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
	check_state(head, false);
	drop_huge_page(head, PMD_ORDER);
}

/*
 * A contiguous group that two huge pages and more share becomes pages as a whole: never is a part
 * of it another's. That takes no memory.
 */
TEST(hvo_group, "hvo/group-of-struct-pages")
{
	struct page *head = take_unsplit_page(PMD_ORDER, LEVEL_PTE);
	uint64_t group = ALIGN_DOWN((uint64_t)head, CONT_PTE_SIZE), splits = hvo_counts.splits;
	struct leaf leaf;

	if (!head)
		SKIP("no huge page has its struct pages in groups");
	CHECK_EQ(hugetlb_vmemmap_optimize(head), 0);
	check_state(head, true);
	for (uint64_t va = group; va < group + CONT_PTE_SIZE; va += PAGE_SIZE)
		CHECK(!walk_lookup(va, &leaf) && !leaf.cont);
	CHECK_EQ(hvo_counts.splits, splits);
	CHECK_EQ(hugetlb_vmemmap_restore(head), 0);
	check_state(head, false);
	drop_huge_page(head, PMD_ORDER);
}

/* --- what is refused ------------------------------------------------------------------------ */

/* What is no huge page ends the call; those before it are done. */
TEST(hvo_invalid, "hvo/invalid")
{
	struct page *heads[3], *pair = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	uint64_t done;

	heads[0] = alloc_pages(GFP_KERNEL | __GFP_COMP, PMD_ORDER);
	if (!heads[0] || !pair) {
		__free_pages(heads[0], PMD_ORDER);
		__free_pages(pair, 1);
		SKIP("no memory for a huge page");
	}
	heads[1] = heads[0] + HVO_RESERVED_STRUCTS;
	heads[2] = NULL;
	CHECK_EQ(hugetlb_vmemmap_optimize(pair), -EINVAL);
	CHECK_EQ(hugetlb_vmemmap_optimize(NULL), -EINVAL);
	CHECK_EQ(hugetlb_vmemmap_optimize((struct page *)((char *)heads[0] + 8)), -EINVAL);
	CHECK_EQ(hugetlb_vmemmap_optimize(heads[0] + 1), -EINVAL);
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(heads, 3, &done), -EINVAL);
	CHECK_EQ(done, 1);
	check_state(heads[0], true);
	CHECK_EQ(hugetlb_vmemmap_restore(heads[1]), -EINVAL);
	CHECK_EQ(hugetlb_vmemmap_restore_pages(heads, 2, &done), -EINVAL);
	CHECK_EQ(done, 1);
	check_state(heads[0], false);
	__free_pages(heads[0], PMD_ORDER);
	__free_pages(pair, 1);
}

/* What is refused is not put in force; a reason is one line. */
TEST(hvo_refused, "hvo/refused")
{
	unsigned strategy = hvo_strategy, split = hvo_split;

	CHECK(!hvo_strategy_refused(HVO_RO) && !hvo_strategy_refused(HVO_BBM));
	CHECK(!hvo_split_refused(HVO_SPLIT_HELD));
	for (unsigned i = 0; i < HVO_STRATEGIES; i++) {
		const char *why = hvo_strategy_refused(i);

		CHECK_EQ(hvo_set_strategy(i), why ? -EOPNOTSUPP : 0);
		CHECK_EQ(hvo_strategy == i, !why);
		if (why)
			ktap_note("hvo=%s: %s", hvo_strategy_names[i], why);
	}
	for (unsigned i = 0; i < HVO_SPLITS; i++) {
		const char *why = hvo_split_refused(i);

		CHECK_EQ(hvo_set_split(i), why ? -EOPNOTSUPP : 0);
		CHECK_EQ(hvo_split == i, !why);
		if (why)
			ktap_note("hvo_split=%s: %s", hvo_split_names[i], why);
	}
	CHECK_EQ(hvo_set_strategy(strategy), 0);
	CHECK_EQ(hvo_set_split(split), 0);
}

TEST(hvo_af, "hvo/af")
{
	each_order(HVO_AF);
}
