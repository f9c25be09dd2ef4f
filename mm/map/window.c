// SPDX-License-Identifier: MIT
/*
 * Mapping without a plan: a part of one window, or blocks in the slots of one table. All that
 * can fail is done before the page-table lock is taken, as in a plan.
 */
#include <errno.h>

#include "mm/arm64/prims.h"
#include "mm/map/map-internal.h"

/* So many pages of an untrusted source are checked in a buffer before a live table sees them. */
#define BUFFER_DESCS 64

/* Stores done: @n leaf descriptors. Ends the call but for the lock. */
static __always_inline void mapped(uint64_t n)
{
	door_stored(n);
	door_mapped();
}

/* Into the live table of @slot. -EAGAIN: it went away, or the source needs a larger buffer. */
static int map_in_live_table(struct source *s, desc_t *slot, uint64_t va, uint64_t n)
{
	desc_t buffer[BUFFER_DESCS], d, *live;
	bool trusted = source_is_trusted(s);
	uint64_t irq;

	if (!trusted && n > BUFFER_DESCS)
		return -EAGAIN;
	if (!trusted && source_fill(s, 0, n, buffer, va))
		return -EINVAL;
	irq = lock_tables();
	d = get_desc(slot);
	if (unlikely(!desc_is_table(d))) {
		unlock_tables(irq);
		return -EAGAIN;
	}
	live = desc_table(d) + table_index(va, LEVEL_PTE);
	if (trusted)
		source_fill(s, 0, n, live, va);
	else
		desc_copy(live, buffer, n);
	desc_table_page(d)->table_live += n;
	mapped(n);
	unlock_tables(irq);
	return 0;
}

/* Into a table of its own, which is linked to @slot. -EAGAIN: another CPU was first. */
static int map_in_new_table(struct source *s, desc_t *slot, uint64_t va, uint64_t n)
{
	struct page *page = table_alloc(LEVEL_PTE);
	struct table_list unused;
	uint64_t irq;
	int error;

	if (unlikely(!page))
		return -ENOMEM;
	error = fill_table(page, s, 0, va, n);
	if (likely(!error)) {
		irq = lock_tables();
		if (likely(!get_desc(slot))) {
			table_contents_before_link();
			set_table_desc(slot, table_desc(page_to_phys(page)));
			table_pages++;
			mapped(n);
			unlock_tables(irq);
			return 0;
		}
		unlock_tables(irq);
		error = -EAGAIN;
	}
	SLIST_INIT(&unused);
	table_list_add(&unused, page, 0, PTRS_PER_TABLE);
	table_pages_free(&unused);
	return error;
}

int map_in_window(struct source *s, uint64_t va, uint64_t end)
{
	desc_t *slot = find_slot(va, LEVEL_PMD);
	uint64_t n = (end - va) >> PAGE_SHIFT;
	desc_t d;

	if (unlikely(!slot))
		return -EAGAIN;
	d = get_desc(slot);
	if (desc_is_table(d))
		return map_in_live_table(s, slot, va, n);
	return d ? -EAGAIN : map_in_new_table(s, slot, va, n);
}

int map_whole_blocks(struct source *s, uint64_t va, uint64_t end)
{
	uint64_t n = (end - va) >> PMD_SHIFT, irq;
	desc_t *slot, used = 0;

	/* A 1G block may be possible only where the range is one at least. */
	if (!IS_ALIGNED(va | end | s->pa, PMD_SIZE) || s->max_shift < PMD_SHIFT ||
	    (va ^ (end - 1)) >= PUD_SIZE || end - va == PUD_SIZE)
		return -EAGAIN;
	slot = find_slot(va, LEVEL_PMD);
	if (unlikely(!slot))
		return -EAGAIN;
	irq = lock_tables();
	for (uint64_t i = 0; i < n; i++)
		used |= get_desc(&slot[i]);
	if (likely(!used)) {
		source_fill_blocks(s, n, slot, va);
		mapped(n);
	}
	unlock_tables(irq);
	return used ? -EAGAIN : 0;
}
