// SPDX-License-Identifier: MIT
/*
 * The descent that maps. A window keeps the live count of its leaf table, because our own
 * engine, which may get the same addresses next, relies on it.
 */
#include <errno.h>

#include "bench/rungs/walk.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

static desc_t *table_at(desc_t d)
{
	return phys_to_virt(desc_addr(d));
}

/* The table that holds @slot: a table is one page, naturally aligned. */
static struct page *page_of_table(const desc_t *slot)
{
	return virt_to_page(slot);
}

static noinline desc_t *new_table(desc_t *slot)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);

	if (!page)
		return NULL;
	page->flags |= PG_TABLE;
	page->table_live = 0;
	table_contents_before_link();
	set_table_desc(slot, table_desc(page_to_phys(page)));
	door_mapped();
	DOOR_COUNT(c->tables_allocated++);
	return page_address(page);
}

/* The table below @slot, made if it is missing. */
static inline int next_table(desc_t *slot, desc_t **table)
{
	desc_t d = get_desc(slot);

	if (desc_is_block(d))
		return -EBUSY;
	*table = likely(d) ? table_at(d) : new_table(slot);
	return *table ? 0 : -ENOMEM;
}

static int walk_level(struct rung_walk *walk, desc_t *table, int level, uint64_t va, uint64_t end)
{
	desc_t *slot = table + table_index(va, level);
	desc_t *child;
	uint64_t next;
	int ret;

	do {
		next = rung_step_end(va, end, level);
		ret = walk->block ? walk->block(walk, slot, level, va, next) : 0;
		if (ret == 1)
			continue;
		if (!ret)
			ret = next_table(slot, &child);
		if (ret)
			return ret;
		if (level == LEVEL_PMD)
			ret = walk->window(walk, child + table_index(va, LEVEL_PTE), va, next);
		else
			ret = walk_level(walk, child, level + 1, va, next);
		if (ret)
			return ret;
	} while (slot++, va = next, va != end);
	return 0;
}

int rung_walk(struct rung_walk *walk, uint64_t va, uint64_t end)
{
	return walk_level(walk, swapper_pg_dir, LEVEL_ROOT, va, end);
}

/*
 * Ends a window, good or bad: Linux's loops run with barriers deferred, and leaving that
 * mode issues one pair for all that the window stored.
 */
static void window_done(const desc_t *first, const desc_t *slot)
{
	page_of_table(first)->table_live += slot - first;
	door_stored(slot - first);
	door_mapped();
}

/* Bytes that one set call writes at @va: a page, or whole contiguous groups. */
static inline uint64_t batch_bytes(uint64_t va, uint64_t end, uint64_t pa, unsigned batch_shift)
{
	if (batch_shift < CONT_PTE_SHIFT || end - va < CONT_PTE_SIZE ||
	    !IS_ALIGNED(va | pa, CONT_PTE_SIZE))
		return PAGE_SIZE;
	return 1UL << MIN(ilog2(end - va), batch_shift);
}

/*
 * One set call: the largest batch at @va. Aligned to a group only, as Linux has it: that
 * the physical side goes on for the whole batch is the caller's word.
 */
static inline uint64_t set_batch(desc_t *slot, uint64_t va, uint64_t end, uint64_t pa,
				 pgprot_t prot, unsigned batch_shift)
{
	uint64_t bytes = batch_bytes(va, end, pa, batch_shift);
	desc_t d = leaf_desc(pa, prot, LEVEL_PTE);

	if (bytes == PAGE_SIZE) {
		set_desc_in_loop(slot, d);
		return bytes;
	}
	d |= DESC_CONT;
	for (unsigned long i = 0; i < bytes >> PAGE_SHIFT; i++, d += PAGE_SIZE)
		set_desc_in_loop(slot + i, d);
	return bytes;
}

int window_range_by_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end)
{
	const desc_t *first = slot, *stop = slot + ((end - va) >> PAGE_SHIFT);
	desc_t d = leaf_desc(walk->pa, walk->prot, LEVEL_PTE);

	while (slot != stop && likely(!get_desc(slot))) {
		set_desc_in_loop(slot++, d);
		d += PAGE_SIZE;
	}
	walk->pa += (uint64_t)(slot - first) << PAGE_SHIFT;
	window_done(first, slot);
	return slot == stop ? 0 : -EBUSY;
}

int window_range(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end)
{
	const desc_t *first = slot;
	int ret = 0;

	do {
		uint64_t bytes;

		if (unlikely(get_desc(slot))) {
			ret = -EBUSY;
			break;
		}
		bytes = set_batch(slot, va, end, walk->pa, walk->prot, walk->batch_shift);
		slot += bytes >> PAGE_SHIFT;
		walk->pa += bytes;
		va += bytes;
	} while (va != end);
	window_done(first, slot);
	return ret;
}

/* Linux's three checks of a page and the slot that it is for. */
static inline int check_page(const desc_t *slot, const struct page *page)
{
	if (unlikely(get_desc(slot)))
		return -EBUSY;
	if (unlikely(!page))
		return -ENOMEM;
	return likely(pfn_valid(page_to_pfn(page))) ? 0 : -EINVAL;
}

int window_small_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end)
{
	const desc_t *first = slot;
	int ret;

	do {
		const struct page *page = *walk->pages;

		ret = check_page(slot, page);
		if (ret)
			break;
		set_desc_in_loop(slot, leaf_desc(page_to_phys(page), walk->prot, LEVEL_PTE));
		slot++;
		walk->pages++;
		va += PAGE_SIZE;
	} while (va != end);
	window_done(first, slot);
	return ret;
}

int window_pages(struct rung_walk *walk, desc_t *slot, uint64_t va, uint64_t end)
{
	const desc_t *first = slot;
	int ret;

	do {
		const struct page *page = *walk->pages;
		uint64_t bytes;

		ret = check_page(slot, page);
		if (ret)
			break;
		bytes = set_batch(slot, va, end, page_to_phys(page), walk->prot, walk->batch_shift);
		slot += bytes >> PAGE_SHIFT;
		walk->pages += bytes >> PAGE_SHIFT;
		va += bytes;
	} while (va != end);
	window_done(first, slot);
	return ret;
}

/* Whether @level has blocks at all. */
static bool level_has_blocks(int level)
{
	return level == LEVEL_PMD || (level == LEVEL_PUD && HAVE_PUD_BLOCK);
}

/* An empty leaf table in the way of a block goes back first, as in Linux. */
static bool vacate(desc_t *slot, int level, uint64_t va)
{
	desc_t d = get_desc(slot);

	if (likely(!d))
		return true;
	if (level != LEVEL_PMD || !desc_is_table(d) || page_of_table(table_at(d))->table_live)
		return false;
	rung_release_tables(va, va + PMD_SIZE);
	return true;
}

/* Puts a block of @level for @pa in @slot if all of Linux's conditions hold. */
static int try_block(const struct rung_walk *walk, desc_t *slot, int level, uint64_t va,
		     uint64_t next, uint64_t pa)
{
	uint64_t size = 1UL << level_shift(level);

	if (!level_has_blocks(level) || walk->max_shift < (unsigned)level_shift(level) ||
	    next - va != size || !IS_ALIGNED(va | pa, size) || !vacate(slot, level, va))
		return 0;
	set_desc(slot, leaf_desc(pa, walk->prot, level));
	/* Outside the deferring loops: a pair of barriers for each block. */
	door_mapped();
	return 1;
}

int block_range(struct rung_walk *walk, desc_t *slot, int level, uint64_t va, uint64_t next)
{
	int ret = try_block(walk, slot, level, va, next, walk->pa);

	if (ret == 1)
		walk->pa += next - va;
	return ret;
}

int block_pages(struct rung_walk *walk, desc_t *slot, int level, uint64_t va, uint64_t next)
{
	const struct page *page = *walk->pages;
	int ret;

	if (level != LEVEL_PMD)
		return 0;
	if (!page)
		return -ENOMEM;
	if (!pfn_valid(page_to_pfn(page)))
		return -EINVAL;
	ret = try_block(walk, slot, level, va, next, page_to_phys(page));
	if (ret == 1)
		walk->pages += PTRS_PER_TABLE;
	return ret;
}

int map_range_batched(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift,
		      unsigned batch_shift)
{
	struct rung_walk walk = {
		.window = batch_shift < CONT_PTE_SHIFT ? window_range_by_pages : window_range,
		.block = max_shift >= PMD_SHIFT ? block_range : NULL,
		.prot = prot,
		.max_shift = max_shift,
		.batch_shift = MIN(max_shift, batch_shift),
		.pa = pa,
	};

	return rung_walk(&walk, va, end);
}

int map_small_pages(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot)
{
	struct rung_walk walk = { .window = window_small_pages, .prot = prot, .pages = pages };

	return rung_walk(&walk, va, end);
}

int map_pages_chunk_by_chunk(uint64_t va, uint64_t end, struct page *const *pages, pgprot_t prot,
			     unsigned shift)
{
	uint64_t chunk = 1UL << shift;

	for (; va != end; va += chunk, pages += chunk >> PAGE_SHIFT) {
		int ret = map_range_batched(va, va + chunk, page_to_phys(*pages), prot, shift,
					    CONT_PTE_SHIFT);

		if (ret)
			return ret;
	}
	return 0;
}
