// SPDX-License-Identifier: MIT
/*
 * Unmapping: clear or unlink, TLBI, DSB, and only then give tables back.
 *
 * The page-table lock is held to the end: while a stale walk-cache entry may still lead
 * to an unlinked table, nobody links another one in its place.
 */
#include "mm/arm64/prims.h"
#include "lib/panic.h"
#include "mm/map/map-internal.h"

/* More descriptors than this are flushed all at once, as in Linux (MAX_DVM_OPS at 4K). */
#define FLUSH_ALL_PAST 512

/*
 * Cleared runs of leaves whose TLBIs are due: at most a part of a table, blocks, 1G blocks,
 * blocks and a part of a table, since a whole table beside anything is past FLUSH_ALL_PAST.
 */
#define BATCH_RUNS 5

struct cleared {
	uint64_t va;
	uint32_t leaves;
	uint8_t shift; /* log2 of what one leaf maps */
	bool unlinked; /* a table went: the walk cache has to forget it */
};

struct unmap {
	uint64_t leaves; /* cleared so far; past FLUSH_ALL_PAST nothing more is noted */
	unsigned noted;
	struct table_list tables;
	struct cleared batch[BATCH_RUNS];
};

/* TLBIs of the batch: every member of a contiguous group has its own, the hint binds nobody. */
static void flush_batch(struct unmap *u)
{
	if (!u->noted)
		return;
	door_before_tlbi();
	for (unsigned i = 0; i < u->noted; i++) {
		const struct cleared *c = &u->batch[i];
		uint64_t size = 1UL << c->shift;

		if (c->unlinked)
			tlbi_walks(c->va, c->leaves, size);
		else
			tlbi_leaves(c->va, c->leaves, size);
	}
	u->noted = 0;
}

static void note(struct unmap *u, uint64_t va, uint64_t leaves, unsigned shift, bool unlinked)
{
	u->leaves += leaves;
	if (u->leaves > FLUSH_ALL_PAST)
		return;
	/* Blocks in a row are one entry. */
	if (!unlinked && u->noted) {
		struct cleared *c = &u->batch[u->noted - 1];

		if (c->shift == shift && c->va + ((uint64_t)c->leaves << shift) == va) {
			c->leaves += (uint32_t)leaves;
			return;
		}
	}
	panic_unless(u->noted < BATCH_RUNS, "unmap_range: 0x%lx: too many runs", va);
	u->batch[u->noted++] = (struct cleared){
		.va = va, .leaves = (uint32_t)leaves, .shift = (uint8_t)shift, .unlinked = unlinked
	};
}

static void flush_rest(struct unmap *u)
{
	if (u->leaves > FLUSH_ALL_PAST) {
		door_before_tlbi();
		tlbi_all();
	} else {
		flush_batch(u);
	}
	door_after_tlbi();
}

/* [va, next) of one leaf table: the whole table goes if nothing else is in it. */
static uint64_t clear_leaves(struct unmap *u, desc_t *slot, desc_t d, uint64_t va, uint64_t next)
{
	struct page *page = desc_table_page(d);
	uint64_t n = (next - va) >> PAGE_SHIFT;
	bool last;

	panic_unless(page->table_live >= n, "unmap_range: 0x%lx: %u live, %lu to clear", va,
		     page->table_live, n);
	page->table_live -= n;
	last = !page->table_live;
	note(u, va, n, PAGE_SHIFT, last);
	if (!last) {
		desc_clear(desc_table(d) + table_index(va, LEVEL_PTE), n);
		return n;
	}
	set_desc(slot, 0);
	table_list_add(&u->tables, page, table_index(va, LEVEL_PTE), n);
	table_pages--;
	return 0;
}

static uint64_t clear_pud(struct unmap *u, uint64_t va)
{
	set_desc(find_slot(va, LEVEL_PUD), 0);
	note(u, va, 1, PUD_SHIFT, false);
	return va + PUD_SIZE;
}

/* The blocks from @slot on, as far as they follow each other; returns the address after them. */
static uint64_t clear_blocks(struct unmap *u, desc_t *slot, uint64_t va, uint64_t end)
{
	uint64_t max = PTRS_PER_TABLE - table_index(va, LEVEL_PMD), n = 0;

	if (max > (end - va) >> PMD_SHIFT)
		max = (end - va) >> PMD_SHIFT;
	do
		set_desc_in_loop(&slot[n++], 0);
	while (n < max && desc_is_block(get_desc(&slot[n])));
	door_stored(n);
	note(u, va, n, PMD_SHIFT, false);
	return va + (n << PMD_SHIFT);
}

static void clear_windows(struct unmap *u, uint64_t va, uint64_t end)
{
	desc_t *slot = NULL;
	uint64_t next, stores = 0;

	while (va < end) {
		desc_t d;

		if (IS_ALIGNED((uint64_t)slot, PAGE_SIZE)) /* the first, or past a table's end */
			slot = find_slot(va, LEVEL_PMD);
		if (HAVE_PUD_BLOCK && unlikely(!slot)) {
			va = clear_pud(u, va);
			continue;
		}
		d = get_desc(slot);
		next = ALIGN_DOWN(va, PMD_SIZE) + PMD_SIZE;
		if (next > end)
			next = end;
		if (desc_is_block(d))
			next = clear_blocks(u, slot, va, end);
		else
			stores += clear_leaves(u, slot, d, va, next);
		slot += (next - va + PMD_SIZE - 1) >> PMD_SHIFT;
		va = next;
	}
	door_stored(stores);
}

void unmap_range(uint64_t va, uint64_t end)
{
	struct unmap u;
	uint64_t flags;

	u.leaves = u.noted = 0;
	SLIST_INIT(&u.tables);
	flags = lock_tables();
	clear_windows(&u, va, end);
	flush_rest(&u);
	unlock_tables(flags);
	table_pages_free(&u.tables);
}
