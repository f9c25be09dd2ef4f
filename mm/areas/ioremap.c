// SPDX-License-Identifier: MIT
/*
 * ioremap(): a physical range that is no RAM, in an area of its own.
 */
#include "mm/areas/area-internal.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/map/map.h"
#include "mm/phys/ranges.h"

uint64_t ioremap_phys_end = PHYS_END;
uint64_t ioremap_forbidden_start, ioremap_forbidden_end;

/* Physical addresses without linear mapping, first to last: what lies between its ranges. */
struct hole {
	uint64_t first, last;
};
static struct hole holes[2 * BOOT_RANGES_MAX + 1];
static unsigned nr_holes;
static const struct hole no_hole = { 1, 0 };
static const struct hole *last_hole = &no_hole; /* the one that served last */

/* Nothing changes after boot, so that two CPUs that race here store the same. */
static unsigned learn_holes(void)
{
	uint64_t first = 0;
	struct phys_range r;
	unsigned n = 0;

	for_each_linear_range (&r) {
		uint64_t start = r.first_pfn << PAGE_SHIFT;

		/* What is forbidden lies right below the image's data: it counts as RAM here. */
		if (start == ioremap_forbidden_end)
			start = ioremap_forbidden_start;
		if (start > first)
			holes[n++] = (struct hole){ first, start - 1 };
		first = (r.first_pfn + r.pages) << PAGE_SHIFT;
	}
	holes[n++] = (struct hole){ first, ~0UL };
	/* Release: who sees the count sees the holes. */
	__atomic_store_n(&nr_holes, n, __ATOMIC_RELEASE);
	return n;
}

/* Whether [@first, @last] is in one hole, not the one that served last. */
static noinline bool find_hole(uint64_t first, uint64_t last)
{
	unsigned n = __atomic_load_n(&nr_holes, __ATOMIC_ACQUIRE);

	if (n == 0)
		n = learn_holes();
	for (unsigned i = 0; i < n; i++)
		if (first >= holes[i].first && last <= holes[i].last) {
			/* Release: who is led to the hole sees it whole, not half of it. */
			__atomic_store_n(&last_hole, &holes[i], __ATOMIC_RELEASE);
			return true;
		}
	return false;
}

static __always_inline bool is_in_hole(uint64_t first, uint64_t last)
{
	const struct hole *hole = READ_ONCE(last_hole);

	if (likely(first >= hole->first && last <= hole->last))
		return true;
	return find_hole(first, last);
}

void *__ioremap(uint64_t pa, uint64_t size, pgprot_t prot)
{
	uint64_t offset = pa & ~PAGE_MASK, start = pa - offset, last = (pa + size - 1) | ~PAGE_MASK,
		 va;
	struct vm_struct *area;

	/* The comparison with pa: size 0, and a range that wraps. */
	if (unlikely(pa + size - 1 < pa || last >= ioremap_phys_end || !is_in_hole(start, last)))
		return NULL;
	size = last + 1 - start;
	area = get_vm_area(size, VM_IOREMAP | VM_UNINITIALIZED);
	if (unlikely(!area))
		return NULL;
	va = (uint64_t)area->addr;
	if (unlikely(map_range(va, va + size, start, prot, MAP_SHIFT_ANY) < 0) &&
	    !(purge_vmap_areas() && !map_range(va, va + size, start, prot, MAP_SHIFT_ANY))) {
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
