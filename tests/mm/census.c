// SPDX-License-Identifier: MIT
/*
 * Suite census: areas of each kind, and the reasons that the census gives for their leaves.
 */
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/areas/view/vmallocinfo.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

static struct map_census census_of(const void *addr)
{
	struct map_census census = { 0 };
	const struct vm_struct *area = find_vm_area(addr);

	if (CHECK(area))
		census_area(area, &census);
	return census;
}

static uint64_t bytes_of(const struct map_census *census)
{
	uint64_t bytes = 0;

	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
		bytes += census_of_kind(census, kind);
	return bytes;
}

/* All of @bytes by @kind, because of @limit. */
static void check_all(const void *addr, uint64_t bytes, enum leaf_kind kind, enum leaf_limit limit)
{
	struct map_census census = census_of(addr);

	CHECK_EQ(census.mapped[kind][limit], bytes);
	CHECK_EQ(bytes_of(&census), bytes);
	CHECK_EQ(census.invalid, 0);
}

TEST(census_ioremap, "census/ioremap-of-each-leaf")
{
	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++) {
		bool largest = kind + 1 == NR_LEAF_KINDS || !leaf_shifts[kind + 1];
		uint64_t bytes = 1UL << leaf_shifts[kind];
		void *addr;

		if (!leaf_shifts[kind])
			continue;
		addr = ioremap(EMPTY_PA, bytes);
		if (CHECK(addr))
			check_all(addr, bytes, kind, largest ? LIMIT_NONE : LIMIT_RUN);
		iounmap(addr);
	}
}

/* The area is aligned to its size, and the device is not. */
TEST(census_phase, "census/ioremap-out-of-phase")
{
	uint64_t bytes = 4 * CONT_PTE_SIZE;
	void *addr = ioremap(EMPTY_PA + PAGE_SIZE, bytes);
	struct map_census census;

	if (!CHECK(addr))
		return;
	census = census_of(addr);
	CHECK_EQ(census.mapped[LEAF_PAGE][LIMIT_PA_PHASE], CONT_PTE_SIZE - PAGE_SIZE);
	CHECK_EQ(census.mapped[LEAF_PAGE][LIMIT_VA_PHASE], 3 * CONT_PTE_SIZE);
	CHECK_EQ(census.mapped[LEAF_PAGE][LIMIT_RUN], PAGE_SIZE);
	CHECK_EQ(bytes_of(&census), bytes);
	iounmap(addr);
}

/* Frames in a row, so that only the limit of the call is in the way; and the same without it. */
TEST(census_caller, "census/limit-of-the-caller")
{
	struct vm_struct *area =
		__get_vm_area(CONT_PTE_SIZE, CONT_PTE_SIZE, VMALLOC_START, VMALLOC_END, VM_ALLOC);
	uint64_t va;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + CONT_PTE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, PAGE_SHIFT),
		     0)) {
		check_all(area->addr, CONT_PTE_SIZE, LEAF_PAGE, LIMIT_CALLER);
		area->flags = VM_MAP;
		check_all(area->addr, CONT_PTE_SIZE, LEAF_PAGE, LIMIT_UNKNOWN);
		area->max_shift = PAGE_SHIFT;
		check_all(area->addr, CONT_PTE_SIZE, LEAF_PAGE, LIMIT_CALLER);
		unmap_range(va, va + CONT_PTE_SIZE);
	}
	free_vm_area(area);
}

/* vmalloc()'s frames may lie in a row or not: its limit, or they, but nothing else. */
TEST(census_vmalloc, "census/vmalloc")
{
	uint64_t bytes = 3 * CONT_PTE_SIZE;
	void *addr = vmalloc(bytes);
	struct map_census census;

	if (!CHECK(addr))
		return;
	census = census_of(addr);
	CHECK_EQ(census_of_kind(&census, LEAF_PAGE), bytes);
	CHECK_EQ(bytes_of(&census), bytes);
	CHECK_EQ(census_of_limit(&census, LIMIT_VA_PHASE), 0);
	CHECK_EQ(census_of_limit(&census, LIMIT_FALLBACK), 0);
	CHECK_EQ(census_of_limit(&census, LIMIT_UNKNOWN), 0);
	vfree(addr);
}

/* Enough pages, but every other one: no block of two (as vmalloc/huge-without-blocks). */
TEST(census_fallback, "census/huge-without-blocks")
{
	uint64_t n = CONT_PTES * 4, got = 0, kept = 0;
	struct page **pages;
	struct hoard hoard;
	void *addr;

	hoard_all(&hoard);
	for (uint64_t i = 0; i < 2 * n + 16 && hoard.pages; i++)
		hoard_give_page(&hoard);
	pages = kmalloc(4 * n * sizeof(*pages), GFP_KERNEL);
	while (pages && got < 4 * n && (pages[got] = alloc_pages(GFP_KERNEL, 0)))
		got++;
	for (uint64_t i = 0; i < got; i++) {
		if (page_to_pfn(pages[i]) & 1)
			pages[kept++] = pages[i];
		else
			__free_pages(pages[i], 0);
	}
	addr = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL);
	if (CHECK(pages && addr))
		check_all(addr, 2 * CONT_PTE_SIZE, LEAF_PAGE, LIMIT_FALLBACK);
	vfree(addr);
	hoard_free(&hoard);
	drop_pages(pages, kept);
	addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	if (CHECK(addr))
		check_all(addr, CONT_PTE_SIZE, LEAF_PAGE_CONT, LIMIT_RUN);
	vfree(addr);
}

/* @n pages of @pages from the first or a random one on, some of them out of place. */
static void shuffle(struct page **array, struct page *const *pages, uint64_t n, uint64_t *seed)
{
	uint64_t first = random_below(seed, 2) * random_below(seed, CONT_PTES);

	for (uint64_t i = 0; i < n; i++)
		array[i] = pages[first + i];
	for (uint64_t swaps = random_below(seed, 4); swaps > 0; swaps--)
		array[random_below(seed, n)] = pages[random_below(seed, n)];
}

/* Whatever vmap() is given, it leaves no leaf smaller than it need be. */
TEST(census_never_unknown, "census/vmap-is-never-without-a-reason")
{
	uint64_t most = 4 * CONT_PTES, seed = random_seed(), seen = 0;
	struct page **pages = take_pages(most + CONT_PTES, CONT_PTES_SHIFT);
	struct page **array = kmalloc(most * sizeof(*array), GFP_KERNEL);

	for (unsigned i = 0; CHECK(pages && array) && i < 60; i++) {
		uint64_t n = 1 + random_below(&seed, most);
		struct map_census census;
		void *addr;

		shuffle(array, pages, n, &seed);
		addr = vmap(array, n, VM_MAP, PAGE_KERNEL);
		if (!CHECK(addr))
			break;
		census = census_of(addr);
		CHECK_EQ(census_of_limit(&census, LIMIT_UNKNOWN), 0);
		CHECK_EQ(bytes_of(&census), n << PAGE_SHIFT);
		seen |= census_of_kind(&census, LEAF_PAGE_CONT);
		vunmap(addr);
	}
	CHECK(seen);
	kfree(array);
	if (pages)
		drop_pages(pages, most + CONT_PTES);
}

/* Every area once, in the order of their addresses. */
TEST(census_list, "census/next-area")
{
	struct vm_struct copy;
	void *low = vmalloc(PAGE_SIZE), *high = vmalloc(PAGE_SIZE);
	uint64_t n = 0, va = VMALLOC_START;
	unsigned met = 0;

	while (next_vm_area(va, &copy)) {
		CHECK((uint64_t)copy.addr >= va && copy.size > 0);
		met += copy.addr == low || copy.addr == high;
		va = (uint64_t)copy.addr + copy.size;
		n++;
	}
	CHECK_EQ(met, 2);
	CHECK_EQ(n, nr_vm_areas());
	vfree(high);
	vfree(low);
}
