// SPDX-License-Identifier: MIT
/*
 * Requests for the mapping engine (map-random.h).
 */
#include <stdlib.h>

#include "tests/host/map-random.h"

#define CONT_PMD_PAGES (CONT_PMD_SIZE >> PAGE_SHIFT)
#define PUD_PAGES      (PUD_SIZE >> PAGE_SHIFT)

struct page **run_of(uint64_t from, uint64_t n)
{
	struct page **pages = calloc(n, sizeof(*pages));

	for (uint64_t i = 0; i < n; i++)
		pages[i] = frame(from + i);
	return pages;
}

struct request pages_request(uint64_t first, uint64_t n, struct page **pages)
{
	return (struct request){ .kind = BY_PAGES,
				 .first = first,
				 .n = n,
				 .pages = pages,
				 .prot = PAGE_KERNEL,
				 .max_shift = MAP_SHIFT_ANY };
}

struct request range_request(uint64_t first, uint64_t n, uint64_t pa)
{
	return (struct request){ .kind = BY_RANGE,
				 .first = first,
				 .n = n,
				 .pa = pa,
				 .prot = PROT_DEVICE_nGnRE,
				 .max_shift = MAP_SHIFT_ANY };
}

/* --- numbers ------------------------------------------------------------------------------ */

/* @n give or take @slack. */
static uint64_t around(uint64_t n, uint64_t slack)
{
	uint64_t at = n + pick(2 * slack + 1);

	return at > slack ? at - slack : 1;
}

/* What phases and sizes are about. */
static uint64_t pick_unit(void)
{
	const uint64_t units[] = { 1, 1, CONT_PTES, CONT_PTES, PTRS_PER_TABLE, CONT_PMD_PAGES };

	return units[pick(ARRAY_SIZE(units))];
}

static uint64_t pick_length(uint64_t most)
{
	uint64_t n;

	switch (pick(8)) {
	case 0:
		n = 1 + pick(4);
		break;
	case 1:
		n = around(CONT_PTES, 2);
		break;
	case 2:
		n = 1 + pick(3 * CONT_PTES);
		break;
	case 3:
		n = around(PTRS_PER_TABLE, 2);
		break;
	case 4:
		n = 1 + pick(2 * PTRS_PER_TABLE);
		break;
	case 5:
		n = PTRS_PER_TABLE * (1 + pick(4));
		break;
	case 6:
		n = CONT_PTES * (1 + pick(20));
		break;
	default:
		n = pick(8) ? 1 + pick(PTRS_PER_TABLE) : around(CONT_PMD_PAGES, PTRS_PER_TABLE);
		if (HAVE_PUD_BLOCK && !pick(64))
			n = around(PUD_PAGES, 1);
	}
	return MIN(n, most);
}

/* Where @n pages may begin: at a boundary or a little off, often around the middle. */
static uint64_t pick_place(const struct region *region, uint64_t n)
{
	uint64_t unit = pick_unit(), page = pick(region->n - n + 1);

	if (!pick(4))
		page = region->n / 2 - MIN(region->n / 2, page % (n + 1));
	page = ALIGN_DOWN(region->first + page, unit) + (pick(3) ? 0 : pick(CONT_PTES));
	return MIN(MAX(page, region->first), region->first + region->n - n);
}

struct page *pick_frame(uint64_t page, uint64_t n)
{
	uint64_t first = FRAMES_START >> PAGE_SHIFT, frame = pick(FRAMES_PAGES - n + 1);
	uint64_t unit = pick_unit();

	frame = ALIGN_DOWN(frame, unit) + page % unit;
	return pfn_to_page(first + MIN(frame, FRAMES_PAGES - n));
}

/* --- arrays ------------------------------------------------------------------------------- */

enum style { ONE_RUN, SCATTERED, GROUPS, TABLES, SHORT_RUNS, DESCENDING, NR_STYLES };

static uint64_t run_length(enum style style)
{
	switch (style) {
	case SCATTERED:
		return 1;
	case GROUPS:
		return around(CONT_PTES * (1 + pick(3)), 1);
	case TABLES:
		return around(PTRS_PER_TABLE, 1);
	case SHORT_RUNS:
		return 1 + pick(40);
	default:
		return UINT64_MAX;
	}
}

/* A flaw or two: entries that trade places, or repeat, or come from elsewhere. */
static void spoil(struct page **pages, uint64_t n)
{
	uint64_t a = pick(n), b = pick(2) ? pick(n) : MIN(a + 1, n - 1);
	struct page *swap = pages[a];

	switch (pick(6)) {
	case 0:
		pages[a] = pages[b];
		pages[b] = swap;
		break;
	case 1:
		pages[a] = pages[b];
		break;
	case 2:
		pages[a] = phys_to_page(OTHER_START) + pick(MAX_ORDER_PAGES);
		break;
	case 3:
		pages[a] = pick_frame(b, 1);
		break;
	default:
		break;
	}
}

static struct page **pick_pages(uint64_t first, uint64_t n)
{
	struct page **pages = calloc(n, sizeof(*pages)), *start;
	enum style style = pick(NR_STYLES);

	for (uint64_t i = 0, run; i < n; i += run) {
		run = run_length(style);
		run = MIN(run, n - i);
		start = pick_frame(first + i, run);
		for (uint64_t k = 0; k < run; k++)
			pages[i + k] = style == DESCENDING ? start + (run - 1 - k) : start + k;
	}
	spoil(pages, n);
	return pages;
}

/* Blocks are naturally aligned; runs of neighbours among them. */
static struct page **pick_blocks(uint64_t first, uint64_t n, unsigned order)
{
	uint64_t size = 1UL << order, nr = DIV_ROUND_UP(n, size);
	struct page **blocks = calloc(nr, sizeof(*blocks));
	uint64_t neighbours = pick(2) ? 1 + pick(5) : pick(2) ? nr : 1;

	for (uint64_t b = 0; b < nr; b++) {
		struct page *start = pick_frame(first + b * size, nr * size);

		blocks[b] = b % neighbours ? blocks[b - 1] + size
					   : pfn_to_page(ALIGN_DOWN(page_to_pfn(start), size));
	}
	return blocks;
}

static unsigned pick_order(void)
{
	const unsigned orders[] = {
		0,	     1,	       CONT_PTES_SHIFT - 1, CONT_PTES_SHIFT, CONT_PTES_SHIFT + 1,
		TABLE_SHIFT, MAX_ORDER
	};

	return pick(4) ? orders[pick(ARRAY_SIZE(orders))] : pick(MAX_ORDER + 1);
}

/* --- calls -------------------------------------------------------------------------------- */

static uint64_t pick_range(uint64_t first, uint64_t n)
{
	uint64_t last = PHYS_END - (n << PAGE_SHIFT);

	switch (pick(4)) {
	case 0:
		return last;
	case 1: /* anywhere, in phase with the VA */
		return ALIGN_DOWN(pick(last - PUD_SIZE), PUD_SIZE) + window_va(first) % PUD_SIZE;
	default:
		return page_to_phys(pick_frame(first, n));
	}
}

static unsigned pick_max_shift(void)
{
	const unsigned shifts[] = { PAGE_SHIFT, CONT_PTE_SHIFT - 1, CONT_PTE_SHIFT, PMD_SHIFT - 1,
				    PMD_SHIFT,	CONT_PMD_SHIFT - 1, PUD_SHIFT - 1,  PUD_SHIFT };

	return pick(2) ? MAP_SHIFT_ANY : shifts[pick(ARRAY_SIZE(shifts))];
}

bool pick_request(struct request *r, const struct region *region, uint64_t most)
{
	uint64_t n = pick_length(MIN(most, region->n)), free_pages = 0;

	*r = (struct request){ .first = pick_place(region, n),
			       .prot = protections[pick(ARRAY_SIZE(protections))],
			       .max_shift = pick_max_shift() };
	while (free_pages < n && !expected[r->first + free_pages].shift)
		free_pages++;
	r->n = free_pages;
	if (!free_pages)
		return false;
	r->kind = pick(3);
	if (r->kind == BY_RANGE) {
		r->pa = pick_range(r->first, r->n);
	} else if (r->kind == BY_PAGES) {
		r->pages = pick_pages(r->first, r->n);
	} else {
		r->order = pick_order();
		r->pages = pick_blocks(r->first, r->n, r->order);
	}
	return true;
}

static uint64_t leaf_pages(uint64_t page)
{
	return 1UL << (expected[page].shift - PAGE_SHIFT);
}

bool pick_mapped(const struct region *region, uint64_t *first, uint64_t *n)
{
	uint64_t end = region->first + region->n, page = region->first + pick(region->n), left;
	uint32_t call;

	for (uint64_t i = 0; !expected[page].shift; i++) {
		if (i == region->n)
			return false;
		page = page + 1 < end ? page + 1 : region->first;
	}
	page = ALIGN_DOWN(page, leaf_pages(page));
	call = pick(2) ? expected[page].call : 0;
	while (call && page > region->first && expected[page - 1].call == call)
		page--;
	/* All that is left of that call, or so many leaves of whatever lies there. */
	left = call ? UINT64_MAX : 1 + pick(pick(2) ? 8 : 3 * PTRS_PER_TABLE);
	*first = page;
	while (left-- && page < end && expected[page].shift &&
	       (!call || expected[page].call == call))
		page += leaf_pages(page);
	*n = page - *first;
	return true;
}
