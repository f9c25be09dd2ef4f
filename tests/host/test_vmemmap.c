// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
// granules: 12 14 16
/*
 * Populating the vmemmap: what boot leaves, the largest leaves, sections of huge pages with
 * shared tails, and what comes and goes at run time, with each allocation failing in turn.
 */
#include <errno.h>
#include <string.h>

#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/host/pages-world.h"
#include "tests/host/tap.h"

/* Sections of the page allocator's, with a half of one at the end. */
#define PLAIN	    SECTION_SIZE
#define PLAIN_BYTES (2 * SECTION_SIZE + SECTION_SIZE / 2)
/* Whose struct pages fill a PMD (4K, 16K), or groups of pages (64K). */
#define LARGE	    (8 * GiB)
#define LARGE_BYTES (PAGE_SIZE == 16 * KiB ? 8 * GiB : 2 * GiB)
/* Of huge pages of two orders that are optimised, and of one that is not. */
#define HUGE	    (4 * SECTION_SIZE)
#define HUGE_BYTES  (2 * SECTION_SIZE)
#define BETWEEN	    (4 * GiB - SECTION_SIZE) /* of two zones */
#define GIANT	    (5 * GiB)
#define GIANT_ORDER (PAGE_SIZE == 64 * KiB ? HUGE_ORDER : 30 - PAGE_SHIFT)
#define GIANT_BYTES MAX(GiB, SECTION_SIZE)
#define SMALL	    (7 * GiB)
#define SMALL_ORDER 4
/* Not there at boot: a device's, which has no struct pages before it is added. */
#define DEVICE (6 * GiB)

/* --- what boot leaves --------------------------------------------------------------------- */

/* log2 of the leaf or group that @va is mapped by; 0: nothing does. */
static unsigned leaf_shift(uint64_t va)
{
	struct leaf leaf;

	if (walk_lookup(va, &leaf))
		return 0;
	if (!leaf.cont)
		return level_shift(leaf.level);
	return leaf.level == LEVEL_PTE ? CONT_PTE_SHIFT : CONT_PMD_SHIFT;
}

static unsigned largest_shift(uint64_t va, uint64_t end)
{
	const unsigned shifts[] = { PUD_SHIFT, CONT_PMD_SHIFT, PMD_SHIFT, CONT_PTE_SHIFT };

	for (unsigned i = !HAVE_PUD_BLOCK; i < ARRAY_SIZE(shifts); i++)
		if (IS_ALIGNED(va, 1UL << shifts[i]) && end - va >= 1UL << shifts[i])
			return shifts[i];
	return PAGE_SHIFT;
}

/* Whether struct pages of [pa, pa + bytes) have the largest leaves; the largest is in *@most. */
static bool has_largest(uint64_t pa, uint64_t bytes, unsigned *most)
{
	uint64_t va = (uint64_t)phys_to_page(pa), end = (uint64_t)phys_to_page(pa + bytes);

	for (unsigned shift; va < end; va += 1UL << shift) {
		shift = largest_shift(va, end);
		*most = MAX(*most, shift);
		if (leaf_shift(va) != shift)
			return false;
	}
	return true;
}

static void test_boot(void)
{
	unsigned most = 0;

	ok(!world_wrong(), "boot's vmemmap is what it should be");
	ok(has_largest(PLAIN, PLAIN_BYTES, &most) && has_largest(LARGE, LARGE_BYTES, &most),
	   "plain sections are mapped by the largest leaves");
	ok(most == (PAGE_SIZE == 4 * KiB    ? CONT_PMD_SHIFT
		    : PAGE_SIZE == 16 * KiB ? PMD_SHIFT
					    : CONT_PTE_SHIFT),
	   "the largest is of 2^%u bytes", most);
	ok(read_faults(phys_to_page(0)) && read_faults(phys_to_page(HUGE + HUGE_BYTES)) &&
		   read_faults(phys_to_page(DEVICE)),
	   "what is not there has no struct pages");
}

/* Frames of the vmemmap for huge pages: one each, or as many as their struct pages fill. */
static void test_saved(void)
{
	uint64_t plain = ((ALIGN_UP(PLAIN_BYTES, ARENA_BLOCK) + LARGE_BYTES) >> PAGE_SHIFT) /
			 STRUCTS_PER_PAGE;
	uint64_t small = PAGES_PER_SECTION / STRUCTS_PER_PAGE;
	uint64_t huge = (HUGE_BYTES + 2 * SECTION_SIZE) >> (PAGE_SHIFT + HUGE_ORDER);
	uint64_t giant = GIANT_BYTES >> (PAGE_SHIFT + GIANT_ORDER);

	ok(vmemmap_counts.own == plain + small + huge + giant,
	   "a huge page has one page of struct pages, %lu in all", vmemmap_counts.own);
	ok(vmemmap_counts.shared == huge * (order_vmemmap_pages(HUGE_ORDER) - 1) +
					    giant * (order_vmemmap_pages(GIANT_ORDER) - 1),
	   "all others are shared");
	ok(vmemmap_counts.tails == (GIANT_ORDER == HUGE_ORDER ? 2 : 3) +
					   (order_vmemmap_pages(GIANT_ORDER) > PTRS_PER_TABLE),
	   "by a page for each order and zone, and a table of that where it fills some");
}

static bool is_zero(const struct page *page)
{
	static const struct page zero;

	return !memcmp(page, &zero, sizeof(zero));
}

/* Reserved memory, and the sections' heads and tails where an order is too small to share. */
static void test_contents(void)
{
	struct page *small = phys_to_page(SMALL), *reserved = phys_to_page(PLAIN);
	bool good = true;

	for (unsigned i = 0; i < 8; i++)
		good = good && is_zero(&reserved[i]);
	ok(good, "reserved memory: zero");
	for (uint64_t i = 0; i < PAGES_PER_SECTION; i++) {
		uint64_t head = ALIGN_DOWN(i, 1UL << SMALL_ORDER);

		good = good && compound_head(&small[i]) == &small[head];
		good = good && !(small[i].flags & PG_HVO);
	}
	ok(good && !write_faults(small + PAGES_PER_SECTION - 1),
	   "huge pages too small to share: heads and tails, of their own");
}

/* --- at run time -------------------------------------------------------------------------- */

#define DEVICE_PFN (DEVICE >> PAGE_SHIFT)
#define DEVICE_NR  (2 * PAGES_PER_SECTION)

static struct huge *device[2 * PAGES_PER_SECTION];
static uint64_t nr_device;

/* The model learns of the device's huge pages, or forgets them. */
static void model_device(unsigned order, bool there)
{
	for (; !there && nr_device; nr_device--)
		world_forget(device[nr_device - 1]);
	world_populated(DEVICE_PFN, DEVICE_NR, there);
	if (!there || !order)
		return;
	for (uint64_t i = 0; i < DEVICE_NR; i += 1UL << order)
		device[nr_device++] = world_huge(pfn_to_page(DEVICE_PFN + i), order,
						 WORLD_HEAD_FLAGS, order_is_optimizable(order));
}

static int add_device(unsigned order)
{
	int error = sections_add(DEVICE_PFN, DEVICE_NR, order, ZONE_DEVICE);

	if (error)
		return error;
	error = vmemmap_populate(DEVICE_PFN, DEVICE_NR, PAGE_STATE(WORLD_HEAD_FLAGS, 0, 0, 1));
	if (error)
		sections_remove(DEVICE_PFN, DEVICE_NR);
	return error;
}

static void remove_device(void)
{
	vmemmap_depopulate(DEVICE_PFN, DEVICE_NR);
	sections_remove(DEVICE_PFN, DEVICE_NR);
}

/* Memory that is free, or what stays: an upper table, or a shared tail page. */
static uint64_t free_or_kept(void)
{
	return nr_free_pages() + vmemmap_counts.tables + vmemmap_counts.tails;
}

/* Added and removed @times: all is as it was after the first. */
static void test_device(unsigned order, unsigned times)
{
	uint64_t before = 0;
	bool good = true;

	for (unsigned i = 0; i < times && good; i++) {
		good = !add_device(order);
		model_device(order, true);
		good = good && !world_wrong();
		remove_device();
		model_device(order, false);
		good = good && !world_wrong() && read_faults(phys_to_page(DEVICE)) &&
		       (!i || free_or_kept() == before);
		before = free_or_kept();
	}
	ok(good, "sections of order %u come and go %u times", order, times);
}

/* --- out of memory ------------------------------------------------------------------------ */

/* Fails the @first-th allocation to the @last-th. True: it could not fail any more. */
static bool starve(unsigned order, uint64_t first, uint64_t last, bool *good)
{
	uint64_t before = free_or_kept(), failed;
	int error;

	fail_nth_begin(first, last);
	error = add_device(order);
	failed = fail_nth_end();
	if (!error) {
		model_device(order, true);
		*good = *good && !world_wrong_some(16);
		remove_device();
		model_device(order, false);
	}
	*good = *good && (!error || error == -ENOMEM) && (!error || failed) &&
		!world_wrong_some(16);
	*good = *good && before == free_or_kept();
	return !failed;
}

static void test_starved(unsigned order)
{
	bool good = true;
	uint64_t n;

	for (n = 1; good && n < 10000; n++) {
		if (starve(order, n, UINT64_MAX, &good))
			break;
		starve(order, n, n, &good);
	}
	ok(good && n > 1, "order %u without memory: %lu allocations fail, nothing changes", order,
	   n - 1);
}

int main(void)
{
	world_begin();
	world_ram(PLAIN, PLAIN_BYTES, 0);
	world_ram(HUGE, HUGE_BYTES, HUGE_ORDER);
	world_ram(BETWEEN, 2 * SECTION_SIZE, HUGE_ORDER);
	world_ram(GIANT, GIANT_BYTES, GIANT_ORDER);
	world_ram(SMALL, SECTION_SIZE, SMALL_ORDER);
	world_ram(LARGE, LARGE_BYTES, 0);
	boot_ram_reserve(PLAIN, 8 * PAGE_SIZE);
	arena_map(DEVICE, DEVICE_NR << PAGE_SHIFT);
	world_boot();
	test_boot();
	test_saved();
	test_contents();
	test_starved(HUGE_ORDER);
	test_starved(0);
	test_starved(SMALL_ORDER);
	test_starved(SECTION_SHIFT - PAGE_SHIFT + 1);
	test_device(HUGE_ORDER, 20);
	test_device(0, 5);
	test_device(SMALL_ORDER, 3);
	test_device(SECTION_SHIFT - PAGE_SHIFT + 1, 10);
	return tap_done();
}
