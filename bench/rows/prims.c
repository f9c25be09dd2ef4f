// SPDX-License-Identifier: MIT
/*
 * The bulk primitives by themselves, over 256 descriptors of a detached table: as they are, as
 * plain C, and with pairs of general registers. With PRIMS=c or PRIMS=stp the whole image has
 * the others in their place, and every row can be compared (docs/measuring.md).
 */
#include <errno.h>
#include <string.h>

#include "bench/rows/arrays.h"
#include "mm/arm64/prims.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

/* By their own names, whatever the image calls by the plain ones. */
#undef desc_fill
#undef desc_fill_blocks
#undef desc_fill_pages
#undef desc_clear
#undef desc_copy
#undef desc_fill_groups
#undef page_run

#define SLOTS 256UL
#define RUN   16UL /* descriptors of each block of desc_fill_blocks() */

union prim {
	typeof(desc_fill) *fill;
	typeof(desc_fill_blocks) *fill_blocks;
	typeof(desc_fill_pages) *fill_pages;
	typeof(desc_clear) *clear;
	typeof(desc_copy) *copy;
	typeof(desc_fill_groups) *fill_groups;
	typeof(page_run) *run;
};

static desc_t *slots, *table, *twin;	/* written now; by what is measured; by plain C */
static struct page **in_a_row, **apart; /* pages that follow each other, and of which none do */
static struct phys_range ram;
static uint64_t returned;

static const union prim *prim_of(const struct pass *pass)
{
	return pass->bench->data;
}

static desc_t bits(void)
{
	return leaf_desc(0, PAGE_KERNEL, LEVEL_PTE);
}

static void fill_body(struct pass *pass)
{
	prim_of(pass)->fill(slots, bits(), PAGE_SIZE, SLOTS);
}

static void fill_blocks_body(struct pass *pass)
{
	prim_of(pass)->fill_blocks(slots, in_a_row, RUN, SLOTS / RUN, RUN, bits());
}

static void fill_pages_body(struct pass *pass)
{
	returned =
		prim_of(pass)->fill_pages(slots, apart, SLOTS, bits(), pfn_to_page(ram.first_pfn),
					  ram.pages * STRUCT_PAGE_SIZE);
}

static void clear_body(struct pass *pass)
{
	prim_of(pass)->clear(slots, SLOTS);
}

static void copy_body(struct pass *pass)
{
	prim_of(pass)->copy(slots, (const desc_t *)in_a_row, SLOTS);
}

static void fill_groups_body(struct pass *pass)
{
	returned = prim_of(pass)->fill_groups(slots, in_a_row, SLOTS / CONT_PTES, bits(),
					      pfn_to_page(ram.first_pfn),
					      ram.pages * STRUCT_PAGE_SIZE);
}

static void page_run_body(struct pass *pass)
{
	returned = prim_of(pass)->run(in_a_row, SLOTS);
}

static desc_t *alloc_table(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, get_order(SLOTS * sizeof(desc_t)));

	return page ? page_address(page) : NULL;
}

/* Pages of RAM that nobody touches: a descriptor needs their addresses alone. */
static int prim_prepare(struct pass *pass)
{
	uint64_t first;

	for_each_ram_range (&ram)
		if (ram.pages >= 4 * MAX_ORDER_PAGES)
			break;
	first = ALIGN_UP(ram.first_pfn, MAX_ORDER_PAGES);
	in_a_row = pointers_alloc(SLOTS);
	apart = pointers_alloc(SLOTS);
	table = alloc_table();
	twin = alloc_table();
	if (!in_a_row || !apart || !table || !twin || !ram.pages)
		return -ENOMEM;
	for (unsigned long i = 0; i < SLOTS; i++) {
		in_a_row[i] = pfn_to_page(first + i);
		apart[i] = pfn_to_page(first + i * 77 % SLOTS * 2);
	}
	pass->bytes = SLOTS << PAGE_SHIFT;
	return 0;
}

static int prim_before(struct pass *pass)
{
	(void)pass;
	slots = table;
	memset(table, 0xff, SLOTS * sizeof(desc_t));
	return 0;
}

/* One after the other, so that each row's `kind` finds the plain C of what it calls. */
enum { FILL, FILL_BLOCKS, FILL_PAGES, FILL_GROUPS, CLEAR, COPY, PAGE_RUN };

static const union prim plain[] = {
	[FILL] = { .fill = desc_fill_c },
	[FILL_BLOCKS] = { .fill_blocks = desc_fill_blocks_c },
	[FILL_PAGES] = { .fill_pages = desc_fill_pages_c },
	[FILL_GROUPS] = { .fill_groups = desc_fill_groups_c },
	[CLEAR] = { .clear = desc_clear_c },
	[COPY] = { .copy = desc_copy_c },
	[PAGE_RUN] = { .run = page_run_c },
};

/* The same descriptors, and the same answer, as by plain C. */
static int prim_check(struct pass *pass)
{
	struct bench bench = *pass->bench;
	struct pass again = { .bench = &bench };
	uint64_t was = returned;

	bench.data = &plain[bench.kind];
	slots = twin;
	memset(twin, 0xff, SLOTS * sizeof(desc_t));
	bench.body(&again);
	if (was == returned && !memcmp(table, twin, SLOTS * sizeof(desc_t)))
		return 0;
	pass->why = "it does not do what its C twin does";
	return -EFAULT;
}

static void prim_finish(struct pass *pass)
{
	(void)pass;
	pointers_free(in_a_row, SLOTS);
	pointers_free(apart, SLOTS);
	if (table)
		__free_pages(virt_to_page(table), get_order(SLOTS * sizeof(desc_t)));
	if (twin)
		__free_pages(virt_to_page(twin), get_order(SLOTS * sizeof(desc_t)));
}

#define PRIM_ROW(ident, label, which, timed, ...)                                                 \
	BENCH(ident, .name = "prim/" label, .rungs = RUNGS_TLBED, .kind = which,                  \
	      .only_named = true, .data = &(const union prim){ __VA_ARGS__ },                     \
	      .prepare = prim_prepare, .before = prim_before, .body = timed, .check = prim_check, \
	      .finish = prim_finish)

#define PRIM(ident, label, which, member, function)                                              \
	PRIM_ROW(prim_##ident, label "/256", which, ident##_body, .member = function);           \
	PRIM_ROW(prim_##ident##_c, label "/256/c", which, ident##_body, .member = function##_c); \
	PRIM_ROW(prim_##ident##_stp, label "/256/stp", which, ident##_body,                      \
		 .member = function##_stp)

PRIM(fill, "fill", FILL, fill, desc_fill);
PRIM(fill_blocks, "fill_blocks", FILL_BLOCKS, fill_blocks, desc_fill_blocks);
PRIM(fill_pages, "fill_pages", FILL_PAGES, fill_pages, desc_fill_pages);
PRIM(fill_groups, "fill_groups", FILL_GROUPS, fill_groups, desc_fill_groups);
PRIM(clear, "clear", CLEAR, clear, desc_clear);
PRIM(copy, "copy", COPY, copy, desc_copy);
PRIM(page_run, "page_run", PAGE_RUN, run, page_run);
