// SPDX-License-Identifier: MIT
/*
 * Gaps that are large enough and misaligned: a search looks at a few of them, then only at
 * what would do wherever it began, and at all of them before it gives up.
 */
// sources: mm/areas/area.c
// granules: 12 14 16
#include <stdlib.h>

#include "mm/areas/lazy.h"
#include "mm/areas/map-ram.h"
#include "mm/map/holes.h"
#include "mm/phys/kmalloc.h"
#include "tests/host/tap.h"

void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return malloc(size);
}

void kfree(void *object)
{
	free(object);
}

/* Nothing is mapped in these areas, and nobody keeps addresses for later. */
int unmap_holes(uint64_t va, uint64_t end)
{
	(void)va;
	(void)end;
	abort();
}

void free_vm_area_lazily(struct vm_struct *area)
{
	(void)area;
	abort();
}

bool purge_vmap_areas(void)
{
	return false;
}

bool purge_vmap_blocks(void)
{
	return false;
}

#define FIRST (VMALLOC_START + PAGE_SIZE)

static struct vm_struct *areas[80];
static unsigned nr_areas;

/* An area at @at, which is free. */
static bool put(uint64_t at, uint64_t size, uint32_t flags)
{
	struct vm_struct *area = __get_vm_area(size, 1, at, ~0UL, flags | VM_UNINITIALIZED);

	areas[nr_areas++] = area;
	return area && (uint64_t)area->addr == at;
}

static void free_all(void)
{
	while (nr_areas)
		free_vm_area(areas[--nr_areas]);
}

#define MISFIT_ALIGN (16 * PAGE_SIZE)
#define MISFIT_AREAS 60

/*
 * Areas across odd multiples of an alignment, so that between two there is room enough for such a
 * multiple with its guard page, and it is misaligned; but not below the @good-th: there it fits
 * to the page, and would not if the gap began elsewhere. Returns where that is, *@end: the end.
 */
static uint64_t make_misfits(int good, uint64_t *end)
{
	uint64_t lo = ALIGN_UP(FIRST, 2 * MISFIT_ALIGN), at = 0;
	bool placed = put(FIRST, lo + MISFIT_ALIGN - PAGE_SIZE - FIRST, VM_NO_GUARD);

	for (int i = 0; i < MISFIT_AREAS; i++) {
		at = lo + (2 * i + 1) * MISFIT_ALIGN - PAGE_SIZE;
		at += i == good ? 2 * PAGE_SIZE : i == good - 1 ? PAGE_SIZE : 0;
		placed = placed && put(at, PAGE_SIZE, VM_MAP);
	}
	*end = at + 2 * PAGE_SIZE;
	return placed ? lo + 2 * good * MISFIT_ALIGN : 0;
}

static uint64_t misfit_place(uint64_t hi)
{
	struct vm_struct *area =
		__get_vm_area(MISFIT_ALIGN, MISFIT_ALIGN, 0, hi, VM_MAP | VM_UNINITIALIZED);
	uint64_t place = area ? (uint64_t)area->addr : 0;

	free_vm_area(area);
	return place;
}

static void test_misfits(void)
{
	uint64_t end, want = make_misfits(AREA_MISFITS - 1, &end);

	ok(want && misfit_place(~0UL) == want, "the lowest fit after a few misaligned gaps");
	free_all();
	want = make_misfits(2 * AREA_MISFITS, &end);
	ok(want && misfit_place(~0UL) >= end, "after many of them the end of the region will do");
	ok(misfit_place(end) == want, "if there is no end, each gap is looked at");
	free_all();
	want = make_misfits(MISFIT_AREAS, &end);
	ok(want && !misfit_place(end), "and if none does, there is none");
	free_all();
	want = make_misfits(2 * AREA_MISFITS, &end);
	free_vm_area(areas[3 * AREA_MISFITS + 1]);
	areas[3 * AREA_MISFITS + 1] = NULL;
	ok(want && misfit_place(~0UL) < end && misfit_place(~0UL) > want,
	   "a gap that would do wherever it began is found before the end");
	free_all();
}

int main(void)
{
	test_misfits();
	ok(!nr_vm_areas(), "nothing is left");
	return tap_done();
}
