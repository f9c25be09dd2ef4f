// SPDX-License-Identifier: MIT
/*
 * The host's vmemmap follows the tables on the hostile MMU too (live-vmemmap.h): what mm/ itself
 * reads and writes of struct pages is what the tables say at that moment, as the last store left
 * them; what the other CPUs have cached is the hostile MMU's business.
 */
#include <string.h>

#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/hostile.h"
#include "tests/host/live-vmemmap.h"

#define WINDOW_END (VMEMMAP_START + (ARENA_END >> PAGE_SHIFT) * STRUCT_PAGE_SIZE)

void (*mmu_model_recorder)(const struct mm_event *event);

/* The table in page @pa at or below @t, as far as it is about the window. */
static bool find(const struct mmu_table *t, uint64_t table_pa, uint64_t pa, struct mmu_table *found)
{
	uint64_t bytes = 1UL << level_shift(t->level);

	if (table_pa == pa) {
		*found = *t;
		return true;
	}
	if (t->level == LEVEL_PTE)
		return false;
	for (uint64_t i = 0; i < PTRS_PER_TABLE && t->va + i * bytes < WINDOW_END; i++) {
		uint64_t next = desc_addr(t->slots[i]);
		struct mmu_table below = { phys_to_virt(next), t->va + i * bytes, t->level + 1, 0 };

		if (below.va + bytes > VMEMMAP_START && desc_is_table(t->slots[i]) &&
		    find(&below, next, pa, found))
			return true;
	}
	return false;
}

struct mmu_table mmu_model_table(uint64_t pa)
{
	struct mmu_table root = { swapper_pg_dir, 0, LEVEL_ROOT, 0 }, found = { 0 };

	find(&root, ROOT_PA, pa, &found);
	return found;
}

void hostile_stored(uint64_t pa, desc_t value)
{
	const struct mm_event event = { .kind = EVENT_STORE, .address = pa, .new = value };

	if (mmu_model_recorder)
		mmu_model_recorder(&event);
}

static void adopt(const desc_t *slots, uint64_t pa, int level, uint64_t va)
{
	uint64_t bytes = 1UL << level_shift(level);

	page_state[pa >> PAGE_SHIFT] |= PAGE_USED | PAGE_TABLE;
	memcpy(&WALKER_VIEW[pa >> 3], slots, PAGE_SIZE);
	memset(&WALKER_STAMP[pa >> 3], 0, PAGE_SIZE); /* long ago, and complete */
	for (uint64_t i = 0; level < LEVEL_PTE && i < PTRS_PER_TABLE; i++)
		if (va + i * bytes < WINDOW_END && va + (i + 1) * bytes > VMEMMAP_START &&
		    desc_is_table(slots[i]))
			adopt(phys_to_virt(desc_addr(slots[i])), desc_addr(slots[i]), level + 1,
			      va + i * bytes);
}

void hostile_adopt(void)
{
	adopt(swapper_pg_dir, ROOT_PA, LEVEL_ROOT, 0);
}
