// SPDX-License-Identifier: MIT
// clang-format off
// sources: tests/sweep.c tests/sweep-calls.c tests/sweep-family.c tests/sweep-percpu.c tests/sweep-phys.c tests/sweep-protect.c mm/areas/*.c mm/areas/percpu/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// granules: 12 14 16
// clang-format on
/*
 * Allocations that fail on demand, and every public call swept over them (tests/sweep.h) on
 * a machine of 64 MiB.
 */
#include <string.h>

#include "mm/areas/area.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"
#include "tests/sweep.h"

#define RAM_BYTES (64 * MiB)

unsigned nr_cpus = 3; /* of drivers/smp, for per-CPU objects */

/* --- the eyes ------------------------------------------------------------------------- */

/* Leaves of all tables below @slot, an entry of @level. */
static uint64_t leaves_below(const desc_t *slot, int level)
{
	desc_t d = *slot;
	uint64_t n = 0;
	const desc_t *table;

	if (!(d & DESC_VALID))
		return 0;
	if (desc_is_leaf(d, level))
		return 1;
	table = phys_to_virt(desc_addr(d));
	for (unsigned i = 0; i < PTRS_PER_TABLE; i++)
		n += leaves_below(&table[i], level + 1);
	return n;
}

uint64_t sweep_nowhere(void)
{
	return 128 * GiB;
}

struct sweep_state sweep_look(void)
{
	struct sweep_state now = { 0 };

	kmalloc_drain();
	drain_hot_lists();
	now.free_pages = nr_free_pages();
	now.table_pages = map_table_pages();
	now.slab_pages = kmalloc_slab_pages();
	now.areas = nr_vm_areas();
	for (unsigned i = 0; i < PTRS_PER_ROOT; i++)
		now.leaves += leaves_below(&swapper_pg_dir[i], LEVEL_ROOT);
	return now;
}

bool sweep_sees(uint64_t va, uint64_t pa, pgprot_t prot, bool ram)
{
	struct leaf leaf;

	(void)ram; /* no MMU here that could read through @va */
	return walk_lookup(va, &leaf) == 0 && leaf.pa == pa && leaf.prot == prot;
}

void sweep_complain(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fputc('\n', stdout);
}

/* --- the injection itself -------------------------------------------------------------- */

/* Which of @n calls of @alloc failed, as bits, with allocations @first to @last failing. */
static unsigned failing(void *(*alloc)(void), void (*give)(void *), unsigned n, uint64_t first,
			uint64_t last)
{
	void *got[32];
	unsigned failed = 0;

	fail_nth_begin(first, last);
	for (unsigned i = 0; i < n; i++) {
		got[i] = alloc();
		failed |= !got[i] << i;
	}
	fail_nth_end();
	for (unsigned i = 0; i < n; i++)
		give(got[i]);
	return failed;
}

static void *one_page(void)
{
	return alloc_pages(GFP_KERNEL, 0);
}

static void give_page(void *page)
{
	__free_pages(page, 0);
}

static void *one_object(void)
{
	return kmalloc(48, GFP_KERNEL);
}

static void *one_zeroed(void)
{
	return kzalloc(48, GFP_KERNEL);
}

static void test_injection(void)
{
	struct page *array[40] = { 0 };

	give_page(one_page());
	kfree(one_object());
	ok(failing(one_page, give_page, 10, 4, 4) == 0x8,
	   "alloc_pages: the fourth, from hot lists");
	ok(failing(one_page, give_page, 10, 9, UINT64_MAX) == 0x300, "and from the ninth on");
	ok(failing(one_object, kfree, 10, 1, 2) == 0x3, "kmalloc: the first two, all at hand");
	ok(failing(one_zeroed, kfree, 10, 10, 10) == 0x200, "kzalloc: the tenth");
	ok(failing(one_page, give_page, 10, 0, 0) == 0 && fail_nth.asked == 10,
	   "none, and counted");
	kmalloc_drain();
	ok(failing(one_object, kfree, 3, 2, 2) == 0x1, "the page of a slab counts by itself");
	fail_nth_begin(1, 1);
	ok(alloc_pages_bulk(GFP_KERNEL, 40, array) == 20 && array[19] && !array[20],
	   "alloc_pages_bulk: half of it");
	ok(fail_nth_end() == 1 && alloc_pages_bulk(GFP_KERNEL, 40, array) == 40, "then the rest");
	free_pages_bulk(array, 40);
}

/* --- the sweep --------------------------------------------------------------------------- */

int main(void)
{
	struct sweep_sum all = { 0 };
	struct sweep_state start;

	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_add_ram(GiB, RAM_BYTES);
	buddy_init();
	start = sweep_look();
	test_injection();
	for (unsigned i = 0; i < nr_sweep_calls; i++) {
		struct sweep_sum sum = { 0 };

		sweep(&sweep_calls[i], &sum);
		if (sum.calls)
			ok(!sum.wrong, "%s: %lu failures, %lu made up for", sweep_calls[i].name,
			   sum.failures, sum.made_up);
		all.calls += sum.calls;
		all.left_out += sum.left_out;
		all.failures += sum.failures;
		all.made_up += sum.made_up;
		all.wrong += sum.wrong;
	}
	printf("# %lu sweeps, %lu left out for want of room, %lu failures, %lu made up for\n",
	       all.calls, all.left_out, all.failures, all.made_up);
	ok(all.failures > 1000 && all.made_up > 0 && !all.wrong, "no failure leaves a trace");
	ok(sweep_look().free_pages + map_table_pages() == start.free_pages,
	   "all pages are back but for upper tables");
	return tap_done();
}
