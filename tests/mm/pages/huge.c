// SPDX-License-Identifier: MIT
/*
 * Huge pages past MAX_ORDER: all blocks of the largest order are taken, a naturally aligned row of
 * them becomes one compound page, the others go back.
 */
#include "tests/mm/pages/huge.h"

#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

/* On blocks that are held here. */
#define MARK 0x68756765

SLIST_HEAD(blocks, page);

bool is_huge_order(unsigned order)
{
	unsigned shift = order + PAGE_SHIFT;

	return shift == PMD_SHIFT || shift == CONT_PMD_SHIFT ||
	       (HAVE_PUD_BLOCK && shift == PUD_SHIFT);
}

static void take_blocks(struct blocks *blocks)
{
	struct page *block;

	SLIST_INIT(blocks);
	while ((block = alloc_pages(GFP_KERNEL, MAX_ORDER))) {
		block->private[0] = MARK;
		SLIST_INSERT_HEAD(blocks, block, hot_link);
	}
}

/* Whether 2^@order pages from @first on are blocks that are held here. */
static bool is_row(const struct page *first, unsigned order)
{
	if (!IS_ALIGNED(page_to_pfn(first), 1UL << order))
		return false;
	for (uint64_t i = 0; i < 1UL << order; i += MAX_ORDER_PAGES)
		if (!pfn_valid(page_to_pfn(first + i)) || first[i].zone != first->zone ||
		    !(first[i].flags & PG_ALLOCATED) || first[i].private[0] != MARK)
			return false;
	return true;
}

/* Frees the blocks but those in [@keep, @keep + @n). */
static void free_blocks(struct blocks *blocks, const struct page *keep, uint64_t n)
{
	while (!SLIST_EMPTY(blocks)) {
		struct page *block = SLIST_FIRST(blocks);

		SLIST_REMOVE_HEAD(blocks, hot_link);
		block->private[0] = 0;
		if (!keep || (uint64_t)(block - keep) >= n)
			__free_pages(block, MAX_ORDER);
	}
}

static struct page *make_huge_page(unsigned order)
{
	struct page *block, *head = NULL;
	struct blocks blocks;

	take_blocks(&blocks);
	SLIST_FOREACH (block, &blocks, hot_link)
		if (is_row(block, order))
			head = block;
	free_blocks(&blocks, head, 1UL << order);
	if (!head)
		return NULL;
	head->order = (uint8_t)order;
	head->flags |= PG_HEAD;
	head->compound_info = 0;
	page_fill_tails(head + 1, (1UL << order) - 1, head->zone, order);
	return head;
}

struct page *take_huge_page(unsigned order)
{
	if (order <= MAX_ORDER)
		return alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	return make_huge_page(order);
}

static bool is_unsplit(const struct page *head, int level)
{
	struct leaf leaf;

	return !walk_lookup((uint64_t)head + PAGE_SIZE, &leaf) && leaf.level == level &&
	       (level == LEVEL_PMD || leaf.cont);
}

struct page *take_unsplit_page(unsigned order, int level)
{
	struct page *taken = NULL, *head, *next;

	while ((head = take_huge_page(order)) && !is_unsplit(head, level)) {
		head->hot_link.sle_next = taken;
		taken = head;
	}
	for (; taken; taken = next) {
		next = taken->hot_link.sle_next;
		taken->hot_link.sle_next = NULL; /* as a head has it */
		drop_huge_page(taken, order);
	}
	return head;
}

void drop_huge_page(struct page *head, unsigned order)
{
	unsigned zone = head->zone;

	if (order <= MAX_ORDER) {
		__free_pages(head, order);
		return;
	}
	page_fill(head + 1, 0, 0, (1UL << order) - 1);
	for (uint64_t i = 0; i < 1UL << order; i += MAX_ORDER_PAGES) {
		head[i].state = PAGE_STATE(PG_BLOCK, zone, MAX_ORDER, 0) ^
				PAGE_STATE(PG_ALLOCATED, 0, 0, 1);
		__free_pages(head + i, MAX_ORDER);
	}
}
