// SPDX-License-Identifier: MIT
/*
 * Sections: RAM in pieces of 128 MB (4K and 16K granule) or 512 MB (64K), as Linux has them on
 * arm64. Each knows whether it is there, its zone, and, if it consists of huge pages of one size
 * from boot or from a device, their order: what the vmemmap of the section is made by.
 *
 * Two levels, so that memory that is not there has no entry. The boot CPU at boot, then who holds
 * the lock of memremap.c, changes them; looks are any CPU's, any context's.
 */
#pragma once

#include "mm/phys/gfp.h"
#include "mm/phys/page.h"

#define SECTION_SHIFT	  (PAGE_SHIFT + 13 > 27 ? PAGE_SHIFT + 13 : 27)
#define SECTION_SIZE	  (1UL << SECTION_SHIFT)
#define PAGES_PER_SECTION (SECTION_SIZE >> PAGE_SHIFT)

struct mem_section {
	uint8_t order; /* of its compound pages; 0: pages and blocks of the page allocator */
	uint8_t zone;  /* enum zone_id */
	bool present;  /* at least a part of it has struct pages */
};

/* Pages that hold the sections' entries. */
extern uint64_t section_pages;

/* The section of @pfn; all zero if it is not there. Any value. */
struct mem_section section_of_pfn(uint64_t pfn);

/*
 * Makes all sections that [@pfn, @pfn + @nr) touches present, of @zone and @order.
 *	-EINVAL		empty, or past PHYS_END
 *	-EOPNOTSUPP	@order is not 0 and the range is not whole sections, or not whole pages
 *			of the order
 *	-EEXIST		one of them is present with another order, or is wanted with one and there
 *	-ENOMEM		no room for their entries
 * Nothing has changed then.
 */
int sections_add(uint64_t pfn, uint64_t nr, unsigned order, enum zone_id zone);

/* They are not there any more, their order is forgotten. Whole sections. */
void sections_remove(uint64_t pfn, uint64_t nr);

/*
 * Steps to the next run of present sections that are equal, ascending: [*@pfn, *@pfn + *@nr).
 * Begin with both 0. False: no more.
 */
bool next_section_run(uint64_t *pfn, uint64_t *nr, struct mem_section *section);
