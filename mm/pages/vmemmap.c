// SPDX-License-Identifier: MIT
/*
 * Populating the vmemmap. Its tables are built like the engine's: what no walker can see yet is
 * filled first and published by one link; what is live gets each descriptor once, from invalid.
 */
#include "mm/pages/vmemmap-internal.h"

#include <errno.h>
#include <string.h>

#include "mm/arm64/prims.h"
#include "mm/map/flush.h"
#include "mm/pages/hvo.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

struct vmemmap_counts vmemmap_counts;
unsigned vmemmap_max_shift = MAP_SHIFT_ANY;

/* What is populated: struct pages of one section's order. */
struct request {
	unsigned order;
	enum zone_id zone;
	uint64_t head_state;
};

static __always_inline uint64_t va_of_pfn(uint64_t pfn)
{
	return (uint64_t)pfn_to_page(pfn);
}

/* --- struct pages, through the linear map, before they are mapped --------------------------- */

/* @n struct pages at @structs are those from @pfn on, heads and tails. */
static void init_compound(const struct request *r, struct page *structs, uint64_t pfn, uint64_t n)
{
	uint64_t size = 1UL << r->order, first = ALIGN_UP(pfn, size) - pfn;

	page_fill_tails(structs, n, r->zone, r->order);
	for (uint64_t i = first; i < n; i += size) {
		structs[i].state = r->head_state | PAGE_STATE(0, r->zone, r->order, 0);
		structs[i].compound_info = 0;
	}
}

/* The struct pages that @pa, @bytes of memory, is going to hold at @va. */
static void init_structs(const struct request *r, uint64_t pa, uint64_t va, uint64_t bytes)
{
	if (r->order)
		init_compound(r, phys_to_virt(pa), page_to_pfn((struct page *)va),
			      bytes / STRUCT_PAGE_SIZE);
	else
		memset(phys_to_virt(pa), 0, bytes);
}

/* The page of an optimised huge page that is its own: the head and its first tails. */
static __always_inline void init_head(const struct request *r, uint64_t pa)
{
	struct page *head = phys_to_virt(pa);

	page_fill_tails(head, HVO_RESERVED_STRUCTS, r->zone, r->order);
	head->state = r->head_state | PAGE_STATE(0, r->zone, r->order, 0);
	head->compound_info = 0;
}

/* --- private: the largest leaves -------------------------------------------------------------- */

static const struct {
	int level;
	unsigned members_shift; /* log2 of the descriptors */
} leaf_sizes[] = {
	{ LEVEL_PUD, 0 }, { LEVEL_PMD, CONT_PMDS_SHIFT },
	{ LEVEL_PMD, 0 }, { LEVEL_PTE, CONT_PTES_SHIFT },
	{ LEVEL_PTE, 0 },
};

/* Maps @va to new memory by a leaf or group of that size. -EAGAIN: a smaller one is to be tried. */
static int populate_leaf(const struct request *r, uint64_t va, uint64_t end, unsigned kind)
{
	int level = leaf_sizes[kind].level;
	uint64_t members = 1UL << leaf_sizes[kind].members_shift;
	unsigned shift = level_shift(level) + leaf_sizes[kind].members_shift;
	uint64_t bytes = 1UL << shift, pa;
	desc_t d, *slot;

	if ((level == LEVEL_PUD && !HAVE_PUD_BLOCK) || shift > MAX(vmemmap_max_shift, PAGE_SHIFT) ||
	    !IS_ALIGNED(va, bytes) || end - va < bytes)
		return -EAGAIN;
	slot = vmemmap_make_slot(va, level);
	if (!slot)
		return -ENOMEM;
	pa = vmemmap_memory(bytes);
	if (!pa)
		return level == LEVEL_PTE && members == 1 ? -ENOMEM : -EAGAIN;
	init_structs(r, pa, va, bytes);
	d = leaf_desc(pa, PAGE_KERNEL, level) | (members > 1 ? DESC_CONT : 0);
	vmemmap_publish_leaves(slot, d, 1UL << level_shift(level), members, level);
	vmemmap_count(r->zone, r->order, (int64_t)(bytes >> PAGE_SHIFT), 0);
	return 0;
}

static int populate_own(const struct request *r, uint64_t va, uint64_t end)
{
	int error = 0;

	while (va < end && !error) {
		unsigned kind = 0;

		do
			error = populate_leaf(r, va, end, kind);
		while (error == -EAGAIN && ++kind < ARRAY_SIZE(leaf_sizes));
		if (!error)
			va += 1UL << (level_shift(leaf_sizes[kind].level) +
				      leaf_sizes[kind].members_shift);
	}
	return error;
}

/* --- shared tails ----------------------------------------------------------------------------- */

/* Leaves of one table, from @va on. */
struct window {
	uint64_t va, leaves;
	uint64_t first, step; /* leaf @first holds a head, and each @step-th after it */
	uint64_t heads;
	desc_t shared; /* what all others are */
};

static struct window make_window(const struct request *r, uint64_t va, uint64_t end, desc_t shared)
{
	struct window w = { .va = va, .step = order_vmemmap_pages(r->order), .shared = shared };
	uint64_t index = (va - VMEMMAP_START) >> PAGE_SHIFT;

	w.leaves = (MIN(end, ALIGN_DOWN(va, PMD_SIZE) + PMD_SIZE) - va) >> PAGE_SHIFT;
	w.first = ALIGN_UP(index, w.step) - index;
	if (w.first < w.leaves)
		w.heads = DIV_ROUND_UP(w.leaves - w.first, w.step);
	return w;
}

/*
 * Fills the leaves at @slot: heads from @heads. A walker may look at a live table: each slot is
 * stored once.
 */
static void fill_window(const struct request *r, const struct window *w, desc_t *slot, bool live,
			struct vmemmap_pages *heads)
{
	uint64_t before = MIN(w->first, w->leaves);

	desc_fill(slot, w->shared, 0, live ? before : w->leaves);
	for (uint64_t i = w->first; i < w->leaves; i += w->step) {
		uint64_t pa = vmemmap_next_page(heads);

		init_head(r, pa);
		set_desc_in_loop(&slot[i], leaf_desc(pa, PAGE_KERNEL, LEVEL_PTE));
		if (live)
			desc_fill(&slot[i + 1], w->shared, 0, MIN(w->leaves - i, w->step) - 1);
	}
}

/*
 * A whole table of tails alone is one more link to the one table of such: huge pages that are
 * larger than what a table spans would have them by the dozen.
 */
static int populate_tails(const struct request *r, const struct window *w, desc_t *upper)
{
	uint64_t table = vmemmap_tail_table(r->zone, r->order, w->shared);

	if (!table)
		return -ENOMEM;
	vmemmap_publish_tail_table(upper, table);
	return 0;
}

/* -ENOMEM: nothing has changed. */
static int populate_heads(const struct request *r, const struct window *w, desc_t *upper)
{
	struct vmemmap_pages heads = { 0 };
	struct vmemmap_table table = { 0 };
	desc_t *slot;
	uint64_t irq;

	if (!vmemmap_take_pages(&heads, w->heads))
		return -ENOMEM;
	if (!get_desc(upper) && !vmemmap_new_table(&table, LEVEL_PTE)) {
		vmemmap_drop_pages(&heads);
		return -ENOMEM;
	}
	if (table.slots) {
		slot = table.slots + table_index(w->va, LEVEL_PTE);
		fill_window(r, w, slot, false, &heads);
		vmemmap_publish_table(upper, &table, w->leaves);
	} else {
		slot = desc_table(get_desc(upper)) + table_index(w->va, LEVEL_PTE);
		irq = lock_tables();
		fill_window(r, w, slot, true, &heads);
		vmemmap_leaves_stored(slot, w->leaves);
		unlock_tables(irq);
	}
	return 0;
}

static int populate_window(const struct request *r, const struct window *w)
{
	desc_t *upper = vmemmap_make_slot(w->va, LEVEL_PMD);
	int error;

	if (!upper)
		return -ENOMEM;
	if (w->leaves == PTRS_PER_TABLE && !w->heads)
		error = populate_tails(r, w, upper);
	else
		error = populate_heads(r, w, upper);
	if (error)
		return error;
	vmemmap_count(r->zone, r->order, (int64_t)w->heads, (int64_t)(w->leaves - w->heads));
	return 0;
}

static int populate_shared(const struct request *r, uint64_t va, uint64_t end)
{
	struct page *tail = vmemmap_shared_tail(r->zone, r->order);
	int error = tail ? 0 : -ENOMEM;

	while (va < end && !error) {
		/* Read-only: it stands for tails of all huge pages of the order. */
		struct window w = make_window(
			r, va, end, leaf_desc(page_to_phys(tail), PAGE_KERNEL_RO, LEVEL_PTE));

		error = populate_window(r, &w);
		va += w.leaves << PAGE_SHIFT;
	}
	return error;
}

/* --- the calls -------------------------------------------------------------------------------- */

static bool is_mapped(uint64_t va)
{
	int level;

	return get_desc(find_end(va, &level)) != 0;
}

/* [@pfn, @end) of sections that are equal; what is mapped in front stays. */
static int populate_run(uint64_t pfn, uint64_t end_pfn, uint64_t head_state)
{
	struct mem_section section = section_of_pfn(pfn);
	struct request r = { .order = section.order, .zone = section.zone };
	uint64_t va = ALIGN_DOWN(va_of_pfn(pfn), PAGE_SIZE);
	uint64_t end = ALIGN_UP(va_of_pfn(end_pfn), PAGE_SIZE);

	while (va < end && is_mapped(va))
		va += section.order ? end - va : PAGE_SIZE;
	if (!section.order)
		return populate_own(&r, va, end);
	r.head_state = head_state;
	if (!order_is_optimizable(section.order))
		return populate_own(&r, va, end);
	r.head_state |= PG_HVO;
	return populate_shared(&r, va, end);
}

/* Whether both have the same shared tail page, if any. */
static bool is_like(struct mem_section a, struct mem_section b)
{
	return a.order == b.order && a.zone == b.zone;
}

int vmemmap_populate(uint64_t pfn, uint64_t nr, uint64_t head_state)
{
	uint64_t end = pfn + nr, at = pfn, next;
	int error = 0;

	for (; at < end && !error; at = next) {
		struct mem_section section = section_of_pfn(at);

		next = at;
		do
			next = ALIGN_DOWN(next, PAGES_PER_SECTION) + PAGES_PER_SECTION;
		while (next < end && is_like(section_of_pfn(next), section));
		next = MIN(next, end);
		error = populate_run(at, next, head_state);
	}
	if (error && vmemmap_is_late())
		vmemmap_depopulate(pfn, nr);
	return error;
}
