// SPDX-License-Identifier: MIT
/*
 * The audit of the vmemmap (audit.h).
 */
#include "mm/pages/audit.h"

#include <stdarg.h>
#include <stdio.h>

#include "mm/map/tables.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

#define COMPLAINTS_MAX 10

struct audit {
	vmemmap_complaint_t *complain;
	uint64_t wrong, own, shared;
	uint64_t mappings[NR_ZONES][MAX_HUGE_ORDER + 1];
};

static __printf_like(3, 4) void wrong(struct audit *a, const struct page *page, const char *fmt,
				      ...)
{
	char what[80], line[160];
	va_list ap;

	if (a->wrong++ >= COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "struct page of frame 0x%lx: %s", page_to_pfn(page), what);
	a->complain(line);
}

/* --- leaves ------------------------------------------------------------------------------------
 */

/*
 * The order of the compound page that a whole vmemmap page belongs to without its head, and whose
 * tails are shared; 0: of none. @page is the first in that vmemmap page.
 */
static unsigned shared_order(const struct page *page, const struct mem_section *section)
{
	const struct page *head = compound_head(page);

	if (section->order) {
		/* By arithmetic: what a tail says is not to be believed yet. */
		head = pfn_to_page(ALIGN_DOWN(page_to_pfn(page), 1UL << section->order));
		return head != page && head->flags & PG_HVO ? section->order : 0;
	}
	return head != page && head->flags & PG_HVO ? head->order : 0;
}

/*
 * Leaves from @slot on, of one table and one compound page of @order without its head, that are
 * the same bit by bit: what is true of the first is true of all. A 1G page has thousands.
 */
static uint64_t leaves_alike(const desc_t *slot, const struct page *page, unsigned order)
{
	uint64_t va = (uint64_t)page, n = 1;
	uint64_t end = MIN(ALIGN_UP(va + 1, PMD_SIZE), ALIGN_UP(va + 1, STRUCT_PAGE_SIZE << order));
	desc_t d = get_desc(slot);

	while (n < (end - va) >> PAGE_SHIFT && get_desc(&slot[n]) == d)
		n++;
	return n;
}

/* Leaves of one page: that at @slot, and those behind it that are alike. Returns how many. */
static uint64_t audit_pages(struct audit *a, const struct page *page, const desc_t *slot,
			    const struct mem_section *section)
{
	desc_t d = get_desc(slot);
	unsigned order = shared_order(page, section);
	const struct page *tail = order ? vmemmap_find_shared_tail(section->zone, order) : NULL;
	uint64_t leaves = order ? leaves_alike(slot, page, order) : 1;

	if (!order && d & DESC_RO)
		wrong(a, page, "read-only, and of no huge page whose tails are shared");
	else if (order && (!tail || desc_addr(d) != page_to_phys(tail)))
		wrong(a, page, "mapped to 0x%lx, not to the tail page of its zone and order",
		      desc_addr(d));
	else if (order && !(d & DESC_RO))
		wrong(a, page, "a shared tail page is writable");
	if (order) {
		a->shared += leaves;
		a->mappings[section->zone][order] += leaves;
	} else {
		a->own++;
	}
	return leaves;
}

/* A block of own memory. */
static void audit_block(struct audit *a, const struct page *page, desc_t d, uint64_t bytes,
			const struct mem_section *section)
{
	a->own += bytes >> PAGE_SHIFT;
	if (d & DESC_RO)
		wrong(a, page, "a read-only block");
	if (section->order && order_is_optimizable(section->order))
		wrong(a, page, "a block in a section of huge pages");
}

/* The leaf at @va, and those behind it that are alike. Returns their bytes. */
static uint64_t audit_leaf(struct audit *a, uint64_t va, const struct mem_section *section)
{
	int level;
	const desc_t *slot = find_end(va, &level);
	desc_t d = get_desc(slot);
	uint64_t bytes = 1UL << level_shift(level), left = bytes - va % bytes;
	const struct page *page = (const struct page *)va;

	if (!(d & DESC_VALID)) {
		if (d)
			wrong(a, page, "an invalid leaf, 0x%lx", d);
		if (section->order)
			wrong(a, page, "not mapped, in a section of huge pages");
		return left;
	}
	if ((d & (DESC_PROT_MASK & ~DESC_RO)) != PAGE_KERNEL || !(d & DESC_AF))
		wrong(a, page, "attributes 0x%lx", d & DESC_PROT_MASK);
	if (!pfn_valid(desc_addr(d) >> PAGE_SHIFT))
		wrong(a, page, "in 0x%lx, which is no RAM", desc_addr(d));
	if (level == LEVEL_PTE)
		return audit_pages(a, page, slot, section) << PAGE_SHIFT;
	audit_block(a, page, d, left, section);
	return left;
}

static void audit_counts(struct audit *a)
{
	for (unsigned zone = 0; zone < NR_ZONES; zone++)
		for (unsigned order = 0; order <= MAX_HUGE_ORDER; order++) {
			const struct page *tail = vmemmap_find_shared_tail(zone, order);

			if (tail && tail->refcount != 1 + (int64_t)a->mappings[zone][order])
				wrong(a, tail,
				      "tail page of zone %u, order %u: %d references, not %lu",
				      zone, order, tail->refcount, 1 + a->mappings[zone][order]);
		}
	if (a->own != vmemmap_counts.own || a->shared != vmemmap_counts.shared)
		wrong(a, vmemmap, "%lu own pages and %lu shared, %lu and %lu are mapped",
		      vmemmap_counts.own, vmemmap_counts.shared, a->own, a->shared);
}

uint64_t vmemmap_audit(vmemmap_complaint_t *complain)
{
	struct audit a = { .complain = complain };
	uint64_t pfn = 0, nr = 0;
	struct mem_section section;

	while (next_section_run(&pfn, &nr, &section)) {
		uint64_t end = (uint64_t)pfn_to_page(pfn + nr);

		for (uint64_t va = (uint64_t)pfn_to_page(pfn); va < end;)
			va += audit_leaf(&a, va, &section);
	}
	audit_counts(&a);
	return a.wrong;
}

/* --- struct pages ------------------------------------------------------------------------------
 */

static void audit_struct(struct audit *a, const struct page *page, const struct page *head,
			 unsigned order, unsigned flags)
{
	if (compound_head(page) != head)
		wrong(a, page, "its head is %p, not %p", (void *)compound_head(page), (void *)head);
	if (page == head && ((page->flags & (PG_HEAD | flags)) != (PG_HEAD | flags) ||
			     page->order != order || page->flags & PG_TAIL))
		wrong(a, page, "head with flags 0x%x and order %u", page->flags, page->order);
	if (page != head && (page->flags != PG_TAIL || page->refcount))
		wrong(a, page, "tail with flags 0x%x, %d references", page->flags, page->refcount);
}

/*
 * From the struct page of @pfn to the one that is looked at next. Where tails are shared, what lies
 * behind the second vmemmap page is that memory again and again, says vmemmap_audit(): one of each
 * page, each time another, is enough, and a 1G page has thousands.
 */
static uint64_t structs_to_next(uint64_t pfn, unsigned order, unsigned flags)
{
	uint64_t index = pfn & ((1UL << order) - 1), size = 1UL << order;

	if (!(flags & PG_HVO) || index < 2 * HVO_RESERVED_STRUCTS)
		return 1;
	return MIN(HVO_RESERVED_STRUCTS - 1, size - index);
}

uint64_t vmemmap_audit_compound(uint64_t pfn, uint64_t nr, unsigned order, unsigned flags,
				vmemmap_complaint_t *complain)
{
	struct audit a = { .complain = complain };

	for (uint64_t i = pfn; i < pfn + nr; i += structs_to_next(i, order, flags))
		audit_struct(&a, pfn_to_page(i), pfn_to_page(ALIGN_DOWN(i, 1UL << order)), order,
			     flags);
	return a.wrong;
}
