// SPDX-License-Identifier: MIT
/*
 * Unmapping as Linux does it, the same before and after the series: clear entry by entry
 * (a contiguous group in one step), flush by pages, leave the tables.
 */
#include "bench/rungs/walk.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"

static desc_t *table_at(desc_t d)
{
	return phys_to_virt(desc_addr(d));
}

/* Clears one page's entry, or all of a group. Returns the entries gone by. */
static inline unsigned long clear_step(desc_t *slot, unsigned *valid)
{
	desc_t d = get_desc(slot);
	unsigned long n = d & DESC_CONT ? CONT_PTES : 1;

	if (unlikely(!d))
		return 1;
	for (unsigned long i = 0; i < n; i++)
		set_desc_in_loop(slot + i, 0);
	*valid += n;
	return n;
}

static void clear_window(desc_t *slot, unsigned long entries)
{
	struct page *table = virt_to_page(slot);
	const desc_t *stop = slot + entries;
	unsigned valid = 0;

	do
		slot += clear_step(slot, &valid);
	while (slot < stop);
	table->table_live -= valid;
	door_stored(valid);
}

static void clear_level(desc_t *table, int level, uint64_t va, uint64_t end)
{
	desc_t *slot = table + table_index(va, level);
	uint64_t next;

	for (; va != end; va = next, slot++) {
		desc_t d = get_desc(slot);

		next = rung_step_end(va, end, level);
		if (!d)
			continue;
		if (desc_is_block(d))
			set_desc(slot, 0);
		else if (level == LEVEL_PMD)
			clear_window(table_at(d) + table_index(va, LEVEL_PTE),
				     (next - va) >> PAGE_SHIFT);
		else
			clear_level(table_at(d), level + 1, va, next);
	}
}

/* Linux flushes by address up to MAX_DVM_OPS, which is one table's entries. */
static void flush_range(uint64_t va, uint64_t end)
{
	unsigned long pages = (end - va) >> PAGE_SHIFT;

	door_before_tlbi();
	if (pages >= PTRS_PER_TABLE)
		tlbi_all();
	else
		tlbi_leaves(va, pages, PAGE_SIZE);
	door_after_tlbi();
}

void rung_unmap(uint64_t va, uint64_t end)
{
	clear_level(swapper_pg_dir, LEVEL_ROOT, va, end);
	flush_range(va, end);
}

/* Unlinks the table in @slot, waits until no walker can be in it, and frees it. */
static void release_table(desc_t *slot, uint64_t va)
{
	struct page *page = phys_to_page(desc_addr(get_desc(slot)));

	set_table_desc(slot, 0);
	door_before_tlbi();
	tlbi_walks(va, 1, PMD_SIZE);
	door_after_tlbi();
	MM_EVENT(EVENT_TABLE_FREE, page_to_phys(page), 0, 0);
	page->flags &= ~PG_TABLE;
	__free_pages(page, 0);
	DOOR_COUNT(c->tables_freed++);
}

void rung_release_tables(uint64_t va, uint64_t end)
{
	for (va = ALIGN_DOWN(va, PMD_SIZE); va < end; va += PMD_SIZE) {
		desc_t *slot = walk_slot(va, LEVEL_PMD);

		if (slot && desc_is_table(get_desc(slot)) &&
		    !phys_to_page(desc_addr(get_desc(slot)))->table_live)
			release_table(slot, va);
	}
}
