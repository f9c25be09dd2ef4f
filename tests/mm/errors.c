// SPDX-License-Identifier: MIT
/*
 * Suite errors: every public call with what it must refuse, and with memory that ends
 * anywhere on its way. A call that fails changes nothing.
 */
#include <errno.h>

#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* --- arguments ------------------------------------------------------------------------------- */

TEST(errors_vmalloc, "errors/vmalloc")
{
	const uint64_t all = nr_managed_pages() << PAGE_SHIFT;
	const uint64_t bad[] = { 0, all + 1, VMALLOC_END - VMALLOC_START, UINT64_MAX - PAGE_SIZE,
				 UINT64_MAX };
	struct totals before = count_totals();

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(!vmalloc(bad[i]));
		CHECK(!vzalloc(bad[i]));
		CHECK(!vmalloc_huge(bad[i], GFP_KERNEL));
		CHECK(!vmalloc_huge(bad[i], __GFP_ZERO | GFP_DMA32));
		CHECK_UNCHANGED(before);
	}
}

/* vmap() of @n pages of which one is @bad, at its beginning, middle and end. */
static void check_bad_page(struct page **pages, uint64_t n, struct page *bad)
{
	const uint64_t places[] = { 0, 1, n / 2, n - 1 };
	struct totals before = count_totals();

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		struct page *good = pages[places[i] % n];

		pages[places[i] % n] = bad;
		CHECK(!vmap(pages, n, VM_MAP, PAGE_KERNEL));
		CHECK(!vmap(pages, n, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL_RO));
		CHECK_UNCHANGED(before);
		pages[places[i] % n] = good;
	}
}

TEST(errors_vmap_page, "errors/vmap-of-what-is-no-page")
{
	const uint64_t most = MIN(700, nr_managed_pages() / 3);
	const uint64_t sizes[] = { 1, 2, CONT_PTES, 40, 3 * CONT_PTES, most };
	struct page **pages = take_pages(most, CONT_PTES_SHIFT), *anchor;

	if (!pages)
		return;
	/* With a neighbour mapped, the pages go to a live table, checked in a buffer first. */
	for (unsigned round = 0; round < 2; round++) {
		anchor = round ? vmap(pages, 1, VM_MAP, PAGE_KERNEL) : NULL;
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			check_bad_page(pages, sizes[i], NULL);
			check_bad_page(pages, sizes[i], (void *)((char *)pages[0] + 8));
			check_bad_page(pages, sizes[i], (void *)((char *)pages[3] + 32));
			check_bad_page(pages, sizes[i], page_address(pages[0]));
			check_bad_page(pages, sizes[i], pfn_to_page(ram_end_pfn()));
			check_bad_page(pages, sizes[i], pfn_to_page(EMPTY_PA >> PAGE_SHIFT));
			check_bad_page(pages, sizes[i], (struct page *)0x1000);
			check_bad_page(pages, sizes[i], (struct page *)(UINT64_MAX - 63));
			check_bad_page(pages, sizes[i], vmemmap - 1);
			if (devmem_size)
				check_bad_page(pages, sizes[i], phys_to_page(devmem_base));
		}
		if (anchor)
			CHECK_EQ(pages_misread((uint64_t)anchor, pages, 1), 0);
		vunmap(anchor);
	}
	drop_pages(pages, most);
}

TEST(errors_vmap, "errors/vmap")
{
	struct page **pages = take_pages(2, 0);
	struct totals before = count_totals();

	if (!pages)
		return;
	CHECK(!vmap(NULL, 1, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(pages, nr_managed_pages() + 1, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(pages, 1UL << 52, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(pages, UINT64_MAX, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(pages, 2, VM_ALLOC, PAGE_KERNEL));
	CHECK(!vmap(pages, 2, VM_MAP | VM_IOREMAP, PAGE_KERNEL));
	CHECK(!vmap(pages, 2, VM_MAP | VM_UNINITIALIZED, PAGE_KERNEL));
	CHECK(!vmap(pages, 2, VM_MAP | 0x80000000, PAGE_KERNEL));
	CHECK(!vmap(pages, 2, VM_MAP, 0));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL_ROX));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL & ~DESC_PXN));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL & ~DESC_UXN));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL & ~DESC_AF));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL | DESC_CONT));
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL | 1UL << 6));	 /* EL0 */
	CHECK(!vmap(pages, 2, VM_MAP, PAGE_KERNEL | PAGE_SIZE)); /* an address bit */
	CHECK_UNCHANGED(before);
	drop_pages(pages, 2);
}

TEST(errors_ioremap, "errors/ioremap")
{
	struct totals before = count_totals();

	CHECK(!ioremap(EMPTY_PA, 0));
	CHECK(!ioremap(EMPTY_PA, UINT64_MAX));
	CHECK(!ioremap(EMPTY_PA, UINT64_MAX - EMPTY_PA));
	CHECK(!ioremap(EMPTY_PA, UINT64_MAX - EMPTY_PA + 2)); /* wraps to 1 */
	CHECK(!ioremap(UINT64_MAX, 1));
	CHECK(!ioremap(UINT64_MAX - 7, 8));
	CHECK(!ioremap(ioremap_phys_end, 1));
	CHECK(!ioremap(ioremap_phys_end - 1, 2));
	CHECK(!ioremap(1UL << VA_BITS, PAGE_SIZE));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, 0));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, PROT_DEVICE_nGnRE & ~DESC_PXN));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, PROT_DEVICE_nGnRE & ~DESC_UXN));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, PROT_DEVICE_nGnRE & ~DESC_AF));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, PROT_DEVICE_nGnRE | DESC_CONT));
	CHECK(!ioremap_prot(EMPTY_PA, PAGE_SIZE, PROT_DEVICE_nGnRE | DESC_VALID));
	CHECK_UNCHANGED(before);
}

static int try_range(uint64_t va, uint64_t end, uint64_t pa)
{
	return map_range(va, end, pa, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY);
}

TEST(errors_map, "errors/map")
{
	const uint64_t va = VMALLOC_START + 8 * GiB, end = va + PAGE_SIZE, pa = EMPTY_PA;
	struct totals before = count_totals();
	struct page *page = pfn_to_page(find_ram(PAGE_SIZE) >> PAGE_SHIFT);

	CHECK_EQ(try_range(va, va, pa), -EINVAL);
	CHECK_EQ(try_range(end, va, pa), -EINVAL);
	CHECK_EQ(try_range(va + 1, end, pa), -EINVAL);
	CHECK_EQ(try_range(va, end - 1, pa), -EINVAL);
	CHECK_EQ(try_range(va, end, pa + 1), -EINVAL);
	CHECK_EQ(try_range(VMALLOC_START - PAGE_SIZE, VMALLOC_START, pa), -EINVAL);
	CHECK_EQ(try_range(MAPPABLE_END - PAGE_SIZE, MAPPABLE_END + PAGE_SIZE, pa), -EINVAL);
	CHECK_EQ(try_range((uint64_t)_text, (uint64_t)_text + PAGE_SIZE, pa), -EINVAL);
	CHECK_EQ(try_range(0, PAGE_SIZE, pa), -EINVAL);
	CHECK_EQ(try_range(va, end, PHYS_END), -EINVAL);
	CHECK_EQ(try_range(va, end + PAGE_SIZE, PHYS_END - PAGE_SIZE), -EINVAL);
	CHECK_EQ(try_range(va, end, UINT64_MAX & PAGE_MASK), -EINVAL);
	CHECK_EQ(map_range(va, end, pa, PROT_DEVICE_nGnRE | DESC_CONT, MAP_SHIFT_ANY), -EINVAL);
	CHECK_EQ(map_range(va, end, pa, PROT_DEVICE_nGnRE, PAGE_SHIFT - 1), -EINVAL);
	CHECK_EQ(map_pages(va, end, NULL, PAGE_KERNEL, MAP_SHIFT_ANY), -EINVAL);
	CHECK_EQ(map_pages(end, va, &page, PAGE_KERNEL, MAP_SHIFT_ANY), -EINVAL);
	CHECK_EQ(map_blocks(va, end, NULL, 0, PAGE_KERNEL, MAP_SHIFT_ANY), -EINVAL);
	CHECK_EQ(map_blocks(va, end, &page, MAX_ORDER + 1, PAGE_KERNEL, MAP_SHIFT_ANY), -EINVAL);
	CHECK_EQ(map_populate_upper(end, va), -EINVAL);
	CHECK_EQ(map_populate_upper(VMALLOC_START - 1, VMALLOC_START + 1), -EINVAL);
	CHECK_EQ(map_populate_upper(MAPPABLE_END - 1, MAPPABLE_END + 1), -EINVAL);
	CHECK_UNCHANGED(before);
}

TEST(errors_area, "errors/get-vm-area")
{
	const uint64_t lo = VMALLOC_START, hi = VMALLOC_END;
	struct totals before = count_totals();

	CHECK(!get_vm_area(0, VM_MAP));
	CHECK(!get_vm_area(0, VM_IOREMAP));
	CHECK(!get_vm_area(hi - lo, VM_MAP));
	CHECK(!get_vm_area(UINT64_MAX, VM_MAP));
	CHECK(!get_vm_area(UINT64_MAX - PAGE_SIZE, VM_IOREMAP));
	CHECK(!__get_vm_area(PAGE_SIZE, 3 * PAGE_SIZE, lo, hi, VM_MAP));
	CHECK(!__get_vm_area(PAGE_SIZE, 1UL << 63, lo, hi, VM_MAP));
	CHECK(!__get_vm_area(PAGE_SIZE, PAGE_SIZE, hi, lo, VM_MAP));
	CHECK(!__get_vm_area(PAGE_SIZE, PAGE_SIZE, 0, PAGE_SIZE * 2, VM_MAP));
	CHECK(!__get_vm_area(PAGE_SIZE, PAGE_SIZE, hi, UINT64_MAX, VM_MAP));
	CHECK_UNCHANGED(before);
}

/* --- addresses that a call may not take --------------------------------------------------------
 */

TEST(errors_unmap, "errors/unmap-of-what-is-not-mine")
{
	struct page **pages = take_pages(3, 0);
	uint64_t *own = vmalloc(3 * PAGE_SIZE);
	char *map = pages ? vmap(pages, 3, VM_MAP, PAGE_KERNEL) : NULL;
	char *io = ioremap(EMPTY_PA, PAGE_SIZE);
	struct totals before = count_totals();

	if (!CHECK(own && map && io))
		return;
	own[0] = 1234;
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
	vunmap(own);
	iounmap(own);
	iounmap(map);
	vfree(io);
	vunmap(io);
	vfree(own + 1);
	vfree((char *)own + PAGE_SIZE);
	vunmap(map + PAGE_SIZE);
	vunmap(map + 3 * PAGE_SIZE);
	vfree((void *)VMALLOC_START);
	vunmap((void *)0x1000);
	iounmap((void *)(VMALLOC_END - PAGE_SIZE));
	vfree(_text);
	CHECK_UNCHANGED(before);
	CHECK_EQ(own[0], 1234);
	CHECK_EQ(pages_misread((uint64_t)map, pages, 3), 0);
	CHECK_EQ(pages_mistranslated((uint64_t)io, EMPTY_PA, 1, PROT_DEVICE_nGnRE, 1), 0);
	iounmap(io);
	vunmap(map);
	vfree(own);
	vfree(own); /* a second time, and it is nobody's */
	drop_pages(pages, 3);
}

TEST(errors_to_page, "errors/vmalloc-to-page")
{
	char *io = ioremap(EMPTY_PA, PAGE_SIZE);

	CHECK(!vmalloc_to_page(NULL));
	CHECK(!vmalloc_to_page(_text));
	CHECK(!vmalloc_to_page(page_address(phys_to_page(find_ram(PAGE_SIZE)))));
	CHECK(!vmalloc_to_page((void *)VMALLOC_START));
	CHECK(!vmalloc_to_page((void *)VMALLOC_END));
	CHECK(!vmalloc_to_page((void *)UINT64_MAX));
	CHECK_EQ(vmalloc_to_pfn(NULL), 0);
	if (CHECK(io))
		CHECK(!vmalloc_to_page(io) && !vmalloc_to_pfn(io));
	iounmap(io);
}

TEST(errors_text, "errors/text-has-no-second-mapping")
{
	struct page *text = phys_to_page(platform.image_pa);
	uint64_t rodata = platform.image_pa + (_rodata - _text);

	CHECK(!vmap(&text, 1, VM_MAP, PAGE_KERNEL));
	CHECK(!vmap(&text, 1, VM_MAP, PAGE_KERNEL_RO));
	CHECK(!ioremap(platform.image_pa, PAGE_SIZE));
	CHECK(!ioremap_cache(rodata, PAGE_SIZE));
	CHECK(!ioremap(platform.image_pa + (_erodata - _text) - PAGE_SIZE, 2 * PAGE_SIZE));
}
