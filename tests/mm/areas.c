// SPDX-License-Identifier: MIT
/*
 * Suite areas: who owns which addresses of the vmalloc region.
 */
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* A part of the region that nobody else uses, whatever lives in the rest. */
#define WINDOW	    (VMALLOC_START + 64 * GiB)
#define WINDOW_SIZE (GiB)

static struct vm_struct *get_here(uint64_t size, uint32_t flags)
{
	return __get_vm_area(size, PAGE_SIZE, WINDOW, WINDOW + WINDOW_SIZE, flags);
}

TEST(areas_find, "areas/find-by-any-address")
{
	struct vm_struct *area = get_here(3 * PAGE_SIZE, VM_MAP);
	char *start;

	if (!CHECK(area))
		return;
	start = area->addr;
	CHECK_EQ(get_vm_area_size(area), 3 * PAGE_SIZE);
	CHECK_EQ(area->size, 4 * PAGE_SIZE);
	CHECK_EQ(find_vm_area(start), area);
	CHECK_EQ(find_vm_area(start + 2 * PAGE_SIZE + 17), area);
	CHECK_EQ(find_vm_area(start + 4 * PAGE_SIZE - 1), area); /* the guard page, as in Linux */
	CHECK(find_vm_area(start + 4 * PAGE_SIZE) != area);
	CHECK(find_vm_area(start - 1) != area);
	CHECK(!find_vm_area(NULL));
	CHECK(!find_vm_area((void *)(VMALLOC_END - 1)));
	CHECK(!find_vm_area((void *)UINT64_MAX));
	CHECK(!remove_vm_area(start + PAGE_SIZE));
	CHECK_EQ(remove_vm_area(start), area);
	CHECK(!find_vm_area(start));
	CHECK(!remove_vm_area(start));
	kfree(area);
	free_vm_area(NULL);
}

TEST(areas_first_page, "areas/first-page-is-never-given-out")
{
	struct vm_struct *low = __get_vm_area(PAGE_SIZE, PAGE_SIZE, VMALLOC_START,
					      VMALLOC_START + 2 * PAGE_SIZE, VM_NO_GUARD);

	CHECK(!__get_vm_area(PAGE_SIZE, PAGE_SIZE, VMALLOC_START, VMALLOC_START + PAGE_SIZE,
			     VM_NO_GUARD));
	if (CHECK(low))
		CHECK_EQ(low->addr, VMALLOC_START + PAGE_SIZE);
	CHECK(!find_vm_area((void *)VMALLOC_START));
	free_vm_area(low);
}

/* Areas lie side by side with nothing but the guard page between them. */
TEST(areas_guard, "areas/one-guard-page-above-each")
{
	struct vm_struct *a = get_here(2 * PAGE_SIZE, VM_MAP);
	struct vm_struct *b = get_here(PAGE_SIZE, VM_MAP | VM_NO_GUARD);
	struct vm_struct *c = get_here(PAGE_SIZE, VM_MAP);

	if (!CHECK(a && b && c))
		return;
	CHECK_EQ((char *)b->addr - (char *)a->addr, 3 * PAGE_SIZE);
	CHECK_EQ((char *)c->addr - (char *)b->addr, PAGE_SIZE);
	CHECK_EQ(find_vm_area((char *)a->addr + 2 * PAGE_SIZE), a);
	CHECK_EQ(find_vm_area((char *)b->addr + PAGE_SIZE), c);
	CHECK_EQ(get_vm_area_size(b), PAGE_SIZE);
	free_vm_area(a);
	free_vm_area(b);
	free_vm_area(c);
}

TEST(areas_lowest, "areas/lowest-fit-is-reused")
{
	struct vm_struct *area[5];
	void *addr[5];

	for (unsigned i = 0; i < 5; i++) {
		area[i] = get_here((i + 1) * PAGE_SIZE, VM_MAP);
		if (!CHECK(area[i]))
			return;
		addr[i] = area[i]->addr;
		CHECK(i == 0 || addr[i] > addr[i - 1]);
	}
	free_vm_area(area[1]);
	free_vm_area(area[3]);
	area[3] = get_here(3 * PAGE_SIZE, VM_MAP); /* too large for the lower gap */
	area[1] = get_here(2 * PAGE_SIZE, VM_MAP);
	CHECK(area[3] && area[3]->addr == addr[3]);
	CHECK(area[1] && area[1]->addr == addr[1]);
	/* Two gaps become one when what lies between goes. */
	free_vm_area(area[1]);
	free_vm_area(area[2]);
	area[1] = get_here(6 * PAGE_SIZE, VM_MAP);
	area[2] = NULL;
	CHECK(area[1] && area[1]->addr == addr[1]);
	for (unsigned i = 0; i < 5; i++)
		free_vm_area(area[i]);
}

TEST(areas_align, "areas/alignment")
{
	struct vm_struct *odd = get_vm_area(PAGE_SIZE, VM_MAP), *area;

	for (unsigned shift = PAGE_SHIFT; shift <= 40; shift++) {
		area = __get_vm_area(PAGE_SIZE, 1UL << shift, VMALLOC_START, VMALLOC_END, VM_MAP);
		if (CHECK(area))
			CHECK(IS_ALIGNED((uint64_t)area->addr, 1UL << shift));
		free_vm_area(area);
	}
	for (unsigned shift = PAGE_SHIFT; shift <= IOREMAP_MAX_SHIFT; shift++) {
		area = get_vm_area((1UL << shift) - 1, VM_IOREMAP);
		if (CHECK(area))
			CHECK(IS_ALIGNED((uint64_t)area->addr, 1UL << shift));
		free_vm_area(area);
	}
	free_vm_area(odd);
}

TEST(areas_window, "areas/inside-a-window")
{
	const uint64_t lo = WINDOW + WINDOW_SIZE / 2, hi = lo + 10 * PAGE_SIZE;
	struct vm_struct *area[6] = { NULL };

	/* Five areas of one page and its guard fit, and not a sixth. */
	for (unsigned i = 0; i < 6; i++) {
		area[i] = __get_vm_area(PAGE_SIZE, PAGE_SIZE, lo, hi, VM_MAP);
		if (i < 5 && CHECK(area[i]))
			CHECK_EQ(area[i]->addr, lo + 2 * i * PAGE_SIZE);
	}
	CHECK(!area[5]);
	for (unsigned i = 0; i < 6; i++)
		free_vm_area(area[i]);
}

/* A fragmented region, changed at random: what is given out never overlaps. */
TEST(areas_many, "areas/many-at-random")
{
	enum { MOST = 120, STEPS = 600 };
	static struct vm_struct *area[MOST];
	uint64_t seed = random_seed();

	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t i = random_below(&seed, MOST);
		uint64_t pages = 1 + random_below(&seed, 9),
			 align = PAGE_SIZE << random_below(&seed, 4);

		free_vm_area(area[i]);
		area[i] =
			__get_vm_area(pages * PAGE_SIZE, align, VMALLOC_START, VMALLOC_END, VM_MAP);
		if (!CHECK(area[i]))
			break;
		for (uint64_t at = 0; at < area[i]->size; at += PAGE_SIZE)
			CHECK_EQ(find_vm_area((char *)area[i]->addr + at), area[i]);
		/* Whoever overlapped it from below would have been found in its place; from above:
		 */
		for (unsigned j = 0; j < MOST; j++)
			if (area[j])
				CHECK_EQ(find_vm_area(area[j]->addr), area[j]);
	}
	for (unsigned i = 0; i < MOST; i++) {
		free_vm_area(area[i]);
		area[i] = NULL;
	}
}
