// SPDX-License-Identifier: MIT
/*
 * What the tests of HVO at run time are written in: huge pages of the page allocator, one and
 * many, that the model knows of.
 */
#pragma once

#include "mm/map/view/walk.h"
#include "tests/host/pages-world.h"

/* Pages that one more optimised huge page gives back. */
#define GAIN (order_vmemmap_pages(HUGE_ORDER) - 1)

static inline struct huge *take(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_COMP, HUGE_ORDER);

	return page ? world_huge(page, HUGE_ORDER, page->flags, false) : NULL;
}

static inline void give(struct huge *h);

/* Whether the struct pages of @page are in a block or a group still, not in pages. */
static inline bool is_unsplit(const struct page *page)
{
	struct leaf leaf;

	return !walk_lookup((uint64_t)page, &leaf) && (leaf.level != LEVEL_PTE || leaf.cont);
}

/* One whose struct pages nothing has been done to. */
static inline struct huge *take_unsplit(gfp_t gfp)
{
	struct huge *h = take(gfp), *taken[256];
	unsigned n = 0;

	while (h && !is_unsplit(h->head) && n < ARRAY_SIZE(taken)) {
		taken[n++] = h;
		h = take(gfp);
	}
	while (n)
		give(taken[--n]);
	return h;
}

/* One whose struct pages are in the same block, or group, or table as @near's. */
static inline struct huge *take_near(const struct huge *near)
{
	struct huge *h = take(GFP_KERNEL), *taken[256];
	unsigned n = 0;

	while (h && ((uint64_t)h->head ^ (uint64_t)near->head) >= PMD_SIZE && n < 256) {
		taken[n++] = h;
		h = take(GFP_KERNEL);
	}
	while (n)
		give(taken[--n]);
	return h;
}

static inline void give(struct huge *h)
{
	struct page *page = h->head;

	world_forget(h);
	__free_pages(page, HUGE_ORDER);
}

static inline int optimize(struct huge *h)
{
	int error = hugetlb_vmemmap_optimize(h->head);

	h->optimized |= !error;
	return error;
}

static inline int restore(struct huge *h)
{
	int error = hugetlb_vmemmap_restore(h->head);

	h->optimized &= error != 0;
	return error;
}

static inline bool right(void)
{
	return world_wrong() == 0;
}

/* Free, or what stays whatever happens. */
static inline uint64_t kept_pages(void)
{
	return nr_free_pages() + vmemmap_counts.tables + vmemmap_counts.tails;
}

/* --- many --------------------------------------------------------------------------------- */

#define MANY 6

static struct huge *many[MANY];
static struct page *heads[MANY];

static inline void take_many(gfp_t gfp)
{
	for (unsigned i = 0; i < MANY; i++) {
		many[i] = take(gfp);
		heads[i] = many[i]->head;
	}
}

static inline void give_many(void)
{
	for (unsigned i = 0; i < MANY; i++)
		give(many[i]);
}

/* The first @n of them are optimised, or not, as a call says; all others as they were. */
static inline void model_many(uint64_t n, bool optimized)
{
	for (uint64_t i = 0; i < n; i++)
		many[i]->optimized = optimized;
}
