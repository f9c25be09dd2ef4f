// SPDX-License-Identifier: MIT
/*
 * Taking a part of the vmemmap away: everything is unmapped, then forgotten, and only then its
 * memory goes back.
 */
#include "mm/map/flush.h"
#include "mm/pages/vmemmap-internal.h"
#include "mm/phys/buddy.h"

struct removal {
	uint64_t va, end;
	uint64_t tail_pa;     /* of the shared tail page, 0: there is none */
	uint64_t tail_table;  /* of the table full of it, the same */
	uint64_t own, shared; /* leaves, the first counted in pages */
	struct flush flush;
	struct vmemmap_pages frames; /* allocated blocks, by their first pages */
	struct table_list tables;
};

/* What @d maps, a leaf of @level, is free when all this is over. */
static void take_leaf(struct removal *r, desc_t d, int level)
{
	struct page *page = phys_to_page(desc_addr(d));

	if (desc_addr(d) == r->tail_pa) {
		r->shared++;
		return;
	}
	r->own += 1UL << (level_shift(level) - PAGE_SHIFT);
	/* Of a group's members the first is the block's first page. */
	if (page->flags & PG_ALLOCATED)
		SLIST_INSERT_HEAD(&r->frames.list, page, hot_link);
}

/* The leaf table of @va, empty now, if it is no table of boot's. */
static bool unlink_table(struct removal *r, uint64_t va)
{
	desc_t *upper = find_slot(va, LEVEL_PMD);
	struct page *page = desc_table_page(get_desc(upper));

	if (!(page->flags & PG_TABLE) || page->table_live)
		return false;
	set_table_desc(upper, 0);
	table_list_add(&r->tables, page, 0, 0); /* each slot was cleared */
	table_pages--;
	vmemmap_counts.tables--;
	return true;
}

/* Clears @slot and what follows in its table, as far as the range goes. Returns where that is. */
static uint64_t remove_leaves(struct removal *r, uint64_t va, desc_t *slot, int level)
{
	unsigned shift = level_shift(level);
	uint64_t most = MIN(PTRS_PER_TABLE - table_index(va, level), (r->end - va) >> shift), n;
	bool unlinked = false;

	for (n = 0; n < most && get_desc(&slot[n]) & DESC_VALID; n++) {
		if (level != LEVEL_PTE && desc_is_table(get_desc(&slot[n])))
			break;
		take_leaf(r, get_desc(&slot[n]), level);
		set_desc_in_loop(&slot[n], 0);
	}
	door_stored(n);
	if (level == LEVEL_PTE) {
		struct page *table = virt_to_page(slot);

		if (table->flags & PG_TABLE)
			table->table_live -= (uint32_t)n;
		unlinked = unlink_table(r, va);
	}
	if (n || unlinked)
		flush_note(&r->flush, va, n, shift, unlinked);
	return n ? va + (n << shift) : va + (most << shift);
}

/* Whether @va is in the table that is full of shared tails, which is unlinked here then. */
static bool unlink_tail_table(struct removal *r, uint64_t va)
{
	desc_t *upper = find_slot(va, LEVEL_PMD);

	if (!r->tail_table || get_desc(upper) != table_desc(r->tail_table))
		return false;
	set_table_desc(upper, 0);
	r->shared += PTRS_PER_TABLE;
	flush_note(&r->flush, va, PTRS_PER_TABLE, PAGE_SHIFT, true);
	return true;
}

static void remove_all(struct removal *r)
{
	uint64_t irq = lock_tables(), va = r->va;

	flush_begin(&r->flush, r->va, r->end);
	while (va < r->end) {
		int level;
		desc_t *slot = find_end(va, &level);

		if (level == LEVEL_PTE && unlink_tail_table(r, va))
			va += PMD_SIZE;
		else if (get_desc(slot))
			va = remove_leaves(r, va, slot, level);
		else
			va = ALIGN_DOWN(va, 1UL << level_shift(level)) +
			     (1UL << level_shift(level));
	}
	flush_commit(&r->flush); /* nothing leads to the frames and tables any more: they may go */
	unlock_tables(irq);
}

void vmemmap_depopulate(uint64_t pfn, uint64_t nr)
{
	struct mem_section section = section_of_pfn(pfn);
	struct page *tail =
		section.order ? vmemmap_find_shared_tail(section.zone, section.order) : NULL;
	struct removal r = {
		.va = (uint64_t)pfn_to_page(pfn),
		.end = (uint64_t)pfn_to_page(pfn + nr),
		.tail_pa = tail ? page_to_phys(tail) : 0,
		.tail_table = vmemmap_find_tail_table(section.zone, section.order),
	};
	struct page *page;

	remove_all(&r);
	while ((page = SLIST_FIRST(&r.frames.list))) {
		SLIST_REMOVE_HEAD(&r.frames.list, hot_link);
		__free_pages(page, page->order);
	}
	table_pages_free(&r.tables);
	vmemmap_count(section.zone, section.order, -(int64_t)r.own, -(int64_t)r.shared);
}
