// SPDX-License-Identifier: MIT
/*
 * Mapping by hand (range.h): the checks that the engine leaves to its callers.
 */
#include "mm/areas/range.h"

#include <errno.h>

#include "lib/log.h"
#include "mm/areas/ioremap.h"
#include "mm/map/holes.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

/* Pages of the region, at least one. */
static bool is_range(uint64_t addr, uint64_t end)
{
	return addr >= VMALLOC_START && end <= VMALLOC_END && addr < end &&
	       IS_ALIGNED(addr | end, PAGE_SIZE);
}

static bool is_unmapped(uint64_t addr, uint64_t end)
{
	return !next_mapped(&addr, &end);
}

/* Some frame of [pa, pa + size) is RAM, a device's too, or the kernel's text or rodata. */
static bool has_ram(uint64_t pa, uint64_t size)
{
	struct phys_range r;
	uint64_t first = pa >> PAGE_SHIFT, end = first + (size >> PAGE_SHIFT);

	if (pa < ioremap_forbidden_end && pa + size > ioremap_forbidden_start)
		return true;
	for_each_linear_range (&r)
		if (r.first_pfn < end && r.first_pfn + r.pages > first)
			return true;
	return false;
}

static bool is_ram(uint64_t pa, uint64_t size)
{
	const struct phys_range *r = ram_range_of_pfn(pa >> PAGE_SHIFT);

	return r && (pa >> PAGE_SHIFT) - r->first_pfn + (size >> PAGE_SHIFT) <= r->pages;
}

static bool may_map(uint64_t pa, uint64_t size, pgprot_t prot)
{
	bool write_back = (prot & DESC_ATTR(7)) == DESC_ATTR(MAIR_NORMAL);

	if (!vm_prot_valid(prot) || !IS_ALIGNED(pa, PAGE_SIZE) || pa >= ioremap_phys_end ||
	    size > ioremap_phys_end - pa)
		return false;
	return (write_back && is_ram(pa, size)) || !has_ram(pa, size);
}

int vmap_page_range(uint64_t addr, uint64_t end, uint64_t phys, pgprot_t prot)
{
	if (!is_range(addr, end) || !may_map(phys, end - addr, prot))
		return -EINVAL;
	if (!is_unmapped(addr, end))
		return -EBUSY;
	return map_range(addr, end, phys, prot, MAP_SHIFT_ANY);
}

int ioremap_page_range(uint64_t addr, uint64_t end, uint64_t phys, pgprot_t prot)
{
	const struct vm_struct *area = find_vm_area((void *)addr);
	uint64_t start;

	if (!area || !(area->flags & VM_IOREMAP)) {
		log_printf("ioremap_page_range: %#lx is in no VM_IOREMAP area\n", addr);
		return -EINVAL;
	}
	start = (uint64_t)area->addr;
	if (addr != start || end != start + get_vm_area_size(area)) {
		log_printf("ioremap_page_range: [%#lx, %#lx) is not the area at %#lx\n", addr, end,
			   start);
		return -ERANGE;
	}
	return has_ram(phys, end - addr) ? -EINVAL : vmap_page_range(addr, end, phys, prot);
}

int vunmap_range(uint64_t addr, uint64_t end)
{
	return is_range(addr, end) ? unmap_holes(addr, end) : -EINVAL;
}

static int check_sparse(const struct vm_struct *area, uint64_t start, uint64_t end)
{
	uint64_t first;

	if (!area || !(area->flags & VM_SPARSE) ||
	    area->flags & (VM_FLUSH_RESET_PERMS | VM_NO_GUARD) ||
	    !IS_ALIGNED(start | end, PAGE_SIZE))
		return -EINVAL;
	if ((end - start) >> PAGE_SHIFT > nr_managed_pages())
		return -E2BIG;
	first = (uint64_t)area->addr;
	if (start < first || end > first + get_vm_area_size(area))
		return -ERANGE;
	return 0;
}

/* The error that Linux has for the first of @pages that is none: a NULL pointer is -ENOMEM. */
static int bad_page(struct page *const *pages, uint64_t n)
{
	for (uint64_t i = 0; pages && i < n; i++) {
		if (!pages[i])
			return -ENOMEM;
		if (!IS_ALIGNED((uint64_t)pages[i], STRUCT_PAGE_SIZE) ||
		    !pfn_valid(page_to_pfn(pages[i])))
			break;
	}
	return -EINVAL;
}

int vm_area_map_pages(struct vm_struct *area, uint64_t start, uint64_t end, struct page **pages)
{
	int error = check_sparse(area, start, end);

	if (error)
		return error;
	if (!is_unmapped(start, end))
		return -EBUSY;
	error = map_pages(start, end, pages, PAGE_KERNEL, PAGE_SHIFT);
	return error == -EINVAL ? bad_page(pages, (end - start) >> PAGE_SHIFT) : error;
}

void vm_area_unmap_pages(struct vm_struct *area, uint64_t start, uint64_t end)
{
	if (!check_sparse(area, start, end))
		unmap_holes(start, end);
}
