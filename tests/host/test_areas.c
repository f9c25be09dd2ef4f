// SPDX-License-Identifier: MIT
/*
 * The VA allocator against a plain sorted array that is searched from the bottom, and at
 * its edges: the region's ends, guard pages, full windows, bad arguments, no memory.
 */
// sources: mm/areas/area.c
// libs: -Wl,--wrap=log_printf
// granules: 12 14 16
#include <stdlib.h>
#include <string.h>

#include "tests/host/areas-model.h"

/* Waves of allocating and freeing, so that full, empty and holed trees all come up. */
static void test_random(const struct shape *shape, const char *what)
{
	unsigned long long seed = 2;
	bool same = true;
	int step;

	for (step = 0; step < 60000 && same; step++) {
		unsigned wave = step / 1500 % 2 ? 40 : 60;

		if (tap_random(&seed) % 100 < wave && model_count < MAX_AREAS)
			same = both_random(&seed, shape);
		else if (model_count)
			both_free(tap_random(&seed) % model_count);
		if (step % 4 == 0)
			same = same && both_find(&seed, shape) && both_next(&seed, shape);
		if (step % 3 == 0 && model_count)
			same = same && both_resize((int)(tap_random(&seed) % model_count),
						   (1 + tap_random(&seed) % 8) * PAGE_SIZE);
	}
	if (!ok(same, "%s: the model's addresses (%d steps)", what, step))
		return; /* the tree may be anything now */
	ok(nr_vm_areas() == (uint64_t)model_count, "as many areas as the model has");
	ok(less_than_lowest < step / 10, "%d of them not the lowest", less_than_lowest);
	less_than_lowest = 0;
	free_all();
	ok(nr_vm_areas() == 0 && objects == 0, "nothing is left");
}

static void test_guards(void)
{
	struct vm_struct *a = get_vm_area(PAGE_SIZE, VM_MAP), *b, *c;

	ok((uint64_t)a->addr == FIRST, "the region's first page is reserved");
	b = get_vm_area(1, VM_MAP | VM_NO_GUARD);
	ok(b->addr == a->addr + 2 * PAGE_SIZE, "a guard page follows an area");
	ok(get_vm_area_size(b) == PAGE_SIZE, "a byte takes a page");
	c = get_vm_area(PAGE_SIZE, VM_MAP);
	ok(c->addr == b->addr + PAGE_SIZE, "none follows with VM_NO_GUARD");
	free_vm_area(b);
	b = get_vm_area(PAGE_SIZE, VM_MAP);
	ok(b->addr == c->addr + 2 * PAGE_SIZE, "a page without room for its guard is no gap");
	free_vm_area(a);
	free_vm_area(b);
	free_vm_area(c);
	free_vm_area(NULL);
}

/* A window of @n areas of one page with guards, to the last page. */
static void test_full_window(void)
{
	const int n = 50;
	uint64_t lo = FIRST + 1000 * PAGE_SIZE, hi = lo + 2 * n * PAGE_SIZE;
	bool good = true;
	int i;

	for (i = 0; i < n; i++)
		good = good && both_get(PAGE_SIZE, PAGE_SIZE, lo, hi, VM_MAP);
	ok(good && model_count == n && model[n - 1].end == hi, "a window fills to its last page");
	ok(!__get_vm_area(1, 1, lo, hi, VM_MAP), "a full window is refused");
	ok(!__get_vm_area(1, 1, lo, hi, VM_MAP | VM_NO_GUARD), "without a guard page too");
	for (i = n - 1; i >= 0; i -= 3)
		both_free(i);
	good = true;
	while (model_count < n && good)
		good = both_get(PAGE_SIZE, 1, lo, hi, VM_MAP);
	ok(good, "what was freed is found again, lowest first");
	both_free(20);
	both_free(20);
	ok(!__get_vm_area(4 * PAGE_SIZE, 1, lo, hi, VM_MAP), "five pages do not fit into four");
	ok(both_get(3 * PAGE_SIZE, 1, lo, hi, VM_MAP), "neighbouring gaps merge");
	free_all();
}

static void test_region_ends(void)
{
	uint64_t all = VMALLOC_END - FIRST;

	ok(both_get(PAGE_SIZE, 1, VMALLOC_END - 2 * PAGE_SIZE, ~0UL, VM_MAP), "the last two pages");
	ok(!__get_vm_area(1, 1, VMALLOC_END - PAGE_SIZE, ~0UL, VM_MAP), "past the end");
	ok(!__get_vm_area(1, 1, VMALLOC_END, ~0UL, VM_MAP), "at the end");
	ok(!__get_vm_area(1, 1, 0, FIRST, VM_MAP | VM_NO_GUARD), "below the first page");
	ok(both_get(PAGE_SIZE, 1, 0, FIRST + 2 * PAGE_SIZE, VM_MAP), "the first two pages");
	ok(!get_vm_area(all - 4 * PAGE_SIZE, VM_MAP), "more than is left between them");
	ok(both_get(all - 5 * PAGE_SIZE, 1, 0, ~0UL, VM_MAP), "all that is left between them");
	free_all();
	ok(both_get(all - PAGE_SIZE, 1, 0, ~0UL, VM_MAP), "the whole region");
	ok(!get_vm_area(1, VM_MAP), "and then nothing");
	free_all();
	ok(!get_vm_area(all, VM_MAP), "the whole region and no guard page");
	ok(both_get(all, 1, 0, ~0UL, VM_NO_GUARD), "VM_NO_GUARD gets it");
	free_all();
}

static void test_bad_arguments(void)
{
	static const uint64_t sizes[] = { 0,	     ~0UL,	~0UL - PAGE_SIZE,
					  1UL << 63, 1UL << 46, VMALLOC_END - VMALLOC_START };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		good = good && !get_vm_area(sizes[i], VM_MAP) && !get_vm_area(sizes[i], VM_IOREMAP);
	ok(good, "sizes of nothing and of more than there is");
	ok(!__get_vm_area(1, 3 * PAGE_SIZE, 0, ~0UL, VM_MAP),
	   "an alignment that is no power of two");
	ok(!__get_vm_area(1, 1UL << 63, 0, ~0UL, VM_MAP), "an alignment that wraps");
	ok(!__get_vm_area(1, 1UL << 47, 0, ~0UL, VM_MAP), "an alignment past the region");
	ok(both_get(1, 1UL << 43, 0, ~0UL, VM_MAP), "the largest alignment that works");
	ok(!__get_vm_area(1, 1UL << 63, 0, ~0UL, VM_MAP), "one that wraps in a gap below an area");
	free_all();
	ok(both_get(1, 0, 0, ~0UL, VM_MAP), "no alignment is a page's");
	ok(!__get_vm_area(1, 1, FIRST + 64 * PAGE_SIZE, FIRST, VM_MAP),
	   "a range that ends before it starts");
	ok(!__get_vm_area(1, 1, ~0UL, ~0UL, VM_MAP), "a range far above");
	out_of_memory = true;
	ok(!get_vm_area(1, VM_MAP) && nr_vm_areas() == 1, "no memory");
	out_of_memory = false;
	free_all();
	ok(objects == 0 && nr_vm_areas() == 0, "errors leave nothing behind");
}

static void test_find(void)
{
	struct vm_struct *a = get_vm_area(2 * PAGE_SIZE, VM_MAP), *b = get_vm_area(1, VM_ALLOC);

	ok(find_vm_area(a->addr) == a && find_vm_area(a->addr + 2 * PAGE_SIZE - 1) == a,
	   "an area is found from its first to its last byte");
	ok(find_vm_area(a->addr + 2 * PAGE_SIZE) == a && find_vm_area(b->addr) == b,
	   "its guard page belongs to it");
	ok(!find_vm_area(a->addr - 1) && !find_vm_area(b->addr + 2 * PAGE_SIZE) &&
		   !find_vm_area(NULL) && !find_vm_area((void *)~0UL),
	   "no area, no result");
	ok(!remove_vm_area(a->addr + PAGE_SIZE), "removing takes the first address only");
	ok(remove_vm_area(a->addr) == a && !find_vm_area(a->addr), "a removed area is not found");
	kfree(a);
	free_vm_area(b);
}

/* Whether a claim is refused, with one line that says so. */
static bool refused(const void *addr, uint32_t any, uint32_t none)
{
	char want[64];
	unsigned before = log_lines;

	snprintf(want, sizeof(want), "vtest: bad address %p\n", addr);
	return !claim_vm_area(addr, any, none, "vtest") && log_lines == before + 1 &&
	       !strcmp(log_text, want);
}

static void test_claim(void)
{
	struct vm_struct *a = get_vm_area(2 * PAGE_SIZE, VM_MAP | VM_UNINITIALIZED);
	void *addr = a->addr;

	ok(!find_vm_area(addr) && refused(addr, VM_MAP, 0) && !remove_vm_area(addr),
	   "an area that is being set up is nobody's");
	publish_vm_area(a);
	ok(a->flags == VM_MAP && find_vm_area(addr) == a, "publishing it ends that");
	ok(refused(addr + PAGE_SIZE, VM_MAP, 0) && refused(addr + 1, VM_MAP, 0) &&
		   refused(addr - 1, VM_MAP, 0) && refused(NULL, VM_MAP, 0),
	   "a claim takes the first address only");
	ok(refused(addr, VM_ALLOC | VM_IOREMAP, 0) && refused(addr, VM_MAP, VM_MAP),
	   "a claim of another kind is refused");
	ok(claim_vm_area(addr, VM_MAP | VM_ALLOC, VM_IOREMAP, "vtest") == a && !find_vm_area(addr),
	   "a claim hides the area");
	ok(refused(addr, VM_MAP, 0), "a second claim is refused");
	free_vm_area(a);
	ok(objects == 0, "nothing is left");
}

static void test_resize(void)
{
	uint64_t top = VMALLOC_END - 3 * PAGE_SIZE;

	both_get(PAGE_SIZE, 1, top, ~0UL, VM_MAP);
	ok(both_resize(0, 2 * PAGE_SIZE) && model[0].end == VMALLOC_END,
	   "the last area grows to the region's last page");
	ok(!resize_vm_area(model[0].area, 3 * PAGE_SIZE), "and no further");
	free_all();
	both_get(5 * PAGE_SIZE, 1, FIRST, ~0UL, VM_MAP);
	both_get(PAGE_SIZE, 1, FIRST, ~0UL, VM_MAP);
	ok(both_resize(0, 2 * PAGE_SIZE) && both_get(2 * PAGE_SIZE, 1, 0, ~0UL, VM_MAP) &&
		   model[1].start == FIRST + 3 * PAGE_SIZE,
	   "what an area gives up is found by the next");
	free_all();
}

/* Whoever mapped by hand need not unmap; whoever sets up or takes down has. */
static void test_free(void)
{
	struct vm_struct *a = get_vm_area(3 * PAGE_SIZE, VM_MAP), *b;
	uint64_t va = (uint64_t)a->addr;

	unmapped_va = 0;
	free_vm_area(a);
	ok(unmapped_va == va && unmapped_end == va + 3 * PAGE_SIZE,
	   "free_vm_area unmaps all but the guard page");
	a = get_vm_area(3 * PAGE_SIZE, VM_MAP);
	unmapped_va = 0;
	b = remove_vm_area(a->addr);
	ok(a == b && unmapped_va == va && a->flags == VM_MAP, "remove_vm_area too");
	kfree(b);
	a = get_vm_area(3 * PAGE_SIZE, VM_MAP | VM_UNINITIALIZED);
	unmapped_va = 0;
	free_vm_area(a);
	ok(!unmapped_va, "an area that was being set up is empty");
}

static struct vm_struct *only_here(uint64_t va, uint64_t pages)
{
	return __get_vm_area(pages << PAGE_SHIFT, PAGE_SIZE, va, va + ((pages + 1) << PAGE_SHIFT),
			     VM_MAP);
}

static void test_purge(void)
{
	const uint64_t va = VMALLOC_START + GiB;
	struct vm_struct *a = only_here(va, 3), *b;
	unsigned before = purges;

	ok(a && !only_here(va, 3) && purges == before + 1,
	   "no gap: one purge, and without anything on the list no other try");
	a->flags |= VM_LAZY;
	free_vm_area(a);
	ok(lazy == a && nr_vm_areas() == 1, "an area on the list keeps its addresses");
	b = only_here(va, 3);
	ok(b && (uint64_t)b->addr == va && purges == before + 2 && !lazy,
	   "no gap: what is on the list makes room");
	b->flags |= VM_LAZY;
	free_vm_area(b);
	out_of_memory = true;
	b = only_here(va + GiB, 3);
	ok(b && purges == before + 3 && nr_vm_areas() == 1, "no memory: the same");
	free_vm_area(b);
	block = only_here(va, 3);
	b = only_here(va, 3);
	ok(b && (uint64_t)b->addr == va && !block, "blocks of vm_map_ram() make room too");
	free_vm_area(b);
	ok(objects == 0, "nothing is left");
}

int main(void)
{
	static const struct shape wide = { 4000, 300, 8 }, dense = { 300, 4, 2 };

	test_guards();
	test_full_window();
	test_region_ends();
	test_bad_arguments();
	test_find();
	test_purge();
	test_claim();
	test_resize();
	test_free();
	test_random(&wide, "random sizes, alignments, ranges and frees");
	test_random(&dense, "the same, small and close together");
	return tap_done();
}
