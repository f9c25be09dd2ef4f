// SPDX-License-Identifier: MIT
/*
 * Planning: everything of a mapping call that can fail, and nothing that a walker sees.
 *
 * A window is what one PMD entry covers. The plan holds one descriptor a window: a block,
 * or a table that was filled detached, or 0 for a part of a table that is live already.
 * No lock is held.
 */
#include <errno.h>

#include "mm/map/map-internal.h"

/* Whether the 1G at @va has no table below it that is in use. */
static bool pud_is_free(uint64_t va)
{
	desc_t *slot = find_slot(va, LEVEL_PUD);
	desc_t d = slot ? get_desc(slot) : 0;

	if (!(d & DESC_VALID))
		return true;
	for (uint64_t i = 0; desc_is_table(d) && i < PTRS_PER_TABLE; i++)
		if (get_desc(desc_table(d) + i) & DESC_VALID)
			return false;
	return desc_is_table(d);
}

/* Plans blocks at @va, which a window begins at; returns how many windows they take. */
static uint64_t plan_blocks(struct plan *p, desc_t *plan, uint64_t va)
{
	struct source *s = p->source;
	uint64_t index = source_index(p, va), left = (p->end - va) >> PAGE_SHIFT;
	uint64_t n = CONT_PMDS;
	desc_t d;

	if (HAVE_PUD_BLOCK && IS_ALIGNED(va, PUD_SIZE) &&
	    source_has_leaf(s, index, left, PUD_SHIFT) && pud_is_free(va)) {
		*plan = leaf_desc(source_pa(s, index), s->prot, LEVEL_PUD) | PLAN_PUD;
		return PMDS_PER_PUD;
	}
	d = leaf_desc(0, s->prot, LEVEL_PMD);
	if (IS_ALIGNED(va, CONT_PMD_SIZE) && source_has_leaf(s, index, left, CONT_PMD_SHIFT)) {
		d |= DESC_CONT;
	} else if (source_has_leaf(s, index, left, PMD_SHIFT)) {
		/* What is known to go on takes blocks up to where a group could begin. */
		n -= (va >> PMD_SHIFT) & (CONT_PMDS - 1);
		n = MIN(n, source_run(s, index, left) >> TABLE_SHIFT);
	} else {
		return 0;
	}
	d |= source_pa(s, index);
	for (uint64_t i = 0; i < n; i++)
		plan[i] = d + (i << PMD_SHIFT);
	return n;
}

/* A table of @p's for [va, next), filled. */
static int plan_table(struct plan *p, desc_t *plan, uint64_t va, uint64_t next)
{
	uint64_t n = (next - va) >> PAGE_SHIFT;
	struct page *page = table_alloc(LEVEL_PTE);

	if (!page)
		return -ENOMEM;
	p->has_tables = true;
	*plan = table_desc(page_to_phys(page));
	return source_fill(p->source, source_index(p, va), n, begin_table(page, va, n), va);
}

/* The rest of a window that other areas may share, or that no block fits. */
static int plan_leaves(struct plan *p, desc_t *plan, uint64_t va, uint64_t next)
{
	*plan = 0;
	if (next - va < PMD_SIZE && source_is_trusted(p->source)) {
		desc_t *slot = va == p->va ? p->first_slot : find_slot(va, LEVEL_PMD);

		if (slot && desc_is_table(get_desc(slot)))
			return 0;
	}
	return plan_table(p, plan, va, next);
}

static int plan_windows(struct plan *p)
{
	desc_t *plan = p->windows;
	uint64_t next;

	for (uint64_t va = p->va; va < p->end; va = next) {
		next = window_end(p, va);
		if (next - va == PMD_SIZE) {
			uint64_t n = plan_blocks(p, plan, va);

			if (n) {
				plan += n;
				next = va + n * PMD_SIZE;
				continue;
			}
		}
		int error = plan_leaves(p, plan++, va, next);

		if (error) {
			p->end = next; /* what undo_plan() has to look at */
			return error;
		}
	}
	return 0;
}

void undo_plan(struct plan *p)
{
	desc_t *plan = p->windows;

	for (uint64_t va = ALIGN_DOWN(p->va, PMD_SIZE); va < p->end; va += PMD_SIZE, plan++) {
		if (*plan & PLAN_PUD) {
			va += PUD_SIZE - PMD_SIZE;
			plan += PMDS_PER_PUD - 1;
		} else if (desc_is_table(*plan)) {
			table_list_add(&p->spare, desc_table_page(*plan), 0, PTRS_PER_TABLE);
		}
	}
}

/* The level whose table holds what is planned for @va's PUD. */
static int planned_level(const struct plan *p, uint64_t va)
{
	uint64_t window = (va >> PMD_SHIFT) - (p->va >> PMD_SHIFT);

	return HAVE_PUD_BLOCK && p->windows && p->windows[window] & PLAN_PUD ? LEVEL_PUD
									     : LEVEL_PMD;
}

int plan_upper(struct plan *p)
{
	uint64_t last = ~p->va; /* differs in every level's index */

	for (uint64_t va = p->va; va < p->end; va = ALIGN_DOWN(va, PUD_SIZE) + PUD_SIZE) {
		for (int level = planned_level(p, va); level > LEVEL_ROOT; level--) {
			struct page *page;

			/* There, or counted already for an address in the same table. */
			if (find_slot(va, level) || !((va ^ last) >> level_shift(level - 1)))
				break;
			page = table_alloc(level);
			if (!page)
				return -ENOMEM;
			zero_slots(page_address(page), page->table_extent, 0, PTRS_PER_TABLE);
			SLIST_INSERT_HEAD(&p->upper, page, hot_link);
		}
		last = va;
	}
	return 0;
}

int make_plan(struct plan *p, struct source *s, uint64_t va, uint64_t end)
{
	int error;

	p->va = va;
	p->end = end;
	p->source = s;
	p->has_tables = false;
	s->run_end = 0;
	error = plan_windows(p);
	if (!error && !(p->first_slot && (va ^ (end - 1)) < PUD_SIZE))
		error = plan_upper(p);
	if (error)
		undo_plan(p);
	return error;
}
