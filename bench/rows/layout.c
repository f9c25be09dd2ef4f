// SPDX-License-Identifier: MIT
/*
 * Making, mapping and judging the arrays of layout.h. A block is the first half of one twice its
 * size, so that what follows it in memory is in no array; the largest blocks there are repeat
 * one and the same, which is no neighbour of itself.
 */
#include <errno.h>
#include <string.h>

#include "bench/rows/arrays.h"
#include "bench/rows/layout.h"
#include "bench/rows/readback.h"
#include "bench/rungs/calls.h"
#include "lib/log.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/view/census.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"

/* The blocks of one piece, and how they were allocated. */
struct blocks {
	struct page **heads;
	unsigned long count; /* of heads */
	unsigned order;
};

struct array {
	struct page **pages;
	struct blocks blocks[LAYOUT_PIECES];
};

/* One an each turn; one for all of them where blocks are large. */
static struct array arrays[BENCH_TURNS];
static unsigned turns;
static unsigned long pages_each;

static const struct layout *layout_of(const struct pass *pass)
{
	return pass->bench->data;
}

static unsigned alloc_order(const struct piece *piece)
{
	return MIN(piece->order + 1, MAX_ORDER);
}

/* How many different blocks a piece has: what fits, and one where no half can be left out. */
static unsigned long distinct_blocks(const struct piece *piece)
{
	uint64_t fit = LAYOUT_PIECE_BYTES >> (PAGE_SHIFT + alloc_order(piece));

	if (!fit || piece->order == alloc_order(piece))
		return MIN(1, piece->count);
	return MIN(fit, piece->count);
}

static int alloc_blocks(struct blocks *blocks, const struct piece *piece)
{
	unsigned long n = distinct_blocks(piece);

	blocks->order = alloc_order(piece);
	blocks->heads = n ? pointers_alloc(n) : NULL;
	while (blocks->heads && blocks->count < n) {
		struct page *page = alloc_pages(GFP_KERNEL, blocks->order);

		if (!page)
			return -ENOMEM;
		blocks->heads[blocks->count++] = page;
	}
	return n && !blocks->heads ? -ENOMEM : 0;
}

static void free_blocks(struct blocks *blocks, const struct piece *piece)
{
	for (unsigned long i = 0; i < blocks->count; i++)
		__free_pages(blocks->heads[i], blocks->order);
	pointers_free(blocks->heads, distinct_blocks(piece));
	memset(blocks, 0, sizeof(*blocks));
}

/* The pages of a piece, tagged, from @at on. Returns where the next piece begins. */
static unsigned long fill_piece(struct page **pages, unsigned long at, const struct piece *piece,
				const struct blocks *blocks)
{
	for (unsigned long b = 0; b < piece->count; b++)
		for (unsigned long i = 0; i < 1UL << piece->order && at < pages_each; i++) {
			struct page *page = blocks->heads[b % blocks->count] + i;

			*(uint64_t *)page_address(page) = page_to_pfn(page);
			pages[at++] = page;
		}
	return at;
}

static int make_array(struct array *array, const struct layout *layout)
{
	unsigned long at = 0;

	array->pages = pointers_alloc(pages_each);
	if (!array->pages)
		return -ENOMEM;
	for (unsigned i = 0; i < LAYOUT_PIECES; i++) {
		if (alloc_blocks(&array->blocks[i], &layout->pieces[i]))
			return -ENOMEM;
		at = fill_piece(array->pages, at, &layout->pieces[i], &array->blocks[i]);
	}
	if (layout->swap) {
		struct page **pages = &array->pages[layout->swap], *page = pages[0];

		pages[0] = pages[2];
		pages[2] = page;
	}
	return 0;
}

static void free_arrays(const struct layout *layout)
{
	for (unsigned turn = 0; turn < turns; turn++) {
		for (unsigned i = 0; i < LAYOUT_PIECES; i++)
			free_blocks(&arrays[turn].blocks[i], &layout->pieces[i]);
		pointers_free(arrays[turn].pages, pages_each);
		arrays[turn].pages = NULL;
	}
}

int layout_make(struct pass *pass)
{
	const struct layout *layout = layout_of(pass);
	int error = 0;

	turns = BENCH_TURNS;
	pages_each = 0;
	for (unsigned i = 0; i < LAYOUT_PIECES; i++) {
		pages_each += layout->pieces[i].count << layout->pieces[i].order;
		if (PAGE_SIZE << layout->pieces[i].order > LAYOUT_PIECE_BYTES)
			turns = 1;
	}
	pages_each -= layout->cut;
	pass->bytes = pages_each << PAGE_SHIFT;
	for (unsigned turn = 0; turn < turns && !error; turn++)
		error = make_array(&arrays[turn], layout);
	if (error)
		pass->why = "not enough memory for its page arrays";
	return error;
}

/* An area in which the phase is met, with its upper tables. */
int layout_make_and_place(struct pass *pass)
{
	uint64_t phase = layout_of(pass)->phase, va;
	int error = layout_make(pass);

	if (error)
		return error;
	pass->area =
		__get_vm_area(phase + pass->bytes, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	if (!pass->area)
		return -ENOMEM;
	va = (uint64_t)pass->area->addr + phase;
	return map_populate_upper(va, va + pass->bytes);
}

void layout_free(struct pass *pass)
{
	free_arrays(layout_of(pass));
	free_vm_area(pass->area);
}

int layout_choose(struct pass *pass)
{
	pass->pages = arrays[pass->turn % turns].pages;
	return 0;
}

/* --- whole calls --------------------------------------------------------------------------- */

void layout_vmap(struct pass *pass)
{
	pass->va = vmap(pass->pages, pass->bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
}

void layout_vmap_huge(struct pass *pass)
{
	pass->va = vmap(pass->pages, pass->bytes >> PAGE_SHIFT, VM_MAP | VM_ALLOW_HUGE_VMAP,
			PAGE_KERNEL);
}

void layout_rung_vmap(struct pass *pass)
{
	pass->va = rung_vmap(pass->rung, pass->pages, pass->bytes >> PAGE_SHIFT);
}

int layout_vunmap(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	if (pass->rung)
		rung_vunmap(pass->va);
	else
		vunmap(pass->va);
	pass->va = NULL;
	return 0;
}

/* --- the mapping half ---------------------------------------------------------------------- */

static uint64_t place_of(const struct pass *pass)
{
	return (uint64_t)pass->area->addr + layout_of(pass)->phase;
}

void layout_map(struct pass *pass)
{
	uint64_t va = place_of(pass);

	pass->error = map_pages(va, va + pass->bytes, pass->pages, PAGE_KERNEL, MAP_SHIFT_ANY);
	pass->va = (void *)va;
}

void layout_rung_map(struct pass *pass)
{
	uint64_t va = place_of(pass);

	pass->error =
		pass->rung->map_array(pass->rung, va, va + pass->bytes, pass->pages, PAGE_KERNEL);
	pass->va = (void *)va;
}

int layout_unmap(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->va;

	(pass->rung ? rung_unmap : unmap_range)(va, va + pass->bytes);
	pass->va = NULL;
	return 0;
}

/* --- checks -------------------------------------------------------------------------------- */

/* The finding of docs/rungs.md: the series, and it alone, maps just so many pages wrong. */
static int check_mismapped(struct pass *pass, unsigned long expected)
{
	pass->mismapped = count_mismapped(pass, pass->pages);
	if (pass->mismapped == expected)
		return 0;
	log_printf("%s, %s: %lu pages mapped wrong, expected %lu\n", pass->bench->name,
		   pass->rung->name, pass->mismapped, expected);
	pass->why = "it maps another number of wrong pages than the model";
	return -EFAULT;
}

/* Contiguity that the array has is used, whatever stands before it. */
static int check_grouped(struct pass *pass)
{
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY };
	struct map_census census = { 0 };
	uint64_t va = (uint64_t)pass->va, by_page;

	census_range(va, va + pass->bytes, limits, &census);
	by_page = census_of_kind(&census, LEAF_PAGE);
	if (pass->bytes - by_page >= layout_of(pass)->grouped << PAGE_SHIFT)
		return 0;
	log_printf("%s: %lu bytes by single pages\n", pass->bench->name, by_page);
	pass->why = "it maps by pages where groups fit";
	return -EFAULT;
}

int layout_check(struct pass *pass)
{
	unsigned long expected = layout_of(pass)->mismapped;
	int error;

	if (!pass->va)
		return 0;
	if (pass->rung && pass->rung->patches == SERIES_ALL && expected)
		return check_mismapped(pass, expected);
	error = check_pages(pass, pass->pages);
	return error || pass->rung ? error : check_grouped(pass);
}
