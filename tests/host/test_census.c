// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages -Wl,--wrap=table_page_alloc
// granules: 12 14 16
/*
 * The census against what its reasons mean: for each leaf that a random call left, all the
 * frames of the call are searched for a block that a larger leaf could have mapped, here, at
 * another address, or if the frames had begun elsewhere. (The oracle's own check, after each
 * call of test_map too, names the reason leaf by leaf.)
 */
#include <stdlib.h>
#include <string.h>

#include "mm/arm64/door.h"
#include "mm/map/view/census.h"
#include "mm/map/view/walk.h"
#include "tests/host/map-program.h"
#include "tests/host/mmu-model.h"

#define RANDOM_CALLS (1500 >> (PAGE_SHIFT - 12) / 2)

/* --- random calls --------------------------------------------------------------------------- */

static uint64_t frame_of(const struct request *r, uint64_t i)
{
	if (r->kind == BY_RANGE)
		return (r->pa >> PAGE_SHIFT) + i;
	if (r->kind == BY_PAGES)
		return page_to_pfn(r->pages[i]);
	return page_to_pfn(r->pages[i >> r->order]) + (i & ((1UL << r->order) - 1));
}

/* Pages @i and @i + 1 of the call have frames in a row. */
static bool are_neighbours(const struct request *r, uint64_t i)
{
	return i + 1 < r->n && frame_of(r, i + 1) == frame_of(r, i) + 1;
}

/* Where a leaf around a page could be. */
enum chance { HERE, AT_ANOTHER_ADDRESS, IF_IT_BEGAN_BEFORE, NOWHERE };

/* Page @i of the call as part of some leaf of @pages pages, its limit left out. */
static enum chance chance_of(const struct request *r, uint64_t i, uint64_t pages)
{
	uint64_t first = i, last = i, from;

	/* Each page of a larger leaf is less than its size away. */
	while (first > 0 && i - first < pages - 1 && are_neighbours(r, first - 1))
		first--;
	while (last - i < pages - 1 && are_neighbours(r, last))
		last++;
	for (from = first; from <= i && from + pages - 1 <= last; from++)
		if (frame_of(r, from) % pages == 0)
			return ((window_va(r->first + from) >> PAGE_SHIFT) % pages) != 0
				       ? AT_ANOTHER_ADDRESS
				       : HERE;
	/* Long enough, and the rest of its block is there: but not the block's beginning. */
	for (from = i; from < last && frame_of(r, from + 1) % pages; from++)
		;
	return last - first >= pages - 1 && frame_of(r, from) % pages == pages - 1
		       ? IF_IT_BEGAN_BEFORE
		       : NOWHERE;
}

static unsigned kind_of_shift(unsigned shift)
{
	unsigned kind = 0;

	while (leaf_shifts[kind] != shift)
		kind++;
	return kind;
}

/* What the reasons have to add up to, by search. */
static void search(const struct request *r, struct map_census *want)
{
	for (uint64_t i = 0; i < r->n;) {
		unsigned kind = kind_of_shift(expected[r->first + i].shift);
		uint64_t bytes = 1UL << leaf_shifts[kind];
		unsigned shift = kind + 1 < NR_LEAF_KINDS ? leaf_shifts[kind + 1] : 0;
		enum leaf_limit limit = LIMIT_NONE;
		enum chance chance;

		if (shift) {
			chance = chance_of(r, i, 1UL << (shift - PAGE_SHIFT));
			limit = chance == NOWHERE	       ? LIMIT_RUN
				: chance == IF_IT_BEGAN_BEFORE ? LIMIT_PA_PHASE
				: shift > r->max_shift	       ? LIMIT_CALLER
				: chance == AT_ANOTHER_ADDRESS ? LIMIT_VA_PHASE
							       : LIMIT_UNKNOWN;
		}
		want->mapped[kind][limit] += bytes;
		i += bytes >> PAGE_SHIFT;
	}
}

static uint64_t seen[NR_LEAF_LIMITS];

static void compare_with_search(const struct request *r)
{
	struct map_limits limits = { .max_shift = r->max_shift };
	struct map_census want = { 0 }, got = { 0 };

	census_range(window_va(r->first), window_va(r->first + r->n), limits, &got);
	search(r, &want);
	if (memcmp(&got, &want, sizeof(got)))
		mistake("census of [%lu, %lu) is not what a search finds", r->first,
			r->first + r->n);
	for (unsigned limit = 0; limit < NR_LEAF_LIMITS; limit++)
		seen[limit] += census_of_limit(&got, limit);
}

static void test_random(void)
{
	const struct region region = { MIDDLE - 3 * PMD_PAGES, 6 * PMD_PAGES };
	struct request r;

	for (unsigned i = 0; i < RANDOM_CALLS && !mistakes; i++) {
		if (!pick_request(&r, &region, 2 * PMD_PAGES))
			continue;
		oracle_map(&r);
		compare_with_search(&r);
		oracle_unmap(r.first, r.n);
		free(r.pages);
	}
	report("random calls: each reason is what a search of the frames finds");
	ok(!seen[LIMIT_UNKNOWN], "no leaf is smaller than it need be");
	ok(seen[LIMIT_RUN] && seen[LIMIT_PA_PHASE] && seen[LIMIT_VA_PHASE] && seen[LIMIT_CALLER],
	   "each reason was met");
}

/* --- known cases ---------------------------------------------------------------------------- */

/* [@page, @page + @n) mapped to @pa as one range of @max_shift: @kind because of @limit, all of it.
 */
static void check_range(uint64_t page, uint64_t n, uint64_t pa, unsigned max_shift,
			unsigned fell_from, enum leaf_kind kind, enum leaf_limit limit,
			const char *what)
{
	struct map_limits limits = { .max_shift = max_shift, .fell_from = fell_from };
	struct request r = range_request(page, n, pa);
	struct map_census got = { 0 };

	r.max_shift = max_shift;
	oracle_map(&r);
	census_range(window_va(page), window_va(page + n), limits, &got);
	ok(got.mapped[kind][limit] == n << PAGE_SHIFT &&
		   census_of_kind(&got, kind) == n << PAGE_SHIFT &&
		   census_main_limit(&got, NR_LEAF_KINDS) == limit,
	   "%s: %s", what, leaf_limit_names[limit]);
	oracle_unmap(page, n);
}

static void test_reasons(void)
{
	const uint64_t pa = 1UL << 44; /* no RAM, aligned to whatever there is */
	const unsigned any = MAP_SHIFT_ANY;

	check_range(MIDDLE, 1, pa, any, 0, LEAF_PAGE, LIMIT_RUN, "one page");
	check_range(MIDDLE, CONT_PTES, pa, any, 0, LEAF_PAGE_CONT, LIMIT_RUN, "one group");
	check_range(MIDDLE + 1, CONT_PTES, pa, any, 0, LEAF_PAGE, LIMIT_VA_PHASE,
		    "a group's frames at an odd address");
	check_range(MIDDLE + 1, CONT_PTES - 1, pa + PAGE_SIZE, any, 0, LEAF_PAGE, LIMIT_RUN,
		    "all of a group but its first page");
	check_range(MIDDLE, CONT_PTES, pa, PAGE_SHIFT, 0, LEAF_PAGE, LIMIT_CALLER,
		    "a group of a call that is for pages");
	check_range(MIDDLE, CONT_PTES, pa, PAGE_SHIFT, CONT_PTE_SHIFT, LEAF_PAGE, LIMIT_FALLBACK,
		    "the same of one that wanted groups");
	check_range(MIDDLE + 1, CONT_PTES, pa, any, CONT_PTE_SHIFT, LEAF_PAGE, LIMIT_FALLBACK,
		    "an odd address where an even one was wanted");
	check_range(MIDDLE, PMD_PAGES, pa, any, 0, LEAF_BLOCK, LIMIT_RUN, "one block");
	check_range(MIDDLE, PMD_PAGES, pa, PMD_SHIFT - 1, 0, LEAF_PAGE_CONT, LIMIT_CALLER,
		    "a block's frames in groups");
	check_range(MIDDLE, CONT_PMD_PAGES, pa, PMD_SHIFT, 0, LEAF_BLOCK, LIMIT_CALLER,
		    "a group of blocks, but for the limit");
	check_range(MIDDLE, CONT_PMD_PAGES, pa, any, 0, LEAF_BLOCK_CONT,
		    HAVE_PUD_BLOCK ? LIMIT_RUN : LIMIT_NONE, "one group of blocks");
	if (HAVE_PUD_BLOCK)
		check_range(MIDDLE, PUD_PAGES, pa, any, 0, LEAF_1G, LIMIT_NONE, "1G");
}

/* Frames that begin inside a group: up to its end no larger leaf has them, at any address. */
static void test_pa_phase(void)
{
	const uint64_t n = CONT_PTES + CONT_PTES / 2;
	struct request r =
		range_request(MIDDLE + CONT_PTES / 2, n, (1UL << 44) + CONT_PTE_SIZE / 2);
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY };
	struct map_census got = { 0 };

	oracle_map(&r);
	census_range(window_va(r.first), window_va(r.first + n), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_PA_PHASE] == CONT_PTE_SIZE / 2 &&
		   got.mapped[LEAF_PAGE_CONT][LIMIT_RUN] == CONT_PTE_SIZE,
	   "a head of pages, by the PA's phase, and a group");
	oracle_unmap(r.first, n);
}

/* A group's frames behind another page: off, and so they were from an aligned start too. */
static void test_off_by_itself(void)
{
	struct request page = range_request(MIDDLE, 1, 1UL << 45);
	struct request group = range_request(MIDDLE + 1, CONT_PTES, 1UL << 44);
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY, .fell_from = CONT_PTE_SHIFT };
	struct map_census got = { 0 };

	oracle_map(&page);
	oracle_map(&group);
	census_range(window_va(MIDDLE), window_va(MIDDLE + 1 + CONT_PTES), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_VA_PHASE] == CONT_PTE_SIZE &&
		   got.mapped[LEAF_PAGE][LIMIT_RUN] == PAGE_SIZE,
	   "no fallback where a better address would not have helped");
	oracle_unmap(MIDDLE, 1 + CONT_PTES);
}

/* What the census cannot tell: two calls side by side, as one area. */
static void test_unknown(void)
{
	const uint64_t half = CONT_PTES / 2;
	struct request low = range_request(MIDDLE, half, 1UL << 44), high = low;
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY };
	struct map_census got = { 0 };

	high.first += half;
	high.pa += half << PAGE_SHIFT;
	oracle_map(&low);
	oracle_map(&high);
	census_range(window_va(MIDDLE), window_va(MIDDLE + CONT_PTES), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_UNKNOWN] == CONT_PTE_SIZE, "two calls of half a group each");
	memset(&got, 0, sizeof(got));
	census_range(window_va(MIDDLE), window_va(MIDDLE + half), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_RUN] == CONT_PTE_SIZE / 2, "half of it by itself");
	oracle_unmap(MIDDLE, CONT_PTES);
}

/* One page of a group has other attributes, one is not valid: neither is of the others' run. */
static void test_odd_ones(void)
{
	struct request r = range_request(MIDDLE, CONT_PTES, 1UL << 44);
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY };
	struct map_census got = { 0 };
	desc_t *slot, second, last;

	r.max_shift = PAGE_SHIFT;
	oracle_map(&r);
	slot = walk_slot(window_va(MIDDLE), LEVEL_PTE);
	second = slot[1];
	last = slot[CONT_PTES - 1];
	/* Behind the door's back: nothing is translated meanwhile. */
	slot[1] = second | DESC_RO;
	census_range(window_va(MIDDLE), window_va(MIDDLE + CONT_PTES), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_RUN] == CONT_PTE_SIZE && !got.invalid,
	   "a page with other attributes ends a run");
	slot[1] = second;
	slot[CONT_PTES - 1] = last & ~DESC_VALID;
	memset(&got, 0, sizeof(got));
	census_range(window_va(MIDDLE), window_va(MIDDLE + CONT_PTES), limits, &got);
	ok(got.mapped[LEAF_PAGE][LIMIT_RUN] == CONT_PTE_SIZE - PAGE_SIZE &&
		   got.invalid == PAGE_SIZE,
	   "a page that is not valid is counted by itself");
	slot[CONT_PTES - 1] = last;
	oracle_unmap(MIDDLE, CONT_PTES);
}

static void test_text(void)
{
	struct map_census census = { .mapped[LEAF_PAGE][LIMIT_RUN] = 3 * PAGE_SIZE,
				     .mapped[LEAF_BLOCK][LIMIT_CALLER] = PMD_SIZE };
	char text[CENSUS_TEXT_MAX], size[SIZE_TEXT_MAX];
	const char *want = PAGE_SIZE == 4 * KiB	   ? "2M=2M 4K=12K"
			   : PAGE_SIZE == 16 * KiB ? "32M=32M 16K=48K"
						   : "512M=512M 64K=192K";

	ok(!strcmp(census_text(text, &census), want), "census as text: %s", text);
	ok(!strcmp(text_size(size, 0), "-") && !strcmp(text_size(size, 1), "1B") &&
		   !strcmp(text_size(size, 1020 * KiB), "1020K") &&
		   !strcmp(text_size(size, 1UL << 47), "128T"),
	   "sizes as text");
	ok(census_main_limit(&census, NR_LEAF_KINDS) == LIMIT_CALLER &&
		   census_main_limit(&census, LEAF_PAGE) == LIMIT_RUN &&
		   census_main_limit(&census, LEAF_1G) == LIMIT_NONE,
	   "the main reason is that of most bytes");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	oracle_init();
	test_reasons();
	test_pa_phase();
	test_off_by_itself();
	test_unknown();
	test_odd_ones();
	test_text();
	test_random();
	return tap_done();
}
