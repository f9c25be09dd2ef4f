// SPDX-License-Identifier: MIT
/*
 * The shared tail pages: one page of the vmemmap for each (zone, order), full of tails, which
 * stands for every page of it that holds nothing else. Made once, never freed.
 */
#include "mm/pages/hvo.h"
#include "mm/pages/vmemmap-internal.h"
#include "mm/phys/buddy.h"

static struct {
	uint64_t pa;	/* 0: nobody wanted it yet */
	uint64_t early; /* leaves of boot's that map it, while it has no count */
} tails[NR_ZONES][MAX_HUGE_ORDER + 1];

struct page *vmemmap_find_shared_tail(enum zone_id zone, unsigned order)
{
	uint64_t pa = __atomic_load_n(&tails[zone][order].pa, __ATOMIC_ACQUIRE);

	return pa ? phys_to_page(pa) : NULL;
}

/* Two may make one at the same time: the second finds the first's and gives its own back. */
static struct page *make_tail(enum zone_id zone, unsigned order)
{
	uint64_t pa = vmemmap_memory(PAGE_SIZE), none = 0;

	if (!pa)
		return NULL;
	page_fill_tails(phys_to_virt(pa), HVO_RESERVED_STRUCTS, zone, order);
	if (__atomic_compare_exchange_n(&tails[zone][order].pa, &none, pa, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		__atomic_fetch_add(&vmemmap_counts.tails, 1, __ATOMIC_RELAXED);
	else
		__free_pages(phys_to_page(pa), 0);
	return vmemmap_find_shared_tail(zone, order);
}

struct page *vmemmap_shared_tail(enum zone_id zone, unsigned order)
{
	return vmemmap_find_shared_tail(zone, order) ?: make_tail(zone, order);
}

/* Boot's pages have no struct page that could count before the vmemmap is there. */
void vmemmap_tail_get(enum zone_id zone, unsigned order, uint64_t n)
{
	if (vmemmap_is_late())
		__atomic_fetch_add(&vmemmap_find_shared_tail(zone, order)->refcount, (int32_t)n,
				   __ATOMIC_RELAXED);
	else
		tails[zone][order].early += n;
}

void vmemmap_tail_put(enum zone_id zone, unsigned order, uint64_t n)
{
	__atomic_fetch_sub(&vmemmap_find_shared_tail(zone, order)->refcount, (int32_t)n,
			   __ATOMIC_RELAXED);
}

void vmemmap_late_init(void)
{
	for (unsigned zone = 0; zone < NR_ZONES; zone++)
		for (unsigned order = 0; order <= MAX_HUGE_ORDER; order++) {
			struct page *page = vmemmap_find_shared_tail(zone, order);
			int32_t refs = 1 + (int32_t)tails[zone][order].early;

			/* Reserved memory becomes a page that its mappings own. */
			if (page)
				page->state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED,
							 pfn_zone(page_to_pfn(page)), 0, refs);
		}
}
