// SPDX-License-Identifier: MIT
/*
 * Mapping: apply what was planned (plan.c), under the page-table lock, where nothing can
 * fail; and the calls. If another CPU took away a table that the plan counted on, the call
 * plans again.
 */
#include <errno.h>

#include "lib/panic.h"
#include "mm/arm64/prims.h"
#include "mm/map/map-internal.h"

/* So many pages of an untrusted source are checked in a buffer before a live table sees them. */
#define BUFFER_DESCS 64

spinlock_t pgtable_lock = SPINLOCK(LOCK_PGTABLE);
uint64_t table_pages;

__attribute__((section(".bss.tables"), aligned(PAGE_SIZE))) desc_t swapper_pg_dir[PTRS_PER_TABLE];

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
			set_desc(slot, d);
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
	set_desc(slot, 0);
	door_before_tlbi();	     /* no walk finds the table any more */
	tlbi_walks(va, 1, PMD_SIZE); /* the walk cache forgets it; it held no leaf */
	door_after_tlbi();	     /* completed: the slot may be reused, the page given back */
	SLIST_INSERT_HEAD(&p->spare, page, hot_link);
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
		set_desc(slot, planned);
		table_pages++;
		return n;
	}
	panic_unless(desc_is_table(old), "map: 0x%lx is mapped already", va);
	live = desc_table(old) + first;
	desc_table_page(old)->table_live += n;
	if (planned) {
		desc_copy(live, desc_table(planned) + first, n);
		SLIST_INSERT_HEAD(&p->spare, desc_table_page(planned), hot_link);
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

/*
 * The short way for what needs no plan: a part of one live table, that of @slot. -EAGAIN:
 * it does, since the table went away or an untrusted source is longer than the buffer.
 */
static int map_in_live_table(desc_t *slot, uint64_t va, uint64_t end, struct source *s)
{
	uint64_t n = (end - va) >> PAGE_SHIFT, flags;
	desc_t buffer[BUFFER_DESCS], d, *live;
	bool trusted = source_is_trusted(s);

	if (!trusted && n > BUFFER_DESCS)
		return -EAGAIN;
	if (!trusted && source_fill(s, 0, n, buffer, va))
		return -EINVAL;
	flags = lock_tables();
	d = get_desc(slot);
	if (unlikely(!desc_is_table(d))) {
		unlock_tables(flags);
		return -EAGAIN;
	}
	live = desc_table(d) + table_index(va, LEVEL_PTE);
	if (trusted)
		source_fill(s, 0, n, live, va);
	else
		desc_copy(live, buffer, n);
	desc_table_page(d)->table_live += n;
	door_stored(n);
	door_mapped();
	unlock_tables(flags);
	return 0;
}

static int map(uint64_t va, uint64_t end, struct source *s)
{
	struct page *plan_page = NULL;
	unsigned plan_order = 0;
	struct plan p;
	uint64_t windows;
	int error;

	if (va >= end || !IS_ALIGNED(va | end, PAGE_SIZE) || va < MAPPABLE_START ||
	    end > MAPPABLE_END || s->prot & ~DESC_PROT_MASK || s->max_shift < PAGE_SHIFT)
		return -EINVAL;
	p.first_slot = find_slot(va, LEVEL_PMD);
	windows = ((end - 1) >> PMD_SHIFT) - (va >> PMD_SHIFT) + 1;
	if (windows == 1 && end - va < PMD_SIZE && p.first_slot &&
	    desc_is_table(get_desc(p.first_slot))) {
		error = map_in_live_table(p.first_slot, va, end, s);
		if (error != -EAGAIN)
			return error;
	}
	p.windows = p.on_stack;
	if (unlikely(windows > PLAN_ON_STACK)) {
		while (PAGE_SIZE << plan_order < windows * sizeof(desc_t))
			plan_order++;
		plan_page = alloc_pages(GFP_KERNEL, plan_order);
		if (!plan_page)
			return -ENOMEM;
		p.windows = page_address(plan_page);
	}
	SLIST_INIT(&p.upper);
	SLIST_INIT(&p.spare);
	error = plan_and_apply(&p, s, va, end);
	table_list_free(&p.upper);
	table_list_free(&p.spare);
	if (unlikely(plan_page))
		__free_pages(plan_page, plan_order);
	return error;
}

int map_range(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift)
{
	struct source s = { .kind = SOURCE_RANGE, .pa = pa, .prot = prot, .max_shift = max_shift };

	if (!IS_ALIGNED(pa, PAGE_SIZE) || pa >= PHYS_END || end - va > PHYS_END - pa)
		return -EINVAL;
	return map(va, end, &s);
}

int map_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
	      unsigned max_shift)
{
	struct source s = {
		.kind = SOURCE_PAGES, .pages = pages, .prot = prot, .max_shift = max_shift
	};

	return pages ? map(va, end, &s) : -EINVAL;
}

int map_blocks(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order, pgprot_t prot,
	       unsigned max_shift)
{
	struct source s = { .kind = SOURCE_BLOCKS,
			    .pages = blocks,
			    .order = order,
			    .prot = prot,
			    .max_shift = max_shift };

	return blocks && order <= MAX_ORDER ? map(va, end, &s) : -EINVAL;
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
	table_list_free(&p.upper);
	return error;
}

uint64_t map_table_pages(void)
{
	return READ_ONCE(table_pages);
}
