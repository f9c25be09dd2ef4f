// SPDX-License-Identifier: MIT
/*
 * Splitting: a live block or contiguous group becomes smaller leaves, by break-before-make
 * (Arm ARM DDI 0487, D8.16.1; FEAT_BBM level 0 is all that is assumed).
 *
 * The remainder keeps the largest legal leaves: of a 1G block groups of blocks, blocks, groups
 * of pages and pages, each as far as alignment lets it. However many levels that are, the tables
 * are made before and one break is enough.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "mm/arm64/prims.h"
#include "mm/map/flush.h"
#include "mm/map/protect-internal.h"

/* @cut lies strictly inside [start, start + size). */
static __always_inline bool is_inside(uint64_t cut, uint64_t start, uint64_t size)
{
	return cut - start - 1 < size - 1;
}

static __always_inline bool is_cut(const struct leaf_change *c, uint64_t start, uint64_t size)
{
	return is_inside(c->va, start, size) || is_inside(c->end, start, size);
}

/* @d, which maps @va and is not cut, after the change. */
static __always_inline desc_t changed_at(const struct leaf_change *c, uint64_t va, desc_t d)
{
	return va - c->va < c->end - c->va ? changed(c, d) : d;
}

/* --- planning ----------------------------------------------------------------------------- */

static desc_t make_table(struct split *s, desc_t block, int level, uint64_t va);

/* The members of a would-be group, at @slot, which a cut makes single leaves or tables. */
static bool make_members(struct split *s, desc_t *slot, desc_t d, int level, uint64_t va)
{
	uint64_t size = 1UL << level_shift(level);

	for (uint64_t i = 0; i < group_members(level); i++, va += size, d += size) {
		desc_t new = changed_at(s->change, va, d);

		if (level < LEVEL_PTE && is_cut(s->change, va, size)) {
			new = make_table(s, d, level + 1, va);
			if (!new)
				return false;
		}
		set_desc_in_loop(&slot[i], new);
	}
	return true;
}

/* A table of @level that maps what @block did from @va on. Returns the link, 0: no memory. */
static desc_t make_table(struct split *s, desc_t block, int level, uint64_t va)
{
	uint64_t members = group_members(level), size = 1UL << level_shift(level);
	struct page *page = table_alloc(level);
	desc_t d = part_of_block(block, level), *slot;
	unsigned links;

	if (!page)
		return 0;
	table_list_add(&s->tables, page, 0, PTRS_PER_TABLE);
	links = ++s->nr_tables;
	if (level == LEVEL_PTE)
		page->table_live = PTRS_PER_TABLE;
	slot = page_address(page);
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i += members) {
		uint64_t at = va + i * size;
		desc_t first = d + i * size;

		if (!is_cut(s->change, at, members * size))
			desc_fill(slot + i, changed_at(s->change, at, first) | DESC_CONT, size,
				  members);
		else if (!make_members(s, slot + i, first, level, at))
			return 0;
	}
	links = s->nr_tables - links; /* those of the tables below */
	door_stored(PTRS_PER_TABLE - links);
	door_tables_stored(links);
	return table_desc(page_to_phys(page));
}

/* What has @cut in its middle and has to be split for @c. Under pgtable_lock. */
static bool find_piece(const struct leaf_change *c, uint64_t cut, struct piece *p)
{
	uint64_t size;
	desc_t d;

	p->slot = find_end(cut, &p->level);
	d = get_desc(p->slot);
	p->members = d & DESC_CONT ? group_members(p->level) : 1;
	size = p->members << level_shift(p->level);
	p->va = ALIGN_DOWN(cut, size);
	/* A leaf that has the permissions already stays whole. */
	if (!d || p->va == cut || (c->va < c->end && changed(c, d) == d))
		return false;
	p->slot -= table_index(cut, p->level) & (p->members - 1);
	p->old = get_desc(p->slot);
	p->cut[0].link = p->cut[1].link = 0;
	return true;
}

/* The pieces alone, without tables. Under pgtable_lock. */
static void find_pieces(struct split *s, const struct leaf_change *c)
{
	s->change = c;
	s->nr_pieces = find_piece(c, c->va, &s->pieces[0]);
	if (find_piece(c, c->end, &s->pieces[s->nr_pieces]))
		s->nr_pieces += !s->nr_pieces || s->pieces[1].va != s->pieces[0].va;
}

/* The tables that take the place of members which a cut lies in. */
static int make_links(struct split *s, struct piece *p)
{
	uint64_t size = 1UL << level_shift(p->level);

	for (unsigned i = 0; i < 2; i++) {
		uint64_t cut = i ? s->change->end : s->change->va, member = (cut - p->va) / size;
		uint64_t va = p->va + member * size;

		/* Between members, in none of them, or both in one, whose table has both. */
		if (!is_inside(cut, p->va, p->members * size) || va == cut ||
		    (i && p->cut[0].link && p->cut[0].member == member))
			continue;
		p->cut[i].member = member;
		p->cut[i].link = make_table(s, p->old + member * size, p->level + 1, va);
		if (!p->cut[i].link)
			return -ENOMEM;
	}
	return 0;
}

int split_plan(struct split *s, const struct leaf_change *c)
{
	uint64_t irq = lock_tables();

	find_pieces(s, c);
	unlock_tables(irq);
	s->nr_tables = 0;
	SLIST_INIT(&s->tables);
	for (unsigned i = 0; i < s->nr_pieces; i++)
		if (make_links(s, &s->pieces[i])) {
			split_undo(s);
			return -ENOMEM;
		}
	return 0;
}

void split_undo(struct split *s)
{
	table_pages_free(&s->tables);
}

bool split_is_needed(const struct leaf_change *c)
{
	struct piece p;

	return find_piece(c, c->va, &p) || find_piece(c, c->end, &p);
}

bool split_holds(const struct split *s)
{
	struct split now;

	find_pieces(&now, s->change);
	if (now.nr_pieces != s->nr_pieces)
		return false;
	for (unsigned i = 0; i < now.nr_pieces; i++)
		if (now.pieces[i].slot != s->pieces[i].slot ||
		    now.pieces[i].members != s->pieces[i].members ||
		    now.pieces[i].old != s->pieces[i].old)
			return false;
	return true;
}

/* --- break and make ----------------------------------------------------------------------- */

static void break_piece(const struct piece *p)
{
	for (uint64_t i = 0; i < p->members; i++)
		set_desc_in_loop(&p->slot[i], 0);
	door_stored(p->members);
}

static void make_piece(const struct leaf_change *c, const struct piece *p)
{
	uint64_t size = 1UL << level_shift(p->level);
	desc_t d = p->old & ~DESC_CONT;
	unsigned links = 0;

	for (uint64_t i = 0; i < p->members; i++, d += size) {
		desc_t new = changed_at(c, p->va + i * size, d);

		for (unsigned k = 0; k < 2; k++)
			if (p->cut[k].link && p->cut[k].member == i) {
				new = p->cut[k].link;
				links++;
			}
		set_desc_in_loop(&p->slot[i], new);
	}
	door_stored(p->members - links);
	door_tables_stored(links);
}

void split_apply(struct split *s)
{
	struct flush f;

	flush_begin(&f, s->pieces[0].va, s->change->end);
	/*
	 * Every member of a group is noted: the hint binds nobody, a TLB may hold each alone
	 * (D8.7.1). No table goes: what goes is a leaf, no walk cache held anything below it.
	 */
	for (unsigned i = 0; i < s->nr_pieces; i++) {
		const struct piece *p = &s->pieces[i];

		break_piece(p);
		flush_note(&f, p->va, p->members, level_shift(p->level), false);
		f.end = p->va + (p->members << level_shift(p->level));
	}
	/*
	 * Its first DSB: no walker finds the old leaves any more, and the tables' contents come
	 * before the links. Its last: other leaves may take their place (D8.16.1).
	 */
	flush_commit(&f);
	for (unsigned i = 0; i < s->nr_pieces; i++)
		make_piece(s->change, &s->pieces[i]);
	table_pages += s->nr_tables;
	SLIST_INIT(&s->tables);
	door_mapped();
}

static int try_split(const struct leaf_change *c)
{
	struct split s;
	int error = split_plan(&s, c);
	uint64_t irq;

	if (error || !s.nr_pieces)
		return error;
	error = stop_others();
	if (!error) {
		irq = lock_tables();
		error = split_holds(&s) ? 0 : -EAGAIN;
		if (!error)
			split_apply(&s);
		unlock_tables(irq);
		resume_others();
	}
	split_undo(&s);
	return error;
}

int map_split(uint64_t va)
{
	const struct leaf_change c = { .va = va, .end = va };
	int error;

	if (!IS_ALIGNED(va, PAGE_SIZE) ||
	    !((va >= MAPPABLE_START && va <= MAPPABLE_END) || va - VMEMMAP_START <= VMEMMAP_SIZE))
		return -EINVAL;
	do
		error = try_split(&c);
	while (error == -EAGAIN);
	return error;
}
