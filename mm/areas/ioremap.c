// SPDX-License-Identifier: MIT
/*
 * ioremap(): a physical range that is no RAM, in an area of its own.
 */
#include "mm/areas/area-internal.h"
#include "mm/areas/ioremap.h"
#include "mm/map/map.h"
#include "mm/phys/ranges.h"

uint64_t ioremap_phys_end = PHYS_END;
uint64_t ioremap_forbidden_start, ioremap_forbidden_end;

/*
 * A copy of the RAM ranges, ascending: one comparison a range, where the iterator
 * behind it subtracts sets each time.
 */
static struct phys_range ram[2 * BOOT_RANGES_MAX];
static unsigned nr_ram;

/* Nothing changes after boot, so that two CPUs that race here store the same. */
static noinline unsigned learn_ram(void)
{
	struct phys_range r;
	unsigned n = 0;

	for_each_ram_range (&r) {
		/* What is forbidden lies right below the image's data: it counts as RAM here. */
		if (r.first_pfn == ioremap_forbidden_end >> PAGE_SHIFT) {
			uint64_t pages =
				(ioremap_forbidden_end - ioremap_forbidden_start) >> PAGE_SHIFT;

			r.first_pfn -= pages;
			r.pages += pages;
		}
		ram[n++] = r;
	}
	/* Release: who sees the count sees the ranges. */
	__atomic_store_n(&nr_ram, n, __ATOMIC_RELEASE);
	return n;
}

/* Any frame of [first, end) is RAM with a Normal mapping. */
static bool overlaps_ram(uint64_t first, uint64_t end)
{
	unsigned n = __atomic_load_n(&nr_ram, __ATOMIC_ACQUIRE);

	if (unlikely(n == 0))
		n = learn_ram();
	for (unsigned i = 0; i < n && ram[i].first_pfn < end; i++)
		if (ram[i].first_pfn + ram[i].pages > first)
			return true;
	return false;
}

void *__ioremap(uint64_t pa, uint64_t size, pgprot_t prot)
{
	uint64_t offset = pa & ~PAGE_MASK, start = pa & PAGE_MASK, end, va;
	struct vm_struct *area;

	if (unlikely(pa >= ioremap_phys_end || size - 1 >= ioremap_phys_end - pa))
		return NULL;
	end = ALIGN_UP(pa + size, PAGE_SIZE);
	if (unlikely(overlaps_ram(start >> PAGE_SHIFT, end >> PAGE_SHIFT)))
		return NULL;
	size = end - start;
	area = get_vm_area(size, VM_IOREMAP | VM_UNINITIALIZED);
	if (unlikely(!area))
		return NULL;
	va = (uint64_t)area->addr;
	if (unlikely(map_range(va, va + size, start, prot, MAP_SHIFT_ANY) < 0)) {
		free_vm_area(area);
		return NULL;
	}
	area->phys_addr = start;
	area->nr_pages = size >> PAGE_SHIFT;
	publish_vm_area(area);
	return (void *)(va + offset);
}

void iounmap(const volatile void *addr)
{
	uint64_t va = (uint64_t)addr & PAGE_MASK;
	struct vm_struct *area;

	if (!addr)
		return;
	area = claim_vm_area((const void *)va, VM_IOREMAP, 0, "iounmap");
	if (!area)
		return;
	unmap_vm_area(area);
	free_vm_area(area);
}
