// SPDX-License-Identifier: MIT
/*
 * Tables of shared tails (tail-table.c) become tables of the huge page's own, before the first leaf
 * of it can change. The links are broken before they are made anew, the other CPUs held: of a
 * link that changes to another table nothing is promised, whatever is in the two.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "mm/arm64/prims.h"
#include "mm/pages/hvo/hvo-internal.h"
#include "mm/pages/vmemmap-internal.h"

/* Links to be changed: at most those of the largest huge page. */
struct unshare {
	desc_t shared; /* the link to the shared table */
	unsigned n;
	desc_t *slots[HVO_ROWS_PER_PAGE];
	desc_t links[HVO_ROWS_PER_PAGE];
	struct table_list tables; /* the new ones */
};

/* Slots of [@va, @end) that link the shared table. Under pgtable_lock. */
static void find_links(struct unshare *u, uint64_t va, uint64_t end)
{
	for (u->n = 0; va < end; va = ALIGN_DOWN(va, PMD_SIZE) + PMD_SIZE) {
		desc_t *slot = find_slot(va, LEVEL_PMD);

		if (slot && get_desc(slot) == u->shared)
			u->slots[u->n++] = slot;
	}
}

/* A table each, with what is in the shared one. False: no memory. */
static bool make_tables(struct unshare *u)
{
	for (unsigned i = 0; i < u->n; i++) {
		struct page *page = table_alloc(LEVEL_PTE);

		if (!page)
			return false;
		table_list_add(&u->tables, page, 0, PTRS_PER_TABLE);
		page->table_live = PTRS_PER_TABLE;
		desc_copy(page_address(page), desc_table(u->shared), PTRS_PER_TABLE);
		door_stored(PTRS_PER_TABLE);
		u->links[i] = table_desc(page_to_phys(page));
	}
	return true;
}

/* Other CPUs are held; under pgtable_lock. No struct page is touched. */
static void change_links(const struct unshare *u)
{
	for (unsigned i = 0; i < u->n; i++)
		set_table_desc(u->slots[i], 0);
	door_before_tlbi(); /* no walker comes by the links; the new tables are filled */
	tlbi_all();	    /* leaves and walks of whole tables: past what is flushed one by one */
	door_after_tlbi();  /* nothing of them is cached: any other links may come */
	for (unsigned i = 0; i < u->n; i++)
		set_table_desc(u->slots[i], u->links[i]);
	door_mapped(); /* invalid links became valid: there is nothing to forget (rule XCLRD) */
	table_pages += u->n;
	vmemmap_counts.tables += u->n;
}

int hvo_own_tables(const struct page *head)
{
	uint64_t va = (uint64_t)head, end = va + (STRUCT_PAGE_SIZE << head->order), irq;
	uint64_t table = vmemmap_find_tail_table(head->zone, head->order);
	struct unshare u = { .shared = table_desc(table) };
	int error;

	if (!table)
		return 0;
	SLIST_INIT(&u.tables);
	irq = lock_tables();
	find_links(&u, va, end);
	unlock_tables(irq);
	if (!u.n)
		return 0;
	error = make_tables(&u) ? stop_others() : -ENOMEM;
	if (error) {
		table_pages_free(&u.tables);
		return error;
	}
	/* They are still there: only their owner changes them, and he is here. */
	irq = lock_tables();
	change_links(&u);
	unlock_tables(irq);
	resume_others();
	hvo_counts.unshared += u.n;
	return 0;
}
