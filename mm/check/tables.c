// SPDX-License-Identifier: MIT
/*
 * The tables: from allocated through linked to unlinked and freed, and what is in them.
 */
#include <string.h>

#include "mm/check/check-internal.h"

/* --- records ------------------------------------------------------------------------------- */

static struct table **bucket(const struct checker *c, uint64_t pa)
{
	uint64_t hash = (pa >> PAGE_SHIFT) * 0x9e3779b97f4a7c15UL;

	return &c->table_hash[hash >> 32 & (c->table_buckets - 1)];
}

struct table *table_find(const struct checker *c, uint64_t pa)
{
	uint64_t page = ALIGN_DOWN(pa, PAGE_SIZE);
	struct table *t = *bucket(c, page);

	while (t && t->pa != page)
		t = t->same_hash;
	return t;
}

struct table *table_new(struct checker *c, uint64_t pa)
{
	struct table *t = c->free, **head = bucket(c, pa);

	if (t) {
		c->free = t->next_free;
	} else if (c->used_tables < c->nr_tables) {
		t = &c->tables[c->used_tables++];
		memset(t, 0, sizeof(*t));
	} else {
		if (!c->tables_lost)
			check_report(c, RULE_NONE, 0, 0,
				     "out of memory for %u tables: some are not followed",
				     c->nr_tables);
		c->tables_lost = true;
		return NULL;
	}
	t->pa = pa;
	t->state = TABLE_DETACHED;
	t->link = 0;
	t->valid = 0;
	t->fresh = false;
	t->same_hash = *head;
	*head = t;
	c->last_found = NULL;
	return t;
}

/* The next record of the same page: of a table that is linked several times, one a link. */
static struct table *next_of_page(const struct table *t)
{
	uint64_t pa = t->pa;

	do
		t = t->same_hash;
	while (t && t->pa != pa);
	return (struct table *)t;
}

static bool has_several(const struct checker *c, const struct table *t)
{
	const struct table *first = table_find(c, t->pa);

	return first && next_of_page(first);
}

/* The page is no table any more; the record stays while something of it is stale. */
void table_drop(struct checker *c, struct table *t)
{
	struct table **link = bucket(c, t->pa);

	if (t->state != TABLE_GHOST) {
		while (*link != t)
			link = &(*link)->same_hash;
		*link = t->same_hash;
		c->last_found = NULL;
	}
	t->state = t->stale ? TABLE_GHOST : TABLE_UNUSED;
	if (t->stale)
		return;
	t->next_free = c->free;
	c->free = t;
}

/* Orders what was stored to the page until now. */
static void note_stored(struct checker *c, struct table *t)
{
	t->stored_cpu = c->event ? (uint8_t)c->event->cpu : 0;
	t->stored = c->cpus[t->stored_cpu].barriers;
}

void tables_retire(struct checker *c)
{
	struct table *t = c->unlinked, *next;

	c->unlinked = NULL;
	for (; t; t = next) {
		next = t->next_unlinked;
		if (t->state != TABLE_UNLINKED)
			continue;
		if (stale_walk_above(c, t->va, t->level)) {
			t->next_unlinked = c->unlinked;
			c->unlinked = t;
		} else if (has_several(c, t)) {
			table_drop(c, t); /* other links lead to the page, or did last */
		} else if (t->stale) {
			uint64_t pa = t->pa;

			table_drop(c, t); /* a ghost: its leaves may be cached for longer */
			t = table_new(c, pa);
			if (t)
				note_stored(c, t);
		} else {
			t->state = TABLE_DETACHED;
			note_stored(c, t);
		}
	}
}

/* --- slots --------------------------------------------------------------------------------- */

static void detach(struct checker *c, uint64_t pa, uint64_t link);

void slot_set(struct checker *c, struct table *t, uint64_t i, desc_t d)
{
	uint64_t va = slot_va(t, i);

	t->shadow[i] = d;
	t->valid++;
	c->stats.changes++;
	check_format(c, d, t->level, va);
	if (desc_is_leaf(d, t->level)) {
		c->stats.mapped_bytes += entry_size(t->level);
		frames_mapped(c, d, t->level, va);
	} else if (t->level < LEVEL_PTE) {
		table_attach(c, desc_addr(d), t->pa + i * sizeof(desc_t), t->level + 1, va);
	}
}

void slot_valid(struct checker *c, struct table *t, uint64_t i, desc_t d)
{
	uint64_t va = slot_va(t, i);
	bool link = t->level < LEVEL_PTE && desc_is_table(d);

	if (stale_in_range(c, va, entry_size(t->level), link ? STALE_FOR_LINK : STALE_FOR_LEAF)) {
		check_report(c, RULE_VA_REUSED, va, t->level,
			     "0x%lx: valid again at level %d before its old translation is gone",
			     va, t->level);
		stale_drop(c, t, i);
	}
	slot_set(c, t, i, d);
}

void slot_drop(struct checker *c, struct table *t, uint64_t i)
{
	desc_t d = t->shadow[i];

	t->valid--;
	if (desc_is_leaf(d, t->level)) {
		c->stats.mapped_bytes -= entry_size(t->level);
		frames_unmapped(c, d, t->level, slot_va(t, i));
	} else {
		detach(c, desc_addr(d), t->pa + i * sizeof(desc_t));
	}
}

/* A slot of a live table is not valid any more, or no walk reaches it from the root. */
static void slot_gone(struct checker *c, struct table *t, uint64_t i)
{
	desc_t d = t->shadow[i];

	stale_add(c, t, i, d, true, !desc_is_leaf(d, t->level));
	slot_drop(c, t, i);
}

/* Of a page fresh from the allocator: what is valid in it has to be the door's. */
static void check_filled(struct checker *c, struct table *t)
{
	if (!t->fresh)
		return;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++) {
		if (!(t->shadow[i] & DESC_VALID) || t->slots[i].filled)
			continue;
		check_report(c, RULE_LINK_ORDER, slot_va(t, i), t->level,
			     "0x%lx: link to a table before it was filled: slot %lu holds 0x%lx",
			     slot_va(t, i), i, t->shadow[i]);
		break;
	}
	t->fresh = false;
	memset(t->slots, 0, sizeof(t->slots));
}

/* The contents of the page, when a walker begins to see it. */
static void read_contents(struct checker *c, struct table *t)
{
	const desc_t *memory = c->config.table_at(c->config.context, t->pa);

	if (!memory) {
		check_report(c, RULE_LINK_USED, t->va, t->level,
			     "0x%lx: link to a table at 0x%lx, where there is no memory", t->va,
			     t->pa);
		memset(t->shadow, 0, PAGE_SIZE);
		return;
	}
	memcpy(t->shadow, memory, PAGE_SIZE);
	check_filled(c, t);
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (t->shadow[i] & DESC_VALID)
			slot_valid(c, t, i, t->shadow[i]);
}

/*
 * A leaf table full of read-only leaves may be linked once more: whatever link a walk comes by, it
 * finds the same, and nothing of it may change before it is linked once at most.
 */
static bool is_shareable(const struct table *t)
{
	if (t->state != TABLE_LIVE || t->level != LEVEL_PTE)
		return false;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (t->slots[i].phase ||
		    (t->shadow[i] & (DESC_VALID | DESC_RO)) != (DESC_VALID | DESC_RO))
			return false;
	return true;
}

void table_attach(struct checker *c, uint64_t pa, uint64_t link, int level, uint64_t va)
{
	bool adopting = !c->event;
	struct table *t = table_find(c, pa);

	if (!t && !adopting && !c->tables_lost)
		check_report(c, RULE_LINK_USED, va, level,
			     "0x%lx: link to 0x%lx, which was not allocated for a table", va, pa);
	if (!t)
		t = table_new(c, pa);
	else if (!adopting && t->state == TABLE_DETACHED &&
		 t->stored == c->cpus[t->stored_cpu].barriers)
		check_report(c, RULE_LINK_ORDER, va, level,
			     "0x%lx: link to a table whose contents are not ordered before it", va);
	if (t && level == LEVEL_PTE && is_shareable(t))
		t = table_new(c, pa);
	if (!t)
		return;
	if (t->state != TABLE_DETACHED) {
		check_report(c, RULE_LINK_USED, va, level,
			     "0x%lx: link to a table that is in use at 0x%lx (%s)", va, t->va,
			     t->state == TABLE_LIVE ? "linked" : "a walk cache may lead to it");
		return;
	}
	t->state = TABLE_LIVE;
	t->level = (uint8_t)level;
	t->va = va;
	t->link = link;
	if (link)
		c->stats.tables++;
	read_contents(c, t);
	groups_touch(c, t, 0, nr_slots(t) - 1);
}

static void detach(struct checker *c, uint64_t pa, uint64_t link)
{
	struct table *t = table_find(c, pa);

	while (t && (t->state != TABLE_LIVE || t->link != link))
		t = next_of_page(t);
	if (!t)
		return; /* was reported when it was linked */
	t->state = TABLE_UNLINKED;
	t->next_unlinked = c->unlinked;
	c->unlinked = t;
	c->stats.tables--;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (slot_is_live(t, i))
			slot_gone(c, t, i);
}

/* --- stores -------------------------------------------------------------------------------- */

/* What the door replaced is not what it had stored: somebody else wrote to the slot. */
static void check_old(struct checker *c, struct table *t, uint64_t i, desc_t old)
{
	desc_t known = slot_is_live(t, i) ? t->shadow[i] : 0;
	uint64_t va = slot_va(t, i);

	if (old == known || !((old | known) & DESC_VALID))
		return;
	if (check_is_flag_update(c, known, old, t->level)) {
		t->shadow[i] = old;
		return;
	}
	check_report(c, RULE_DOOR, va, t->level,
		     "0x%lx: the slot held 0x%lx at level %d, the door had stored 0x%lx", va, old,
		     t->level, known);
	if (!(known & DESC_VALID) && desc_is_leaf(old, t->level))
		frames_unmapped(c, old, t->level, va);
}

static void detached_store(struct checker *c, struct table *t, const struct mm_event *e)
{
	note_stored(c, t);
	t->slots[(e->address - t->pa) / sizeof(desc_t)].filled = true;
}

static void live_store(struct checker *c, struct table *t, const struct mm_event *e)
{
	uint64_t i = (e->address - t->pa) / sizeof(desc_t);
	struct check_cpu *cpu = &c->cpus[e->cpu];
	bool was_live;

	c->stats.live_stores++;
	if (i >= nr_slots(t)) {
		check_report(c, RULE_PAST_TABLE, t->va, t->level,
			     "store past the end of the root: slot %lu", i);
		return;
	}
	if (has_several(c, t))
		check_report(c, RULE_LINK_USED, slot_va(t, i), t->level,
			     "0x%lx: store to a table that is linked more than once",
			     slot_va(t, i));
	check_old(c, t, i, e->old);
	was_live = slot_is_live(t, i);
	groups_touch(c, t, i, i);
	if (was_live ? t->shadow[i] == e->new : !(e->new &DESC_VALID))
		return;
	cpu->want_dsb = true;
	if (was_live && e->new &DESC_VALID &&change_live(c, t, i, e))
		return;
	if (was_live) {
		slot_gone(c, t, i);
		c->stats.changes += !(e->new &DESC_VALID);
		if (e->new &DESC_VALID)
			stale_drop(c, t, i); /* was reported */
	}
	if (e->new &DESC_VALID)
		slot_valid(c, t, i, e->new);
}

/*
 * A run of stores that goes on in the next page: past the object, unless the next page is
 * the table that follows in the address space, or both are still being filled.
 */
static void check_run(struct checker *c, const struct table *t, const struct mm_event *e)
{
	const struct table *before;

	if (!IS_ALIGNED(e->address, PAGE_SIZE) ||
	    c->cpus[e->cpu].last_store != e->address - sizeof(desc_t))
		return;
	before = table_find(c, e->address - PAGE_SIZE);
	if (!before || (before->state == TABLE_DETACHED && t && t->state == TABLE_DETACHED))
		return;
	if (t && t->state == before->state && t->va == before->va + table_span(before))
		return;
	check_report(c, RULE_PAST_TABLE, before->va, before->level,
		     "0x%lx: the stores to a table at level %d go on past its last slot",
		     before->va, before->level);
}

void table_store(struct checker *c, const struct mm_event *e)
{
	struct table *t = c->last_found;

	if (!t || t->pa != ALIGN_DOWN(e->address, PAGE_SIZE))
		t = table_find(c, e->address);
	check_run(c, t, e);
	c->cpus[e->cpu].last_store = t ? e->address : 0;
	if (!t)
		return; /* a buffer */
	c->last_found = t;
	if (!IS_ALIGNED(e->address, sizeof(desc_t)))
		check_report(c, RULE_PAST_TABLE, t->va, t->level, "0x%lx is no slot of a table",
			     e->address);
	else if (t->state == TABLE_LIVE)
		live_store(c, t, e);
	else if (t->state == TABLE_DETACHED)
		detached_store(c, t, e);
	else if (e->new &DESC_VALID)
		check_report(
			c, RULE_TABLE_FREED, t->va, t->level,
			"0x%lx: valid descriptor stored to a table that a walk cache may still "
			"lead to",
			t->va);
}

static void table_freed(struct checker *c, struct table *t)
{
	if (t->state != TABLE_DETACHED)
		check_report(c, RULE_TABLE_FREED, t->va, t->level,
			     "0x%lx: table freed that a %s may still lead to", t->va,
			     t->state == TABLE_LIVE ? "walker" : "walk cache");
	else
		table_drop(c, t);
}

void tables_freed(struct checker *c, uint64_t pa, uint64_t bytes)
{
	struct table *t;

	if (bytes >> PAGE_SHIFT <= c->used_tables) {
		for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
			if ((t = table_find(c, pa + at)))
				table_freed(c, t);
		return;
	}
	for (uint32_t i = 0; i < c->used_tables; i++) {
		t = &c->tables[i];
		if (t->state != TABLE_UNUSED && t->state != TABLE_GHOST && t->pa - pa < bytes)
			table_freed(c, t);
	}
}
