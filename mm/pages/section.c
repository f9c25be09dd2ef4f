// SPDX-License-Identifier: MIT
/*
 * The sections, two levels: a page of entries for each stretch of memory that has any.
 */
#include "mm/pages/section.h"

#include <errno.h>
#include <string.h>

#include "mm/pages/vmemmap-internal.h"
#include "mm/phys/buddy.h"

#define SECTIONS_PER_ROOT (PAGE_SIZE / sizeof(struct mem_section))
#define NR_SECTIONS	  (PHYS_END >> SECTION_SHIFT)
#define NR_ROOTS	  DIV_ROUND_UP(NR_SECTIONS, SECTIONS_PER_ROOT)

static_assert(SECTION_SIZE >= PAGE_SIZE << MAX_ORDER, "no block straddles two sections");
static_assert(STRUCT_PAGE_SIZE * PAGES_PER_SECTION % PAGE_SIZE == 0, "whole vmemmap pages");

static struct mem_section *roots[NR_ROOTS];
uint64_t section_pages;

/* NULL: no memory that is near it is there. */
static struct mem_section *entry_of(uint64_t number)
{
	struct mem_section *root = NULL;

	if (number < NR_SECTIONS)
		root = READ_ONCE(roots[number / SECTIONS_PER_ROOT]);
	return root ? &root[number % SECTIONS_PER_ROOT] : NULL;
}

struct mem_section section_of_pfn(uint64_t pfn)
{
	const struct mem_section *entry = entry_of(pfn / PAGES_PER_SECTION);

	return entry ? *entry : (struct mem_section){ 0 };
}

/* A zeroed page. */
static struct mem_section *new_root(void)
{
	uint64_t pa = vmemmap_memory(PAGE_SIZE);

	return pa ? memset(phys_to_virt(pa), 0, PAGE_SIZE) : NULL;
}

/* Entries for the sections from @first to @last. Roots stay, like upper tables. */
static int make_roots(uint64_t first, uint64_t last)
{
	for (uint64_t r = first / SECTIONS_PER_ROOT; r <= last / SECTIONS_PER_ROOT; r++) {
		struct mem_section *root = roots[r];

		if (root)
			continue;
		root = new_root();
		if (!root)
			return -ENOMEM;
		section_pages++;
		WRITE_ONCE(roots[r], root);
	}
	return 0;
}

int sections_add(uint64_t pfn, uint64_t nr, unsigned order, enum zone_id zone)
{
	const struct mem_section want = { .order = order, .zone = zone, .present = true };
	uint64_t first = pfn / PAGES_PER_SECTION, last = (pfn + nr - 1) / PAGES_PER_SECTION;
	int error;

	if (!nr || last >= NR_SECTIONS)
		return -EINVAL;
	if (order && !IS_ALIGNED(pfn | nr, MAX(PAGES_PER_SECTION, 1UL << order)))
		return -EOPNOTSUPP;
	error = make_roots(first, last);
	if (error)
		return error;
	for (uint64_t i = first; i <= last; i++) {
		const struct mem_section *entry = entry_of(i);

		if (entry->present && (order || entry->order || entry->zone != zone))
			return -EEXIST;
	}
	for (uint64_t i = first; i <= last; i++)
		*entry_of(i) = want;
	return 0;
}

void sections_remove(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn / PAGES_PER_SECTION; i < (pfn + nr) / PAGES_PER_SECTION; i++) {
		struct mem_section *entry = entry_of(i);

		if (entry)
			*entry = (struct mem_section){ 0 };
	}
}

static bool is_equal(const struct mem_section *a, const struct mem_section *b)
{
	return a->present == b->present && a->order == b->order && a->zone == b->zone;
}

bool next_section_run(uint64_t *pfn, uint64_t *nr, struct mem_section *section)
{
	uint64_t first = (*pfn + *nr) / PAGES_PER_SECTION, end;
	const struct mem_section *entry = NULL;

	for (; first < NR_SECTIONS; first++) {
		entry = entry_of(first);
		if (entry && entry->present)
			break;
		if (!entry)
			first |= SECTIONS_PER_ROOT - 1;
	}
	if (first >= NR_SECTIONS)
		return false;
	*section = *entry;
	for (end = first + 1; (entry = entry_of(end)) && is_equal(entry, section); end++)
		;
	*pfn = first * PAGES_PER_SECTION;
	*nr = (end - first) * PAGES_PER_SECTION;
	return true;
}
