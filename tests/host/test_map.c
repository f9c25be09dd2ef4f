// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/map.c mm/map/source.c mm/map/unmap.c mm/map/walk.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/ranges.c mm/phys/buddy.c mm/phys/blocks.c mm/phys/hot.c tests/host/arena.c tests/host/mmu-model.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages
// granules: 12 14 16
/*
 * The mapping engine against a plain array and a strict MMU (map-oracle.h, mmu-model.h):
 * what is mapped, by which leaves, what an error leaves behind, what unmapping leaves.
 */
#include <errno.h>
#include <stdlib.h>

#include "mm/map/walk.h"
#include "mm/phys/ranges.h"
#include "tests/host/map-random.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

#define MIDDLE	       (WINDOW_PAGES / 2)
#define PMD_PAGES      PTRS_PER_TABLE
#define CONT_PMD_PAGES (CONT_PMD_SIZE >> PAGE_SHIFT)
#define PUD_PAGES      (PUD_SIZE >> PAGE_SHIFT)

/* Calls of the random run, fewer where each is larger. */
#define RANDOM_CALLS (8000 >> (PAGE_SHIFT - 12) / 2)

static unsigned long long seed = 2026;

uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

/* Ends a part of the test. */
static void report(const char *what)
{
	static unsigned reported;

	oracle_audit();
	ok(mistakes == reported, "%s", what);
	reported = mistakes;
}

static void expect_error(int got, int want, const char *what)
{
	if (got != want)
		mistake("%s: %d, not %d", what, got, want);
}

/* --- leaves --------------------------------------------------------------------------------- */

/* The same run by all three kinds of call. */
static void map_run_thrice(uint64_t first, uint64_t from, uint64_t n, unsigned max_shift)
{
	struct page **pages = run_of(from, n), **blocks = calloc(n, sizeof(*blocks));
	unsigned order = MIN((unsigned)__builtin_ctzll(from | 1UL << MAX_ORDER), MAX_ORDER);
	struct request r = pages_request(first, n, pages);

	for (uint64_t b = 0; b << order < n; b++)
		blocks[b] = pages[b << order];
	r.max_shift = max_shift;
	oracle_map(&r);
	oracle_unmap(first, n);
	r.kind = BY_BLOCKS;
	r.pages = blocks;
	r.order = order;
	oracle_map(&r);
	oracle_unmap(first, n);
	r.kind = BY_RANGE;
	r.pa = page_to_phys(frame(from));
	oracle_map(&r);
	oracle_unmap(first, n);
	free(blocks);
	free(pages);
}

static void test_phases(void)
{
	const uint64_t phases[] = { 0, 1, CONT_PTES / 2, CONT_PTES - 1 };
	const uint64_t lengths[] = {
		1, 2, CONT_PTES - 1, CONT_PTES, CONT_PTES + 1, 2 * CONT_PTES, 3 * CONT_PTES + 1
	};

	for (unsigned v = 0; v < ARRAY_SIZE(phases); v++)
		for (unsigned p = 0; p < ARRAY_SIZE(phases); p++)
			for (unsigned n = 0; n < ARRAY_SIZE(lengths); n++)
				map_run_thrice(MIDDLE + phases[v], PMD_PAGES + phases[p],
					       lengths[n], MAP_SHIFT_ANY);
	report("groups at each phase and length, by all three kinds of source");
	for (unsigned v = 0; v < ARRAY_SIZE(phases); v++)
		for (unsigned n = 0; n < ARRAY_SIZE(lengths); n++)
			map_run_thrice(MIDDLE - CONT_PTES - phases[v], 5 * CONT_PTES - phases[v],
				       lengths[n], MAP_SHIFT_ANY);
	report("the same across a boundary of tables of every level");
}

static void test_limits(void)
{
	for (unsigned shift = PAGE_SHIFT; shift <= CONT_PMD_SHIFT + 1; shift++) {
		map_run_thrice(MIDDLE, 0, 2 * PMD_PAGES + CONT_PTES, shift);
		map_run_thrice(MIDDLE, 1, CONT_PTES + 1, shift);
	}
	report("max_shift is obeyed, at each value");
}

static void test_blocks(void)
{
	const uint64_t n = CONT_PMD_PAGES;

	map_run_thrice(MIDDLE, 0, PMD_PAGES, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE, CONT_PTES, PMD_PAGES, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE - PMD_PAGES, n - PMD_PAGES, 3 * PMD_PAGES + 5, MAP_SHIFT_ANY);
	report("PMD blocks");
	map_run_thrice(MIDDLE, n, n, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE, PMD_PAGES, n, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE - n, 0, n - 1, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE - n / 2, n / 2, n + n / 2 + 1, MAP_SHIFT_ANY);
	report("contiguous PMD blocks");
}

static void test_pud(void)
{
	struct request r = range_request(0, PUD_PAGES, 8 * PUD_SIZE), small;

	map_run_thrice(0, 0, PUD_PAGES, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE, PMD_PAGES, PUD_PAGES, MAP_SHIFT_ANY);
	map_run_thrice(MIDDLE - PMD_PAGES, PUD_PAGES - PMD_PAGES, PUD_PAGES + PMD_PAGES,
		       MAP_SHIFT_ANY);
	report("PUD blocks, over the tables of smaller leaves that went before");
	r.n = 2 * PUD_PAGES;
	oracle_map(&r);
	oracle_unmap(0, PUD_PAGES);
	small = range_request(7, 3, 0);
	oracle_map(&small);
	oracle_unmap(PUD_PAGES, PUD_PAGES);
	oracle_unmap(7, 3);
	oracle_starve(&r);
	oracle_unmap(0, 2 * PUD_PAGES);
	report("two PUD blocks, unmapped one by one");
}

/*
 * More than two tables of PMDs in one call, whose pages follow each other downwards: what
 * comes after a table in memory is not what comes after it in the address space.
 */
static void test_neighbour_tables(void)
{
	const uint64_t end = VMALLOC_END, start = end - 3 * PUD_SIZE;
	uint64_t mapped = mmu_model.mapped_bytes;
	struct page *pages = alloc_pages(GFP_KERNEL, 4);
	struct leaf leaf;

	expect_error(map_populate_upper(start - PUD_SIZE, start), 0, "map_populate_upper");
	/* What is freed last is handed out first. */
	split_page(pages, 4);
	for (unsigned i = 0; i < 16; i++)
		__free_pages(pages + i, 0);
	for (uint64_t va = start; va < end; va += PUD_SIZE)
		expect_error(map_populate_upper(va, va + PUD_SIZE), 0, "map_populate_upper");
	if (walk_slot(start + PUD_SIZE, LEVEL_PMD) + PTRS_PER_TABLE != walk_slot(start, LEVEL_PMD))
		mistake("the tables are not neighbours");
	expect_error(map_range(start, end, PMD_SIZE, PAGE_KERNEL, PMD_SHIFT), 0, "map_range");
	for (uint64_t va = start; va < end; va += PMD_SIZE)
		if (walk_lookup(va, &leaf) || leaf.pa != va - start + PMD_SIZE ||
		    leaf.level != LEVEL_PMD)
			mistake("0x%lx is not mapped as it should", va);
	if (mmu_model.mapped_bytes - mapped != end - start || !mmu_model_clean())
		mistake("%lu bytes are mapped, not %lu", mmu_model.mapped_bytes - mapped,
			end - start);
	unmap_range(start, end);
	report("tables that are each other's neighbours in memory");
}

/* A run that is whole but for one page, at each kind of place. */
static void test_flaws(void)
{
	const uint64_t n = PMD_PAGES + CONT_PTES;
	struct page **pages = run_of(0, n), *keep;
	struct request r = pages_request(MIDDLE, n, pages);

	for (uint64_t at = 0; at < n; at += at % CONT_PTES < 2 ? 1 : CONT_PTES - 3) {
		keep = pages[at];
		pages[at] = frame(at ^ 1);
		oracle_map(&r);
		oracle_unmap(r.first, n);
		pages[at] = frame(n + 12345);
		oracle_map(&r);
		oracle_unmap(r.first, n);
		pages[at] = keep;
	}
	for (uint64_t i = 0; i < n; i++)
		pages[i] = frame(n - 1 - i);
	oracle_map(&r);
	oracle_unmap(r.first, n);
	for (uint64_t i = 0; i < n; i++)
		pages[i] = i % 3 ? frame(i) : phys_to_page(OTHER_START) + i / 3;
	oracle_map(&r);
	oracle_unmap(r.first, n);
	for (uint64_t i = 0; i < n; i++)
		pages[i] = phys_to_page(FRAMES_END) - n + i;
	oracle_map(&r);
	oracle_unmap(r.first, n);
	free(pages);
	report("arrays with one page out of place, descending, from two ranges, at RAM's end");
}

/* --- errors --------------------------------------------------------------------------------- */

static void refuse_bad_pages(struct request *r)
{
	struct page *bad[] = { NULL,
			       phys_to_page(FRAMES_START) - 1,
			       phys_to_page(FRAMES_END),
			       phys_to_page(OTHER_HOLE),
			       phys_to_page(PHYS_END),
			       (struct page *)((char *)frame(3) + 8),
			       (struct page *)((char *)frame(3) + 1),
			       (struct page *)bad,
			       (struct page *)-1UL,
			       (struct page *)-64UL };
	uint64_t step = r->n > 100 ? r->n / 13 : 1, at;
	struct page *keep;

	for (uint64_t next = 0; next < r->n + step - 1; next += step) {
		at = MIN(next, r->n - 1);
		keep = r->pages[at];
		for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
			r->pages[at] = bad[i];
			oracle_refuse(r, -EINVAL);
		}
		r->pages[at] = keep;
	}
}

/* Arrays of all lengths, on both sides of a table's end. */
static void refuse_all(struct page **pages)
{
	const uint64_t lengths[] = { 1, 3, CONT_PTES + 1, 64, 65, PMD_PAGES, PMD_PAGES + 70 };
	struct request r;

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		r = pages_request(MIDDLE, lengths[i], pages);
		refuse_bad_pages(&r);
		r = pages_request(MIDDLE - 1, lengths[i], pages);
		refuse_bad_pages(&r);
	}
}

/* In runs and scattered, where no table is and where others have theirs. */
static void test_bad_pages(void)
{
	const uint64_t neighbours[] = { MIDDLE - 3, MIDDLE + PMD_PAGES + 200 };
	struct page **run = run_of(0, 2 * PMD_PAGES), **scattered = run_of(0, 2 * PMD_PAGES);
	struct request r;

	for (uint64_t i = 0; i < 2 * PMD_PAGES; i++)
		scattered[i] = frame((i * 7919 + 13) % FRAMES_PAGES);
	refuse_all(run);
	refuse_all(scattered);
	for (unsigned i = 0; i < ARRAY_SIZE(neighbours); i++) {
		r = range_request(neighbours[i], 2, 0);
		oracle_map(&r);
	}
	refuse_all(run);
	refuse_all(scattered);
	for (unsigned i = 0; i < ARRAY_SIZE(neighbours); i++)
		oracle_unmap(neighbours[i], 2);
	free(scattered);
	free(run);
	report("each page of an array is no page");
}

/* Runs that begin in RAM and end outside. */
static void test_runs_out_of_ram(void)
{
	const uint64_t lengths[] = { 2, CONT_PTES, CONT_PTES + 3, PMD_PAGES, 2 * PMD_PAGES };
	struct page **pages = calloc(2 * PMD_PAGES, sizeof(*pages));
	struct request r;

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint64_t n = lengths[i];
		struct page *const starts[] = { phys_to_page(FRAMES_END) - n + 1,
						phys_to_page(FRAMES_START) - 1,
						phys_to_page(OTHER_HOLE) - n / 2,
						/* As aligned as a block wants it. */
						phys_to_page(FRAMES_END),
						phys_to_page(ALIGN_DOWN(OTHER_HOLE, PMD_SIZE)) };

		for (unsigned s = 0; s < ARRAY_SIZE(starts); s++) {
			for (uint64_t k = 0; k < n; k++)
				pages[k] = starts[s] + k;
			r = pages_request(MIDDLE, n, pages);
			oracle_refuse(&r, -EINVAL);
			r.first = MIDDLE - 1;
			oracle_refuse(&r, -EINVAL);
		}
	}
	free(pages);
	report("runs that leave RAM");
}

static void test_bad_arguments(void)
{
	const uint64_t va = WINDOW_MIDDLE, end = va + 4 * PAGE_SIZE, pa = FRAMES_START;
	const pgprot_t bad_prots[] = { DESC_VALID, DESC_TABLE, DESC_CONT, PAGE_SIZE, 1UL << 51 };
	const uint64_t bad_ranges[][2] = { { va, va },
					   { end, va },
					   { va + 1, end },
					   { va, end + 1 },
					   { VMALLOC_START - PAGE_SIZE, VMALLOC_START + PAGE_SIZE },
					   { VMALLOC_END - PAGE_SIZE, VMALLOC_END + PAGE_SIZE },
					   { 0, PAGE_SIZE },
					   { -2 * PAGE_SIZE, -PAGE_SIZE },
					   { va, va - PAGE_SIZE } };
	struct page *pages[] = { frame(0), frame(1), frame(2), frame(3) };

	for (unsigned i = 0; i < ARRAY_SIZE(bad_ranges); i++) {
		uint64_t from = bad_ranges[i][0], to = bad_ranges[i][1];

		expect_error(map_range(from, to, pa, PAGE_KERNEL, 63), -EINVAL, "range");
		expect_error(map_pages(from, to, pages, PAGE_KERNEL, 63), -EINVAL, "range");
		expect_error(map_blocks(from, to, pages, 2, PAGE_KERNEL, 63), -EINVAL, "range");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad_prots); i++)
		expect_error(map_range(va, end, pa, PAGE_KERNEL | bad_prots[i], 63), -EINVAL,
			     "prot");
	expect_error(map_range(va, end, pa + 1, PAGE_KERNEL, 63), -EINVAL, "misaligned pa");
	expect_error(map_range(va, end, PHYS_END, PAGE_KERNEL, 63), -EINVAL, "pa");
	expect_error(map_range(va, end, -PAGE_SIZE, PAGE_KERNEL, 63), -EINVAL, "pa");
	expect_error(map_range(va, end, PHYS_END - 3 * PAGE_SIZE, PAGE_KERNEL, 63), -EINVAL,
		     "pa's end");
	expect_error(map_range(va, end, pa, PAGE_KERNEL, PAGE_SHIFT - 1), -EINVAL, "max_shift");
	expect_error(map_pages(va, end, NULL, PAGE_KERNEL, 63), -EINVAL, "no array");
	expect_error(map_blocks(va, end, NULL, 0, PAGE_KERNEL, 63), -EINVAL, "no array");
	expect_error(map_blocks(va, end, pages, MAX_ORDER + 1, PAGE_KERNEL, 63), -EINVAL, "order");
	expect_error(map_populate_upper(va, va), -EINVAL, "populate nothing");
	expect_error(map_populate_upper(VMALLOC_END, VMALLOC_END + 1), -EINVAL, "populate past");
	report("bad arguments");
}

/* --- out of memory -------------------------------------------------------------------------- */

static void test_populate(void)
{
	const uint64_t from = window_va(MIDDLE - 1), to = window_va(MIDDLE + 1);
	uint64_t free_pages = nr_free_pages(), tables;

	for (long n = 0; n < 100; n++) {
		alloc_fail_in = n;
		alloc_failures = 0;
		if (!map_populate_upper(from, to) || mistakes)
			break;
		if (nr_free_pages() != free_pages || map_table_pages() || !alloc_failures)
			mistake("map_populate_upper: allocation %ld failed", n);
	}
	alloc_fail_in = -1;
	tables = map_table_pages();
	oracle_audit();
	expect_error(map_populate_upper(from, to), 0, "map_populate_upper");
	if (map_table_pages() != tables || mmu_model.mapped_bytes ||
	    tables != (LEVEL_ROOT == 0 ? (HAVE_PUD_BLOCK ? 4 : 3) : 2))
		mistake("map_populate_upper: %lu tables, then %lu", tables, map_table_pages());
	report("map_populate_upper, and each of its allocations fails");
}

/* Run before anything is mapped on that side, so that upper tables are among what fails. */
static void test_out_of_memory(void)
{
	struct page **pages = run_of(3, 3 * PMD_PAGES);
	struct request r = pages_request(100, 2 * PMD_PAGES, pages), neighbour;

	for (unsigned i = 0; i < 3; i++) {
		r.pages = pages;
		r.kind = BY_PAGES;
		oracle_starve(&r);
		oracle_unmap(r.first, r.n);
		r.kind = BY_BLOCKS;
		oracle_starve(&r);
		oracle_unmap(r.first, r.n);
		r.kind = BY_RANGE;
		r.pa = PAGE_SIZE;
		oracle_starve(&r);
		oracle_unmap(r.first, r.n);
		if (i == 0) { /* next with live tables at both ends */
			neighbour = range_request(99, 1, 0);
			oracle_map(&neighbour);
			neighbour.first = r.first + r.n;
			oracle_map(&neighbour);
		}
	}
	oracle_unmap(99, 1);
	oracle_unmap(r.first + r.n, 1);
	free(pages);
	report("each allocation fails");
	/* More windows than a plan on the stack has. */
	r = range_request(1, 130 * PMD_PAGES, PAGE_SIZE * 3);
	if (r.n < WINDOW_PAGES) {
		oracle_starve(&r);
		oracle_unmap(r.first, r.n);
	}
	report("a plan that is not on the stack, each allocation fails");
}

/* --- random --------------------------------------------------------------------------------- */

static void unmap_everything(const struct region *region)
{
	uint64_t first, n;

	while (pick_mapped(region, &first, &n) && !mistakes)
		oracle_unmap(first, n);
}

static void random_step(const struct region *region, uint64_t most)
{
	struct request r;
	uint64_t first, n;

	if (pick(100) < 55) {
		if (!pick_request(&r, region, most))
			return;
		if (r.n < 2 * PMD_PAGES && !pick(20))
			oracle_starve(&r);
		else
			oracle_map(&r);
		free(r.pages);
	} else if (pick_mapped(region, &first, &n)) {
		oracle_unmap(first, n);
	}
}

static void test_random(const struct region *region, uint64_t most, const char *what)
{
	for (unsigned i = 0; i < RANDOM_CALLS && !mistakes; i++) {
		random_step(region, most);
		if (i % 64 == 0)
			oracle_audit();
	}
	report(what);
	unmap_everything(region);
	report("  all of it unmapped again");
}

int main(void)
{
	const struct region all = { 0, WINDOW_PAGES };
	const struct region small = { MIDDLE - 3 * PMD_PAGES, 6 * PMD_PAGES };
	uint64_t free_pages, tables;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a panic must not swallow what was said */
	oracle_init();
	free_pages = nr_free_pages();
	test_populate();
	tables = map_table_pages();
	test_out_of_memory();
	test_phases();
	test_limits();
	test_blocks();
	if (HAVE_PUD_BLOCK)
		test_pud();
	test_neighbour_tables();
	test_flaws();
	test_bad_pages();
	test_runs_out_of_ram();
	test_bad_arguments();
	test_random(&small, 2 * PMD_PAGES, "random calls in six windows");
	test_random(&all, WINDOW_PAGES, "random calls of all sizes");
	drain_hot_lists();
	ok(nr_free_pages() + map_table_pages() == free_pages && map_table_pages() >= tables,
	   "all pages are back but for upper tables");
	ok(mmu_model.violations == 0, "no rule of the MMU was broken");
	return tap_done();
}
