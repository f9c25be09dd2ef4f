// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * vmalloc() and its kin on the real engine and page allocator: what gets mapped is read
 * back by the software walker, errors leave the world as it was, and an allocation is made
 * to fail at each place where one happens.
 */
#include "tests/host/areas_world.h"

/* Entries of a page list that takes more than a page. */
#define LONG_LIST (PAGE_SIZE / sizeof(void *) + 1)

static void test_vmalloc(uint64_t pages)
{
	struct world before = look();
	void *addr = vmalloc(pages * PAGE_SIZE - 5);
	struct vm_struct *area = find_vm_area(addr);
	struct page **list = area->pages;

	ok(area && area->flags == VM_ALLOC && area->nr_pages == pages && !area->page_order,
	   "vmalloc of %lu pages: its area says so", pages);
	ok(maps_pages(addr, list, pages, PAGE_KERNEL), "its pages are mapped, its guards are not");
	ok(maps_run(addr, 1, page_to_phys(list[0]), PAGE_KERNEL, PAGE_SHIFT), "page by page");
	ok(vmalloc_to_pfn(addr) == page_to_pfn(list[0]) && is_vmalloc_addr(addr), "queries answer");
	vfree(addr);
	ok(unmapped(addr) && !vmalloc_to_page(addr) && unchanged(&before),
	   "vfree gives everything back");
}

#define DIRTY 64

/* Leaves 0xff in blocks of 1 << @order pages that are the next to be had. */
static void dirty_memory(struct page **blocks, unsigned order)
{
	for (int i = 0; i < DIRTY; i++) {
		blocks[i] = alloc_pages(GFP_KERNEL, order);
		memset(page_address(blocks[i]), 0xff, PAGE_SIZE << order);
	}
	for (int i = 0; i < DIRTY; i++)
		__free_pages(blocks[i], order);
}

static bool was_dirty(const void *addr, struct page **blocks)
{
	for (int i = 0; i < DIRTY; i++)
		if (vmalloc_to_page(addr) == blocks[i])
			return true;
	return false;
}

static bool reads_zero(const void *addr, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const char *bytes = page_address(vmalloc_to_page(addr + (i << PAGE_SHIFT)));

		if (bytes[0] || memcmp(bytes, bytes + 1, PAGE_SIZE - 1))
			return false;
	}
	return true;
}

static void test_vzalloc(void)
{
	struct page *blocks[DIRTY];
	void *addr;

	dirty_memory(blocks, 0);
	addr = vzalloc(9 * PAGE_SIZE);
	ok(was_dirty(addr, blocks) && reads_zero(addr, 9), "vzalloc reads zero");
	vfree(addr);
	dirty_memory(blocks, CONT_PTES_SHIFT);
	addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL | __GFP_ZERO);
	ok(was_dirty(addr, blocks) && reads_zero(addr, CONT_PTES),
	   "vmalloc_huge with __GFP_ZERO too");
	vfree(addr);
}

/* vmalloc_huge(@size) with no block above @limit: @n blocks of @order, whole, one leaf each. */
static void huge_case(uint64_t size, unsigned limit, unsigned order, uint64_t n)
{
	struct world before = look();
	struct vm_struct *area;
	bool good = true;
	void *addr;

	top_order = limit;
	addr = vmalloc_huge(size, GFP_KERNEL | __GFP_COMP);
	top_order = 64;
	area = find_vm_area(addr);
	ok(area && area->page_order == order && area->nr_pages == n << order &&
		   area->flags == (VM_ALLOC | VM_ALLOW_HUGE_VMAP) &&
		   IS_ALIGNED((uint64_t)addr, PAGE_SIZE << order),
	   "vmalloc_huge of %lu pages: %lu blocks of order %u", size >> PAGE_SHIFT, n, order);
	for (uint64_t i = 0; area && order && i < n; i++) {
		void *block = addr + (i << order << PAGE_SHIFT);
		struct page *head = area->pages[i], *last;

		last = vmalloc_to_page(block + (PAGE_SIZE << order) - 1);
		good = good && maps_run(block, 1UL << order, page_to_phys(head), PAGE_KERNEL,
					PAGE_SHIFT + order);
		good = good && head->refcount == 1 && head->order == order &&
		       last == head + (1UL << order) - 1 && allocated_block(last) == head;
	}
	ok(good, "each is whole and one leaf");
	vfree(addr);
	ok(unmapped(addr) && unchanged(&before), "vfree gives it back");
}

static void test_vmalloc_huge(void)
{
	const unsigned pmd = PMD_SHIFT - PAGE_SHIFT, cont = CONT_PTES_SHIFT;

	huge_case(3 * CONT_PTE_SIZE, 64, cont, 3);
	huge_case(CONT_PTE_SIZE + 1, 64, cont, 2);
	huge_case(2 * PMD_SIZE, 64, pmd, 2);
	huge_case(PMD_SIZE + 1, 64, pmd, 2);
	/* One retry, by pages: none by smaller blocks, and as many pages as asked for. */
	huge_case(PMD_SIZE + 1, pmd - 1, 0, PTRS_PER_TABLE + 1);
	huge_case(CONT_PTE_SIZE + 1, 0, 0, CONT_PTES + 1);
	huge_case(5, 64, 0, 1);
}

static void test_vmalloc_refusals(void)
{
	static const uint64_t sizes[] = { 0, ~0UL, 1UL << 63, 1UL << 46, ~0UL << PAGE_SHIFT };
	uint64_t all = nr_managed_pages() << PAGE_SHIFT;
	struct world before = look();
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		good = good && !vmalloc(sizes[i]) && !vzalloc(sizes[i]) &&
		       !vmalloc_huge(sizes[i], GFP_KERNEL);
	ok(good, "sizes of nothing and past everything are refused");
	ok(!vmalloc(all + 1) && !vmalloc_huge(all + 1, GFP_KERNEL), "a byte more than all RAM");
	ok(!vmalloc(all) && !vmalloc_huge(all, GFP_KERNEL), "all RAM: it is not all free");
	ok(unchanged(&before), "and nothing has changed");
}

static void *do_vmalloc(void)
{
	return vmalloc(5 * PAGE_SIZE);
}

static void *do_long_vmalloc(void)
{
	return vmalloc(LONG_LIST * PAGE_SIZE);
}

static void *do_huge(void)
{
	return vmalloc_huge(3 * CONT_PTE_SIZE, GFP_KERNEL);
}

static void *do_huge_pmd(void)
{
	return vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL);
}

static void test_no_memory(void)
{
	inject(do_vmalloc, vfree, "vmalloc");
	inject(do_long_vmalloc, vfree, "vmalloc with a long list");
	inject(do_huge, vfree, "vmalloc_huge of CONT_PTE blocks");
	inject(do_huge_pmd, vfree, "vmalloc_huge of PMD blocks");
}

/* Takes all memory by vmalloc() and gives it back. */
static void test_exhaustion(void)
{
	static void *addrs[4096];
	struct world before = look();
	unsigned n = 0;

	while (n < ARRAY_SIZE(addrs) && (addrs[n] = vmalloc(nr_managed_pages() / 64 << PAGE_SHIFT)))
		n++;
	ok(n > 50 && n < ARRAY_SIZE(addrs), "vmalloc ends when memory does (%u areas)", n);
	while (n)
		vfree(addrs[--n]);
	ok(unchanged(&before), "and all of it comes back");
}

int main(void)
{
	start_world();
	test_vmalloc(1);
	test_vmalloc(100);
	test_vmalloc(LONG_LIST);
	test_vzalloc();
	test_vmalloc_huge();
	test_vmalloc_refusals();
	test_no_memory();
	test_exhaustion();
	return tap_done();
}
