// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages -Wl,--wrap=table_page_alloc
// granules: 12 14 16
/*
 * What the mapping engine refuses, and what calls without memory leave behind: nothing. And
 * what comes of a plan that another CPU upsets. The judges are test_map.c's.
 */
#include <errno.h>
#include <stdlib.h>

#include "mm/map/view/walk.h"
#include "mm/phys/ranges.h"
#include "tests/host/map-program.h"
#include "tests/host/mmu-model.h"

/* --- arguments ---------------------------------------------------------------------------------
 */

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
					   { MAPPABLE_END - PAGE_SIZE, MAPPABLE_END + PAGE_SIZE },
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
	/* UBSan: no shift by it before it is known to be an order. */
	expect_error(map_blocks(va, end, pages, ~0U, PAGE_KERNEL, 63), -EINVAL, "order");
	expect_error(map_populate_upper(va, va), -EINVAL, "populate nothing");
	expect_error(map_populate_upper(MAPPABLE_END, MAPPABLE_END + 1), -EINVAL, "populate past");
	report("bad arguments");
}

/* --- out of memory -------------------------------------------------------------------------- */

/* @call with each of its allocations failing: as if it had not been. Then with memory. */
static void starve(int (*call)(uint64_t, uint64_t), uint64_t va, uint64_t end)
{
	uint64_t free_pages = nr_free_pages(), tables = map_table_pages();
	int error = -ENOMEM;

	for (long n = 0; error == -ENOMEM && !mistakes; n++) {
		alloc_fail_in = n;
		alloc_failures = 0;
		error = call(va, end);
		alloc_fail_in = -1;
		if (error && (nr_free_pages() != free_pages || map_table_pages() != tables ||
			      !alloc_failures))
			mistake("allocation %ld of upper tables failed", n);
	}
	expect_error(error, 0, "with memory");
}

static void test_populate(void)
{
	const uint64_t from = window_va(MIDDLE - 1), to = window_va(MIDDLE + 1);
	uint64_t tables;

	starve(map_populate_upper, from, to);
	tables = map_table_pages();
	oracle_audit();
	expect_error(map_populate_upper(from, to), 0, "map_populate_upper");
	if (map_table_pages() != tables || mmu_model.mapped_bytes ||
	    tables != (LEVEL_ROOT == 0 ? (HAVE_PUD_BLOCK ? 4 : 3) : 2))
		mistake("map_populate_upper: %lu tables, then %lu", tables, map_table_pages());
	report("map_populate_upper, and each of its allocations fails");
}

static int map_pmds(uint64_t va, uint64_t end)
{
	return map_range(va, end, PMD_SIZE, PAGE_KERNEL, PMD_SHIFT);
}

/* Nothing but upper tables is linked: two of the PMDs' level and what is missing above. */
static void test_missing_tables(void)
{
	const uint64_t va = VMALLOC_END - 5 * PUD_SIZE - PMD_SIZE, end = va + 2 * PMD_SIZE;

	if (walk_slot(va, LEVEL_PMD) || walk_slot(end, LEVEL_PMD))
		mistake("the tables are there already");
	starve(map_pmds, va, end);
	unmap_range(va, end);
	report("blocks where upper tables are missing, and each allocation fails");
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

/* --- another CPU ---------------------------------------------------------------------------- */

static uint64_t neighbour;

static void unmap_neighbour(void)
{
	unmap_range(neighbour, neighbour + PAGE_SIZE);
}

/*
 * Ten pages around @middle, where two windows meet, while the table that one of them shares
 * with @other goes: after @allocations of the call.
 */
static void race(uint64_t middle, uint64_t other, unsigned allocations)
{
	const uint64_t va = middle - 5 * PAGE_SIZE, end = middle + 5 * PAGE_SIZE;
	struct leaf leaf;

	neighbour = other;
	expect_error(map_range(other, other + PAGE_SIZE, 0, PAGE_KERNEL, 63), 0, "neighbour");
	alloc_event_in = allocations;
	alloc_event = unmap_neighbour;
	expect_error(map_range(va, end, PAGE_SIZE, PAGE_KERNEL, 63), 0, "map_range");
	if (alloc_event)
		mistake("the neighbour is there still");
	for (uint64_t at = va; at < end; at += PAGE_SIZE)
		if (walk_lookup(at, &leaf) || leaf.pa != at - va + PAGE_SIZE)
			mistake("0x%lx is not mapped as it should", at);
	if (mmu_model.mapped_bytes == end - va)
		unmap_range(va, end);
}

static void map_neighbour(void)
{
	expect_error(map_range(neighbour, neighbour + PAGE_SIZE, 0, PAGE_KERNEL, 63), 0,
		     "neighbour");
}

/* A group at @va, in a window without a table, which another CPU makes meanwhile for a neighbour.
 */
static void race_for_a_table(uint64_t va, enum request_kind kind)
{
	const uint64_t end = va + CONT_PTE_SIZE;
	struct page **pages = run_of(0, CONT_PTES);
	struct leaf leaf;
	int error;

	neighbour = end + PAGE_SIZE;
	alloc_event_in = 0;
	alloc_event = map_neighbour;
	if (kind == BY_RANGE)
		error = map_range(va, end, page_to_phys(pages[0]), PAGE_KERNEL, 63);
	else if (kind == BY_PAGES)
		error = map_pages(va, end, pages, PAGE_KERNEL, 63);
	else
		error = map_blocks(va, end, pages, CONT_PTES_SHIFT, PAGE_KERNEL, 63);
	expect_error(error, 0, "map");
	for (uint64_t at = va; at < end; at += PAGE_SIZE)
		if (walk_lookup(at, &leaf) || leaf.pa != page_to_phys(pages[0]) + at - va ||
		    !leaf.cont)
			mistake("0x%lx is not mapped as it should", at);
	if (mmu_model.mapped_bytes != end - va + PAGE_SIZE)
		mistake("%lu bytes are mapped", mmu_model.mapped_bytes);
	unmap_range(va, end);
	unmap_range(neighbour, neighbour + PAGE_SIZE);
	free(pages);
}

static void test_table_races(void)
{
	const uint64_t va = VMALLOC_END - PUD_SIZE - PMD_SIZE;

	race_for_a_table(va, BY_RANGE);
	race_for_a_table(va, BY_PAGES);
	race_for_a_table(va, BY_BLOCKS);
	report("another CPU's table comes first");
}

static void test_races(void)
{
	const uint64_t start = VMALLOC_END - 2 * PUD_SIZE;

	race(start + PMD_SIZE, start + PMD_SIZE - 6 * PAGE_SIZE, 0);
	report("a first window's table goes while the last one's is planned");
	/* Below @start no upper table is: they are what is allocated last. */
	if (walk_slot(start - PAGE_SIZE, LEVEL_PMD))
		mistake("the tables are there already");
	race(start, start + 6 * PAGE_SIZE, 1);
	report("a last window's table goes while upper tables are planned");
}

int main(void)
{
	uint64_t free_pages;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a panic must not swallow what was said */
	oracle_init();
	free_pages = nr_free_pages();
	test_populate();
	test_missing_tables();
	test_out_of_memory();
	test_bad_pages();
	test_runs_out_of_ram();
	test_bad_arguments();
	test_races();
	test_table_races();
	drain_hot_lists();
	ok(nr_free_pages() + map_table_pages() == free_pages,
	   "all pages are back but for upper tables");
	return tap_done();
}
