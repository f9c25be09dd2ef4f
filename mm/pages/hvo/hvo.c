// SPDX-License-Identifier: MIT
/*
 * Optimising and restoring huge pages, one or many: what has to hold, memory, locks, counts. How a
 * live leaf gets another output address is in ways.c.
 *
 * Memory is taken before the lock and given back after it. What is checked under the lock is
 * checked before the first store, so that an error leaves a huge page as it was. Many go in
 * batches that share their flushes.
 */
#include "mm/pages/hvo.h"

#include <errno.h>

#include "drivers/smp/call.h"
#include "lib/panic.h"
#include "mm/map/flush.h"
#include "mm/pages/hvo/hvo-internal.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

struct hvo_counts hvo_counts;

/* --- huge pages ----------------------------------------------------------------------------- */

/* The head of a compound page of RAM that has tails to share. Any pointer. */
static __always_inline bool is_optimizable(const struct page *head)
{
	return (uint64_t)head % STRUCT_PAGE_SIZE == 0 && pfn_valid(page_to_pfn(head)) &&
	       head->flags & PG_HEAD && head->zone < NR_BUDDY_ZONES &&
	       order_is_optimizable(head->order);
}

static __always_inline uint64_t tails_va(const struct page *head)
{
	return (uint64_t)head + PAGE_SIZE;
}

static __always_inline uint64_t tails_end(const struct page *head)
{
	return (uint64_t)head + (STRUCT_PAGE_SIZE << head->order);
}

static __always_inline uint64_t nr_tail_pages(const struct page *head)
{
	return order_vmemmap_pages(head->order) - 1;
}

/* --- batches -------------------------------------------------------------------------------- */

static __always_inline void batch_begin(struct hvo_batch *b)
{
	b->leaves = 0;
	b->nr_pages = b->nr_rows = 0;
	b->frames = NULL;
	b->states = ~0UL;
}

/*
 * Whether another huge page fits: in rows, and, unless it is alone, among what is flushed one by
 * one, which bounds the time under the lock.
 */
static __always_inline bool has_room(const struct hvo_batch *b, const struct page *head)
{
	uint64_t rows = ((tails_end(head) - 1) >> PMD_SHIFT) - (tails_va(head) >> PMD_SHIFT) + 1;

	return !b->nr_rows ||
	       (b->nr_rows + rows <= HVO_ROWS && b->leaves + nr_tail_pages(head) <= FLUSH_ALL_PAST);
}

/* The leaves of @head, without a look at them. False: there is no leaf table; added are some. */
static __always_inline bool add_rows(struct hvo_batch *b, struct page *head,
				     const struct page *tail)
{
	uint64_t va = tails_va(head), end = tails_end(head);

	while (va < end) {
		struct hvo_row *row = &b->rows[b->nr_rows];

		row->slot = find_slot(va, LEVEL_PTE);
		if (unlikely(!row->slot))
			return false;
		row->va = va;
		row->n = MIN(PTRS_PER_TABLE - table_index(va, LEVEL_PTE), (end - va) >> PAGE_SHIFT);
		row->head = head;
		row->shared = shared_leaf(tail);
		b->nr_rows++;
		va += row->n << PAGE_SHIFT;
	}
	b->leaves += nr_tail_pages(head);
	b->nr_pages++;
	return true;
}

/* Not under pgtable_lock. Returns 0, or why it cannot be done that way. */
static __always_inline int begin(const struct hvo_ways *ways)
{
	if (unlikely(ways->refused))
		return -EOPNOTSUPP;
	return unlikely(ways->held) ? stop_others() : 0;
}

/* Before the first of the rows' leaves leads to a shared page. Under pgtable_lock. */
static void count_shared(const struct hvo_batch *b)
{
	for (const struct hvo_row *row = b->rows; row < b->rows + b->nr_rows; row++)
		vmemmap_tail_get(row->head->zone, row->head->order, row->n);
	vmemmap_counts.own -= b->leaves;
	vmemmap_counts.shared += b->leaves;
	hvo_counts.optimized += b->nr_pages;
	hvo_counts.pages_freed += b->leaves;
}

/* No TLB holds a shared page any more for them. */
static void count_own(const struct hvo_batch *b)
{
	for (const struct hvo_row *row = b->rows; row < b->rows + b->nr_rows; row++)
		vmemmap_tail_put(row->head->zone, row->head->order, row->n);
	vmemmap_counts.own += b->leaves;
	vmemmap_counts.shared -= b->leaves;
	hvo_counts.restored += b->nr_pages;
	hvo_counts.pages_taken += b->leaves;
}

/* Frames in a row that boot kept, and the page allocator has never had: now they are pages. */
static noinline void adopt_runs(struct page *page)
{
	while (page) {
		struct page *first = page;
		uint64_t n = 0;

		for (; page && page == first + n && page->state == 0; n++)
			page = page->hot_link.sle_next;
		if (n)
			adopt_reserved_pages(page_to_pfn(first), n);
		else
			page = page->hot_link.sle_next;
	}
}

/* --- optimise ------------------------------------------------------------------------------- */

/*
 * Frames of the row to the front of the chain, the last first: the lowest is in front then. False:
 * one is not a page of its own; what was chained is the caller's to forget.
 */
static __always_inline bool chain_frames(struct hvo_batch *b, const struct hvo_row *row)
{
	struct page *first = b->frames;
	uint64_t states = b->states;

	for (const desc_t *slot = row->slot + row->n; slot > row->slot;) {
		desc_t d = get_desc(--slot);
		struct page *page = phys_to_page(desc_addr(d));

		if (unlikely(!is_own_leaf(d)))
			return false;
		states &= page->state;
		page->hot_link.sle_next = first;
		first = page;
	}
	b->states = states;
	b->frames = first;
	return true;
}

/*
 * Under pgtable_lock. -EAGAIN: leaves have to be split first, or the shared page is new; nothing
 * has changed.
 */
static __always_inline int add_optimized(struct hvo_batch *b, struct page *head)
{
	const struct page *tail = vmemmap_find_shared_tail(head->zone, head->order);
	struct page *frames = b->frames;
	unsigned first = b->nr_rows;
	uint64_t leaves = b->leaves;
	bool good = tail && add_rows(b, head, tail);

	for (unsigned i = b->nr_rows; good && i > first;)
		good = chain_frames(b, &b->rows[--i]);
	if (likely(good)) {
		head->flags |= PG_HVO;
		return 0;
	}
	b->nr_rows = first;
	b->nr_pages -= b->leaves != leaves;
	b->leaves = leaves;
	b->frames = frames;
	return -EAGAIN;
}

/* As many as fit. Returns how many are optimised now, *@error: why no more. Under pgtable_lock. */
static uint64_t fill_batch(struct hvo_batch *b, struct page *const *heads, uint64_t n, int *error)
{
	for (uint64_t i = 0; i < n; i++) {
		if (unlikely(!is_optimizable(heads[i]))) {
			*error = -EINVAL;
			return i;
		}
		if (unlikely(heads[i]->flags & PG_HVO))
			continue;
		if (!has_room(b, heads[i]))
			return i;
		*error = add_optimized(b, heads[i]);
		if (unlikely(*error))
			return i;
	}
	return n;
}

static uint64_t optimize_batch(struct hvo_batch *b, struct page *const *heads, uint64_t n,
			       int *error)
{
	const struct hvo_ways *ways = hvo_current;
	uint64_t irq, i;

	*error = begin(ways);
	if (unlikely(*error))
		return 0;
	irq = lock_tables();
	i = fill_batch(b, heads, n, error);
	if (likely(b->nr_rows)) {
		count_shared(b);
		ways->share(b);
	}
	unlock_tables(irq);
	if (ways->held)
		resume_others();
	return i;
}

/* Makes -EAGAIN go away. */
static noinline int prepare(const struct page *head)
{
	if (!vmemmap_shared_tail(head->zone, head->order))
		return -ENOMEM;
	return hvo_split_leaves(tails_va(head), tails_end(head));
}

int hugetlb_vmemmap_optimize_pages(struct page *const *heads, uint64_t n, uint64_t *done)
{
	struct hvo_batch b;
	uint64_t i = 0;
	int error = 0;

	while (i < n && !error) {
		batch_begin(&b);
		i += optimize_batch(&b, heads + i, n - i, &error);
		if (unlikely(!(b.states & PG_ALLOCATED)))
			adopt_runs(b.frames);
		free_page_chain(b.frames);
		if (unlikely(error == -EAGAIN))
			error = prepare(heads[i]);
	}
	if (done)
		*done = i;
	return error;
}

int hugetlb_vmemmap_optimize(struct page *head)
{
	return hugetlb_vmemmap_optimize_pages(&head, 1, NULL);
}

/* --- restore -------------------------------------------------------------------------------- */

/* New pages full of tails of @head, *@link and on. Returns where the chain goes on; NULL: none. */
static struct page **take_frames(const struct page *head, struct page **link)
{
	struct page **end = alloc_page_chain(GFP_KERNEL, nr_tail_pages(head), link);

	if (likely(end))
		for (struct page *page = *link; page; page = page->hot_link.sle_next)
			page_fill_tails(page_address(page), HVO_RESERVED_STRUCTS, head->zone,
					head->order);
	return end;
}

/*
 * Rows and frames of as many as fit in one batch, who lose their PG_HVO. Returns how many those
 * are, *@error: why no more. No lock: nobody else changes leaves of a huge page that has an owner.
 */
static uint64_t take_batch(struct hvo_batch *b, struct page *const *heads, uint64_t n, int *error)
{
	struct page **link = &b->frames;
	uint64_t i;

	*error = 0;
	for (i = 0; i < n; i++) {
		struct page *head = heads[i], *tail;

		if (unlikely(!is_optimizable(head))) {
			*error = -EINVAL;
			break;
		}
		if (unlikely(!(head->flags & PG_HVO)))
			continue;
		if (!has_room(b, head))
			break;
		/* Only these have whole leaf tables of tails. */
		if (unlikely(order_vmemmap_pages(head->order) > PTRS_PER_TABLE)) {
			*error = hvo_own_tables(head);
			if (unlikely(*error))
				break;
		}
		link = take_frames(head, link);
		if (unlikely(!link)) {
			*error = -ENOMEM;
			break;
		}
		tail = vmemmap_find_shared_tail(head->zone, head->order);
		panic_unless(add_rows(b, head, tail), "hvo: pfn %#lx has no leaf table",
			     page_to_pfn(head));
		head->flags &= (uint16_t)~PG_HVO;
	}
	return i;
}

/* The other CPUs could not be held. */
static void take_back(struct hvo_batch *b)
{
	for (unsigned i = 0; i < b->nr_rows; i++)
		b->rows[i].head->flags |= PG_HVO;
	free_page_chain(b->frames);
}

/* Under pgtable_lock. What is shared is so to the last leaf, or PG_HVO was wrong. */
static void check_shared(const struct hvo_batch *b)
{
	for (const struct hvo_row *row = b->rows; row < b->rows + b->nr_rows; row++)
		for (uint64_t i = 0; i < row->n; i++)
			panic_unless(get_desc(&row->slot[i]) == row->shared,
				     "hvo: %#lx: %#lx is no shared leaf", row->va,
				     get_desc(&row->slot[i]));
}

static int restore_batch(struct hvo_batch *b)
{
	const struct hvo_ways *ways = hvo_current;
	int error = begin(ways);
	uint64_t irq;

	if (unlikely(error)) {
		take_back(b);
		return error;
	}
	irq = lock_tables();
	check_shared(b);
	/* What is in the new frames is observed before the leaves that map them (B2.6.9). */
	table_contents_before_link();
	ways->unshare(b);
	count_own(b);
	unlock_tables(irq);
	if (ways->held)
		resume_others();
	return 0;
}

int hugetlb_vmemmap_restore_pages(struct page *const *heads, uint64_t n, uint64_t *done)
{
	struct hvo_batch b;
	uint64_t i = 0;
	int error = 0;

	while (i < n && !error) {
		uint64_t taken;
		int held = 0;

		batch_begin(&b);
		taken = take_batch(&b, heads + i, n - i, &error);
		if (b.nr_rows)
			held = restore_batch(&b);
		if (unlikely(held))
			error = held;
		else
			i += taken;
	}
	if (done)
		*done = i;
	return error;
}

int hugetlb_vmemmap_restore(struct page *head)
{
	return hugetlb_vmemmap_restore_pages(&head, 1, NULL);
}
