// SPDX-License-Identifier: MIT
/*
 * Making page arrays with the physical layout that a bench's name promises.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "bench/rows/arrays.h"
#include "lib/cmdline/options.h"
#include "mm/phys/buddy.h"

/* Enough largest blocks to find four contiguous stretches in 4 GiB of them. */
#define CANDIDATES_MAX 1024

struct array {
	struct page **pages, **blocks;
	unsigned alloc_order; /* pages[] is made of blocks of this order */
};

static struct array arrays[BENCH_TURNS];
static unsigned long pages_each;
static unsigned block_order;

struct page **array_pages(unsigned turn)
{
	return arrays[turn].pages;
}

struct page **array_blocks(unsigned turn)
{
	return arrays[turn].blocks;
}

struct page **pointers_alloc(unsigned long count)
{
	struct page *page =
		alloc_pages(GFP_KERNEL | __GFP_ZERO, get_order(count * sizeof(struct page *)));

	return page ? page_address(page) : NULL;
}

void pointers_free(struct page **pointers, unsigned long count)
{
	if (pointers)
		__free_pages(virt_to_page(pointers), get_order(count * sizeof(*pointers)));
}

static int by_address(const void *a, const void *b)
{
	const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;

	return (x > y) - (x < y);
}

/* Up to @count blocks of @order, ascending. Returns how many there were. */
static unsigned long take_blocks(struct page **blocks, unsigned long count, unsigned order)
{
	unsigned long n = 0;

	while (n < count && (blocks[n] = alloc_pages(GFP_KERNEL, order)))
		n++;
	qsort(blocks, n, sizeof(*blocks), by_address);
	return n;
}

static void give_blocks(struct page **blocks, unsigned long count, unsigned order)
{
	for (unsigned long i = 0; i < count; i++)
		__free_pages(blocks[i], order);
}

/* @pages, one by one, from blocks of @order that start at each of @blocks. */
static void fill_pages(struct page **pages, unsigned long count, struct page *const *blocks,
		       unsigned order)
{
	for (unsigned long i = 0; i < count; i++)
		pages[i] = blocks[i >> order] + (i & ((1UL << order) - 1));
}

/* Of twice as many blocks, in order, every second: the one between is not ours. */
static int make_apart(struct array *array)
{
	unsigned long n = pages_each >> block_order, got;
	struct page **twice = pointers_alloc(2 * n);

	array->blocks = pointers_alloc(n);
	if (!twice || !array->blocks) {
		pointers_free(twice, 2 * n);
		return -ENOMEM;
	}
	array->alloc_order = block_order;
	got = take_blocks(twice, 2 * n, block_order);
	if (got == 2 * n) {
		for (unsigned long i = 0; i < n; i++) {
			array->blocks[i] = twice[2 * i];
			__free_pages(twice[2 * i + 1], block_order);
		}
		fill_pages(array->pages, pages_each, array->blocks, block_order);
	} else {
		give_blocks(twice, got, block_order);
	}
	pointers_free(twice, 2 * n);
	return got == 2 * n ? 0 : -ENOMEM;
}

/* The first of @need neighbours among @n ascending blocks, from @from on; @n: there are none. */
static unsigned long find_run(struct page *const *blocks, unsigned long from, unsigned long n,
			      unsigned long need, unsigned order)
{
	unsigned long run = 0;

	for (unsigned long i = from; i < n; i++) {
		bool follows = run && blocks[i] == blocks[i - 1] + (1UL << order);

		run = follows ? run + 1 : 1;
		if (run == need)
			return i + 1 - need;
	}
	return n;
}

/* One stretch for each array, of the largest blocks that are not larger than it. */
static int make_adjacent(struct page **candidates)
{
	unsigned order = MIN(MAX_ORDER, ilog2(pages_each));
	unsigned long need = DIV_ROUND_UP(pages_each, 1UL << order), from = 0, given = 0;
	unsigned long n = take_blocks(candidates, CANDIDATES_MAX, order);
	unsigned turn;

	for (turn = 0; turn < BENCH_TURNS; turn++) {
		unsigned long at = find_run(candidates, from, n, need, order);

		if (at == n)
			break;
		give_blocks(candidates + given, at - given, order);
		fill_pages(arrays[turn].pages, pages_each, candidates + at, order);
		arrays[turn].alloc_order = order;
		from = given = at + need;
	}
	give_blocks(candidates + given, n - given, order);
	return turn == BENCH_TURNS ? 0 : -ENOMEM;
}

static int make_scattered(struct array *array, unsigned turn)
{
	struct page **pages = array->pages;
	uint64_t state = options.seed + turn;

	if (alloc_pages_bulk(GFP_KERNEL, pages_each, pages) < pages_each)
		return -ENOMEM;
	for (unsigned long i = pages_each - 1; i; i--) {
		unsigned long j = next_random(&state) % (i + 1);
		struct page *page = pages[i];

		pages[i] = pages[j];
		pages[j] = page;
	}
	return 0;
}

static void tag_pages(struct page *const *pages)
{
	for (unsigned long i = 0; i < pages_each; i++)
		*(uint64_t *)page_address(pages[i]) = page_to_pfn(pages[i]);
}

static int make_all(enum array_kind kind)
{
	int error = 0;

	for (unsigned turn = 0; turn < BENCH_TURNS; turn++) {
		arrays[turn].pages = pointers_alloc(pages_each);
		if (!arrays[turn].pages)
			return -ENOMEM;
	}
	if (kind == ARRAY_ADJACENT) {
		struct page **candidates = pointers_alloc(CANDIDATES_MAX);

		error = candidates ? make_adjacent(candidates) : -ENOMEM;
		pointers_free(candidates, CANDIDATES_MAX);
	}
	for (unsigned turn = 0; turn < BENCH_TURNS && !error; turn++) {
		if (kind == ARRAY_APART)
			error = make_apart(&arrays[turn]);
		else if (kind == ARRAY_SCATTERED)
			error = make_scattered(&arrays[turn], turn);
		if (!error)
			tag_pages(arrays[turn].pages);
	}
	return error;
}

int arrays_make(struct pass *pass)
{
	int error;

	block_order = pass->bench->order;
	pages_each = pass->bench->bytes >> PAGE_SHIFT;
	if (!pages_each || pages_each % (1UL << block_order)) {
		pass->why = pages_each ? "blocks of that order do not fill the size at this granule"
				       : "less than a page of this granule";
		return -EINVAL;
	}
	error = make_all(pass->bench->kind);
	if (error) {
		pass->why = "not enough memory for its page arrays";
		arrays_free();
	}
	return error;
}

void arrays_free(void)
{
	for (unsigned turn = 0; turn < BENCH_TURNS; turn++) {
		struct array *array = &arrays[turn];
		unsigned order = array->alloc_order;

		for (unsigned long i = 0; array->pages && i < pages_each; i += 1UL << order)
			__free_pages(array->pages[i], order);
		pointers_free(array->pages, pages_each);
		pointers_free(array->blocks, pages_each >> block_order);
		memset(array, 0, sizeof(*array));
	}
}
