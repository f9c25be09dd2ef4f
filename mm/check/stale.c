// SPDX-License-Identifier: MIT
/*
 * What is stale: translations that a TLB (leaves) or a walk cache (tables) may hold though
 * the slot says something else by now. Tables with such slots are on a list for each level.
 */
#include "mm/arm64/layout.h"
#include "mm/check/check-internal.h"

static void set_phase(struct checker *c, struct slot *s, enum phase phase)
{
	c->in_phase[s->phase]--;
	c->in_phase[phase]++;
	s->phase = phase;
}

static void put_on_list(struct checker *c, struct table *t, uint64_t i)
{
	struct table **head = &c->dirty[t->level];

	t->next_dirty = *head;
	t->prev_dirty = head;
	if (*head)
		(*head)->prev_dirty = &t->next_dirty;
	*head = t;
	t->dirty_first = t->dirty_last = (uint32_t)i;
}

/* Struct pages are never purged lazily: what maps them is flushed before its frames are free. */
static bool is_vmemmap(uint64_t va)
{
	return ((va - VMEMMAP_START) & ((1UL << VA_BITS) - 1)) < VMEMMAP_SIZE;
}

static bool was_normal(const struct table *t, uint64_t i, desc_t old, bool walk)
{
	const struct slot *s = &t->slots[i];

	return !walk && !s->walk && (s->phase == PHASE_CLEAN || s->normal) &&
	       desc_type(old) == MAIR_NORMAL && !is_vmemmap(slot_va(t, i));
}

void stale_add(struct checker *c, struct table *t, uint64_t i, desc_t old, bool gone, bool walk)
{
	struct slot *s = &t->slots[i];
	bool normal = was_normal(t, i, old, walk);

	if (!t->stale)
		put_on_list(c, t, i);
	t->dirty_first = MIN(t->dirty_first, (uint32_t)i);
	t->dirty_last = MAX(t->dirty_last, (uint32_t)i);
	if (s->phase == PHASE_CLEAN) {
		t->stale++;
		c->stats.stale++;
	}
	t->walks += walk && !s->walk;
	t->normal += normal - s->normal;
	set_phase(c, s, PHASE_STORED);
	s->cpu = (uint8_t)c->event->cpu;
	s->gone = gone;
	s->walk |= walk;
	s->normal = normal;
	s->filled = false;
}

/* An array for the table's, from those that are free. */
static desc_t *get_moved_from(struct checker *c)
{
	void **array = c->moved_from;
	desc_t *unused = c->unused_moved_from;

	if (array) {
		c->moved_from = *array;
		return (desc_t *)array;
	}
	if (unused == c->end_moved_from)
		return NULL;
	c->unused_moved_from += PTRS_PER_TABLE;
	return unused;
}

static void put_moved_from(struct checker *c, struct table *t)
{
	*(void **)t->moved_from = c->moved_from;
	c->moved_from = t->moved_from;
	t->moved_from = NULL;
}

void stale_moved(struct checker *c, struct table *t, uint64_t i, desc_t old)
{
	struct slot *s = &t->slots[i];

	if (!t->moved_from && !(t->moved_from = get_moved_from(c))) {
		check_report(c, RULE_NONE, slot_va(t, i), t->level,
			     "out of memory: which frame was at 0x%lx is not remembered",
			     slot_va(t, i));
		return;
	}
	t->normal -= s->normal;
	s->normal = false;
	s->moved = true;
	t->moved++;
	t->moved_from[i] = old;
}

/* The table itself may go with its last stale slot: callers hold no pointer to a ghost. */
void stale_drop(struct checker *c, struct table *t, uint64_t i)
{
	struct slot *s = &t->slots[i];

	if (s->phase == PHASE_CLEAN)
		return;
	if (s->gone)
		t->shadow[i] = 0;
	t->walks -= s->walk;
	t->normal -= s->normal;
	if (s->moved && !--t->moved)
		put_moved_from(c, t);
	set_phase(c, s, PHASE_CLEAN);
	*s = (struct slot){ 0 };
	c->stats.stale--;
	if (--t->stale)
		return;
	*t->prev_dirty = t->next_dirty;
	if (t->next_dirty)
		t->next_dirty->prev_dirty = t->prev_dirty;
	if (t->state == TABLE_GHOST)
		table_drop(c, t);
}

static bool is_excused(const struct checker *c, const struct table *t, uint64_t i)
{
	return c->config.lazy_purge && t->slots[i].normal;
}

/*
 * Whether slot @i is stale for what happens there. A link: the slots of its table are asked about
 * next, and what is excused may stay cached. A new owner: he maps under the lock, which whoever
 * unlinked a table holds until no walk cache knows it any more.
 */
static bool is_stale_for(const struct checker *c, const struct table *t, uint64_t i,
			 enum stale_for what)
{
	if (!t->slots[i].phase)
		return false;
	return !(what == STALE_FOR_LINK && is_excused(c, t, i)) &&
	       !(what == STALE_FOR_OWNER && t->slots[i].walk);
}

/* Whether something is stale in the slots of @t that map a part of [@va, @va + @bytes). */
static bool stale_in_table(const struct checker *c, const struct table *t, uint64_t va,
			   uint64_t bytes, enum stale_for what)
{
	uint64_t shift = level_shift(t->level), first = 0, last = nr_slots(t) - 1;

	if (va - 1 + bytes < t->va || va > t->va + table_span(t) - 1)
		return false;
	if (va > t->va)
		first = (va - t->va) >> shift;
	if (va - 1 + bytes < t->va + table_span(t) - 1)
		last = (va - 1 + bytes - t->va) >> shift;
	first = MAX(first, t->dirty_first);
	last = MIN(last, t->dirty_last);
	for (uint64_t i = first; i <= last; i++)
		if (is_stale_for(c, t, i, what))
			return true;
	return false;
}

bool stale_in_range(const struct checker *c, uint64_t va, uint64_t bytes, enum stale_for what)
{
	if (!c->stats.stale)
		return false;
	for_each_dirty(t, c, level) if (stale_in_table(c, t, va, bytes, what)) return true;
	return false;
}

/* Whether a walk cache may hold a table above @level on the way to @va that is none any more. */
bool stale_walk_above(const struct checker *c, uint64_t va, int level)
{
	for (int l = LEVEL_ROOT; l < level; l++)
		for (const struct table *t = c->dirty[l]; t; t = t->next_dirty)
			if (t->walks && va - t->va < table_span(t) &&
			    t->slots[(va - t->va) >> level_shift(l)].walk)
				return true;
	return false;
}

/* --- barriers ------------------------------------------------------------------------------ */

void stale_stores_completed(struct checker *c, unsigned cpu)
{
	if (!c->in_phase[PHASE_STORED])
		return;
	for_each_dirty(t, c, level) for (uint64_t i = t->dirty_first; i <= t->dirty_last;
					 i++) if (t->slots[i].phase == PHASE_STORED &&
						  t->slots[i].cpu == cpu)
		set_phase(c, &t->slots[i], PHASE_FLUSHABLE);
}

void stale_tlbis_completed(struct checker *c, unsigned cpu)
{
	if (!c->in_phase[PHASE_FLUSHED])
		return;
	for_each_dirty(t, c, level) for (uint64_t i = t->dirty_first, last = t->dirty_last;
					 i <= last; i++)
	{
		bool done = t->slots[i].phase == PHASE_FLUSHED && t->slots[i].cpu == cpu;
		bool was_last = t->stale == 1;

		if (done)
			stale_drop(c, t, i);
		if (done && was_last)
			break;
	}
}

/* --- TLBI ---------------------------------------------------------------------------------- */

/* A TLBI that names the slot. Another CPU's store is not in its hands: it does not count. */
static void flush(struct checker *c, struct table *t, uint64_t i, unsigned cpu)
{
	struct slot *s = &t->slots[i];

	if (s->phase == PHASE_FLUSHABLE) {
		set_phase(c, s, PHASE_FLUSHED);
		s->cpu = (uint8_t)cpu;
	} else if (s->phase == PHASE_STORED && s->cpu == cpu) {
		check_report(c, RULE_TLBI_EARLY, slot_va(t, i), t->level,
			     "0x%lx: TLBI without a DSB after the store at level %d", slot_va(t, i),
			     t->level);
	}
}

/*
 * The last-level form leaves walk caches alone. Below an unlinked table it counts only when
 * the table's own TLBI has completed: until then a walker may fetch the leaf again, and TLBIs
 * are ordered by DSB alone (D8.16.5).
 */
void stale_tlbi(struct checker *c, unsigned cpu, uint64_t operand, bool all_levels)
{
	uint64_t va = (uint64_t)((int64_t)(operand << 20) >> 8); /* VA[55:12], sign extended */

	if (operand >> 44)
		check_report(c, RULE_TLBI_SCOPE, va, LEVEL_PTE,
			     "TLBI operand 0x%lx has an ASID or a level hint", operand);
	for_each_dirty(t, c, level)
	{
		uint64_t i = (va - t->va) >> level_shift(level);

		if (va - t->va >= table_span(t) || !t->slots[i].phase)
			continue;
		if (all_levels || (!t->slots[i].walk && !stale_walk_above(c, va, level)))
			flush(c, t, i, cpu);
	}
}

/* The slots of @t that map a part of [@va, @va + @bytes), as the one-address form has them. */
static void flush_slots(struct checker *c, struct table *t, unsigned cpu, uint64_t va,
			uint64_t bytes, bool all_levels)
{
	for (uint64_t i = t->dirty_first; i <= t->dirty_last; i++) {
		uint64_t at = slot_va(t, i), from = MAX(at, va);

		if (!t->slots[i].phase || at - 1 + entry_size(t->level) < va || at > va - 1 + bytes)
			continue;
		if (all_levels || (!t->slots[i].walk && !stale_walk_above(c, from, t->level)))
			flush(c, t, i, cpu);
	}
}

/* By range (D8.16.5): every entry of an address in it, a part of what the entry maps is enough. */
void stale_tlbi_range(struct checker *c, unsigned cpu, uint64_t operand, bool all_levels)
{
	unsigned scale = operand >> 44 & 3, num = operand >> 39 & 31;
	uint64_t va = (uint64_t)((int64_t)(operand << 27) >> 27) << PAGE_SHIFT;
	uint64_t bytes = (num + 1UL) << (5 * scale + 1) << PAGE_SHIFT;

	if (operand >> 46 != TLBI_RANGE_TG || operand >> 37 & 3)
		check_report(c, RULE_TLBI_SCOPE, va, LEVEL_PTE,
			     "TLBI operand 0x%lx has an ASID, a level hint or another granule",
			     operand);
	for_each_dirty(t, c, level) if (va <= t->va + table_span(t) - 1 && t->va <= va - 1 + bytes)
		flush_slots(c, t, cpu, va, bytes, all_levels);
}

void stale_tlbi_all(struct checker *c, unsigned cpu)
{
	for_each_dirty(t, c, level) for (uint64_t i = t->dirty_first; i <= t->dirty_last; i++)
		flush(c, t, i, cpu);
}

/* --- what may not be while something is stale --------------------------------------------- */

static bool is_all_excused(const struct checker *c, const struct table *t)
{
	return c->config.lazy_purge && t->normal == t->stale;
}

static bool overlaps(desc_t d, uint64_t size, uint64_t pa, uint64_t bytes)
{
	return desc_addr(d) < pa + bytes && desc_addr(d) + size > pa;
}

/* Which stale descriptor of the slot maps a part of [@pa, @pa + @bytes); 0: none. */
static desc_t stale_leaf(const struct table *t, uint64_t i, uint64_t pa, uint64_t bytes)
{
	const struct slot *s = &t->slots[i];
	uint64_t size = entry_size(t->level);

	if (s->phase && s->moved && overlaps(t->moved_from[i], size, pa, bytes))
		return t->moved_from[i];
	if (s->phase && s->gone && !s->walk && overlaps(t->shadow[i], size, pa, bytes))
		return t->shadow[i];
	return 0;
}

void stale_frames_freed(struct checker *c, uint64_t pa, uint64_t bytes)
{
	for_each_dirty(t, c, level) for (uint64_t i = t->dirty_first; i <= t->dirty_last; i++)
	{
		desc_t d;

		if (is_all_excused(c, t))
			break;
		if (is_excused(c, t, i) || !(d = stale_leaf(t, i, pa, bytes)))
			continue;
		check_report(c, RULE_MAP_COUNT, slot_va(t, i), level,
			     "0x%lx: frame 0x%lx freed that a TLB may still map", slot_va(t, i),
			     MAX(pa, desc_addr(d)));
		return;
	}
}

/* One report is enough: what is stale is mostly one call's. */
void stale_report(struct checker *c)
{
	const struct table *first = NULL;
	uint64_t at = 0;

	for_each_dirty(t, c, level) for (uint64_t i = t->dirty_first; i <= t->dirty_last && !first;
					 i++) if (t->slots[i].phase && !is_excused(c, t, i))
	{
		first = t;
		at = i;
	}
	if (first) {
		static const char *const waits[] = { "", "a DSB, a TLBI and a DSB",
						     "a TLBI and a DSB", "a DSB" };
		const struct slot *s = &first->slots[at];

		check_report(c, s->phase == PHASE_FLUSHABLE ? RULE_TLBI_SCOPE : RULE_NO_DSB,
			     slot_va(first, at), first->level,
			     "0x%lx: may still be cached (level %d, %s), it wants %s",
			     slot_va(first, at), first->level, s->walk ? "table" : "leaf",
			     waits[s->phase]);
	}
}

void stale_forget(struct checker *c)
{
	for (int level = LEVEL_ROOT; level <= LEVEL_PTE; level++)
		while (c->dirty[level]) {
			struct table *t = c->dirty[level];
			uint64_t i = t->dirty_first, last = t->dirty_last;

			for (uint32_t left = t->stale; left && i <= last; i++)
				if (t->slots[i].phase) {
					left--;
					stale_drop(c, t, i);
				}
		}
}
