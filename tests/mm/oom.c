// SPDX-License-Identifier: MIT
/*
 * Suite oom: memory that ends at every step of a call in turn. The call fails and leaves
 * no trace; with one page more it gets one step further; in the end it works.
 */
#include <errno.h>

#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* What the calls work on; made while there is memory. */
static struct {
	struct page **pages;
	uint64_t n;
	uint64_t va, end; /* of an area far from all others: no table is there */
} given;

/* Whether the call worked; it has been undone then. */
typedef bool (*attempt)(void);

/* Runs @call with 0, 1, 2, ... free pages, at most @most; it has to fail at first. */
static void starve(attempt call, uint64_t most)
{
	struct totals start = count_totals(), before;
	uint64_t pages = 0;
	struct hoard hoard;
	bool worked;

	hoard_all(&hoard);
	for (;;) {
		before = count_totals();
		worked = call();
		if (worked)
			break;
		CHECK_UNCHANGED(before);
		if (!CHECK(pages < most && hoard.pages))
			break;
		hoard_give_page(&hoard);
		pages++;
	}
	CHECK(pages > 0);
	CHECK_NOTHING_LOST(before);
	hoard_free(&hoard);
	CHECK(call()); /* and there is nothing that it has broken */
	CHECK_NOTHING_LOST(start);
}

static bool try_vmalloc(void)
{
	void *addr = vmalloc(9 * PAGE_SIZE);

	vfree(addr);
	return addr;
}

static bool try_vzalloc(void)
{
	void *addr = vzalloc(3 * PAGE_SIZE);

	vfree(addr);
	return addr;
}

/* The list of the pages alone takes several. */
static bool try_vmalloc_large(void)
{
	void *addr = vmalloc((PAGE_SIZE / 8 + 3) * PAGE_SIZE);

	vfree(addr);
	return addr;
}

static bool try_vmalloc_huge(void)
{
	void *addr = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL);

	vfree(addr);
	return addr;
}

static bool try_vmap(void)
{
	void *addr = vmap(given.pages, given.n, VM_MAP, PAGE_KERNEL);

	if (addr)
		CHECK_EQ(pages_misread((uint64_t)addr, given.pages, given.n), 0);
	vunmap(addr);
	return addr;
}

static bool try_ioremap(void)
{
	/* Begins a page late: tables of pages at both ends, blocks between. */
	void *addr = ioremap(EMPTY_PA + PAGE_SIZE, 2 * PMD_SIZE);

	iounmap(addr);
	return addr;
}

static bool try_area(void)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);

	free_vm_area(area);
	return area;
}

TEST(oom_vmalloc, "oom/vmalloc")
{
	starve(try_vmalloc, 40);
	starve(try_vzalloc, 40);
}

TEST(oom_vmalloc_large, "oom/vmalloc-with-a-long-list")
{
	if (PAGE_SIZE > 16 * KiB)
		SKIP("a list of more than a page names 512 MiB");
	starve(try_vmalloc_large, 3 * PAGE_SIZE / 8);
}

TEST(oom_vmalloc_huge, "oom/vmalloc-huge")
{
	starve(try_vmalloc_huge, 6 * CONT_PTES + 20);
}

TEST(oom_vmap, "oom/vmap")
{
	given.n = PTRS_PER_TABLE > 2048 ? 300 : PTRS_PER_TABLE + 30;
	given.pages = take_pages(given.n, 0);
	if (given.pages)
		starve(try_vmap, 20);
	drop_pages(given.pages, given.n);
}

TEST(oom_ioremap, "oom/ioremap")
{
	starve(try_ioremap, 20);
}

TEST(oom_area, "oom/get-vm-area")
{
	starve(try_area, 5);
}

/* --- the engine, where no upper table exists ---------------------------------------------------
 */

/* Bytes of an own entry of the root (or, with 16K pages, of the level below). */
#define FAR_STEP (1UL << level_shift(PTRS_PER_ROOT == 2 ? LEVEL_ROOT + 1 : LEVEL_ROOT))

static bool try_far_range(void)
{
	int error = map_range(given.va, given.end, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY);

	CHECK(error == 0 || error == -ENOMEM);
	if (error)
		return false;
	CHECK_EQ(pages_mistranslated(given.va, EMPTY_PA, (given.end - given.va) >> PAGE_SHIFT,
				     PROT_DEVICE_nGnRE, 1 + (given.end - given.va) / PMD_SIZE),
		 0);
	unmap_range(given.va, given.end);
	return true;
}

static bool try_far_pages(void)
{
	int error = map_pages(given.va, given.end, given.pages, PAGE_KERNEL, MAP_SHIFT_ANY);

	CHECK(error == 0 || error == -ENOMEM);
	if (error)
		return false;
	CHECK_EQ(pages_misread(given.va, given.pages, given.n), 0);
	unmap_range(given.va, given.end);
	return true;
}

static bool try_upper(void)
{
	int error = map_populate_upper(given.va, given.end);

	CHECK(error == 0 || error == -ENOMEM);
	return !error;
}

/* With 64K pages the region has only eight such entries. */
#define FAR_ENTRIES ((VMALLOC_END - VMALLOC_START) / FAR_STEP)

/* Starves @call on @bytes that straddle the end of a far entry: another one each time. */
static void starve_far(attempt call, uint64_t bytes, uint64_t most)
{
	static uint64_t entry;
	uint64_t edge = VMALLOC_START + (2 + entry++ % (FAR_ENTRIES - 2)) * FAR_STEP;
	struct vm_struct *area;

	edge -= ALIGN_DOWN(bytes / 2, PAGE_SIZE);
	area = __get_vm_area(bytes, PAGE_SIZE, edge, edge + bytes + PAGE_SIZE, VM_MAP);
	if (!CHECK(area))
		return;
	given.va = (uint64_t)area->addr;
	given.end = given.va + bytes;
	if (call == try_upper && walk_slot(given.va, LEVEL_PMD) &&
	    walk_slot(given.end - 1, LEVEL_PMD))
		ktap_skip("upper tables stay linked: an earlier run has made them all");
	else
		starve(call, most);
	free_vm_area(area);
}

TEST(oom_range, "oom/map-range-and-its-upper-tables")
{
	starve_far(try_far_range, 4 * PAGE_SIZE, 20);
	starve_far(try_far_range, 2 * CONT_PTE_SIZE, 20);
	starve_far(try_far_range, 5 * PMD_SIZE, 20);
	/* The plan of a large range is not on the stack either. */
	starve_far(try_far_range, 300 * PMD_SIZE, 20);
}

TEST(oom_pages, "oom/map-pages-and-their-upper-tables")
{
	given.n = 200;
	given.pages = take_pages(given.n, 0);
	if (given.pages)
		starve_far(try_far_pages, given.n * PAGE_SIZE, 20);
	drop_pages(given.pages, given.n);
}

TEST(oom_upper, "oom/populate-upper")
{
	starve_far(try_upper, 4 * PAGE_SIZE, 20);
}

/* --- half made things ----------------------------------------------------------------------------
 */

TEST(oom_bulk, "oom/bulk-gives-what-there-is")
{
	static struct page *array[100];
	uint64_t before = count_totals().free_pages;
	struct hoard hoard;

	hoard_all(&hoard);
	for (unsigned i = 0; i < 37; i++)
		hoard_give_page(&hoard);
	for (unsigned i = 0; i < ARRAY_SIZE(array); i++)
		array[i] = NULL;
	CHECK_EQ(alloc_pages_bulk(GFP_KERNEL, ARRAY_SIZE(array), array), 37);
	CHECK(array[36] && !array[37]);
	CHECK_EQ(nr_free_pages(), 0);
	free_pages_bulk(array, ARRAY_SIZE(array));
	CHECK_EQ(nr_free_pages(), 37);
	hoard_free(&hoard);
	CHECK_EQ(count_totals().free_pages, before);
}

TEST(oom_kmalloc, "oom/kmalloc-until-the-end")
{
	struct object {
		struct object *next;
	} *all = NULL, *object;
	uint64_t n = 0, before = count_totals().free_pages;
	struct hoard hoard;

	hoard_all(&hoard);
	for (unsigned i = 0; i < 5; i++)
		hoard_give_page(&hoard);
	while ((object = kmalloc(48, GFP_KERNEL))) {
		object->next = all;
		all = object;
		n++;
	}
	CHECK_EQ(n, 5 * PAGE_SIZE / 64);
	CHECK(!kmalloc(48, GFP_KERNEL));
	while (all) {
		object = all;
		all = object->next;
		kfree(object);
	}
	CHECK_EQ(count_totals().free_pages, 5);
	hoard_free(&hoard);
	CHECK_EQ(count_totals().free_pages, before);
}
