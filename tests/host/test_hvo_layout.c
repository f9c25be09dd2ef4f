// SPDX-License-Identifier: MIT
// sources: bench/hvo/layout.c
// granules: 12 14 16
/*
 * What struct pages take, in each layout: figures that are known from elsewhere, and what must hold
 * of every size.
 */
#include "bench/hvo/layout.h"
#include "tests/host/tap.h"

#define ORDER(shift) ((shift)-PAGE_SHIFT)

static const unsigned shifts[] = { PMD_SHIFT, CONT_PMD_SHIFT, HAVE_PUD_BLOCK ? PUD_SHIFT : 0 };

static uint64_t own_kib(enum vmemmap_layout layout, uint64_t bytes, unsigned shift)
{
	return layout_cost(layout, bytes, ORDER(shift), true).own * PAGE_SIZE / KiB;
}

/* Of 4K pages: 8 pages of struct pages a 2M page, 4,096 a 1G page (Linux's vmemmap_dedup). */
static void test_known(void)
{
	struct layout_cost cost;

	if (PAGE_SIZE != 4 * KiB)
		return;
	ok(own_kib(LAYOUT_PLAIN, 1 * GiB, 21) == 16384 &&
		   own_kib(LAYOUT_HUGETLB, 1 * GiB, 21) == 2048 &&
		   own_kib(LAYOUT_DAX, 1 * GiB, 21) == 4096,
	   "2M pages keep one of eight, or two");
	ok(own_kib(LAYOUT_PLAIN, 1 * GiB, 30) == 16384 &&
		   own_kib(LAYOUT_HUGETLB, 1 * GiB, 30) == 4 &&
		   own_kib(LAYOUT_DAX, 1 * GiB, 30) == 8,
	   "1G pages keep one of 4,096, or two");
	cost = layout_cost(LAYOUT_UNIFIED, 1024 * GiB, ORDER(21), true);
	ok(cost.own == 524288 && cost.shared == 7 * 524288 && cost.tail_pages == 1 &&
		   cost.tables == 8192 && !cost.tail_tables,
	   "1T of 2M pages: a leaf table for each 128M");
	cost = layout_cost(LAYOUT_UNIFIED, 1024 * GiB, ORDER(30), true);
	ok(cost.own == 1024 && cost.shared == 4095 * 1024 && cost.tail_pages == 1 &&
		   cost.tables == 1024 && cost.tail_tables == 1,
	   "1T of 1G pages: a leaf table for each head, one for all windows without one");
	ok(layout_bytes(&cost) == (1024 + 1 + 1024 + 1) * 4 * KiB, "8 MiB and two pages in all");
	cost = layout_cost(LAYOUT_DAX, 1024 * GiB, ORDER(30), true);
	ok(cost.tables == 8192, "which the layouts of 2021 had eight of for each 1G page");
	cost = layout_cost(LAYOUT_PLAIN, 1 * GiB, 0, true);
	ok(!cost.tables && !cost.shared && !cost.tail_pages && layout_bytes(&cost) == 16 * MiB,
	   "plain: blocks, no leaf table, nothing shared");
	cost = layout_cost(LAYOUT_PLAIN, 1 * GiB, 0, false);
	ok(cost.tables == 8, "in pages: a leaf table for each 2 MiB");
}

/* Every struct page is in one leaf; nothing beats the unified layout's frames. */
static bool holds(uint64_t bytes, unsigned shift)
{
	uint64_t pages = structs_of(bytes) >> PAGE_SHIFT, least = UINT64_MAX, unified = 0;

	for (unsigned layout = 0; layout < NR_LAYOUTS; layout++) {
		struct layout_cost cost = layout_cost(layout, bytes, ORDER(shift), true);

		if (cost.own + cost.shared != pages)
			return false;
		if (layout == LAYOUT_UNIFIED)
			unified = layout_bytes(&cost);
		else if (layout_bytes(&cost) < least)
			least = layout_bytes(&cost);
	}
	return unified <= least + PAGE_SIZE;
}

static void test_all(void)
{
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(shifts); i++)
		for (uint64_t bytes = 1UL << shifts[i]; shifts[i] && bytes <= 1024 * GiB;
		     bytes *= 2)
			good &= holds(bytes, shifts[i]);
	ok(good, "each struct page once; the unified layout takes least, but for its one page");
}

int main(void)
{
	test_known();
	test_all();
	return tap_done();
}
