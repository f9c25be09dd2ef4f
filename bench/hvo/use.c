// SPDX-License-Identifier: MIT
/*
 * Leaves of the vmemmap, one by one.
 */
#include "bench/hvo/use.h"

#include "mm/arm64/at.h"
#include "mm/phys/buddy.h"

/* A leaf that shares is a page, may be read and not written; any other may be both. */
static bool is_right(const struct leaf *leaf, uint64_t va, bool shared)
{
	bool readable = !(at_s1e1r(va) & PAR_F), writable = !(at_s1e1w(va) & PAR_F);

	if (shared && (leaf->level != LEVEL_PTE || leaf->cont))
		return false;
	return readable && writable == !shared && !(leaf->prot & DESC_RO) == !shared;
}

/* Leaf tables that were met: the last that is full of tails, the last of the others. */
struct tables {
	const desc_t *full, *other;
};

/* The leaf table of @va, if it is another than before: of those full of tails one may come often.
 */
static uint64_t count_table(uint64_t va, desc_t shared, struct tables *seen)
{
	const desc_t *table = (desc_t *)ALIGN_DOWN((uint64_t)walk_slot(va, LEVEL_PTE), PAGE_SIZE);
	const desc_t **last = &seen->full;

	for (unsigned i = 0; i < PTRS_PER_TABLE; i++)
		if (get_desc(&table[i]) != shared)
			last = &seen->other;
	if (table == *last)
		return 0;
	*last = table;
	return PAGE_SIZE;
}

bool vmemmap_use(uint64_t pfn, uint64_t nr, const struct page *shared, struct vmemmap_use *use)
{
	uint64_t va = (uint64_t)pfn_to_page(pfn), end = (uint64_t)pfn_to_page(pfn + nr);
	uint64_t tail = shared ? page_to_phys(shared) : UINT64_MAX, window = UINT64_MAX;
	struct tables seen = { NULL, NULL };
	struct leaf leaf;

	*use = (struct vmemmap_use){ .known = true };
	for (uint64_t size; va < end; va += size) {
		if (walk_lookup(va, &leaf) || !is_right(&leaf, va, leaf.pa == tail))
			return false;
		size = 1UL << level_shift(leaf.level);
		size = MIN(ALIGN_DOWN(va, size) + size, end) - va;
		if (leaf.pa == tail)
			use->shared_bytes += size;
		else
			use->own_bytes += size;
		if (leaf.level == LEVEL_PTE && ALIGN_DOWN(va, PMD_SIZE) != window) {
			window = ALIGN_DOWN(va, PMD_SIZE);
			use->table_bytes +=
				count_table(va, leaf_desc(tail, PAGE_KERNEL_RO, LEVEL_PTE), &seen);
		}
	}
	return true;
}

bool heads_are_right(const struct page *head, uint64_t n)
{
	uint64_t i = 0;

	while (i < n && compound_head(head + i) == head)
		i++;
	return i == n;
}
