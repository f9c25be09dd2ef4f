// SPDX-License-Identifier: MIT
/*
 * Merging: what is mapped in small leaves though one block or contiguous group could do it
 * becomes that, by break-before-make (D8.16.1), and the tables below go back.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "mm/map/flush.h"
#include "mm/map/protect-internal.h"

/* A would-be block (one slot) or contiguous group. */
struct unit {
	desc_t *slot; /* the first */
	uint64_t va, members;
	int level;
	desc_t first;	 /* what shall be in it */
	uint64_t leaves; /* that are there now */
	struct table_list tables;
	unsigned nr_tables;
};

static __always_inline uint64_t unit_size(const struct unit *u)
{
	return u->members << level_shift(u->level);
}

/* --- looking, under pgtable_lock ---------------------------------------------------------- */

/* Whether a leaf table maps one run of pages that begins as @want. */
static bool is_run_of_pages(const desc_t *table, desc_t want)
{
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if ((get_desc(&table[i]) & ~DESC_CONT) != want + (i << PAGE_SHIFT))
			return false;
	return true;
}

/* Whether @d, an entry of @level, maps what a leaf @want would. Counts leaves. */
static bool maps_as(struct unit *u, desc_t d, int level, desc_t want)
{
	uint64_t size = 1UL << level_shift(level + 1);
	const desc_t *table;

	if (level == LEVEL_PTE || !desc_is_table(d)) {
		u->leaves++;
		return (d & ~DESC_CONT) == want;
	}
	table = desc_table(d);
	want = part_of_block(want, level + 1);
	if (level + 1 == LEVEL_PTE) {
		u->leaves += PTRS_PER_TABLE;
		return is_run_of_pages(table, want);
	}
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (!maps_as(u, get_desc(&table[i]), level + 1, want + i * size))
			return false;
	return true;
}

/* The leaf of @level that would map @va as now; 0: nothing does. */
static desc_t leaf_for(uint64_t va, int level)
{
	int end;
	desc_t d = get_desc(find_end(va, &end)) & ~DESC_CONT;

	/* Blocks and pages differ by a bit; invalid leaves keep it. */
	return end == LEVEL_PTE && level < LEVEL_PTE ? d & ~DESC_PAGE : d;
}

/* Whether the unit can be one leaf or group, and is not yet. */
static bool is_mergeable(struct unit *u)
{
	uint64_t size = 1UL << level_shift(u->level);
	desc_t d;

	u->slot = find_slot(u->va, u->level);
	if (!u->slot)
		return false; /* nothing, or a larger leaf */
	d = get_desc(u->slot);
	if (u->members > 1 ? d & DESC_CONT : !desc_is_table(d))
		return false;
	u->first = leaf_for(u->va, u->level);
	if (!u->first || !IS_ALIGNED(desc_addr(u->first), unit_size(u)))
		return false;
	u->leaves = 0;
	for (uint64_t i = 0; i < u->members; i++)
		if (!maps_as(u, get_desc(&u->slot[i]), u->level, u->first + i * size))
			return false;
	return true;
}

/* --- break and make. Other CPUs are held; under pgtable_lock ------------------------------- */

/* The tables from @d on, an entry of @level, are going to be free. */
static void collect_tables(struct unit *u, desc_t d, int level)
{
	const desc_t *table;

	if (level == LEVEL_PTE || !desc_is_table(d))
		return;
	table = desc_table(d);
	for (uint64_t i = 0; level + 1 < LEVEL_PTE && i < PTRS_PER_TABLE; i++)
		collect_tables(u, get_desc(&table[i]), level + 1);
	table_list_add(&u->tables, desc_table_page(d), 0, PTRS_PER_TABLE);
	u->nr_tables++;
}

/*
 * With a table the leaves are more than are flushed one by one, unless it is the only one (of 4K
 * pages): then all of them are in it, and the walk cache has to forget it too.
 */
static void flush_unit(const struct unit *u)
{
	unsigned shift = ilog2(unit_size(u) / u->leaves);
	struct flush f;

	flush_begin(&f, u->va, u->va + unit_size(u));
	flush_note(&f, u->va, u->leaves, shift, u->nr_tables);
	flush_commit(&f);
}

static void merge(struct unit *u)
{
	desc_t d = u->first | (u->members > 1 ? DESC_CONT : 0);
	uint64_t size = 1UL << level_shift(u->level), links = 0;

	for (uint64_t i = 0; i < u->members; i++) {
		desc_t old = get_desc(&u->slot[i]);

		links += u->level < LEVEL_PTE && desc_is_table(old);
		collect_tables(u, old, u->level);
		set_desc_in_loop(&u->slot[i], 0);
	}
	flush_unit(u); /* complete on every CPU: the new leaf is the only translation */
	for (uint64_t i = 0; i < u->members; i++)
		set_desc_in_loop(&u->slot[i], d + i * size);
	door_stored(2 * u->members - links);
	door_tables_stored(links);
	door_mapped();
	table_pages -= u->nr_tables;
}

/* --- the call ----------------------------------------------------------------------------- */

/* Looks first, so that nobody is held for nothing; then again, as others may have changed it. */
static int merge_unit(uint64_t va, int level, uint64_t members)
{
	struct unit u = { .va = va, .level = level, .members = members };
	uint64_t irq = lock_tables();
	bool worth = is_mergeable(&u);
	int error;

	unlock_tables(irq);
	if (!worth)
		return 0;
	error = stop_others();
	if (error)
		return error;
	irq = lock_tables();
	if (is_mergeable(&u))
		merge(&u);
	unlock_tables(irq);
	resume_others();
	table_pages_free(&u.tables);
	return 0;
}

int map_merge(uint64_t va, uint64_t end, uint64_t lo, uint64_t hi)
{
	/* The largest first: what is part of it needs no step in between. */
	static const struct {
		int level;
		uint64_t members;
	} units[] = { { LEVEL_PUD, 1 },
		      { LEVEL_PMD, CONT_PMDS },
		      { LEVEL_PMD, 1 },
		      { LEVEL_PTE, CONT_PTES } };

	if (va >= end || !IS_ALIGNED(va | end | lo | hi, PAGE_SIZE) || lo < MAPPABLE_START ||
	    hi > MAPPABLE_END || va < lo || end > hi)
		return -EINVAL;
	for (unsigned i = !HAVE_PUD_BLOCK; i < ARRAY_SIZE(units); i++) {
		uint64_t size = units[i].members << level_shift(units[i].level);

		for (uint64_t at = ALIGN_DOWN(va, size); at < end; at += size) {
			int error = at < lo || at + size > hi
					    ? 0
					    : merge_unit(at, units[i].level, units[i].members);

			if (error)
				return error;
		}
	}
	return 0;
}
