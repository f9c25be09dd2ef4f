// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/protect-window.c tests/host/mmu-model.c mm/check/*.c
// libs: -Wl,--wrap=alloc_pages,--wrap=table_page_alloc
// granules: 12 14 16
// clang-format on
/*
 * Changing permissions, splitting and merging under the checker: each size of leaf, each cut,
 * each failure, and random programs.
 */
#include <errno.h>

#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "tests/host/mmu-model.h"
#include "tests/host/protect-window.h"
#include "tests/host/tap.h"

#define DEVICE	     (1UL << 40)
#define RANDOM_CALLS 600

static unsigned long long seed = 11;

static uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

static void result(const char *what)
{
	ok(!mistakes && !mmu_model.violations, "%s", what);
	mistakes = 0;
}

/* --- sizes -------------------------------------------------------------------------------- */

/* Every leaf of the window is as large as can be; it is cut at @cut and merged again. */
static void cut_and_merge(uint64_t cut)
{
	unsigned stops = hold.stops;
	uint64_t tables = map_table_pages();

	if (cut <= WINDOW_START || cut >= WINDOW_END)
		return;
	window_split(cut, 0);
	window_check_largest(WINDOW_START, WINDOW_END, cut);
	if (hold.stops > stops + 1)
		mistake("0x%lx: split in more than one step", cut);
	window_split(cut, 0);
	if (hold.stops > stops + 1)
		mistake("0x%lx: split twice", cut);
	window_merge(cut - PAGE_SIZE, cut + PAGE_SIZE, 0);
	window_check_largest(WINDOW_START, WINDOW_END, 0);
	if (map_table_pages() != tables)
		mistake("0x%lx: %ld tables more after merging", cut,
			(long)(map_table_pages() - tables));
}

static void test_cuts(void)
{
	const uint64_t sizes[] = { PAGE_SIZE, CONT_PTE_SIZE, PMD_SIZE, CONT_PMD_SIZE };
	const uint64_t middles[] = { WINDOW_START + CONT_PMD_SIZE / 2, WINDOW + CONT_PMD_SIZE,
				     WINDOW_END - CONT_PMD_SIZE / 2 };

	window_map(WINDOW_START, WINDOW_END, DEVICE - CONT_PMD_SIZE, PAGE_KERNEL, MAP_SHIFT_ANY);
	window_check_largest(WINDOW_START, WINDOW_END, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(middles); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(sizes); k++) {
			cut_and_merge(middles[i] - sizes[k]);
			cut_and_merge(middles[i] + sizes[k]);
		}
	cut_and_merge(WINDOW_START + PAGE_SIZE);
	cut_and_merge(WINDOW_END - PAGE_SIZE);
	window_unmap(WINDOW_START, WINDOW_END);
	result("a cut anywhere: one break, the largest leaves on both sides, merged again");
}

/* --- what it costs ------------------------------------------------------------------------ */

struct work {
	uint64_t stores, tlbi, dsb;
	unsigned stops;
};

/* Maps @bytes, makes [from, to) of it read-only, and undoes it; the work of the change. */
static struct work work_of(uint64_t bytes, uint64_t from, uint64_t to, unsigned max_shift)
{
	struct work w = { .stops = hold.stops };

	window_map(WINDOW, WINDOW + bytes, DEVICE - CONT_PMD_SIZE, PAGE_KERNEL, max_shift);
	door_counts = (struct door_counts){ 0 };
	door_counting = true;
	window_protect(WINDOW + from, WINDOW + to, DESC_RO, 0, 0);
	door_counting = false;
	w.stores = door_counts.pte_writes;
	w.tlbi = door_counts.tlbi;
	w.dsb = door_counts.dsb;
	w.stops = hold.stops - w.stops;
	window_unmap(WINDOW, WINDOW + bytes);
	return w;
}

static bool is_work(struct work w, uint64_t stores, uint64_t tlbi, uint64_t dsb, unsigned stops)
{
	if (w.stores == stores && w.tlbi == tlbi && w.dsb == dsb && w.stops == stops)
		return true;
	mistake("%lu stores, %lu TLBIs, %lu DSBs, held %u times", w.stores, w.tlbi, w.dsb, w.stops);
	return false;
}

static void test_work(void)
{
	const uint64_t group = CONT_PTES, page = PAGE_SIZE;

	ok(is_work(work_of(5 * page, 0, 5 * page, PAGE_SHIFT), 5, 5, 2, 0),
	   "pages: a store and a TLBI each, nobody is held");
	ok(is_work(work_of(4 * page, page, 3 * page, PAGE_SHIFT), 2, 2, 2, 0),
	   "some of the pages: those");
	ok(is_work(work_of(CONT_PTE_SIZE, 0, CONT_PTE_SIZE, MAP_SHIFT_ANY), group, group, 2, 1),
	   "a group: each member, others held");
	ok(is_work(work_of(2 * PMD_SIZE, 0, PMD_SIZE, PMD_SHIFT), 1, 1, 2, 0),
	   "a block: one store, one TLBI");
	ok(is_work(work_of(CONT_PTE_SIZE, 0, page, MAP_SHIFT_ANY), 2 * group, group, 3, 1),
	   "a page of a group: broken and made, each member flushed, once");
	ok(is_work(work_of(PMD_SIZE, page, 2 * page, PMD_SHIFT), PTRS_PER_TABLE + 1, 1, 3, 1),
	   "a page of a block: a table and one TLBI");
	result("and all of it right");
}

/* --- permissions -------------------------------------------------------------------------- */

static void test_permissions(void)
{
	uint64_t va = WINDOW + 3 * PAGE_SIZE, end = va + PMD_SIZE;
	unsigned stops;

	window_map(WINDOW_START, WINDOW_END, DEVICE - CONT_PMD_SIZE, PAGE_KERNEL, MAP_SHIFT_ANY);
	window_protect(va, end, 0, DESC_PXN, -EINVAL);
	window_protect(va, end, DESC_RO, 0, 0);
	stops = hold.stops;
	window_protect(va, end, DESC_RO, 0, 0);
	window_protect(va + PAGE_SIZE, end - PAGE_SIZE, DESC_RO, 0, 0);
	if (stops != hold.stops)
		mistake("nothing is to be done, and the others are held");
	window_protect(va, end + PAGE_SIZE, 0, DESC_PXN, -EINVAL);
	window_protect(va, end, 0, DESC_PXN, 0);
	window_protect(va + PAGE_SIZE, end, 0, DESC_RO, -EINVAL);
	window_protect(va - PAGE_SIZE, end, DESC_PXN, 0, 0);
	window_protect(va, end, 0, DESC_RO, 0);
	window_merge(WINDOW_START, WINDOW_END, 0);
	window_check_largest(WINDOW_START, WINDOW_END, 0);
	window_protect(va, end, DESC_RO, DESC_PXN, 0);
	window_unmap(WINDOW_START, WINDOW_END);
	result("W^X holds, what is so already costs nothing");
	/* Every second page changes: more runs than are flushed one by one, of fewer leaves. */
	window_map(WINDOW, end, DEVICE, PAGE_KERNEL, PAGE_SHIFT);
	for (uint64_t at = WINDOW; at < WINDOW + 90 * PAGE_SIZE; at += 2 * PAGE_SIZE)
		window_protect(at, at + PAGE_SIZE, DESC_RO, 0, 0);
	window_protect(WINDOW, WINDOW + 90 * PAGE_SIZE, DESC_RO, 0, 0);
	window_unmap(WINDOW, end);
	result("scattered pages");
	window_map(WINDOW, WINDOW + PMD_SIZE, DEVICE, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY);
	window_protect(WINDOW, WINDOW + PMD_SIZE, DESC_RO, 0, 0);
	window_protect(WINDOW, WINDOW + PMD_SIZE, 0, DESC_PXN, -EINVAL);
	window_unmap(WINDOW, WINDOW + PMD_SIZE);
	result("devices are not executed");
}

static void test_invalid(void)
{
	const unsigned shifts[] = { PAGE_SHIFT, CONT_PTE_SHIFT, PMD_SHIFT, MAP_SHIFT_ANY };
	uint64_t end = WINDOW + 2 * CONT_PMD_SIZE / (PAGE_SHIFT > 12 ? CONT_PMDS / 2 : 1);

	for (unsigned i = 0; i < ARRAY_SIZE(shifts); i++) {
		window_map(WINDOW, end, DEVICE, PAGE_KERNEL, shifts[i]);
		window_protect(WINDOW, end, 0, DESC_VALID, 0);
		if (mmu_model.mapped_bytes)
			mistake("%lu bytes are mapped", mmu_model.mapped_bytes);
		window_protect(WINDOW + PAGE_SIZE, end - PAGE_SIZE, DESC_VALID, 0, 0);
		window_protect(WINDOW, WINDOW + 2 * PAGE_SIZE, DESC_RO, 0, 0);
		window_protect(WINDOW, end, DESC_VALID, 0, 0);
		window_protect(end - 2 * PAGE_SIZE, end, 0, DESC_VALID, 0);
		window_merge(WINDOW, end, 0);
		window_unmap(WINDOW, end);
		window_map(WINDOW, end, DEVICE, PAGE_KERNEL, shifts[i]);
		window_protect(WINDOW, end, 0, DESC_VALID, 0);
		window_unmap(WINDOW, end);
	}
	result("invalid leaves of each size keep their addresses, and are unmapped");
	if (mmu_model.mapped_bytes)
		mistake("%lu bytes are mapped", mmu_model.mapped_bytes);
	result("nothing is left");
}

/* --- errors ------------------------------------------------------------------------------- */

static void test_arguments(void)
{
	const uint64_t va = WINDOW, end = WINDOW + PMD_SIZE;
	int sum = 0;

	window_map(va, end, DEVICE, PAGE_KERNEL, MAP_SHIFT_ANY);
	window_protect(va, end + PAGE_SIZE, DESC_RO, 0, -EINVAL);
	window_protect(va - PAGE_SIZE, end, DESC_RO, 0, -EINVAL);
	window_protect(end, end + PMD_SIZE, DESC_RO, 0, -EINVAL);
	sum += map_protect(va, va, DESC_RO, 0) == -EINVAL;
	sum += map_protect(end, va, DESC_RO, 0) == -EINVAL;
	sum += map_protect(va + 1, end, DESC_RO, 0) == -EINVAL;
	sum += map_protect(va, end - 1, DESC_RO, 0) == -EINVAL;
	sum += map_protect(va, end, DESC_RO, DESC_RO) == -EINVAL;
	sum += map_protect(va, end, DESC_CONT, 0) == -EINVAL;
	sum += map_protect(PAGE_OFFSET, PAGE_OFFSET + PAGE_SIZE, DESC_RO, 0) == -EINVAL;
	sum += map_protect(VMEMMAP_START, VMEMMAP_START + PAGE_SIZE, DESC_RO, 0) == -EINVAL;
	sum += map_split(va + 1) == -EINVAL;
	sum += map_split(VMALLOC_START - PAGE_SIZE) == -EINVAL;
	sum += map_split(MAPPABLE_END + PAGE_SIZE) == -EINVAL;
	sum += map_merge(va, end, va + PAGE_SIZE, end) == -EINVAL;
	sum += map_merge(va, end, va, end - PAGE_SIZE) == -EINVAL;
	sum += map_merge(va, va, va, end) == -EINVAL;
	ok(sum == 14, "%d of 14 bad arguments are refused", sum);
	/* Parts that are not the caller's: the first page, the last. */
	window_split(WINDOW + PAGE_SIZE, 0);
	sum = map_merge(va + PAGE_SIZE, end, va + PAGE_SIZE, end);
	if (sum || window_leaf(va) != PAGE_SHIFT)
		mistake("merged past the lower limit: %d", sum);
	sum = map_merge(va, end - PAGE_SIZE, va, end - PAGE_SIZE);
	if (sum || window_leaf(va) != CONT_PTE_SHIFT)
		mistake("merged past the upper limit: %d", sum);
	window_unmap(va, end);
	result("holes are refused, nothing changed");
}

/* With the first, the second, ... table missing, and the other CPUs deaf; then it works. */
static void starve(uint64_t va, uint64_t end)
{
	unsigned failures = 0;

	hold.error = -ETIMEDOUT;
	window_protect(va, end, DESC_RO, 0, -ETIMEDOUT);
	hold.error = 0;
	for (alloc_fail_in = 0; alloc_fail_in < 10; failures++) {
		long n = alloc_fail_in;
		uint64_t before = map_table_pages();

		if (map_protect(va, end, 0, 0) || map_table_pages() != before)
			mistake("nothing to do, and something is done");
		alloc_fail_in = n;
		if (n == (long)(IS_ALIGNED(va, PMD_SIZE) ? 0 : HAVE_PUD_BLOCK + 1) +
				 (IS_ALIGNED(end, PMD_SIZE) ? 0 : 1))
			break;
		window_protect(va, end, DESC_RO, 0, -ENOMEM);
		alloc_fail_in = n + 1;
	}
	window_protect(va, end, DESC_RO, 0, 0);
	alloc_fail_in = -1;
	if (!failures)
		mistake("0x%lx: no allocation failed", va);
	window_merge(va, end, 0);
	window_protect(va, end, 0, DESC_RO, 0);
	window_merge(va, end, 0);
}

static void test_failures(void)
{
	const uint64_t va = WINDOW + PMD_SIZE + 5 * PAGE_SIZE;

	window_map(WINDOW_START, WINDOW_END, DEVICE - CONT_PMD_SIZE, PAGE_KERNEL, MAP_SHIFT_ANY);
	starve(va, va + 2 * PMD_SIZE);
	starve(va, ALIGN_UP(va, PMD_SIZE));
	window_split(va, 0);
	hold.error = -ETIMEDOUT;
	window_merge(WINDOW, WINDOW + PAGE_SIZE, -ETIMEDOUT);
	window_split(WINDOW + PMD_SIZE * 2 + CONT_PTE_SIZE, -ETIMEDOUT);
	hold.error = 0;
	window_unmap(WINDOW_START, WINDOW_END);
	result("no table, or deaf CPUs: the error, and nothing changed");
}

/* Another CPU splits, or merges, the same block between planning and holding. */
static void late_split(void)
{
	int error = map_split(WINDOW + CONT_PTE_SIZE);

	if (error)
		mistake("late split: %d", error);
}

static void late_merge(void)
{
	int error = map_merge(WINDOW, WINDOW + PMD_SIZE, WINDOW_START, WINDOW_END);

	if (error)
		mistake("late merge: %d", error);
}

static void test_races(void)
{
	window_map(WINDOW, WINDOW + PMD_SIZE, DEVICE - CONT_PMD_SIZE, PAGE_KERNEL, PMD_SHIFT);
	hold.late = late_split;
	window_protect(WINDOW + PAGE_SIZE, WINDOW + 2 * PAGE_SIZE, DESC_RO, 0, 0);
	window_protect(WINDOW + PAGE_SIZE, WINDOW + 2 * PAGE_SIZE, 0, DESC_RO, 0);
	hold.late = late_merge;
	window_split(WINDOW + CONT_PTE_SIZE + PAGE_SIZE, 0);
	window_unmap(WINDOW, WINDOW + PMD_SIZE);
	result("two that change one block: the second looks again");
}

/* --- at random ---------------------------------------------------------------------------- */

/* A page, at a leaf's edge or next to it or anywhere. */
static uint64_t pick_va(void)
{
	const uint64_t sizes[] = { PAGE_SIZE, CONT_PTE_SIZE, PMD_SIZE, CONT_PMD_SIZE };
	uint64_t va = WINDOW_START + (pick(WINDOW_PAGES) << PAGE_SHIFT);

	va = ALIGN_DOWN(va, sizes[pick(ARRAY_SIZE(sizes))]);
	if (pick(2))
		va += (pick(5) << PAGE_SHIFT) - 2 * PAGE_SIZE;
	return MIN(MAX(va, WINDOW_START), WINDOW_END - PAGE_SIZE);
}

static bool any(uint64_t va, uint64_t end, uint8_t bits, uint8_t value)
{
	for (uint64_t i = (va - WINDOW_START) >> PAGE_SHIFT; i < (end - WINDOW_START) >> PAGE_SHIFT;
	     i++)
		if ((state[i] & bits) == value)
			return true;
	return false;
}

static void random_call(void)
{
	const uint64_t sizes[] = { PAGE_SIZE, CONT_PTE_SIZE, PMD_SIZE, CONT_PMD_SIZE };
	uint64_t va = pick_va(), end = va + (1 + pick(3)) * sizes[pick(ARRAY_SIZE(sizes))];

	end = MIN(end, WINDOW_END);
	switch (pick(9)) {
	case 0:
	case 1:
		window_protect(va, end, DESC_RO, 0, 0);
		break;
	case 2:
		window_protect(va, end, 0, DESC_RO, any(va, end, IS_NX, 0) ? -EINVAL : 0);
		break;
	case 3:
		window_protect(va, end, 0, DESC_PXN, any(va, end, IS_RO, 0) ? -EINVAL : 0);
		break;
	case 4:
		window_protect(va, end, DESC_PXN, 0, 0);
		break;
	case 5:
		window_protect(va, end, 0, DESC_VALID, 0);
		break;
	case 6:
		window_protect(va, end, DESC_VALID, 0, 0);
		break;
	case 7:
		window_split(va, 0);
		break;
	default:
		window_merge(va, end, 0);
	}
}

static void test_random(uint64_t phase, unsigned max_shift, const char *what)
{
	window_map(WINDOW_START, WINDOW_END, DEVICE - CONT_PMD_SIZE + phase, PAGE_KERNEL,
		   max_shift);
	for (unsigned i = 0; i < RANDOM_CALLS && !mistakes; i++)
		random_call();
	window_merge(WINDOW_START, WINDOW_END, 0);
	window_check_largest(WINDOW_START, WINDOW_END, 0);
	window_unmap(WINDOW_START, WINDOW_END);
	result(what);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	window_init();
	test_cuts();
	test_work();
	test_permissions();
	test_invalid();
	test_arguments();
	test_failures();
	test_races();
	test_random(0, MAP_SHIFT_ANY, "600 random calls, the largest leaves");
	test_random(PMD_SIZE, PMD_SHIFT, "600 random calls, blocks that make no groups");
	return tap_done();
}
