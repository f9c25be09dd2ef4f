// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages -Wl,--wrap=table_page_alloc
// granules: 12 14 16
/*
 * The mapping engine against a plain array and a strict MMU (map-oracle.h, mmu-model.h):
 * what is mapped, by which leaves, what unmapping leaves.
 */
#include <stdlib.h>

#include "mm/map/flush.h"
#include "mm/map/view/walk.h"
#include "tests/host/map-program.h"
#include "tests/host/mmu-model.h"

/* Calls of the random run, fewer where each is larger. */
#define RANDOM_CALLS (8000 >> (PAGE_SHIFT - 12) / 2)

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
	struct page *halves[] = { frame(0), frame(PMD_PAGES) };
	struct request r = pages_request(MIDDLE, PMD_PAGES, halves);

	r.kind = BY_BLOCKS;
	r.order = TABLE_SHIFT - 1;
	oracle_map(&r);
	oracle_unmap(r.first, r.n);
	report("two halves of a PMD block that are not neighbours");
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
	struct leaf leaf;
	struct page *pages;

	expect_error(map_populate_upper(start - PUD_SIZE, start), 0, "map_populate_upper");
	drain_hot_lists(); /* no page that was a table waits to be one again */
	pages = alloc_pages(GFP_KERNEL, 4);
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

/* The rest of the engine does not know of it. */
static void test_policy(enum flush_policy policy, const char *what)
{
	const struct region region = { MIDDLE - 3 * PMD_PAGES, 6 * PMD_PAGES };
	enum flush_policy before;

	flush_has_ranges = true;
	before = flush_set_policy(policy);
	test_random(&region, 2 * PMD_PAGES, what);
	flush_set_policy(before);
}

int main(void)
{
	const struct region all = { 0, WINDOW_PAGES };
	const struct region small = { MIDDLE - 3 * PMD_PAGES, 6 * PMD_PAGES };
	uint64_t free_pages;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a panic must not swallow what was said */
	oracle_init();
	free_pages = nr_free_pages();
	test_phases();
	test_limits();
	test_blocks();
	if (HAVE_PUD_BLOCK)
		test_pud();
	test_neighbour_tables();
	test_flaws();
	test_random(&small, 2 * PMD_PAGES, "random calls in six windows");
	test_random(&all, WINDOW_PAGES, "random calls of all sizes");
	test_policy(FLUSH_RANGE, "flush=range: random calls");
	test_policy(FLUSH_FULL, "flush=full: random calls");
	door_tlbi_twice = true;
	test_policy(FLUSH_EACH, "tlbi=twice: random calls");
	door_tlbi_twice = false;
	drain_hot_lists();
	ok(nr_free_pages() + map_table_pages() == free_pages,
	   "all pages are back but for upper tables");
	ok(mmu_model.violations == 0, "no rule of the MMU was broken");
	return tap_done();
}
