// SPDX-License-Identifier: MIT
/*
 * Looking at every tail of a huge page, shared and private: one load each, and compound_head().
 * The instructions are the same; what differs is how much memory the loads touch.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/hvo/family.h"
#include "bench/hvo/phantom.h"
#include "bench/hvo/use.h"
#include "bench/report/text.h"
#include "lib/log.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"

#define LINE 64

static bool is_shared(const struct bench *bench)
{
	return bench->kind & 1;
}

/* Sections are whole. */
static uint64_t stretch(const struct bench *bench)
{
	return MAX(bench->bytes, SECTION_SIZE);
}

static bool populated;

static int prepare(struct pass *pass)
{
	const struct bench *bench = pass->bench;
	unsigned order = bench->order;
	int error = phantom_add(pass, stretch(bench), is_shared(bench) ? order : 0);

	if (error)
		return error;
	error = phantom_populate(stretch(bench));
	populated = !error;
	if (!error && !is_shared(bench))
		phantom_make_compound(bench->bytes, order);
	return error;
}

static void finish(struct pass *pass)
{
	if (populated)
		phantom_depopulate(stretch(pass->bench));
	populated = false;
	phantom_remove();
}

static void body(struct pass *pass)
{
	const struct page *page = pfn_to_page(PHANTOM_PFN),
			  *end = page + (1UL << pass->bench->order);
	uint64_t sum = 0;

	for (; page < end; page++)
		sum += (uint64_t)compound_head(page);
	pass->pa = sum;
}

/* The sum says that each was its tail; the walk says what memory that was. */
static int check(struct pass *pass)
{
	unsigned order = pass->bench->order;
	uint64_t head = (uint64_t)pfn_to_page(PHANTOM_PFN);
	const struct page *tail =
		is_shared(pass->bench) ? vmemmap_find_shared_tail(ZONE_DEVICE, order) : NULL;

	pass->why = "a tail has another head";
	if (pass->pa != head << order)
		return -EFAULT;
	pass->why = "a leaf of the vmemmap is wrong";
	if (!vmemmap_use(PHANTOM_PFN, 1UL << order, tail, &pass->structs))
		return -EFAULT;
	pass->why = "tails are shared, or not, where they should not";
	if (!pass->structs.shared_bytes == is_shared(pass->bench))
		return -EFAULT;
	pass->why = NULL;
	return 0;
}

static bool make(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	unsigned shift = huge_shifts[i / 2];
	char text[SIZE_TEXT_MAX];

	if (!shift)
		return false;
	snprintf(name, BENCH_NAME_MAX, "hvo-walk/%s/%s", text_size(text, 1UL << shift),
		 i & 1 ? "shared" : "private");
	bench->bytes = 1UL << shift;
	bench->order = shift - PAGE_SHIFT;
	bench->prepare = prepare;
	bench->finish = finish;
	bench->body = body;
	bench->check = check;
	return true;
}

/* --- the table ---------------------------------------------------------------------------- */

/* Memory that the loads touch: a shared page once, however many leaves map it. */
static uint64_t distinct_bytes(const struct vmemmap_use *use)
{
	return use->own_bytes + (use->shared_bytes ? PAGE_SIZE : 0);
}

static void line(const struct result *r)
{
	char cells[4][TEXT_MAX];
	uint64_t bytes = distinct_bytes(&r->structs);

	log_printf("  %-24s %14s %14s %16s %14s\n", r->bench->name, hvo_cell(cells[0], r),
		   text_number(cells[1], r->pages),
		   r->structs.known ? text_number(cells[2], bytes) : "-",
		   r->structs.known ? text_number(cells[3], bytes / LINE) : "-");
}

static void report(const struct results *results)
{
	bool headed = false;

	for (unsigned i = 0; i < 2 * NR_HUGE_SHIFTS; i++) {
		const struct result *r = hvo_find(results, body, i);

		if (!r)
			continue;
		if (!headed) {
			log_printf("\nLOOKING AT EVERY STRUCT PAGE of one huge page: "
				   "compound_head() of each\n");
			text_rule('=');
			log_printf("  %-24s %14s %14s %16s %14s\n", "", "instructions", "loads",
				   "bytes touched", "lines of 64");
		}
		headed = true;
		line(r);
	}
	if (!headed)
		return;
	text_rule('=');
	log_printf(
		"An emulator has no cache: the loads are as many, and only the bytes behind them "
		"differ. What that\nis worth on silicon events= counts (l1d_cache_refill, "
		"l1d_tlb_refill; docs/measuring.md).\n");
}

const struct hvo_family hvo_walk = { 2 * NR_HUGE_SHIFTS, make, report };
