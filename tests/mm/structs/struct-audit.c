// SPDX-License-Identifier: MIT
/*
 * The audit of heads and tails (struct-audit.h).
 */
#include "tests/mm/structs/struct-audit.h"

#include "drivers/smp/hang.h"
#include "mm/pages/hvo.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* Of blocks with more pages than these so many are looked at, evenly, and the last. */
#define LOOKS 16

static bool is_wrong(const struct page *page, const struct page *head)
{
	const bool tail = page != head;

	return compound_head(page) != head || !(page->flags & PG_TAIL) == tail ||
	       (tail && page->refcount) || (page->compound_info & 1) != tail;
}

static uint64_t audit_one(const struct page *page, const struct page *head, bool quiet)
{
	if (!is_wrong(page, head))
		return 0;
	if (!quiet)
		ktap_note("pfn 0x%lx: flags 0x%x, info 0x%lx, head pfn 0x%lx, not 0x%lx",
			  page_to_pfn(page), page->flags, page->compound_info,
			  page_to_pfn(compound_head(page)), page_to_pfn(head));
	return 1;
}

/* Pages of the block at @first are its tails, or each for itself. */
static uint64_t audit_block(const struct page *first, uint64_t pages, bool all, uint64_t found)
{
	uint64_t step = all || pages <= LOOKS ? 1 : pages / LOOKS;
	/*
	 * Behind the second vmemmap page of these is the same memory again and again, which the
	 * audit of the vmemmap sees to: from there on one of each, each time another.
	 */
	uint64_t once = first->flags & PG_HVO ? 2 * HVO_RESERVED_STRUCTS : pages;
	bool compound = first->flags & PG_HEAD;

	for (uint64_t i = 0; i < pages; i += i < once ? step : MAX(step, HVO_RESERVED_STRUCTS - 1))
		found += audit_one(first + i, compound ? first : first + i, found);
	return found + audit_one(first + pages - 1, compound ? first : first + pages - 1, found);
}

static uint64_t audit_range(const struct phys_range *r, bool all, uint64_t found)
{
	uint64_t pfn = r->first_pfn, end = pfn + r->pages;

	while (pfn < end) {
		const struct page *page = pfn_to_page(pfn);
		uint64_t pages = page->flags & (PG_BUDDY | PG_BLOCK) ? 1UL << page->order : 1;

		found = audit_block(page, pages, all, found);
		hang_alive(); /* the more RAM, the longer */
		pfn += pages;
	}
	return found;
}

uint64_t structs_with_wrong_head(bool all)
{
	struct phys_range r;
	uint64_t found = 0;

	for_each_ram_range (&r)
		found = audit_range(&r, all, found);
	return found;
}
