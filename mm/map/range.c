// SPDX-License-Identifier: MIT
/*
 * map_range(): one run of frames. Most calls lie in one window, or are whole blocks in the
 * slots of one table, and need no plan; all that can fail is done before the lock is taken.
 */
#include <errno.h>

#include "mm/map/map-internal.h"

/*
 * One after the other, each with the arguments of map_range() in their registers: the shortest
 * way saves none, and the longer ones go on from where it left.
 */
static noinline int range_by_plan(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot,
				  unsigned max_shift)
{
	struct source s = { .kind = SOURCE_RANGE, .pa = pa, .prot = prot, .max_shift = max_shift };

	return map_by_plan(&s, va, end);
}

static noinline void fill_any(desc_t *slot, uint64_t va, uint64_t pa, uint64_t n, pgprot_t prot,
			      unsigned max_shift)
{
	fill_run_of_pages(slot, va, pa, n, prot, max_shift);
}

static noinline int range_in_new_table(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot,
				       unsigned max_shift, desc_t *slot)
{
	uint64_t n = (end - va) >> PAGE_SHIFT, irq;
	struct page *page = table_alloc_uncounted(LEVEL_PTE);
	desc_t *slots;
	bool linked;

	if (unlikely(!page))
		return -ENOMEM;
	slots = begin_table(page, va, n);
	if (likely(IS_ALIGNED(va | end | pa, CONT_PTE_SIZE) && max_shift >= CONT_PTE_SHIFT))
		desc_fill(slots, leaf_desc(pa, prot, LEVEL_PTE) | DESC_CONT, PAGE_SIZE, n);
	else
		fill_any(slots, va, pa, n, prot, max_shift);
	irq = lock_tables();
	linked = !get_desc(slot);
	if (likely(linked))
		link_new_table(slot, page, n);
	unlock_tables(irq);
	if (likely(linked))
		return 0;
	/* Another CPU linked a table first. */
	table_free_unseen(page);
	return range_by_plan(va, end, pa, prot, max_shift);
}

/* Into the live table of @slot; @few is a constant. */
static __always_inline int range_in_live_table(uint64_t va, uint64_t end, uint64_t pa,
					       pgprot_t prot, unsigned max_shift, desc_t *slot,
					       bool few)
{
	uint64_t n = (end - va) >> PAGE_SHIFT, irq = lock_tables();
	desc_t d = get_desc(slot), *live;

	if (unlikely(!desc_is_table(d))) {
		unlock_tables(irq);
		return range_by_plan(va, end, pa, prot, max_shift);
	}
	live = desc_table(d) + table_index(va, LEVEL_PTE);
	if (few)
		fill_few(live, leaf_desc(pa, prot, LEVEL_PTE), PAGE_SIZE, n);
	else
		fill_run_of_pages(live, va, pa, n, prot, max_shift);
	leaves_stored(d, n);
	unlock_tables(irq);
	return 0;
}

/* Fewer than a group has: no registers to save. */
static noinline int few_in_live_table(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot,
				      unsigned max_shift, desc_t *slot)
{
	return range_in_live_table(va, end, pa, prot, max_shift, slot, true);
}

static noinline int many_in_live_table(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot,
				       unsigned max_shift, desc_t *slot)
{
	return range_in_live_table(va, end, pa, prot, max_shift, slot, false);
}

/*
 * Whole blocks in the slots of one table, none of which is used, in a range that is too small for
 * a larger leaf.
 */
static noinline int range_by_blocks(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot,
				    unsigned max_shift)
{
	desc_t *slot = find_slot(va, LEVEL_PMD), used = 0;
	uint64_t n = (end - va) >> PMD_SHIFT, irq;

	if ((va ^ (end - 1)) >= PUD_SIZE || end - va == PUD_SIZE || !slot)
		return range_by_plan(va, end, pa, prot, max_shift);
	irq = lock_tables();
	for (uint64_t i = 0; i < n; i++)
		used |= get_desc(&slot[i]);
	if (likely(!used)) {
		fill_run_of_blocks(slot, va, pa, n, prot, max_shift);
		door_mapped_leaves(n);
	}
	unlock_tables(irq);
	return likely(!used) ? 0 : range_by_plan(va, end, pa, prot, max_shift);
}

int map_range(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift)
{
	desc_t *slot;

	if (unlikely(!is_mappable(va, end) || !IS_ALIGNED(va | end | pa, PAGE_SIZE) ||
		     (pa | (pa + (end - va) - 1)) >> PHYS_BITS_MAX || prot & ~DESC_PROT_MASK ||
		     max_shift < PAGE_SHIFT))
		return -EINVAL;
	if (unlikely(!is_part_of_window(va, end)))
		return IS_ALIGNED(va | end | pa, PMD_SIZE) && max_shift >= PMD_SHIFT
			       ? range_by_blocks(va, end, pa, prot, max_shift)
			       : range_by_plan(va, end, pa, prot, max_shift);
	slot = find_slot(va, LEVEL_PMD);
	if (unlikely(!slot))
		return range_by_plan(va, end, pa, prot, max_shift);
	if (!get_desc(slot))
		return range_in_new_table(va, end, pa, prot, max_shift, slot);
	if (end - va < CONT_PTE_SIZE)
		return few_in_live_table(va, end, pa, prot, max_shift, slot);
	return many_in_live_table(va, end, pa, prot, max_shift, slot);
}
