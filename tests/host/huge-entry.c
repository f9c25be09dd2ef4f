// SPDX-License-Identifier: MIT
/*
 * The setter of huge entries (see huge-entry.h).
 */
#include "tests/host/huge-entry.h"

#include "mm/arm64/door.h"
#include "mm/map/view/walk.h"

int huge_map_count[HUGE_COUNTED_END >> PAGE_SHIFT];
unsigned huge_underflows;

/* Sizes below it, in whole contiguous groups, are made of pages. */
static const uint64_t pages_end[HUGE_FORMS] = {
	[HUGE_RIGHT] = PMD_SIZE,
	[HUGE_RFC] = CONT_PMD_SIZE,
};

struct huge_entries huge_entries(enum huge_form form, uint64_t size)
{
	if (size >= CONT_PTE_SIZE && size < pages_end[form] && size % CONT_PTE_SIZE == 0)
		return (struct huge_entries){ size / PAGE_SIZE, PAGE_SIZE };
	if (size == PMD_SIZE)
		return (struct huge_entries){ 1, PMD_SIZE };
	if (size == CONT_PMD_SIZE)
		return (struct huge_entries){ CONT_PMDS, PMD_SIZE };
	if (HAVE_PUD_BLOCK && size == PUD_SIZE)
		return (struct huge_entries){ 1, PUD_SIZE };
	return (struct huge_entries){ 0, 0 };
}

int huge_level(uint64_t size)
{
	if (size < PMD_SIZE)
		return LEVEL_PTE;
	return size < PUD_SIZE ? LEVEL_PMD : LEVEL_PUD;
}

/*
 * An entry of @entry_size comes (@by = 1) or goes (-1). As an entry of a page anything that is
 * valid counts, for at that level there are no links; larger ones may be tables, which do not.
 */
static void account(desc_t d, uint64_t entry_size, int by)
{
	uint64_t pfn = desc_addr(d) >> PAGE_SHIFT, pages = entry_size >> PAGE_SHIFT;

	if (!(d & DESC_VALID) || (pages > 1 && desc_is_table(d)))
		return;
	for (uint64_t i = pfn; i < pfn + pages && i < HUGE_COUNTED_END >> PAGE_SHIFT; i++) {
		huge_map_count[i] += by;
		huge_underflows += huge_map_count[i] < 0;
	}
}

/* The first descriptor, which the caller of such a setter makes. */
static desc_t first_desc(uint64_t pa, uint64_t size)
{
	int level = huge_level(size);

	return leaf_desc(pa, PAGE_KERNEL, level) |
	       (size > 1UL << level_shift(level) ? DESC_CONT : 0);
}

void set_huge_entries(enum huge_form form, uint64_t va, uint64_t pa, uint64_t size)
{
	struct huge_entries e = huge_entries(form, size);
	desc_t *slot = walk_slot(va, huge_level(size)), d = first_desc(pa, size);

	for (uint64_t i = 0; i < e.count; i++)
		account(get_desc(&slot[i]), e.size, -1);
	for (uint64_t i = 0; i < e.count; i++, d += e.size) {
		account(d, e.size, 1);
		set_desc(&slot[i], d);
	}
	door_mapped();
}

void clear_huge_entries(enum huge_form form, uint64_t va, uint64_t size)
{
	struct huge_entries e = huge_entries(form, size);
	desc_t *slot = walk_slot(va, huge_level(size));

	for (uint64_t i = 0; i < e.count; i++) {
		account(get_desc(&slot[i]), e.size, -1);
		set_desc(&slot[i], 0);
	}
	door_before_tlbi();
	tlbi_leaves(va, e.count, e.size);
	door_after_tlbi();
}
