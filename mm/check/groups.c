// SPDX-License-Identifier: MIT
/*
 * Contiguous groups: all members valid, with one run of addresses that begins at a group's
 * boundary, and equal in everything else. Judged at the DSB that completes the change,
 * since members are stored one after the other.
 */
#include "mm/check/check-internal.h"

void groups_touch(struct checker *c, struct table *t, uint64_t first, uint64_t last)
{
	if (!t->touched) {
		t->touched = true;
		t->next_touched = c->touched;
		c->touched = t;
		t->touched_first = (uint32_t)first;
		t->touched_last = (uint32_t)last;
	}
	t->touched_first = MIN(t->touched_first, (uint32_t)first);
	t->touched_last = MAX(t->touched_last, (uint32_t)last);
	t->touched_cpu = c->event ? (uint8_t)c->event->cpu : 0;
}

static bool is_whole(const struct table *t, uint64_t first, uint64_t members)
{
	desc_t d = t->shadow[first];
	uint64_t size = entry_size(t->level);

	for (uint64_t i = 0; i < members; i++)
		if (!slot_is_live(t, first + i) || t->shadow[first + i] != d + i * size)
			return false;
	return IS_ALIGNED(desc_addr(d), members * size);
}

static void judge_table(struct checker *c, struct table *t)
{
	uint64_t members = t->level == LEVEL_PTE ? CONT_PTES : CONT_PMDS, next;

	if (t->state != TABLE_LIVE || t->level < LEVEL_PMD)
		return;
	for (uint64_t i = ALIGN_DOWN(t->touched_first, members);
	     i <= (t->touched_last | (members - 1)); i = next) {
		next = i + 1;
		if (!(t->shadow[i] & DESC_CONT) || !slot_is_live(t, i))
			continue;
		next = ALIGN_DOWN(i, members) + members;
		if (!is_whole(t, ALIGN_DOWN(i, members), members))
			check_report(c, RULE_GROUP, slot_va(t, i), t->level,
				     "0x%lx: contiguous group at level %d is not whole, not "
				     "aligned or not equal",
				     slot_va(t, i), t->level);
	}
}

void groups_judge(struct checker *c, int cpu)
{
	struct table *t = c->touched, *next;

	c->touched = NULL;
	for (; t; t = next) {
		next = t->next_touched;
		if (cpu < 0 || t->touched_cpu == cpu || t->state != TABLE_LIVE) {
			judge_table(c, t);
			t->touched = false;
		} else {
			t->next_touched = c->touched;
			c->touched = t;
		}
	}
}
