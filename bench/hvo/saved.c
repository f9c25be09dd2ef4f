// SPDX-License-Identifier: MIT
/*
 * What shared tails save: memory in huge pages down the side, in each layout. Each cell is
 * arithmetic (layout.c); where this machine has the room, the same memory's struct pages are
 * really populated, once, and the vmemmap's counts have to agree.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/hvo/family.h"
#include "bench/hvo/phantom.h"
#include "bench/report/text.h"
#include "lib/log.h"
#include "mm/pages/audit.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"

static const uint64_t sizes[] = { 128 * MiB, 1 * GiB, 16 * GiB, 64 * GiB, 256 * GiB, 1024 * GiB };
#define NR_SAVED (NR_HUGE_SHIFTS * ARRAY_SIZE(sizes))

/* Layouts that were populated, and not only computed: of each point, of each size of memory. */
static bool unified_was[NR_SAVED], plain_was[ARRAY_SIZE(sizes)];

static struct vmemmap_counts start; /* before what is looked at was populated */

static unsigned order_of(unsigned point)
{
	return huge_shifts[point / ARRAY_SIZE(sizes)] - PAGE_SHIFT;
}

/* --- populating --------------------------------------------------------------------------- */

static void populate_body(struct pass *pass)
{
	pass->error = phantom_populate(pass->bytes);
}

/* Upper tables stay: what the counts gain from here on is the layout's. */
static void depopulate_body(struct pass *pass)
{
	phantom_depopulate(pass->bytes);
	start = vmemmap_counts;
}

static bool counts_are(const struct layout_cost *cost)
{
	return vmemmap_counts.own - start.own == cost->own &&
	       vmemmap_counts.shared - start.shared == cost->shared &&
	       vmemmap_counts.tables - start.tables == cost->tables;
}

static void complain(const char *line)
{
	log_printf("vmemmap: %s\n", line);
}

/* Its struct pages, shared: the record of the point. */
static void populate_unified(struct pass *pass, struct result *r)
{
	unsigned point = r->bench->point, order = order_of(point);
	struct layout_cost cost = phantom_cost(LAYOUT_UNIFIED, pass->bytes, order);

	if (phantom_add(pass, pass->bytes, order)) {
		r->skipped = pass->why ?: "the sections were refused";
		return;
	}
	bench_measure_once(populate_body, depopulate_body, pass, r);
	if (pass->error)
		r->failed = "vmemmap_populate() failed";
	else if (!counts_are(&cost))
		r->failed = "the vmemmap takes other memory than its layout says";
	unified_was[point] = !r->failed;
	r->structs = (struct vmemmap_use){
		.known = true,
		.own_bytes = (vmemmap_counts.own - start.own) << PAGE_SHIFT,
		.shared_bytes = (vmemmap_counts.shared - start.shared) << PAGE_SHIFT,
		.table_bytes = (vmemmap_counts.tables - start.tables) << PAGE_SHIFT,
	};
	if (!pass->error)
		phantom_depopulate(pass->bytes);
	phantom_remove();
}

/* The same memory without an order, if there is room for that; once, whatever the huge pages. */
static void populate_plain(struct pass *pass, struct result *r)
{
	struct layout_cost cost = phantom_cost(LAYOUT_PLAIN, pass->bytes, 0);
	bool *was = &plain_was[r->bench->point % ARRAY_SIZE(sizes)];

	if (*was || r->failed || r->skipped || phantom_add(pass, pass->bytes, 0))
		return;
	start = vmemmap_counts;
	populate_body(pass);
	*was = !pass->error;
	if (!pass->error && !counts_are(&cost))
		r->failed = "the vmemmap without sharing takes other memory than it should";
	if (!pass->error)
		phantom_depopulate(pass->bytes);
	phantom_remove();
}

/* A long run is not silent: a runner would take it for a hang. */
static void say_done(const struct result *r)
{
	char text[TEXT_MAX];

	if (!r->failed && !r->skipped)
		log_printf("  %s: %s instructions\n", r->name, hvo_cell(text, r));
}

/* What is there before and after, boot's, is as the counts have it, too. */
static void run(struct result *results, unsigned count)
{
	uint64_t wrong = vmemmap_audit(complain);

	for (struct result *r = results; r < results + count; r++) {
		struct pass pass = { .bench = r->bench, .bytes = r->bench->bytes };

		populate_unified(&pass, r);
		populate_plain(&pass, r);
		say_done(r);
	}
	if (wrong || vmemmap_audit(complain))
		results->failed = "the vmemmap is not as it is counted, or was not";
}

static bool make(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	unsigned shift = huge_shifts[i / ARRAY_SIZE(sizes)];
	char a[SIZE_TEXT_MAX], b[SIZE_TEXT_MAX];

	bench->bytes = sizes[i % ARRAY_SIZE(sizes)];
	if (!shift || bench->bytes % MAX(1UL << shift, SECTION_SIZE))
		return false;
	snprintf(name, BENCH_NAME_MAX, "hvo-saved/%s/%s", text_size(a, 1UL << shift),
		 text_size(b, bench->bytes));
	bench->order = shift - PAGE_SHIFT;
	return true;
}

/* --- the table ---------------------------------------------------------------------------- */

/* Pages in KiB, with a star if that was measured. */
static const char *kib(char text[TEXT_MAX], uint64_t pages, bool measured)
{
	char number[TEXT_MAX];

	snprintf(text, TEXT_MAX, "%s%s", text_number(number, pages * PAGE_SIZE >> 10),
		 measured ? "*" : " ");
	return text;
}

static void line(const struct bench *bench)
{
	struct layout_cost c[NR_LAYOUTS];
	char cells[8][TEXT_MAX], size[SIZE_TEXT_MAX];
	bool unified = unified_was[bench->point];
	bool plain = plain_was[bench->point % ARRAY_SIZE(sizes)];
	const struct layout_cost *shared = &c[LAYOUT_UNIFIED];
	uint64_t before, saved;

	for (unsigned i = 0; i < NR_LAYOUTS; i++)
		c[i] = phantom_cost(i, bench->bytes, bench->order);
	before = layout_bytes(&c[LAYOUT_PLAIN]);
	saved = before - layout_bytes(shared);
	log_printf("  %-5s %12s %11s %11s %11s %9s %9s %12s %7s\n", text_size(size, bench->bytes),
		   kib(cells[0], c[LAYOUT_PLAIN].own, plain),
		   kib(cells[1], c[LAYOUT_HUGETLB].own, false),
		   kib(cells[2], c[LAYOUT_DAX].own, false),
		   kib(cells[3], shared->own + shared->tail_pages, unified),
		   kib(cells[4], c[LAYOUT_DAX].tables, false),
		   kib(cells[5], shared->tables + shared->tail_tables, unified),
		   kib(cells[6], saved >> PAGE_SHIFT, plain && unified),
		   text_quotient(cells[7], 100 * saved, before));
}

static void head(void)
{
	log_printf("\nWHAT SHARED TAILS SAVE: struct pages of memory in huge pages, in KiB\n");
	text_rule('=');
	log_printf("  %-5s %12s %11s %11s %11s %19s %12s %7s\n", "", "", "HugeTLB ", "DAX ", "",
		   "tables: ", "", "");
	log_printf("  %-5s %12s %11s %11s %11s %9s %9s %12s %7s\n", "", "plain ", "2021 ", "2021 ",
		   "unified ", "2021 ", "unified ", "saved ", "%");
}

static void foot(void)
{
	text_rule('=');
	log_printf(
		"*: populated by this machine just now, and its counts say the same; the others "
		"are computed.\n"
		"HugeTLB of 2021 keeps the head's page of each huge page, DAX of 2021 one more; "
		"unified: the\nhead's, and one page for the tails of all. tables: leaf tables of "
		"the vmemmap; saved counts them.\n");
	log_printf("This boot's vmemmap: %lu KiB of its own, %lu leaves that share; an audit finds "
		   "just that.\n",
		   vmemmap_counts.own * PAGE_SIZE >> 10, vmemmap_counts.shared);
}

static void report(const struct results *results)
{
	const struct bench *last = NULL;
	char text[SIZE_TEXT_MAX];

	for (const struct result *r = results->results; r < results->results + results->count;
	     r++) {
		if (r->bench->points == NULL || r->bench->points->report != report)
			continue;
		if (!last)
			head();
		if (!last || last->order != r->bench->order) {
			text_rule('-');
			log_printf("huge pages of %s\n",
				   text_size(text, PAGE_SIZE << r->bench->order));
		}
		last = r->bench;
		line(last);
	}
	if (last)
		foot();
}

static const struct bench_points points = {
	.count = NR_SAVED,
	.make = make,
	.run = run,
	.report = report,
};

BENCH(hvo_saved, .name = "hvo-saved", .rungs = RUNGS_TLBED, .only_named = true, .points = &points);
