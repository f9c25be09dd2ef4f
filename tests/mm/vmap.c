// SPDX-License-Identifier: MIT
/*
 * Suite vmap: the caller's pages, in every arrangement that matters to a leaf, read back
 * page by page.
 */
#include "lib/arm64/probe.h"
#include "mm/areas/area.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* Maps, reads back, unmaps; the first leaf has @shift, or any if that is 0. */
static void check_vmap(struct page **pages, uint64_t n, unsigned shift)
{
	uint64_t va = (uint64_t)vmap(pages, n, VM_MAP, PAGE_KERNEL), value;

	if (!CHECK(va))
		return;
	CHECK_EQ(pages_misread(va, pages, n), 0);
	if (shift)
		CHECK_EQ(leaf_shift(va), shift);
	CHECK_EQ(probe_read((void *)(va - 8), &value).class, FAULT_TRANSLATION);
	CHECK_EQ(probe_read((void *)(va + n * PAGE_SIZE), &value).class, FAULT_TRANSLATION);
	for (uint64_t i = 0; i < n; i += 1 + n / 8)
		CHECK_EQ(vmalloc_to_page((void *)(va + i * PAGE_SIZE + 5)), pages[i]);
	vunmap((void *)va);
	CHECK_EQ(pages_still_mapped(va, n), 0);
	CHECK(!find_vm_area((void *)va));
}

static void shuffle(struct page **pages, uint64_t n)
{
	uint64_t seed = random_seed();

	for (uint64_t i = n; i > 1; i--) {
		uint64_t j = random_below(&seed, i);
		struct page *page = pages[j];

		pages[j] = pages[i - 1];
		pages[i - 1] = page;
	}
}

TEST(vmap_scattered, "vmap/scattered-pages")
{
	const uint64_t most = 600;
	struct page **pages = take_pages(most, 0);

	if (!pages)
		return;
	shuffle(pages, most);
	for (uint64_t n = 1; n <= most; n += 1 + n / 3)
		check_vmap(pages, n, n < CONT_PTES ? PAGE_SHIFT : 0);
	drop_pages(pages, most);
}

TEST(vmap_groups, "vmap/contiguous-groups")
{
	const uint64_t n = 5 * CONT_PTES;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);

	if (!pages)
		return;
	check_vmap(pages, CONT_PTES, CONT_PTE_SHIFT);
	check_vmap(pages, CONT_PTES - 1, PAGE_SHIFT);
	check_vmap(pages, n, CONT_PTE_SHIFT);
	/* Frames that begin in the middle of a group fit no group of addresses. */
	for (unsigned from = 1; from < CONT_PTES; from += 1 + CONT_PTES / 8)
		check_vmap(pages + from, n - from, PAGE_SHIFT);
	drop_pages(pages, n);
}

/* Where the frames stop following each other, for each place in a group. */
TEST(vmap_broken_group, "vmap/group-with-one-foreign-page")
{
	const uint64_t n = 2 * CONT_PTES;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT), *other = alloc_pages(GFP_KERNEL, 0);

	if (!pages || !CHECK(other))
		return;
	tag_page(other);
	for (unsigned i = 0; i < CONT_PTES; i++) {
		struct page *own = pages[i];
		uint64_t va;

		pages[i] = other;
		va = (uint64_t)vmap(pages, n, VM_MAP, PAGE_KERNEL);
		CHECK_EQ(pages_misread(va, pages, n), 0);
		CHECK_EQ(leaf_shift(va), PAGE_SHIFT);
		CHECK_EQ(leaf_shift(va + i * PAGE_SIZE), PAGE_SHIFT);
		vunmap((void *)va);
		pages[i] = own;
	}
	__free_pages(other, 0);
	drop_pages(pages, n);
}

/* Scattered pages, small blocks, groups and a part of one, side by side. */
TEST(vmap_mixed, "vmap/mixed-orders")
{
	const uint64_t parts[] = { 3, 8, CONT_PTES, 2 * CONT_PTES, 5, CONT_PTES - 1 };
	const unsigned orders[] = { 0, 3, CONT_PTES_SHIFT, CONT_PTES_SHIFT, 1, CONT_PTES_SHIFT };
	struct page **all = kmalloc(8 * CONT_PTES * sizeof(*all), GFP_KERNEL);
	uint64_t n = 0;

	if (!CHECK(all))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		struct page **some = take_pages(parts[i], orders[i]);

		if (!some)
			return;
		for (uint64_t j = 0; j < parts[i]; j++)
			all[n++] = some[j];
		kfree(some);
	}
	check_vmap(all, n, 0);
	for (uint64_t from = 1; from < n; from += 1 + n / 9)
		check_vmap(all + from, n - from, 0);
	drop_pages(all, n);
}

TEST(vmap_blocks, "vmap/blocks")
{
	const uint64_t n = 2 * PTRS_PER_TABLE + 3 * CONT_PTES + 2;
	struct page **pages;

	if (!blocks_are_free(3, PMD_SHIFT - PAGE_SHIFT))
		SKIP("this machine has no three blocks of 2^%u bytes", PMD_SHIFT);
	pages = take_pages(n, PMD_SHIFT - PAGE_SHIFT);
	if (!pages)
		return;
	check_vmap(pages, PTRS_PER_TABLE, PMD_SHIFT);
	check_vmap(pages, n, PMD_SHIFT);
	check_vmap(pages + CONT_PTES, n - CONT_PTES, CONT_PTE_SHIFT);
	check_vmap(pages + 1, n - 1, PAGE_SHIFT);
	drop_pages(pages, n);
}

TEST(vmap_alias, "vmap/two-mappings-of-one-page")
{
	struct page **pages = take_pages(2, 0), *same[4];
	uint64_t *a, *b;

	if (!pages)
		return;
	same[0] = same[1] = same[3] = pages[0];
	same[2] = pages[1];
	a = vmap(same, 4, VM_MAP, PAGE_KERNEL);
	b = vmap(pages, 2, VM_MAP, PAGE_KERNEL_RO);
	if (CHECK(a && b)) {
		a[PAGE_SIZE / 8 + 4] = 77;
		CHECK_EQ(READ_ONCE(b[4]), 77);
		CHECK_EQ(READ_ONCE(a[3 * PAGE_SIZE / 8 + 4]), 77);
		CHECK_EQ(probe_write(&b[4], 78).class, FAULT_PERMISSION);
		CHECK_EQ(READ_ONCE(a[4]), 77);
	}
	vunmap(b);
	CHECK_EQ(pages_misread((uint64_t)a, same, 4), 0);
	vunmap(a);
	drop_pages(pages, 2);
}

TEST(vmap_attributes, "vmap/attributes-are-the-caller's")
{
	const uint64_t n = CONT_PTES + 2;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	uint64_t va;

	if (!pages)
		return;
	va = (uint64_t)vmap(pages, n, VM_MAP, PAGE_KERNEL_RO);
	CHECK_EQ(pages_mistranslated(va, page_to_phys(pages[0]), CONT_PTES, PAGE_KERNEL_RO, 1), 0);
	for (uint64_t i = 0; i < n; i++)
		CHECK_EQ(probe_write((void *)(va + i * PAGE_SIZE), 0).class, FAULT_PERMISSION);
	CHECK_EQ(pages_misread(va, pages, n), 0);
	vunmap((void *)va);
	drop_pages(pages, n);
}

/* vfree() of a vmap() whose pages and array it was given. */
static void check_put_pages(bool array_by_vmalloc, uint64_t n)
{
	struct totals before = count_totals();
	struct page **array = array_by_vmalloc ? vmalloc(n * sizeof(*array))
					       : kmalloc(n * sizeof(*array), GFP_KERNEL);
	uint64_t va;

	if (!CHECK(array))
		return;
	for (uint64_t i = 0; i < n; i++) {
		array[i] = alloc_pages(GFP_KERNEL, 0);
		if (!CHECK(array[i]))
			return;
		tag_page(array[i]);
	}
	va = (uint64_t)vmap(array, n, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!CHECK(va))
		return;
	CHECK_EQ(pages_misread(va, array, n), 0);
	vunmap((void *)va); /* refused: the pages would be lost */
	CHECK(find_vm_area((void *)va));
	CHECK_EQ(pages_misread(va, array, n), 0);
	vfree((void *)va);
	CHECK_EQ(pages_still_mapped(va, n), 0);
	CHECK_NOTHING_LOST(before);
}

TEST(vmap_put_pages, "vmap/pages-given-away")
{
	check_put_pages(false, 1);
	check_put_pages(false, 70);
	check_put_pages(true, 70);
}

TEST(vmap_vfree, "vmap/vfree-keeps-the-caller's-pages")
{
	struct page **pages = take_pages(5, 0);
	uint64_t va;

	if (!pages)
		return;
	va = (uint64_t)vmap(pages, 5, VM_MAP, PAGE_KERNEL);
	CHECK_EQ(pages_misread(va, pages, 5), 0);
	vfree((void *)va);
	CHECK_EQ(pages_still_mapped(va, 5), 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(pages[i]->refcount, 1);
	drop_pages(pages, 5);
}
