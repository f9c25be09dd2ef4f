// SPDX-License-Identifier: MIT
/*
 * The software walker. It shares no code with the engine's walks: it is their judge.
 */
#include "mm/map/walk.h"

#include <errno.h>

#include "mm/arm64/door.h"
#include "mm/arm64/layout.h"
#include "mm/map/map.h"

desc_t *walk_slot(uint64_t va, int level)
{
	desc_t *table = swapper_pg_dir;

	for (int l = LEVEL_ROOT;; l++) {
		desc_t *slot = &table[table_index(va, l)];

		if (l == level)
			return slot;
		if (!desc_is_table(get_desc(slot)))
			return NULL;
		table = phys_to_virt(desc_addr(get_desc(slot)));
	}
}

int walk_lookup(uint64_t va, struct leaf *leaf)
{
	for (int level = LEVEL_ROOT; level <= LEVEL_PTE; level++) {
		desc_t *slot = walk_slot(va, level);
		desc_t d = slot ? get_desc(slot) : 0;

		if (!(d & DESC_VALID))
			return -ENOENT;
		if (!desc_is_leaf(d, level))
			continue;
		*leaf = (struct leaf){
			.pa = desc_addr(d) | (va & ((1UL << level_shift(level)) - 1)),
			.prot = d & DESC_PROT_MASK,
			.level = level,
			.cont = d & DESC_CONT,
		};
		return 0;
	}
	return -ENOENT;
}

void walk_census(uint64_t va, uint64_t end, struct map_census *census)
{
	struct leaf leaf;
	uint64_t size;

	for (; va < end; va += size) {
		size = PAGE_SIZE;
		if (walk_lookup(va, &leaf))
			continue;
		size = 1UL << level_shift(leaf.level);
		if (leaf.level == LEVEL_PUD)
			census->mapped_1g += size;
		else if (leaf.level == LEVEL_PMD)
			*(leaf.cont ? &census->mapped_block_cont : &census->mapped_block) += size;
		else
			*(leaf.cont ? &census->mapped_page_cont : &census->mapped_page) += size;
	}
}
