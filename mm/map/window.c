// SPDX-License-Identifier: MIT
/*
 * Arrays and blocks that lie in a part of one window, without a plan. All that can fail is done
 * before the page-table lock is taken.
 */
#include <errno.h>

#include "mm/arm64/prims.h"
#include "mm/map/map-internal.h"

/* So many pages of an untrusted source are checked in a buffer before a live table sees them. */
#define BUFFER_DESCS 64

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
	leaves_stored(d, n);
	unlock_tables(irq);
	return 0;
}

/* Into a table of its own, which is linked to @slot. -EAGAIN: another CPU was first. */
static int map_in_new_table(struct source *s, desc_t *slot, uint64_t va, uint64_t n)
{
	struct page *page = table_alloc_uncounted(LEVEL_PTE);
	uint64_t irq;
	int error;

	if (unlikely(!page))
		return -ENOMEM;
	error = source_fill(s, 0, n, begin_table(page, va, n), va);
	if (likely(!error)) {
		irq = lock_tables();
		if (likely(!get_desc(slot)))
			link_new_table(slot, page, n);
		else
			error = -EAGAIN;
		unlock_tables(irq);
	}
	if (unlikely(error))
		table_free_unseen(page);
	return error;
}

int map_in_window(struct source *s, uint64_t va, uint64_t end)
{
	desc_t *slot = find_slot(va, LEVEL_PMD);
	uint64_t n = (end - va) >> PAGE_SHIFT;
	desc_t d = slot ? get_desc(slot) : DESC_VALID;

	if (desc_is_table(d))
		return map_in_live_table(s, slot, va, n);
	return d ? -EAGAIN : map_in_new_table(s, slot, va, n);
}

int blocks_in_new_table(uint64_t va, uint64_t end, struct page *const *blocks, unsigned order,
			pgprot_t prot, desc_t *slot)
{
	struct page *page = table_alloc_uncounted(LEVEL_PTE);
	uint64_t n = (end - va) >> PAGE_SHIFT, irq;
	bool linked;

	if (unlikely(!page))
		return -ENOMEM;
	desc_fill_blocks(begin_table(page, va, n), blocks, 1, n >> order, 1UL << order,
			 leaf_desc(0, prot, LEVEL_PTE) | DESC_CONT);
	irq = lock_tables();
	linked = !get_desc(slot);
	if (likely(linked))
		link_new_table(slot, page, n);
	unlock_tables(irq);
	if (likely(linked))
		return 0;
	table_free_unseen(page);
	return -EAGAIN;
}
