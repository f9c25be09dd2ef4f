// SPDX-License-Identifier: MIT
/*
 * From the registry to a run: every bench on every rung it has, by name and in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/records.h"
#include "bench/report/reference.h"
#include "bench/selfcheck.h"
#include "lib/cmdline/glob.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "lib/panic.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"

#define RECORDS_MAX 256
#define NAME_MAX    56
#define LIVE_AREAS  100
#define LIVE_PAGES  300

static struct result records[RECORDS_MAX];
static char names[RECORDS_MAX][NAME_MAX];
static unsigned nr_records;
static bool indexed; /* records[] are all there is, and untouched: selecting uses them up */
static struct page *live_page;

static const struct rung *const rungs[RUNG_COUNT] = {
	[RUNG_PAGES] = &rung_pages,
	[RUNG_LINUX] = &rung_linux,
	[RUNG_SERIES] = &rung_series,
};

/* Equal rank only without a reference: by name then, so that link order never shows. */
static int by_order(const void *a, const void *b)
{
	const struct result *x = a, *y = b;
	unsigned rank_x = reference_rank(x->bench->name), rank_y = reference_rank(y->bench->name);

	if (rank_x != rank_y)
		return rank_x < rank_y ? -1 : 1;
	return strcmp(x->bench->name, y->bench->name) ?: (int)x->rung - (int)y->rung;
}

static void index_benches(void)
{
	const struct bench *bench;

	if (indexed)
		return;
	indexed = true;
	nr_records = 0;
	memset(records, 0, sizeof(records));
	for_each_registered (bench, benches)
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (bench->rungs & 1u << rung) {
				panic_unless(nr_records < RECORDS_MAX, "index_benches: too many");
				records[nr_records].bench = bench;
				records[nr_records++].rung = rung;
			}
	qsort(records, nr_records, sizeof(*records), by_order);
	for (unsigned i = 0; i < nr_records; i++) {
		snprintf(names[i], NAME_MAX, "%s/%s", records[i].bench->name,
			 rung_names[records[i].rung]);
		records[i].name = names[i];
	}
}

const char *bench_name_at(void *context, size_t index)
{
	(void)context;
	index_benches();
	return index < nr_records ? names[index] : NULL;
}

const struct result *find_result(const struct results *results, const char *bench,
				 enum bench_rung rung)
{
	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->rung == rung && !strcmp(r->bench->name, bench))
			return r->failed || r->skipped ? NULL : r;
	}
	return NULL;
}

static bool is_selected(const struct result *record, bool named)
{
	if (glob_list_match(options.skip, record->name))
		return false;
	if (options.bench[0])
		return glob_list_match(options.bench, record->name);
	return !record->bench->only_named || named;
}

/* Leaves only what is to run, in place; with @named also what runs only when it is named. */
static void select_records(bool named)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nr_records; i++)
		if (is_selected(&records[i], named))
			records[n++] = records[i];
	nr_records = n;
	indexed = false; /* the next index is of all again */
}

void bench_list(void)
{
	index_benches();
	select_records(true);
	for (unsigned i = 0; i < nr_records; i++)
		log_printf("%s\n", records[i].name);
}

static bool wants_tables(void)
{
	return options.format == FORMAT_TABLE || options.format == FORMAT_ALL;
}

/*
 * A lived-in region: areas of 1 to 300 pages without holes, so that a tree has to be
 * searched, and mapped (one page over and over), so that leaf tables have neighbours in
 * them as they would.
 */
static bool make_live_areas(struct vm_struct **areas)
{
	static struct page *pages[LIVE_PAGES];
	uint64_t state = options.seed * 2 + 1;
	uint64_t va;

	live_page = alloc_pages(GFP_KERNEL, 0);
	for (unsigned i = 0; i < LIVE_PAGES; i++)
		pages[i] = live_page;
	for (unsigned i = 0; live_page && i < LIVE_AREAS; i++) {
		/* Knuth's MMIX generator; its high bits are the good ones. */
		state = state * 6364136223846793005UL + 1442695040888963407UL;
		areas[i] = get_vm_area((1 + (state >> 33) % LIVE_PAGES) << PAGE_SHIFT, VM_MAP);
		if (!areas[i])
			return false;
		va = (uint64_t)areas[i]->addr;
		if (map_pages(va, va + get_vm_area_size(areas[i]), pages, PAGE_KERNEL,
			      PAGE_SHIFT)) {
			free_vm_area(areas[i]);
			areas[i] = NULL;
			return false;
		}
	}
	return live_page;
}

static void free_live_areas(struct vm_struct **areas)
{
	for (unsigned i = 0; i < LIVE_AREAS && areas[i]; i++) {
		uint64_t va = (uint64_t)areas[i]->addr;

		unmap_range(va, va + get_vm_area_size(areas[i]));
		free_vm_area(areas[i]);
	}
	__free_pages(live_page, 0);
}

/* All selected rungs of the bench of records[first]. Returns how many records that were. */
static unsigned run_bench(unsigned first)
{
	const struct bench *bench = records[first].bench;
	struct pass pass = { .bench = bench, .bytes = ALIGN_UP(bench->bytes, PAGE_SIZE) };
	int error = bench->prepare ? bench->prepare(&pass) : 0;
	unsigned i;

	for (i = first; i < nr_records && records[i].bench == bench; i++) {
		pass.rung = rungs[records[i].rung];
		if (error)
			records[i].skipped = pass.why ? pass.why : "not enough memory";
		else
			bench_measure(&pass, &records[i]);
		if (records[i].failed)
			log_printf("FAILED  %s: %s\n", records[i].name, records[i].failed);
		else if (!error && wants_tables())
			report_row(&records[i]);
	}
	if (error)
		log_printf("skipped %s: %s\n", bench->name, records[first].skipped);
	if (bench->finish)
		bench->finish(&pass);
	return i - first;
}

static bool measured_nothing(void)
{
	for (unsigned i = 0; i < nr_records; i++)
		if (!records[i].failed && !records[i].skipped)
			return false;
	return true;
}

/* What is left to say after the last row. */
static void report(void)
{
	struct results results = { .results = records, .count = nr_records };

	if (wants_tables())
		report_end(&results);
	if (measured_nothing())
		log_printf("nothing measured\n");
	if (options.format == FORMAT_JSON || options.format == FORMAT_ALL)
		report_json(&results);
}

int bench_run(void)
{
	struct vm_struct *live[LIVE_AREAS] = { NULL };
	int failures = 0;

	index_benches();
	select_records(false);
	bench_selfcheck();
	bench_measure_overhead();
	if (counters.disagree) {
		log_printf("FAILED  counters: %s\n", counters.no_instructions);
		failures++;
	}
	if (wants_tables())
		report_begin();
	if (make_live_areas(live)) {
		for (unsigned i = 0; i < nr_records;)
			i += run_bench(i);
	} else {
		log_printf("FAILED  benches: not enough memory for the live areas\n");
		failures++;
		nr_records = 0;
	}
	free_live_areas(live);
	for (unsigned i = 0; i < nr_records; i++)
		failures += records[i].failed != NULL;
	report();
	for (unsigned i = 0; i < nr_records; i++)
		bench_forget(&records[i]);
	return failures;
}
