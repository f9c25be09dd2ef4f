// SPDX-License-Identifier: MIT
/*
 * Suite vmalloc: memory from the page allocator, seen from all sides: through its address,
 * through the linear map, through vmalloc_to_page(), and after it is gone.
 */
#include <string.h>

#include "lib/arm64/probe.h"
#include "mm/areas/area.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* Each page of @va, through the address, is the frame that vmalloc_to_page() names. */
static uint64_t wrong_frames(uint64_t va, uint64_t n)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE) {
		struct page *page = vmalloc_to_page((void *)(va + 8));

		if (!page || vmalloc_to_pfn((void *)va) != page_to_pfn(page)) {
			wrong++;
			continue;
		}
		tag_page(page);
	}
	return wrong;
}

/* The tags that wrong_frames() wrote: one frame that two pages share holds only the last. */
static uint64_t wrong_reads(uint64_t va, uint64_t n)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE) {
		struct page *page = vmalloc_to_page((void *)va);

		wrong += !page || pages_misread(va, &page, 1);
	}
	return wrong;
}

static void check_guards(uint64_t va, uint64_t n)
{
	uint64_t value;

	CHECK_EQ(probe_read((void *)(va + n * PAGE_SIZE), &value).class, FAULT_TRANSLATION);
	CHECK_EQ(probe_write((void *)(va + n * PAGE_SIZE), 0).class, FAULT_TRANSLATION);
	CHECK_EQ(probe_read((void *)((va & PAGE_MASK) - 8), &value).class, FAULT_TRANSLATION);
	CHECK(!vmalloc_to_page((void *)(va + n * PAGE_SIZE)));
}

/* Everything about @size bytes at @va, which vfree() then takes. */
static void check_area(void *addr, uint64_t size)
{
	uint64_t va = (uint64_t)addr, n = DIV_ROUND_UP(size, PAGE_SIZE);
	struct vm_struct *area = find_vm_area(addr);

	if (!CHECK(addr && area))
		return;
	CHECK(is_vmalloc_addr(addr) && IS_ALIGNED(va, PAGE_SIZE));
	CHECK_EQ(area->addr, addr);
	CHECK(area->flags & VM_ALLOC && !(area->flags & VM_UNINITIALIZED));
	n = get_vm_area_size(area) >> PAGE_SHIFT; /* rounded up to whole blocks */
	CHECK(n << PAGE_SHIFT >= size);
	CHECK_EQ(wrong_frames(va, n), 0);
	CHECK_EQ(wrong_reads(va, n), 0);
	check_guards(va, n);
	vfree(addr);
	CHECK(!find_vm_area(addr));
	CHECK_EQ(pages_still_mapped(va, n), 0);
}

static uint64_t sizes(unsigned i)
{
	const uint64_t list[] = {
		1,
		PAGE_SIZE,
		PAGE_SIZE + 1,
		3 * PAGE_SIZE,
		CONT_PTE_SIZE,
		CONT_PTE_SIZE + PAGE_SIZE,
		100 * PAGE_SIZE,
		513 * PAGE_SIZE, /* one past the flush of single pages */
		700 * PAGE_SIZE - 1,
	};

	return i < ARRAY_SIZE(list) ? list[i] : 0;
}

TEST(vmalloc_sizes, "vmalloc/read-back")
{
	for (unsigned i = 0; sizes(i); i++) {
		void *addr;

		if (sizes(i) >> PAGE_SHIFT > nr_managed_pages() / 2) {
			ktap_note("no RAM for %lu bytes", sizes(i));
			continue;
		}
		addr = vmalloc(sizes(i));
		/* Page by page, so that each page's permissions can be changed alone. */
		if (CHECK(addr))
			CHECK_EQ(leaf_shift((uint64_t)addr), PAGE_SHIFT);
		check_area(addr, sizes(i));
	}
}

/* The byte of [@at, @at + @bytes) that is not zero, or @bytes. */
static uint64_t first_nonzero(const uint64_t *at, uint64_t bytes)
{
	uint64_t i = 0;

	while (i < bytes / 8 && at[i] == 0)
		i++;
	return i * 8;
}

TEST(vmalloc_zero, "vmalloc/vzalloc-reads-zero")
{
	const uint64_t bytes = 20 * PAGE_SIZE;

	for (unsigned round = 0; round < 3; round++) {
		uint64_t *addr = vmalloc(bytes);

		if (!CHECK(addr))
			return;
		memset(addr, 0xa5, bytes); /* likely the pages of what comes next */
		vfree(addr);
		addr = vzalloc(bytes);
		if (!CHECK(addr))
			return;
		CHECK_EQ(first_nonzero(addr, bytes), bytes);
		vfree(addr);
		addr = vmalloc_huge(2 * CONT_PTE_SIZE, __GFP_ZERO);
		if (!CHECK(addr))
			return;
		CHECK_EQ(first_nonzero(addr, 2 * CONT_PTE_SIZE), 2 * CONT_PTE_SIZE);
		vfree(addr);
	}
}

/* Blocks stay whole: one reference, on the head, which every page of it leads to. */
static void check_blocks(uint64_t va, uint64_t bytes, unsigned shift)
{
	for (uint64_t at = va; at < va + bytes; at += 1UL << shift) {
		struct page *head = vmalloc_to_page((void *)at);

		CHECK_EQ(leaf_shift(at), shift);
		if (!CHECK(head))
			return;
		CHECK_EQ(allocated_block(head), head);
		CHECK_EQ(head->order, shift - PAGE_SHIFT);
		CHECK_EQ(head->refcount, 1);
		CHECK_EQ(allocated_block(vmalloc_to_page((void *)(at + (1UL << shift) - 1))), head);
	}
}

TEST(vmalloc_huge_groups, "vmalloc/huge-by-contiguous-pages")
{
	const uint64_t bytes[] = { CONT_PTE_SIZE, CONT_PTE_SIZE + 1, 3 * CONT_PTE_SIZE };

	for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++) {
		void *addr = vmalloc_huge(bytes[i], GFP_KERNEL);

		if (!CHECK(addr))
			return;
		CHECK(IS_ALIGNED((uint64_t)addr, CONT_PTE_SIZE));
		check_blocks((uint64_t)addr, ALIGN_UP(bytes[i], CONT_PTE_SIZE), CONT_PTE_SHIFT);
		check_area(addr, bytes[i]);
	}
}

TEST(vmalloc_huge_blocks, "vmalloc/huge-by-blocks")
{
	void *addr;

	if (!blocks_are_free(2, PMD_SHIFT - PAGE_SHIFT))
		SKIP("this machine has no two blocks of 2^%u bytes", PMD_SHIFT);
	addr = vmalloc_huge(PMD_SIZE + 1, GFP_KERNEL);
	if (!CHECK(addr))
		return;
	CHECK(IS_ALIGNED((uint64_t)addr, PMD_SIZE));
	check_blocks((uint64_t)addr, 2 * PMD_SIZE, PMD_SHIFT);
	check_area(addr, PMD_SIZE + 1);
}

TEST(vmalloc_huge_fallback, "vmalloc/huge-without-blocks-falls-back")
{
	uint64_t n = CONT_PTES * 4, got = 0, kept = 0;
	struct page **pages;
	struct hoard hoard;
	void *addr;

	/* Enough pages, but every other one: no block of two. */
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
	if (CHECK(pages && addr)) {
		CHECK_EQ(leaf_shift((uint64_t)addr), PAGE_SHIFT);
		check_area(addr, 2 * CONT_PTE_SIZE);
	}
	hoard_free(&hoard);
	drop_pages(pages, kept);
}

TEST(vmalloc_dma32, "vmalloc/huge-below-4G")
{
	void *addr = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_DMA32);

	if (!addr)
		SKIP("no RAM below 4G");
	for (uint64_t at = 0; at < 2 * CONT_PTE_SIZE; at += PAGE_SIZE)
		CHECK(page_to_phys(vmalloc_to_page((char *)addr + at)) < 4 * GiB);
	check_area(addr, 2 * CONT_PTE_SIZE);
}

#define MANY 40

TEST(vmalloc_many, "vmalloc/many-at-once")
{
	static uint64_t va[MANY], pages[MANY];
	uint64_t seed = random_seed(), left = MANY, most = MIN(40, nr_managed_pages() / MANY);

	for (unsigned i = 0; i < MANY; i++) {
		pages[i] = 1 + random_below(&seed, most);
		va[i] = (uint64_t)vmalloc(pages[i] * PAGE_SIZE);
		if (!CHECK(va[i]))
			return;
		CHECK_EQ(wrong_frames(va[i], pages[i]), 0);
	}
	for (unsigned i = 0; i < MANY; i++)
		CHECK_EQ(wrong_reads(va[i], pages[i]), 0);
	while (left) {
		uint64_t i = random_below(&seed, left--);

		vfree((void *)va[i]);
		CHECK_EQ(pages_still_mapped(va[i], pages[i]), 0);
		va[i] = va[left];
		pages[i] = pages[left];
		if (left)
			CHECK_EQ(wrong_reads(va[0], pages[0]), 0);
	}
}
