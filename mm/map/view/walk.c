// SPDX-License-Identifier: MIT
/*
 * The software walker. It shares no code with the engine's walks: it is their judge.
 */
#include "mm/map/view/walk.h"

#include <errno.h>

#include "mm/arm64/door.h"
#include "mm/arm64/layout.h"
#include "mm/map/map-internal.h"

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

/* @entry's own part of [entry->va, end). */
static uint64_t entry_size(const struct walk_entry *entry, uint64_t end)
{
	uint64_t size = 1UL << level_shift(entry->level);
	uint64_t rest = size - (entry->va & (size - 1));

	return MIN(rest, end - entry->va);
}

uint64_t walk_part(uint64_t va, uint64_t end, walk_visit_t *visit, void *context)
{
	struct walk_entry e = { .va = va, .level = LEVEL_ROOT };
	const desc_t *table = swapper_pg_dir;
	uint64_t irq = lock_tables();

	for (;;) {
		e.desc = get_desc(&table[table_index(e.va, e.level)]);
		if (e.level < LEVEL_PTE && desc_is_table(e.desc)) {
			if (e.va != va)
				break;
			table = phys_to_virt(desc_addr(e.desc));
			e.level++;
			continue;
		}
		e.size = entry_size(&e, end);
		if (e.desc && !visit(context, &e))
			break;
		e.va += e.size;
		if (e.va == end || !table_index(e.va, e.level))
			break;
	}
	unlock_tables(irq);
	return e.va;
}
