// SPDX-License-Identifier: MIT
/*
 * Changing permissions: whole leaves and whole contiguous groups, after split.c has seen to it
 * that there are no others.
 *
 * A live leaf may change its permissions without break (D8.16.1 does not list them): until TLBI
 * and DSB a CPU may use the old ones or the new. A group is another matter: between the first
 * store and the last its members differ, which is a misprogrammed contiguous bit (D8.7.1), and
 * an access that meets it may take a TLB conflict abort. So the other CPUs are held until the
 * TLBIs of all members have completed: nobody accesses a group that is not equal.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "mm/map/flush.h"
#include "mm/map/protect-internal.h"

#define PERMISSIONS (DESC_RO | DESC_PXN)

/* Slots in a row in one table. */
struct row {
	desc_t *slot;
	uint64_t va, n;
	int level;
};

static struct row row_at(uint64_t va, uint64_t end)
{
	struct row r = { .va = va, .n = 1 };
	uint64_t most;

	r.slot = find_end(va, &r.level);
	most = MIN(PTRS_PER_TABLE - table_index(va, r.level), (end - va) >> level_shift(r.level));
	if (r.level == LEVEL_PTE)
		r.n = most;
	else /* blocks as far as there are */
		while (r.n < most && !desc_is_table(get_desc(&r.slot[r.n])))
			r.n++;
	return r;
}

static __always_inline uint64_t row_end(const struct row *r)
{
	return ALIGN_DOWN(r->va, 1UL << level_shift(r->level)) + (r->n << level_shift(r->level));
}

/* --- checking ----------------------------------------------------------------------------- */

/* Bits that all leaves of the range have, and that any has. */
struct seen {
	desc_t all, any;
};

static struct seen look(const struct leaf_change *c)
{
	struct seen seen = { ~0UL, 0 };

	for (uint64_t va = c->va; va < c->end;) {
		struct row r = row_at(va, c->end);

		for (uint64_t i = 0; i < r.n; i++) {
			desc_t d = get_desc(&r.slot[i]);

			seen.all &= d;
			seen.any |= d;
		}
		va = row_end(&r);
	}
	return seen;
}

/*
 * Exact, though it looks at bits by themselves: of the two permissions one at least becomes the
 * same in all leaves. Each leaf of ours has AF, so what has it not is a hole.
 */
static bool is_allowed(const struct leaf_change *c, struct seen seen)
{
	desc_t all = changed(c, seen.all);

	if (!(seen.all & DESC_AF))
		return false;
	if (c->clear & PERMISSIONS && !(all & PERMISSIONS))
		return false; /* W^X */
	/* A fetch from Device memory may have any effect (Arm ARM, Device memory). */
	return !(c->clear & DESC_PXN) || !(seen.any & DESC_ATTR(7));
}

/* --- changing ----------------------------------------------------------------------------- */

/* TLBs may hold the old permissions of @leaves from @va on. More runs than have room: all do. */
static void note(struct flush *f, uint64_t va, uint64_t leaves, int level)
{
	if (f->noted == FLUSH_RUNS)
		f->leaves = FLUSH_ALL_PAST;
	if (leaves)
		flush_note(f, va, leaves, level_shift(level), false);
}

/* Each store is 64-bit single-copy atomic, for walkers look at the table. Returns their number. */
static uint64_t change_row(struct flush *f, const struct leaf_change *c, const struct row *r)
{
	unsigned shift = level_shift(r->level);
	uint64_t va = ALIGN_DOWN(r->va, 1UL << shift), stores = 0, stale = 0, i;

	for (i = 0; i < r->n; i++) {
		desc_t d = get_desc(&r->slot[i]), new = changed(c, d);

		if (new != d) {
			set_desc_in_loop(&r->slot[i], new);
			stores++;
		}
		if (new != d && d &DESC_VALID) {
			stale++;
			continue;
		}
		/* An invalid leaf was in no TLB (rule XCLRD). */
		note(f, va + ((i - stale) << shift), stale, r->level);
		stale = 0;
	}
	note(f, va + ((i - stale) << shift), stale, r->level);
	return stores;
}

static void change_leaves(const struct leaf_change *c)
{
	struct flush f;
	uint64_t stores = 0;

	flush_begin(&f, c->va, c->end);
	for (uint64_t va = c->va; va < c->end;) {
		struct row r = row_at(va, c->end);

		stores += change_row(&f, c, &r);
		va = row_end(&r);
	}
	door_stored(stores);
	if (f.leaves)
		flush_commit(&f);
	else if (stores)
		door_mapped(); /* invalid leaves, which became valid or are so no more */
}

/* --- the calls ---------------------------------------------------------------------------- */

void map_look(uint64_t va, uint64_t end, desc_t *all, desc_t *any)
{
	const struct leaf_change c = { .va = va, .end = end };
	uint64_t irq = lock_tables();
	struct seen seen = look(&c);

	unlock_tables(irq);
	*all = seen.all;
	*any = seen.any;
}

/*
 * Under pgtable_lock. @s: what has to be split, NULL: nothing. -EAGAIN: nothing was done, the
 * other CPUs have to be held.
 */
static int apply(struct split *s, const struct leaf_change *c, bool held)
{
	struct seen seen = look(c);

	if (!is_allowed(c, seen))
		return -EINVAL;
	if (changed(c, seen.all) == seen.all && changed(c, seen.any) == seen.any)
		return 0; /* all of them are so already */
	/* Live groups. Becoming invalid, or valid again, is no access's business. */
	if (seen.any & DESC_CONT && (c->set | c->clear) & PERMISSIONS && !held)
		return -EAGAIN;
	if (s)
		split_apply(s);
	change_leaves(c);
	return 0;
}

/* Whole leaves that are no groups: nobody has to be held. -EAGAIN: they are not. */
static int protect_leaves(const struct leaf_change *c)
{
	uint64_t irq = lock_tables();
	int error = split_is_needed(c) ? -EAGAIN : apply(NULL, c, false);

	unlock_tables(irq);
	return error;
}

/* -EAGAIN: what was planned for has changed meanwhile. */
static int protect_held(const struct leaf_change *c)
{
	struct split s;
	uint64_t irq;
	int error = split_plan(&s, c);

	if (error)
		return error;
	error = stop_others();
	if (!error) {
		irq = lock_tables();
		error = split_holds(&s) ? apply(s.nr_pieces ? &s : NULL, c, true) : -EAGAIN;
		unlock_tables(irq);
		resume_others();
	}
	split_undo(&s);
	return error;
}

int map_protect(uint64_t va, uint64_t end, desc_t set, desc_t clear)
{
	const struct leaf_change c = { va, end, set, clear };
	int error = -EAGAIN;

	if (va >= end || !IS_ALIGNED(va | end, PAGE_SIZE) || va < MAPPABLE_START ||
	    end > MAPPABLE_END || (set | clear) & ~(PERMISSIONS | DESC_VALID) || set & clear)
		return -EINVAL;
	/* Before they fetch from there the others need an ISB, which ends their being held. */
	if (!(clear & DESC_PXN))
		error = protect_leaves(&c);
	while (error == -EAGAIN)
		error = protect_held(&c);
	return error;
}
