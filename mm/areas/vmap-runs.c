// SPDX-License-Identifier: MIT
/*
 * Frames given by number: vmap_sg(), runs of RAM, and vmap_pfn(), frames that are none.
 */
#include "mm/areas/area-internal.h"
#include "mm/areas/ioremap.h"
#include "mm/phys/buddy.h"

#define VMAP_SG_FLAGS (VM_MAP | VM_ALLOW_HUGE_VMAP | VM_NO_GUARD)

/* All that the runs come to; 0: one is empty or not all RAM, or they are more than all of it. */
static uint64_t count_pages(const struct phys_range *runs, uint64_t nr_runs)
{
	uint64_t pages = 0, most = nr_managed_pages();

	for (uint64_t i = 0; i < nr_runs; i++) {
		const struct phys_range *run = &runs[i];
		const struct phys_range *ram = ram_range_of_pfn(run->first_pfn);

		if (!ram || run->pages - 1 >= ram->pages - (run->first_pfn - ram->first_pfn))
			return 0;
		pages += run->pages;
		if (pages > most)
			return 0;
	}
	return pages;
}

/* The last step of both: @error is that of the mapping. */
static void *finish(struct vm_struct *area, uint64_t count, int error)
{
	if (unlikely(error)) {
		free_vm_area(area);
		return NULL;
	}
	area->nr_pages = count;
	publish_vm_area(area);
	return area->addr;
}

void *vmap_sg(const struct phys_range *runs, uint64_t nr_runs, uint32_t flags, pgprot_t prot)
{
	unsigned max_shift = vmap_max_shift(flags);
	struct vm_struct *area;
	uint64_t count, va, end;
	int error;

	if (!runs || flags & ~VMAP_SG_FLAGS || !vm_prot_valid(prot))
		return NULL;
	count = count_pages(runs, nr_runs);
	if (!count)
		return NULL;
	flags = (flags & ~VM_NO_GUARD) | VM_MAP | VM_UNINITIALIZED;
	area = get_vmap_area(count << PAGE_SHIFT, flags, max_shift);
	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	end = va + (count << PAGE_SHIFT);
	error = map_runs(va, end, runs, nr_runs, prot, max_shift);
	if (unlikely(error) && purge_vmap_areas())
		error = map_runs(va, end, runs, nr_runs, prot, max_shift);
	return finish(area, count, error);
}

/* Neither RAM, a device's too, nor the kernel's text and rodata, and the CPU has such addresses. */
static bool is_device_pfn(uint64_t pfn)
{
	uint64_t pa = pfn << PAGE_SHIFT;

	return pfn < ioremap_phys_end >> PAGE_SHIFT && !pfn_is_linear(pfn) &&
	       pa - ioremap_forbidden_start >= ioremap_forbidden_end - ioremap_forbidden_start;
}

void *vmap_pfn(const uint64_t *pfns, uint64_t count, pgprot_t prot)
{
	/* VM_IOREMAP as in Linux; VM_MAP so that vunmap() takes it. */
	const uint32_t flags = VM_IOREMAP | VM_MAP | VM_UNINITIALIZED;
	unsigned max_shift = vmap_max_shift(0);
	struct vm_struct *area;
	uint64_t va, end;
	int error;

	if (!pfns || count - 1 >= (VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT ||
	    !vm_prot_valid(prot))
		return NULL;
	for (uint64_t i = 0; i < count; i++)
		if (!is_device_pfn(pfns[i]))
			return NULL;
	area = get_vmap_area(count << PAGE_SHIFT, flags, max_shift);
	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	area->phys_addr = pfns[0] << PAGE_SHIFT;
	end = va + (count << PAGE_SHIFT);
	error = map_pfns(va, end, pfns, prot, max_shift);
	if (unlikely(error) && purge_vmap_areas())
		error = map_pfns(va, end, pfns, prot, max_shift);
	return finish(area, count, error);
}
