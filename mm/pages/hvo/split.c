// SPDX-License-Identifier: MIT
/*
 * A block of the vmemmap becomes a table of pages, before the first huge page in it is optimised.
 *
 * Pages without CONT: each goes its own way later, and a group of which one member differs is a
 * misprogrammed contiguous bit (Arm ARM DDI 0487, D8.7.1). Groups, of which no table comes, are
 * map_split()'s (mm/map), which holds the other CPUs.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "lib/panic.h"
#include "mm/arm64/prims.h"
#include "mm/map/protect.h"
#include "mm/pages/hvo/hvo-internal.h"

/* A leaf that is in the way. */
struct obstacle {
	uint64_t va; /* of its first byte; of a group, of one member */
	desc_t d;
	int level;
};

/* Under pgtable_lock, others held. @link is contents and all, but nobody sees it yet. */
static void split_held(desc_t *slot, uint64_t va, desc_t link)
{
	set_desc(slot, 0);
	/* No walker finds the block any more, and the table's contents come before the link. */
	door_before_tlbi();
	tlbi_leaves(va, 1, PAGE_SIZE);
	door_after_tlbi(); /* no TLB holds it: entries of another size may come (D8.16.1) */
	set_table_desc(slot, link);
	door_mapped(); /* what was invalid is valid: there is nothing to forget (rule XCLRD) */
}

/*
 * Under pgtable_lock. At FEAT_BBM level 2 the size of a live entry may change without break
 * (D8.16.1); until the TLBI is complete a TLB may hold both, which mean the same.
 */
static void split_live(desc_t *slot, uint64_t va, desc_t link)
{
	table_contents_before_link();
	set_table_desc(slot, link);
	door_before_tlbi(); /* no walker finds the block any more */
	tlbi_leaves(va, 1, PAGE_SIZE);
	door_after_tlbi(); /* no TLB holds it: leaves of the table may change from here on */
}

/*
 * A table for what the block maps: pages, or of a block of blocks as many groups as there can be,
 * but for the one at @va, which will be cut down further. NULL: no memory.
 */
static struct page *make_table(const struct obstacle *o, uint64_t va)
{
	int level = o->level + 1;
	struct page *page = table_alloc(level);
	desc_t first = o->d | (level == LEVEL_PTE ? DESC_PAGE : DESC_CONT), *table;
	uint64_t size = 1UL << level_shift(level), group;

	if (!page)
		return NULL;
	table = page_address(page);
	desc_fill(table, first, size, PTRS_PER_TABLE);
	if (level == LEVEL_PTE) {
		page->table_live = PTRS_PER_TABLE;
	} else {
		group = ALIGN_DOWN(table_index(va, level), CONT_PMDS);
		desc_fill(table + group, (first & ~DESC_CONT) + group * size, size, CONT_PMDS);
	}
	door_stored(PTRS_PER_TABLE);
	return page;
}

/* Under pgtable_lock. False: another CPU was first. */
static bool link_table(const struct obstacle *o, struct page *table)
{
	int level;
	desc_t *slot = find_end(o->va, &level), link = table_desc(page_to_phys(table));

	if (level != o->level || get_desc(slot) != o->d)
		return false;
	if (hvo_split == HVO_SPLIT_HELD)
		split_held(slot, o->va, link);
	else
		split_live(slot, o->va, link);
	table_pages++;
	vmemmap_counts.tables++;
	hvo_counts.splits++;
	return true;
}

static int split_block(const struct obstacle *o, uint64_t va)
{
	struct page *table = make_table(o, va);
	bool held = hvo_split == HVO_SPLIT_HELD, linked = false;
	int error = table ? 0 : -ENOMEM;
	uint64_t irq;

	if (!error && held)
		error = stop_others();
	if (!error) {
		irq = lock_tables();
		linked = link_table(o, table);
		unlock_tables(irq);
		if (held)
			resume_others();
	}
	if (table && !linked)
		table_free(table);
	return error;
}

/* A cut next to a member is inside its group, wherever it lies. */
static int split_group(const struct obstacle *o)
{
	uint64_t member = 1UL << level_shift(o->level);
	uint64_t group = member * (o->level == LEVEL_PTE ? CONT_PTES : CONT_PMDS);

	return map_split(ALIGN_DOWN(o->va, group) + member);
}

/* The first leaf of [*@va, @end) that is no single page; *@va is where it is met. False: none. */
static bool find_obstacle(uint64_t *va, uint64_t end, struct obstacle *o)
{
	uint64_t irq = lock_tables();
	bool found = false;

	while (*va < end && !found) {
		o->d = get_desc(find_end(*va, &o->level));
		o->va = ALIGN_DOWN(*va, 1UL << level_shift(o->level));
		found = o->level < LEVEL_PTE || !is_own_leaf(o->d);
		*va += found ? 0 : PAGE_SIZE;
	}
	unlock_tables(irq);
	return found;
}

int hvo_split_leaves(uint64_t va, uint64_t end)
{
	struct obstacle o = { 0 };
	int error = 0;

	while (!error && find_obstacle(&va, end, &o)) {
		panic_unless((o.d & ~DESC_CONT & ~DESC_PAGE & ~DESC_ADDR_MASK) ==
				     (PAGE_KERNEL | DESC_VALID),
			     "hvo: %#lx: %#lx is no leaf of the vmemmap", va, o.d);
		error = o.d & DESC_CONT ? split_group(&o) : split_block(&o, va);
	}
	return error;
}
