// SPDX-License-Identifier: MIT
/*
 * Suite structs: tails of one (zone, order) are the same bit by bit, so that they can share their
 * memory, and nothing of them is left when the compound page is gone.
 */
#include <string.h>

#include "mm/phys/buddy.h"
#include "tests/mm/structs/struct-audit.h"
#include "tests/support.h"

/* By hand: not as page_fill_tails() has it. */
static struct page expected_tail(const struct page *page, unsigned order)
{
	uint64_t mask = -(STRUCT_PAGE_SIZE << order);
	struct page tail;

	memset(&tail, 0, sizeof(tail));
	tail.flags = PG_TAIL;
	tail.zone = page_to_pfn(page) < 4 * GiB >> PAGE_SHIFT ? ZONE_DMA32 : ZONE_NORMAL;
	tail.compound_info = mask + 1;
	return tail;
}

/* What an owner may leave in the struct pages of a block that is not compound. */
static void scribble(struct page *block, unsigned order, uint64_t *seed)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		uint64_t *word = (uint64_t *)(block + i);

		word[1] = random_below(seed, ~0UL);
		word[2] = random_below(seed, ~0UL) & ~1UL; /* a pointer */
		for (unsigned w = 3; w < STRUCT_PAGE_SIZE / sizeof(*word); w++)
			word[w] = random_below(seed, ~0UL);
	}
}

/* Tails of @head that are not what they have to be. */
static uint64_t wrong_tails(const struct page *head, unsigned order)
{
	struct page tail = expected_tail(head, order);
	uint64_t wrong = 0;

	for (unsigned long i = 1; i < 1UL << order; i++)
		wrong += memcmp(head + i, &tail, sizeof(tail)) != 0 ||
			 compound_head(head + i) != head;
	return wrong;
}

/* Pages of a plain block that remember a head. */
static uint64_t wrong_plain(const struct page *block, unsigned order)
{
	uint64_t wrong = 0;

	for (unsigned long i = 0; i < 1UL << order; i++)
		wrong += compound_head(block + i) != block + i || block[i].compound_info & 1 ||
			 block[i].flags & (PG_TAIL | PG_HEAD);
	return wrong;
}

static bool try_order(gfp_t gfp, unsigned order, uint64_t *seed)
{
	struct page *block = alloc_pages(gfp, order);

	if (!block)
		return false;
	scribble(block, order, seed);
	__free_pages(block, order);
	block = alloc_pages(gfp | __GFP_COMP, order);
	if (!CHECK(block))
		return false;
	CHECK(compound_head(block) == block && block->order == order);
	CHECK_EQ(wrong_tails(block, order), 0);
	put_page(block + (1UL << order) / 2);
	block = alloc_pages(gfp, order);
	if (!CHECK(block))
		return false;
	CHECK_EQ(wrong_plain(block, order), 0);
	split_page(block, order);
	for (unsigned long i = 0; i < 1UL << order; i++)
		__free_pages(block + i, 0);
	return true;
}

TEST(structs_tails, "structs/tails-of-one-order-are-bit-by-bit-the-same")
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_DMA32 };
	uint64_t seed = random_seed();
	unsigned tried = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(gfps); i++)
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			tried += try_order(gfps[i], order, &seed);
	CHECK(tried > MAX_ORDER / 2);
	drain_hot_lists();
	CHECK_EQ(structs_with_wrong_head(true), 0);
}

/* Compound pages of all orders at once: the walk knows their tails from pages that are none. */
TEST(structs_all, "structs/every-page-of-RAM-knows-its-head")
{
	struct page *blocks[MAX_ORDER + 1];

	for (unsigned order = 0; order <= MAX_ORDER; order++)
		blocks[order] = alloc_pages(order % 3 ? __GFP_COMP : 0, order);
	CHECK_EQ(structs_with_wrong_head(true), 0);
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		__free_pages(blocks[order], order);
	CHECK_EQ(structs_with_wrong_head(true), 0);
}
