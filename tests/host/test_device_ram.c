// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * RAM for devices and who maps it: linear-mapped as it is, nobody maps it as a device, with struct
 * pages or without; vmap() and its kin map its pages while it has some.
 */
#include <errno.h>

#include "mm/areas/range.h"
#include "tests/host/areas_world.h"

#define PFN(pa)	     ((pa) >> PAGE_SHIFT)
#define DEVICE_PAGES PFN(DEVICE_END - DEVICE_START)

static bool by_number(uint64_t pa, pgprot_t prot)
{
	uint64_t pfn = PFN(pa);

	return vmap_pfn(&pfn, 1, prot) != NULL;
}

static bool by_hand(uint64_t pa, pgprot_t prot)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	uint64_t va = (uint64_t)area->addr;
	int error = vmap_page_range(va, va + PAGE_SIZE, pa, prot);

	if (!error)
		vunmap_range(va, va + PAGE_SIZE);
	free_vm_area(area);
	return error != -EINVAL;
}

static bool by_ioremap_page_range(uint64_t pa, pgprot_t prot)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	uint64_t va = (uint64_t)area->addr;
	int error = ioremap_page_range(va, va + PAGE_SIZE, pa, prot);

	free_vm_area(area);
	return error != -EINVAL;
}

/* Each place where a device mapping of it could begin or end. */
static bool is_refused(void)
{
	const uint64_t at[] = { DEVICE_START, DEVICE_START + 5 * PAGE_SIZE,
				DEVICE_END - PAGE_SIZE };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
		good = good && !ioremap(at[i], 8) && !ioremap_cache(at[i], PAGE_SIZE) &&
		       !ioremap_wc(at[i] - PAGE_SIZE, 3 * PAGE_SIZE) &&
		       !by_number(at[i], PROT_DEVICE_nGnRE) && !by_number(at[i], PAGE_KERNEL) &&
		       !by_hand(at[i], PROT_DEVICE_nGnRE) &&
		       !by_ioremap_page_range(at[i], PROT_DEVICE_nGnRE) &&
		       !by_ioremap_page_range(at[i], PAGE_KERNEL);
	return good;
}

/* Whether each way to map pages of it as memory works: all or none of them. */
static unsigned ways(void)
{
	struct page *pages[3] = { phys_to_page(DEVICE_END - PAGE_SIZE), phys_to_page(DEVICE_START),
				  phys_to_page(RAM_START) };
	const struct phys_range run = { PFN(DEVICE_START) + 3, 7 };
	char *one = vmap(pages, 1, VM_MAP, PAGE_KERNEL),
	     *several = vmap(pages, 3, VM_MAP, PAGE_KERNEL),
	     *runs = vmap_sg(&run, 1, VM_MAP, PAGE_KERNEL_RO);
	unsigned n = by_hand(DEVICE_START, PAGE_KERNEL);

	n += one && maps_pages(one, pages, 1, PAGE_KERNEL);
	n += several && maps_pages(several, pages, 3, PAGE_KERNEL);
	n += runs && maps_run(runs, 7, DEVICE_START + 3 * PAGE_SIZE, PAGE_KERNEL_RO, PAGE_SHIFT);
	vunmap(one);
	vunmap(several);
	vunmap(runs);
	return n;
}

/* Pages of RAM and of the device, which follow each other in the vmemmap, are no one range. */
static bool straddles(void)
{
	const struct phys_range run = { PFN(DEVICE_START) - 1, 2 };
	struct page *pages[2] = { phys_to_page(DEVICE_START) - 1, phys_to_page(DEVICE_START) };
	char *addr = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	bool good = addr && maps_pages(addr, pages, 2, PAGE_KERNEL);

	vunmap(addr);
	return good && !vmap_sg(&run, 1, VM_MAP, PAGE_KERNEL);
}

int main(void)
{
	struct world before;

	arena_add_ram(RAM_START, RAM_END - RAM_START);
	boot_ram_reserve_device(DEVICE_START, DEVICE_END - DEVICE_START);
	buddy_init();
	vfree(vmalloc(1));
	before = look();
	ok(is_refused(), "without struct pages it is no device");
	ok(ways() == 0, "nor memory that can be mapped");
	ok(!device_range_add(PFN(DEVICE_START), DEVICE_PAGES) && is_refused(),
	   "with struct pages it is no device either");
	ok(ways() == 4, "but memory");
	ok(straddles(), "next to RAM's, in a range of its own");
	ok(!device_range_remove(PFN(DEVICE_START), DEVICE_PAGES) && ways() == 0 && is_refused(),
	   "and without again");
	ok(unchanged(&before), "nothing is lost");
	ok(ioremap(RAM_END, PAGE_SIZE) && !ioremap(RAM_END - PAGE_SIZE, PAGE_SIZE),
	   "a real device is one");
	return tap_done();
}
