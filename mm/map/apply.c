// SPDX-License-Identifier: MIT
/*
 * Mapping by a plan (plan.c): apply it under the page-table lock, where nothing can fail. If
 * another CPU took away a table that the plan counted on, the call plans again.
 */
#include <errno.h>

#include "lib/panic.h"
#include "mm/arm64/prims.h"
#include "mm/map/map-internal.h"

/*
 * find_slot() that links missing tables, which plan_upper() has provided; the caller has
 * put a barrier between their zeros and here.
 */
static desc_t *make_slot(struct plan *p, uint64_t va, int level)
{
	desc_t *table = swapper_pg_dir;

	for (int l = LEVEL_ROOT; l < level; l++) {
		desc_t *slot = &table[table_index(va, l)];
		desc_t d = get_desc(slot);

		if (unlikely(!(d & DESC_VALID))) {
			struct page *page = SLIST_FIRST(&p->upper);

			panic_unless(page, "map: no table for level %d at 0x%lx", l + 1, va);
			SLIST_REMOVE_HEAD(&p->upper, hot_link);
			d = table_desc(page_to_phys(page));
			set_table_desc(slot, d);
			table_pages++;
		}
		table = desc_table(d);
	}
	return &table[table_index(va, level)];
}

/* Unlinks a table that maps nothing, so that a block can take its place. */
static void break_table(struct plan *p, desc_t *slot, uint64_t va)
{
	struct page *page = desc_table_page(get_desc(slot));

	panic_unless(!page->table_live, "map: 0x%lx is mapped already", va);
	set_table_desc(slot, 0);
	door_before_tlbi();	     /* no walk finds the table any more */
	tlbi_walks(va, 1, PMD_SIZE); /* the walk cache forgets it; it held no leaf */
	door_after_tlbi();	     /* completed: the slot may be reused, the page given back */
	table_list_add(&p->spare, page, 0, PTRS_PER_TABLE);
	table_pages--;
}

static void apply_block(struct plan *p, desc_t *slot, desc_t d, uint64_t va)
{
	desc_t old = get_desc(slot);

	if (unlikely(old & DESC_VALID)) {
		panic_unless(desc_is_table(old), "map: 0x%lx is mapped already", va);
		break_table(p, slot, va);
	}
	set_desc(slot, d);
}

static void apply_pud(struct plan *p, desc_t d, uint64_t va)
{
	apply_block(p, make_slot(p, va, LEVEL_PUD), d, va);
}

/*
 * The descriptors of [va, next) go where the table is, or the table goes where none is.
 * Returns how many leaf descriptors were stored.
 */
static uint64_t apply_leaves(struct plan *p, desc_t *slot, desc_t planned, uint64_t va,
			     uint64_t next)
{
	uint64_t first = table_index(va, LEVEL_PTE), n = (next - va) >> PAGE_SHIFT;
	desc_t old = get_desc(slot), *live;

	if (!(old & DESC_VALID)) {
		set_table_desc(slot, planned);
		table_pages++;
		return n;
	}
	panic_unless(desc_is_table(old), "map: 0x%lx is mapped already", va);
	live = desc_table(old) + first;
	desc_table_page(old)->table_live += n;
	if (planned) {
		desc_copy(live, desc_table(planned) + first, n);
		table_list_add(&p->spare, desc_table_page(planned), first, n);
	} else {
		source_fill(p->source, source_index(p, va), n, live, va); /* trusted */
	}
	return n;
}

static void apply_windows(struct plan *p)
{
	desc_t *plan = p->windows, *slot = p->first_slot;
	uint64_t va = p->va, next, stores = 0;

	if (p->has_tables || !SLIST_EMPTY(&p->upper))
		table_contents_before_link();
	while (va < p->end) {
		if (HAVE_PUD_BLOCK && unlikely(*plan & PLAN_PUD)) {
			apply_pud(p, *plan & ~PLAN_PUD, va);
			plan += PMDS_PER_PUD;
			va += PUD_SIZE;
			slot = NULL;
			continue;
		}
		/* Not known yet, or past a table's end. */
		if (!slot || (IS_ALIGNED((uint64_t)slot, PAGE_SIZE) && plan != p->windows))
			slot = make_slot(p, va, LEVEL_PMD);
		next = window_end(p, va);
		if (desc_is_block(*plan))
			apply_block(p, slot, *plan, va);
		else
			stores += apply_leaves(p, slot, *plan, va, next);
		va = next;
		plan++;
		slot++;
	}
	door_stored(stores);
	door_mapped();
}

/*
 * A shared table that planning saw may have been taken away since by its last other
 * user. Only the first and the last window can be shared.
 */
static bool plan_holds(const struct plan *p)
{
	uint64_t last = ((p->end - 1) >> PMD_SHIFT) - (p->va >> PMD_SHIFT);

	if (!p->windows[0] && !desc_is_table(get_desc(p->first_slot)))
		return false;
	if (!last || IS_ALIGNED(p->end, PMD_SIZE) || p->windows[last])
		return true;
	return desc_is_table(get_desc(find_slot(p->end - 1, LEVEL_PMD)));
}

static int plan_and_apply(struct plan *p, struct source *s, uint64_t va, uint64_t end)
{
	uint64_t flags;
	int error;

	while (!(error = make_plan(p, s, va, end))) {
		flags = lock_tables();
		if (likely(plan_holds(p))) {
			apply_windows(p);
			unlock_tables(flags);
			break;
		}
		unlock_tables(flags);
		undo_plan(p);
	}
	return error;
}

int map_by_plan(struct source *s, uint64_t va, uint64_t end)
{
	uint64_t windows = ((end - 1) >> PMD_SHIFT) - (va >> PMD_SHIFT) + 1;
	struct page *plan_page = NULL;
	unsigned plan_order = 0;
	struct plan p;
	int error;

	p.first_slot = find_slot(va, LEVEL_PMD);
	p.windows = p.on_stack;
	if (unlikely(windows > PLAN_ON_STACK)) {
		plan_order = get_order(windows * sizeof(desc_t));
		plan_page = alloc_pages(GFP_KERNEL, plan_order);
		if (!plan_page)
			return -ENOMEM;
		p.windows = page_address(plan_page);
	}
	SLIST_INIT(&p.upper);
	SLIST_INIT(&p.spare);
	error = plan_and_apply(&p, s, va, end);
	table_pages_free(&p.upper);
	table_pages_free(&p.spare);
	if (unlikely(plan_page))
		__free_pages(plan_page, plan_order);
	return error;
}

int map_populate_upper(uint64_t va, uint64_t end)
{
	struct plan p = { .va = va, .end = end };
	uint64_t flags;
	int error;

	if (va >= end || va < MAPPABLE_START || end > MAPPABLE_END)
		return -EINVAL;
	error = plan_upper(&p);
	if (!error) {
		flags = lock_tables();
		table_contents_before_link();
		for (; va < end; va = ALIGN_DOWN(va, PUD_SIZE) + PUD_SIZE)
			make_slot(&p, va, LEVEL_PMD);
		door_mapped();
		unlock_tables(flags);
	}
	table_pages_free(&p.upper);
	return error;
}
