// SPDX-License-Identifier: MIT
/*
 * Suite remap: addresses that map one thing, then nothing, then another. Every page has
 * been accessed before it changes, so that a TLB has every chance to be stale.
 */
#include "lib/arm64/probe.h"
#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* --- one window of live tables, changed piece by piece, against a model ---------------------- */

#define SLOTS 96 /* half of them on each side of a table's end */
#define STEPS 60

struct window {
	uint64_t va;
	struct page **frames;	  /* 2 * SLOTS to choose from */
	struct page *slot[SLOTS]; /* what is mapped there; NULL: nothing */
};

static void check_window(const struct window *w)
{
	uint64_t wrong = 0;

	for (unsigned i = 0; i < SLOTS && !wrong; i++) {
		uint64_t va = w->va + i * PAGE_SIZE;

		wrong += w->slot[i] ? pages_misread(va, &w->slot[i], 1) : pages_still_mapped(va, 1);
	}
	CHECK_EQ(wrong, 0);
}

/* Slots from @i on that are all mapped or all not, at most @most. */
static unsigned alike(const struct window *w, unsigned i, unsigned most)
{
	unsigned n = 1;

	while (n < most && i + n < SLOTS && !w->slot[i + n] == !w->slot[i])
		n++;
	return n;
}

static void change_window(struct window *w, uint64_t *seed)
{
	unsigned i = random_below(seed, SLOTS), n = alike(w, i, 1 + random_below(seed, SLOTS));
	uint64_t va = w->va + i * PAGE_SIZE, end = va + n * PAGE_SIZE;
	/* Frames in a row or each from elsewhere; one frame may be mapped twice. */
	unsigned from = random_below(seed, SLOTS), step = random_below(seed, 2) ? 1 : 7;

	if (w->slot[i]) {
		unmap_range(va, end);
		for (unsigned j = 0; j < n; j++)
			w->slot[i + j] = NULL;
		return;
	}
	for (unsigned j = 0; j < n; j++)
		w->slot[i + j] = w->frames[(from + j * step) % (2 * SLOTS)];
	CHECK_EQ(map_pages(va, end, &w->slot[i], PAGE_KERNEL, PAGE_SHIFT), 0);
}

TEST(remap_window, "remap/pieces-of-shared-tables")
{
	struct vm_struct *area =
		__get_vm_area(2 * PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	static struct window w;
	uint64_t seed = random_seed();

	w = (struct window){ .frames = take_pages(2 * SLOTS, 0) };
	if (!CHECK(area) || !w.frames)
		return;
	w.va = (uint64_t)area->addr + PMD_SIZE - SLOTS / 2 * PAGE_SIZE;
	for (unsigned step = 0; step < STEPS; step++) {
		change_window(&w, &seed);
		check_window(&w);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		if (w.slot[i])
			unmap_range(w.va + i * PAGE_SIZE, w.va + (i + 1) * PAGE_SIZE);
	CHECK_EQ(pages_still_mapped(w.va, SLOTS), 0);
	drop_pages(w.frames, 2 * SLOTS);
	free_vm_area(area);
}

/* --- whole areas --------------------------------------------------------------------------- */

/* The other way round: for every address another frame, but for the one in the middle. */
static void reverse(struct page **pages, uint64_t n)
{
	for (uint64_t i = 0; i < n / 2; i++) {
		struct page *page = pages[i];

		pages[i] = pages[n - 1 - i];
		pages[n - 1 - i] = page;
	}
}

/* @n pages in blocks of 1 << @order, at the address where others just were. */
static void check_reuse(uint64_t n, unsigned order)
{
	struct page **pages = take_pages(n, order);
	uint64_t va;

	if (!pages)
		return;
	va = (uint64_t)vmap(pages, n, VM_MAP, PAGE_KERNEL);
	CHECK_EQ(pages_misread(va, pages, n), 0);
	vunmap((void *)va);
	CHECK_EQ(pages_still_mapped(va, n), 0);

	/* Once more, with nothing in between that a TLB might notice. */
	for (unsigned round = 0; round < 3; round++) {
		CHECK_EQ((uint64_t)vmap(pages, n, VM_MAP, PAGE_KERNEL), va);
		CHECK_EQ(pages_misread(va, pages, n), 0);
		vunmap((void *)va);
		vm_unmap_aliases(); /* with flush=lazy the address would be another */
		reverse(pages, n);
	}
	CHECK_EQ(pages_still_mapped(va, n), 0);
	drop_pages(pages, n);
}

TEST(remap_reuse, "remap/same-address-other-pages")
{
	check_reuse(1, 0);
	check_reuse(3, 0);
	check_reuse(CONT_PTES, CONT_PTES_SHIFT);
	check_reuse(3 * CONT_PTES + 5, CONT_PTES_SHIFT);
	if (nr_managed_pages() < 1000) {
		ktap_note("not enough RAM to pass the flush of single pages");
		return;
	}
	check_reuse(520, 0); /* past the flush of single pages */
	check_reuse(600, 4);
}

TEST(remap_blocks, "remap/same-address-other-blocks")
{
	if (!blocks_are_free(3, PMD_SHIFT - PAGE_SHIFT))
		SKIP("this machine has no three blocks of 2^%u bytes", PMD_SHIFT);
	check_reuse(PTRS_PER_TABLE, PMD_SHIFT - PAGE_SHIFT);
	check_reuse(2 * PTRS_PER_TABLE + 17, PMD_SHIFT - PAGE_SHIFT);
}

TEST(remap_downgrade, "remap/read-only-where-it-was-writable")
{
	struct page **pages = take_pages(4, 0);
	uint64_t va;

	if (!pages)
		return;
	va = (uint64_t)vmap(pages, 4, VM_MAP, PAGE_KERNEL);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(probe_write((void *)(va + i * PAGE_SIZE + 64), i).class, FAULT_NONE);
	vunmap((void *)va);
	vm_unmap_aliases(); /* flush=lazy keeps the address till then */
	CHECK_EQ((uint64_t)vmap(pages, 4, VM_MAP, PAGE_KERNEL_RO), va);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(probe_write((void *)(va + i * PAGE_SIZE + 64), 99).class,
			 FAULT_PERMISSION);
	CHECK_EQ(pages_misread(va, pages, 4), 0);
	vunmap((void *)va);
	drop_pages(pages, 4);
}

/* Three areas in one leaf table: the middle one goes and comes, the others stay. */
TEST(remap_neighbours, "remap/neighbours-in-a-table-survive")
{
	struct page **pages = take_pages(9, 0);
	uint64_t va[3];

	if (!pages)
		return;
	for (unsigned i = 0; i < 3; i++)
		va[i] = (uint64_t)vmap(pages + 3 * i, 3, VM_MAP, PAGE_KERNEL);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(pages_misread(va[i], pages + 3 * i, 3), 0);
	vunmap((void *)va[1]);
	CHECK_EQ(pages_still_mapped(va[1], 3), 0);
	CHECK_EQ(pages_misread(va[0], pages, 3), 0);
	CHECK_EQ(pages_misread(va[2], pages + 6, 3), 0);
	CHECK_EQ((uint64_t)vmap(pages, 3, VM_MAP, PAGE_KERNEL), va[1]);
	CHECK_EQ(pages_misread(va[1], pages, 3), 0);
	vunmap((void *)va[0]);
	CHECK_EQ(pages_still_mapped(va[0], 3), 0);
	CHECK_EQ(pages_misread(va[1], pages, 3), 0);
	vunmap((void *)va[1]);
	vunmap((void *)va[2]);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(pages_still_mapped(va[i], 3), 0);
	drop_pages(pages, 9);
}

/* A table that empties goes back; its page may hold anything by the time the range is used again.
 */
TEST(remap_table, "remap/table-goes-back-and-comes-again")
{
	struct vm_struct *area =
		__get_vm_area(PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	struct page **pages = take_pages(8, 0);
	uint64_t va, tables;

	if (!CHECK(area) || !pages)
		return;
	va = (uint64_t)area->addr;
	CHECK_EQ(map_populate_upper(va, va + PMD_SIZE), 0);
	tables = map_table_pages();
	for (unsigned round = 0; round < 5; round++) {
		struct page *used;

		CHECK_EQ(map_pages(va, va + 8 * PAGE_SIZE, pages, PAGE_KERNEL, PAGE_SHIFT), 0);
		CHECK_EQ(map_table_pages(), tables + 1);
		CHECK_EQ(pages_misread(va, pages, 8), 0);
		CHECK_EQ(pages_still_mapped(va + 8 * PAGE_SIZE, PTRS_PER_TABLE - 8), 0);
		unmap_range(va, va + 8 * PAGE_SIZE);
		CHECK_EQ(map_table_pages(), tables);
		/* The hot list gives the same page out first: dirty as an owner leaves it. */
		used = alloc_pages(GFP_KERNEL, 0);
		if (CHECK(used)) {
			tag_page(used);
			CHECK_EQ(pages_still_mapped(va, 8), 0);
			for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
				((uint64_t *)page_address(used))[i] =
					leaf_desc(0, PAGE_KERNEL, LEVEL_PTE);
			__free_pages(used, 0);
		}
	}
	drop_pages(pages, 8);
	free_vm_area(area);
}

/* A block, or a 1G block, where a table of pages was before, and pages where a block was. */
static void check_block_after_table(unsigned shift)
{
	uint64_t size = 1UL << shift, va;
	struct vm_struct *area = __get_vm_area(size, size, VMALLOC_START, VMALLOC_END, VM_MAP);
	struct page **pages = take_pages(3, 0);

	if (!CHECK(area) || !pages)
		return;
	va = (uint64_t)area->addr;
	for (unsigned round = 0; round < 3; round++) {
		uint64_t at = va + (round << PAGE_SHIFT), last = va + size - 3 * PAGE_SIZE;

		CHECK_EQ(map_pages(at, at + 3 * PAGE_SIZE, pages, PAGE_KERNEL, PAGE_SHIFT), 0);
		CHECK_EQ(map_pages(last, va + size, pages, PAGE_KERNEL, PAGE_SHIFT), 0);
		CHECK_EQ(pages_misread(at, pages, 3) + pages_misread(last, pages, 3), 0);
		unmap_range(at, at + 3 * PAGE_SIZE);
		unmap_range(last, va + size);
		CHECK_EQ(pages_still_mapped(at, 3) + pages_still_mapped(last, 3), 0);
		CHECK_EQ(map_range(va, va + size, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY), 0);
		CHECK_EQ(leaf_shift(va), shift);
		CHECK_EQ(pages_mistranslated(va, EMPTY_PA, 8, PROT_DEVICE_nGnRE, 1), 0);
		CHECK_EQ(leaf_shift(last), shift);
		unmap_range(va, va + size);
		CHECK_EQ(leaf_shift(va), 0);
	}
	drop_pages(pages, 3);
	free_vm_area(area);
}

TEST(remap_block, "remap/block-after-table")
{
	check_block_after_table(PMD_SHIFT);
	check_block_after_table(CONT_PMD_SHIFT);
	if (HAVE_PUD_BLOCK)
		check_block_after_table(PUD_SHIFT);
}
