// SPDX-License-Identifier: MIT
/*
 * Unmapping: clear or unlink, TLBI, DSB, and only then give tables back.
 *
 * The page-table lock is held to the end: while a stale walk-cache entry may still lead
 * to an unlinked table, nobody links another one in its place.
 *
 * Deferred unmapping (flush=lazy) clears, and that is all: tables stay linked, their slots are
 * zero, and nobody is given the addresses until a purge has unlinked what is empty by then.
 */
#include "mm/map/map-internal.h"

#include "lib/panic.h"
#include "mm/arm64/prims.h"
#include "mm/map/flush.h"

struct unmap {
	struct flush flush;
	struct table_list tables;
	bool deferred; /* tables stay, nothing is flushed */
};

/* Counts @n tables that were unlinked. */
static __always_inline void unlinked(uint64_t n)
{
	table_pages -= n;
	door_tables_stored(n);
}

/*
 * [va, next) of one leaf table: the whole table goes if nothing else is in it, with its slots as
 * they are. Others were cleared when they were unmapped.
 */
static void clear_leaves(struct unmap *u, desc_t *slot, desc_t d, uint64_t va, uint64_t next)
{
	struct page *page = desc_table_page(d);
	uint64_t n = (next - va) >> PAGE_SHIFT;
	bool last;

	panic_unless(page->table_live >= n, "unmap_range: 0x%lx: %u live, %lu to clear", va,
		     page->table_live, n);
	page->table_live -= n;
	last = !page->table_live && !u->deferred;
	flush_note(&u->flush, va, n, PAGE_SHIFT, last);
	if (last) {
		set_desc_in_loop(slot, 0);
		table_list_add(&u->tables, page, table_index(va, LEVEL_PTE), n);
		unlinked(1);
	} else {
		desc_clear(desc_table(d) + table_index(va, LEVEL_PTE), n);
		door_stored(n);
	}
}

/* Whole tables with nothing else in them, as far as they follow each other. How many. */
static uint64_t unlink_tables(struct unmap *u, desc_t *slot, uint64_t va, uint64_t end)
{
	uint64_t max = (end - va) >> PMD_SHIFT, n = 0;

	if (u->deferred)
		return 0;
	for (; n < max; n++) {
		desc_t d = get_desc(&slot[n]);
		struct page *page = desc_table_page(d);

		if (!(d & DESC_TABLE) || page->table_live != PTRS_PER_TABLE)
			break;
		page->table_live = 0;
		set_desc_in_loop(&slot[n], 0);
		table_list_add(&u->tables, page, 0, PTRS_PER_TABLE);
	}
	if (!n)
		return 0;
	unlinked(n);
	flush_note(&u->flush, va, n << TABLE_SHIFT, PAGE_SHIFT, true);
	return n;
}

/* Something that is no table: a block, or one that was made invalid and keeps its address. */
static __always_inline bool is_mapped_block(desc_t d)
{
	return d && !(d & DESC_TABLE);
}

/*
 * Eight at a time, as far as they are valid: two instructions each. Plain loads, which the compiler
 * may pair: under the lock nobody stores to them, hardware neither (TCR.HA is off).
 */
static __always_inline bool are_blocks(const desc_t *slot)
{
	desc_t all = slot[0], any = slot[0];

#pragma GCC unroll 7
	for (int i = 1; i < 8; i++) {
		all &= slot[i];
		any |= slot[i];
	}
	return (all & DESC_VALID) && !(any & DESC_TABLE);
}

/* How many of [slot, stop) are blocks, before the first that is none. */
static __always_inline uint64_t count_blocks(const desc_t *slot, const desc_t *stop)
{
	const desc_t *next = slot;

	while (stop - next >= 8 && are_blocks(next))
		next += 8;
	while (next < stop && is_mapped_block(get_desc(next)))
		next++;
	return (uint64_t)(next - slot);
}

/* The blocks from @slot on, as far as they follow each other; how many windows. */
static uint64_t clear_blocks(struct unmap *u, desc_t *slot, uint64_t va, uint64_t end)
{
	uint64_t n = count_blocks(slot, slot + ((end - va) >> PMD_SHIFT));

	panic_unless(n, "unmap_range: 0x%lx is not mapped", va);
	desc_clear(slot, n);
	door_stored(n);
	flush_note(&u->flush, va, n, PMD_SHIFT, false);
	return n;
}

/* [va, end) of the table that @slot, which is @va's, is in. */
static void clear_windows(struct unmap *u, desc_t *slot, uint64_t va, uint64_t end)
{
	uint64_t n, next;

	for (; va < end; va = next, slot += n) {
		desc_t d = get_desc(slot);

		next = ALIGN_DOWN(va, PMD_SIZE) + PMD_SIZE;
		if (!(d & DESC_TABLE)) {
			n = clear_blocks(u, slot, va, end);
			next = va + (n << PMD_SHIFT);
		} else if (IS_ALIGNED(va, PMD_SIZE) && (n = unlink_tables(u, slot, va, end))) {
			next = va + (n << PMD_SHIFT);
		} else {
			next = MIN(next, end);
			clear_leaves(u, slot, d, va, next);
			n = 1;
		}
	}
}

static void clear_pud(struct unmap *u, uint64_t va)
{
	set_desc(find_slot(va, LEVEL_PUD), 0);
	flush_note(&u->flush, va, 1, PUD_SHIFT, false);
}

static void clear(struct unmap *u, uint64_t va, uint64_t end)
{
	uint64_t next;

	for (; va < end; va = next) {
		desc_t *slot = find_slot(va, LEVEL_PMD);

		next = MIN(ALIGN_DOWN(va, PUD_SIZE) + PUD_SIZE, end);
		if (HAVE_PUD_BLOCK && unlikely(!slot))
			clear_pud(u, va);
		else
			clear_windows(u, slot, va, next);
	}
}

void unmap_range(uint64_t va, uint64_t end)
{
	struct unmap u;
	uint64_t flags;

	flush_begin(&u.flush, va, end);
	u.deferred = false;
	SLIST_INIT(&u.tables);
	flags = lock_tables();
	clear(&u, va, end);
	flush_commit(&u.flush);
	unlock_tables(flags);
	table_pages_free(&u.tables);
}

/* --- deferred ------------------------------------------------------------------------------ */

/* The descriptor that maps @va, valid or not; 0: there is none. */
static desc_t leaf_at(uint64_t va)
{
	const desc_t *slot = find_slot(va, LEVEL_PMD);
	desc_t d = get_desc(slot ? slot : find_slot(va, LEVEL_PUD));

	return slot && d & DESC_TABLE ? get_desc(desc_table(d) + table_index(va, LEVEL_PTE)) : d;
}

bool unmap_range_deferred(uint64_t va, uint64_t end)
{
	struct unmap u;
	uint64_t flags;
	bool normal;

	flush_begin(&u.flush, va, end);
	u.deferred = true;
	flags = lock_tables();
	normal = (leaf_at(va) & DESC_ATTR(7)) == DESC_ATTR(MAIR_NORMAL);
	if (normal) {
		clear(&u, va, end);
		door_cleared();
	}
	unlock_tables(flags);
	return normal;
}

void purge_begin(struct purge *p)
{
	p->va = UINT64_MAX;
	p->end = 0;
	SLIST_INIT(&p->tables);
	p->irq = lock_tables();
}

void purge_range(struct purge *p, uint64_t va, uint64_t end)
{
	p->va = MIN(p->va, va);
	p->end = MAX(p->end, end);
	for (va = ALIGN_DOWN(va, PMD_SIZE); va < end; va += PMD_SIZE) {
		desc_t *slot = find_slot(va, LEVEL_PMD), d = slot ? get_desc(slot) : 0;
		struct page *page = desc_table_page(d);

		if (!desc_is_table(d) || page->table_live)
			continue;
		set_desc_in_loop(slot, 0);
		table_list_add(&p->tables, page, 0, 0);
		unlinked(1);
	}
}

void purge_end(struct purge *p)
{
	if (p->va < p->end)
		flush_purge(p->va, p->end);
	unlock_tables(p->irq);
	table_pages_free(&p->tables);
}
