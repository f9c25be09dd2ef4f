// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c tests/host/users-world.c
// clang-format on
// granules: 12 14 16
/*
 * Struct pages of a device's memory come and go: every struct page against the model, references
 * that keep them, ranges that are refused, each allocation failing in turn.
 */
#include <errno.h>
#include <stdio.h>

#include "mm/phys/fail.h"
#include "mm/phys/page-ref.h"
#include "mm/phys/ranges.h"
#include "tests/host/tap.h"
#include "tests/host/users-world.h"

#define SECTIONS 4 /* of the device */

static struct dev_pagemap map_of(uint64_t section, uint64_t sections, unsigned order)
{
	uint64_t start = dax_base + section * SECTION_SIZE;

	return (struct dev_pagemap){ .range = { start, start + sections * SECTION_SIZE - 1 },
				     .vmemmap_shift = order };
}

static bool right(void)
{
	return world_wrong() == 0;
}

/* --- what is refused ---------------------------------------------------------------------- */

static void refuse(struct dev_pagemap map, int error, const char *what)
{
	uint64_t digest = mmu_model_digest(), before = users_accounted();

	ok(users_memremap(&map) == error && right() && digest == mmu_model_digest() &&
		   before == users_accounted(),
	   "%s: %d, nothing changes", what, error);
}

static void test_refused(void)
{
	struct dev_pagemap there = map_of(1, 1, HUGE_ORDER), map = map_of(0, 1, 0);

	map.range.end = map.range.start - 1;
	refuse(map, -EINVAL, "an empty range");
	refuse(map_of(0, 1, HUGE_ORDER + 1), -EINVAL, "an order that no huge page has");
	map = map_of(0, 1, 0);
	map.range.end -= 8;
	refuse(map, -EINVAL, "a part of a page");
	map = map_of(0, 1, 0);
	map.range.end -= PAGE_SIZE;
	refuse(map, -EOPNOTSUPP, "a part of a section");
	refuse(map_of(-1UL, 1, 0), -ENXIO, "what lies below the device");
	refuse(map_of(SECTIONS, 1, 0), -ENXIO, "or above");
	ok(!users_memremap(&there) && right(), "one section");
	refuse(map_of(1, 1, HUGE_ORDER), -EEXIST, "the same section");
	refuse(map_of(0, 3, 0), -EEXIST, "a range around it");
	refuse(map_of(1, 2, HUGE_ORDER), -EEXIST, "one that begins with it");
	ok(users_memunmap(&map) == -ENOENT, "what was never made does not go");
	ok(!users_memunmap(&there) && users_memunmap(&there) == -ENOENT && right(),
	   "what was goes once");
}

/* --- what is there ------------------------------------------------------------------------ */

static void test_order(unsigned order)
{
	struct dev_pagemap map = map_of(0, SECTIONS, order);
	struct page *first = phys_to_page(dax_base), *last;
	uint64_t before = 0;
	bool good = true;

	last = first + (SECTIONS << (SECTION_SHIFT - PAGE_SHIFT)) - 1;
	for (unsigned i = 0; i < 5 && good; i++) {
		good = !pfn_valid(page_to_pfn(first)) && read_faults(first);
		good = good && !users_memremap(&map) && right() && pfn_valid(page_to_pfn(last));
		good = good && compound_head(last)->zone == ZONE_DEVICE && page_count(last) == 1 &&
		       compound_head(first) == first;
		good = good && !users_memunmap(&map) && right() && read_faults(last);
		good = good && (!i || before == users_accounted());
		before = users_accounted();
	}
	ok(good, "order %u: comes and goes, and nothing is lost", order);
}

/* References to pages of the device, of compound ones by way of tails. */
static void test_busy(unsigned order)
{
	struct dev_pagemap map = map_of(0, 2, order);
	struct page *head = phys_to_page(dax_base) + (3UL << order), *tail = head;
	struct huge *h;
	bool got;

	users_memremap(&map);
	tail += order ? (1UL << order) - 1 : 0;
	h = world_find(head);
	if (order)
		got = try_get_page(tail) == head;
	else
		got = get_page_unless_zero(tail);
	if (h)
		h->refcount++;
	ok(got && right() && users_memunmap(&map) == -EBUSY && right(),
	   "order %u: with a reference it does not go", order);
	put_page(tail);
	if (h)
		h->refcount--;
	ok(right() && !users_memunmap(&map) && right(), "order %u: without, it does", order);
}

/* --- out of memory ------------------------------------------------------------------------ */

static void test_starved(unsigned order)
{
	struct dev_pagemap map = map_of(0, SECTIONS, order);
	uint64_t before = users_accounted(), n = 0;
	bool good = true;
	int error;

	do {
		fail_nth_begin(++n, UINT64_MAX);
		error = users_memremap(&map);
		fail_nth_end();
		good = !world_wrong_some(16) &&
		       (!error || (error == -ENOMEM && before == users_accounted()));
	} while (error && good);
	good = good && !users_memunmap(&map) && before == users_accounted();
	for (uint64_t i = 1; i < n && good; i++) {
		fail_nth_begin(i, i);
		error = users_memremap(&map);
		fail_nth_end();
		good = (!error || error == -ENOMEM) && !world_wrong_some(16);
		good = good && (error || !users_memunmap(&map)) && before == users_accounted();
	}
	ok(good && n > 1, "order %u: each of %lu allocations fails, nothing changes", order, n - 1);
}

int main(void)
{
	const unsigned orders[] = { HUGE_ORDER, 0, huge_orders[0], huge_orders[2] };
	char line[64];

	world_begin();
	users_ram(SECTION_SIZE, 8 * SECTION_SIZE);
	users_ram(4 * GiB, 2 * SECTION_SIZE);
	snprintf(line, sizeof(line), "dax=%luM@%luM", (SECTIONS * SECTION_SIZE) >> 20,
		 (3 * SECTION_SIZE) >> 20);
	users_boot(line);
	ok(right() && dax_base == 3 * SECTION_SIZE, "boot leaves room for a device");
	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++)
		if (PAGE_SIZE << orders[i] <= SECTIONS * SECTION_SIZE / 4)
			test_starved(orders[i]);
	test_refused();
	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++)
		if (PAGE_SIZE << orders[i] <= SECTIONS * SECTION_SIZE)
			test_order(orders[i]);
	test_busy(HUGE_ORDER - (PAGE_SIZE == 64 * KiB ? HUGE_ORDER - huge_orders[0] : 0));
	test_busy(0);
	return tap_done();
}
