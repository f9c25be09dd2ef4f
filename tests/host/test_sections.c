// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// clang-format on
// granules: 12 14 16
/*
 * Sections: what is refused and changes nothing, and random programs against an array.
 */
#include <errno.h>
#include <string.h>

#include "mm/pages/section.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

/* Of the random programs: some at 0, and as many around the end of what one entry of the upper
 * level may be for, wherever that is. */
#define NEAR   40
#define MODEL  (PHYS_END >> SECTION_SHIFT)
#define ROUNDS 20000

/* Pages of a section. */
#define ORDER (SECTION_SHIFT - PAGE_SHIFT)

static struct mem_section model[MODEL];

static bool same(struct mem_section a, struct mem_section b)
{
	return a.present == b.present && a.order == b.order && a.zone == b.zone;
}

static bool section_is(uint64_t pfn, struct mem_section want)
{
	return same(section_of_pfn(pfn), want);
}

/* --- the model ---------------------------------------------------------------------------- */

/* What the contract says of an addition; done if there is no error. */
static int model_add(uint64_t pfn, uint64_t nr, unsigned order, enum zone_id zone)
{
	uint64_t first = pfn / PAGES_PER_SECTION, last = (pfn + nr - 1) / PAGES_PER_SECTION;
	uint64_t unit = MAX(1UL << order, PAGES_PER_SECTION);

	if (order && (pfn % unit || nr % unit))
		return -EOPNOTSUPP;
	for (uint64_t i = first; i <= last; i++)
		if (model[i].present && (order || model[i].order || model[i].zone != zone))
			return -EEXIST;
	for (uint64_t i = first; i <= last; i++)
		if (!model[i].present)
			model[i] = (struct mem_section){ (uint8_t)order, (uint8_t)zone, true };
	return 0;
}

static bool compare_all(void)
{
	const struct mem_section nothing = { 0 };

	for (uint64_t i = 0; i < MODEL; i++)
		if (!section_is(i * PAGES_PER_SECTION, model[i]) ||
		    !section_is((i + 1) * PAGES_PER_SECTION - 1, model[i]))
			return false;
	return section_is(MODEL * PAGES_PER_SECTION, nothing) && section_is(UINT64_MAX, nothing);
}

/* next_section_run() against the array: the same runs, and no more. */
static bool compare_runs(void)
{
	uint64_t pfn = 0, nr = 0, i = 0;
	struct mem_section section;

	while (next_section_run(&pfn, &nr, &section)) {
		while (i < MODEL && !model[i].present)
			i++;
		if (i == MODEL || pfn != i * PAGES_PER_SECTION || !nr || nr % PAGES_PER_SECTION ||
		    !same(section, model[i]))
			return false;
		for (uint64_t end = i + nr / PAGES_PER_SECTION; i < end; i++)
			if (i == MODEL || !same(section, model[i]))
				return false;
		if (i < MODEL && same(section, model[i]))
			return false; /* the run could have been longer */
	}
	while (i < MODEL && !model[i].present)
		i++;
	return i == MODEL;
}

/* --- cases -------------------------------------------------------------------------------- */

static void test_empty(void)
{
	uint64_t pfn = 0, nr = 0;
	struct mem_section section;

	ok(compare_all(), "nothing is there at first, whatever is asked for");
	ok(!next_section_run(&pfn, &nr, &section), "there is no run");
}

static void add(uint64_t pfn, uint64_t nr, unsigned order, enum zone_id zone, int want,
		const char *what)
{
	int got = sections_add(pfn, nr, order, zone);

	if (!want)
		model_add(pfn, nr, order, zone);
	ok(got == want && compare_all() && compare_runs(), "%s: %d", what, want);
}

static void test_by_hand(void)
{
	const uint64_t n = PAGES_PER_SECTION;

	add(5 * n + 3, 1, 0, ZONE_NORMAL, 0, "a page makes its section present");
	add(5 * n + 70, n, 0, ZONE_NORMAL, 0, "a range that ends in the next one");
	add(8 * n, 2 * n, 9, ZONE_NORMAL, 0, "two sections of an order");
	add(8 * n, n, 0, ZONE_NORMAL, -EEXIST, "present with another order");
	add(9 * n, 2 * n, 9, ZONE_NORMAL, -EEXIST, "one of them is there with that order");
	add(5 * n, n, 9, ZONE_NORMAL, -EEXIST, "one is wanted with an order and there without");
	add(4 * n, 3 * n, 0, ZONE_NORMAL, 0, "those without an order may be added to");
	add(16 * n, n / 2, 9, ZONE_NORMAL, -EOPNOTSUPP, "a half of a section with an order");
	add(16 * n + n / 2, n, 9, ZONE_NORMAL, -EOPNOTSUPP, "out of place");
	add(16 * n, 2 * n, ORDER + 2, ZONE_NORMAL, -EOPNOTSUPP, "a half of a huge page");
	add(18 * n, 4 * n, ORDER + 2, ZONE_NORMAL, -EOPNOTSUPP, "a huge page out of place");
	add(20 * n, 4 * n, ORDER + 2, ZONE_DEVICE, 0, "a huge page of several sections");
	add(24 * n, 4 * n, 9, ZONE_DEVICE, 0, "its neighbours have another order");
	add(28 * n, n, 9, ZONE_NORMAL, 0, "and theirs another zone");
	add(30 * n, n - 1, 0, ZONE_DEVICE, 0, "a part of the last one");
	add(29 * n, 2 * n, 0, ZONE_NORMAL, -EEXIST, "there in another zone");
	add(3 * n, 0, 0, ZONE_NORMAL, -EINVAL, "nothing");
	add(MODEL * n - 1, 2, 0, ZONE_NORMAL, -EINVAL, "past the end of all addresses");
}

/* Those of them that are there, run by run. */
static void remove_some(uint64_t first, uint64_t n)
{
	uint64_t end = first + n, run;

	for (uint64_t i = first; i < end; i += run + 1) {
		for (run = 0; i + run < end && model[i + run].present;)
			run++;
		if (run)
			sections_remove(i * PAGES_PER_SECTION, run * PAGES_PER_SECTION);
		memset(&model[i], 0, run * sizeof(*model));
	}
}

static void test_removal(void)
{
	remove_some(21, 2);
	ok(compare_all() && compare_runs(), "a hole in a run");
	remove_some(0, 64);
	ok(compare_all() && compare_runs(), "all gone");
	add(8 * PAGES_PER_SECTION, PAGES_PER_SECTION, 0, ZONE_DMA32, 0,
	    "what had an order may come back without one");
	remove_some(8, 1);
}

/* Places far apart as well, so that upper entries come into being. */
static uint64_t random_section(unsigned long long *seed)
{
	uint64_t base = tap_random(seed) % 8 * (MODEL / 8);

	if (tap_random(seed) % 2)
		base = 0;
	return base + tap_random(seed) % NEAR;
}

static bool random_step(unsigned long long *seed)
{
	const unsigned orders[] = { 0, 0, 5, 9, ORDER, ORDER + 1, ORDER + 3 };
	uint64_t first = random_section(seed), n = 1 + tap_random(seed) % 9;
	unsigned order = orders[tap_random(seed) % ARRAY_SIZE(orders)];
	enum zone_id zone = tap_random(seed) % 3;
	uint64_t pfn = first * PAGES_PER_SECTION, nr = n * PAGES_PER_SECTION;

	if (tap_random(seed) % 3 == 0) {
		remove_some(first, n);
		return true;
	}
	if (tap_random(seed) % 4 == 0) {
		pfn += tap_random(seed) % PAGES_PER_SECTION;
		nr -= tap_random(seed) % PAGES_PER_SECTION;
	}
	return sections_add(pfn, nr, order, zone) == model_add(pfn, nr, order, zone);
}

static void test_random(void)
{
	unsigned long long seed = 7;
	bool good = true;

	for (unsigned i = 0; i < ROUNDS && good; i++) {
		good = random_step(&seed);
		if (i % 500 == 0)
			good = good && compare_all() && compare_runs();
	}
	ok(good && compare_all() && compare_runs(), "%u additions and removals", ROUNDS);
}

int main(void)
{
	arena_add_ram(4 * ARENA_BLOCK, 4 * ARENA_BLOCK);
	buddy_init();
	test_empty();
	test_by_hand();
	test_removal();
	test_random();
	return tap_done();
}
