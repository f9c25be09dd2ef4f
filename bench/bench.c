// SPDX-License-Identifier: MIT
/*
 * A run: the selected rows, on each CPU that measures.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/cpus.h"
#include "bench/index.h"
#include "bench/pmu/events.h"
#include "bench/records.h"
#include "bench/report/judge.h"
#include "bench/silicon/runs.h"
#include "drivers/pmu/clock.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "mm/areas/view/vmallocinfo.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"

#define RECORDS_MAX 2048
#define NAME_MAX    64
#define LIVE_AREAS  100
#define LIVE_PAGES  300

static struct result records[RECORDS_MAX];
static char names[RECORDS_MAX][NAME_MAX];
static struct bench_cpu measured[BENCH_CPUS_MAX];
static unsigned nr_records, nr_measured;
static struct page *live_page;

/* The rung of a record; NULL: our own engine. The series' lasts until the next call. */
static const struct rung *rung_of(const struct result *r)
{
	static struct rung series;

	if (r->rung == RUNG_PAGES)
		return &rung_pages;
	if (r->rung == RUNG_LINUX)
		return &rung_linux;
	if (r->rung != RUNG_SERIES)
		return NULL;
	series = rung_series;
	series.patches = r->patches;
	return &series;
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

const struct result *find_step(const struct results *results, const char *ladder, unsigned patches)
{
	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->bench->ladder && r->patches == patches && !strcmp(r->bench->name, ladder))
			return r->failed || r->skipped ? NULL : r;
	}
	return NULL;
}

/* What is forced is no figure: not for people. */
static bool wants_tables(void)
{
	return !counters.forced && (options.format == FORMAT_TABLE || options.format == FORMAT_ALL);
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
	live_page = NULL;
}

/* Makes them or frees them, as @bench wants it; @areas: at first all NULL. */
static bool suit_live_areas(struct vm_struct **areas, const struct bench *bench)
{
	bool there = areas[0], wanted = !bench->alone;

	if (wanted == there)
		return true;
	if (wanted)
		return make_live_areas(areas);
	free_live_areas(areas);
	memset(areas, 0, LIVE_AREAS * sizeof(*areas));
	return true;
}

/* Those from results[first] on that are points of one bench. */
static unsigned count_points(const struct results *results, unsigned first)
{
	const struct bench *of = results->results[first].bench->of;
	unsigned end = first;

	while (of && end < results->count && results->results[end].bench->of == of)
		end++;
	return end - first;
}

/* They print figures by themselves. */
static void skip_forced(struct result *r, unsigned count)
{
	while (count--)
		r++->skipped = "force=silicon shows no figures";
}

/* Points that do without the measuring loop, all at once. Returns how many there are. */
static unsigned run_points(struct results *results, unsigned first)
{
	struct result *r = &results->results[first];
	unsigned count = count_points(results, first);

	if (counters.forced)
		skip_forced(r, count);
	else
		r->bench->points->run(r, count);
	for (unsigned i = 0; i < count; i++)
		if (r[i].failed)
			log_printf("FAILED  %s: %s\n", r[i].name, r[i].failed);
		else if (r[i].skipped)
			log_printf("skipped %s: %s\n", r[i].name, r[i].skipped);
	return count;
}

/* All selected rungs of the bench of results[first]. Returns how many records that were. */
static unsigned run_rungs(struct results *results, unsigned first)
{
	struct result *r = &results->results[first], *end = &results->results[results->count];
	const struct bench *bench = r->bench;
	struct pass pass = { .bench = bench, .bytes = ALIGN_UP(bench->bytes, PAGE_SIZE) };
	int error = bench->prepare ? bench->prepare(&pass) : 0;
	unsigned count = 0;

	for (; r < end && r->bench == bench; r++, count++) {
		pass.rung = rung_of(r);
		if (error)
			r->skipped = pass.why ? pass.why : "not enough memory";
		else
			bench_measure(&pass, r);
		if (r->failed)
			log_printf("FAILED  %s: %s\n", r->name, r->failed);
		else if (r->wrong)
			log_printf("skipped %s: %s\n", r->name, r->skipped);
		else if (!error && wants_tables() && !bench->ladder)
			report_row(r);
	}
	if (error)
		log_printf("skipped %s: %s\n", bench->name, r[-1].skipped);
	if (bench->finish)
		bench->finish(&pass);
	return count;
}

/* The next bench, by its rungs or all its points. Returns how many records that were. */
static unsigned run_bench(struct results *results, unsigned first)
{
	const struct bench_points *points = results->results[first].bench->points;
	unsigned count;

	if (points && points->run)
		return run_points(results, first);
	count = run_rungs(results, first);
	if (points && points->done && count == count_points(results, first))
		points->done();
	return count;
}

/* The selected rows as records of @cpu's, not measured yet. False: too many. */
static bool add_records(struct bench_cpu *cpu)
{
	cpu->results = (struct results){ .results = &records[nr_records] };
	for (const struct row *row = next_row(NULL); row; row = next_row(row)) {
		if (nr_records == RECORDS_MAX)
			return false;
		if (bench_cpus_named())
			snprintf(names[nr_records], NAME_MAX, "%s@cpu%u", row->name, cpu->cpu);
		else
			snprintf(names[nr_records], NAME_MAX, "%s", row->name);
		records[nr_records] = (struct result){ .name = names[nr_records],
						       .bench = row->bench,
						       .rung = row->rung,
						       .patches = row_patches(row) };
		nr_records++;
		cpu->results.count++;
	}
	return true;
}

static int count_failures(const struct results *results)
{
	int failures = 0;

	for (unsigned i = 0; i < results->count; i++)
		failures += results->results[i].failed != NULL;
	return failures;
}

static void announce(const struct bench_cpu *cpu)
{
	char core[CORE_TEXT_MAX], clock[CLOCK_TEXT_MAX];

	core_text(core, sizeof(core));
	clock_text(clock, sizeof(clock));
	log_printf("\nCPU %u: %s\n  clock     %s\n", cpu->cpu, core, clock);
}

/* Each bench in turn. Returns how many records that were: fewer, if memory is short. */
static unsigned measure_all(struct results *results, struct vm_struct **live)
{
	unsigned i = 0;

	while (i < results->count && suit_live_areas(live, results->results[i].bench))
		i += run_bench(results, i);
	return i;
}

/* On the CPU that measures: all its records. */
static void measure_here(void *arg)
{
	struct vm_struct *live[LIVE_AREAS] = { NULL };
	struct bench_cpu *cpu = arg;
	unsigned count;

	cpu->midr = read_sysreg(midr_el1);
	cpu->mpidr = read_sysreg(mpidr_el1);
	if (bench_cpus_named())
		announce(cpu);
	bench_selfcheck();
	bench_measure_overhead();
	runs_start();
	bench_events_start();
	if (counters.contradiction) {
		log_printf("FAILED  counters: %s\n", counters.contradiction);
		cpu->failures++;
	}
	if (counters.forced)
		log_printf(
			"forced: measured as on silicon, by an emulator: no figures, for tests\n");
	if (wants_tables())
		report_begin();
	count = measure_all(&cpu->results, live);
	if (count < cpu->results.count) {
		log_printf("FAILED  benches: not enough memory for the live areas\n");
		cpu->failures++;
		cpu->results.count = count;
	}
	cpu->failures += count_failures(&cpu->results) + judge_rungs(&cpu->results);
	if (wants_tables())
		report_end(&cpu->results);
	if (options.vmallocinfo)
		vmallocinfo_log();
	free_live_areas(live);
	bench_events_stop();
	cpu->counters = counters;
	cpu->overhead = bench_overhead;
	cpu->events = bench_events;
}

/* Measures on @number; the others are off meanwhile. Returns the failures. */
static int run_on(unsigned number)
{
	struct bench_cpu *cpu = &measured[nr_measured];
	int error;

	*cpu = (struct bench_cpu){ .cpu = number };
	if (!add_records(cpu)) {
		log_printf("FAILED  benches: more than %u records\n", RECORDS_MAX);
		return 1;
	}
	error = cpu_up(number) ?: work_on_cpu(number, measure_here, cpu);
	if (error) {
		nr_records -= cpu->results.count;
		return 1; /* cpu_up() has said why */
	}
	nr_measured++;
	return cpu->failures + bench_cpus_off();
}

static bool measured_nothing(void)
{
	for (unsigned i = 0; i < nr_records; i++)
		if (!records[i].failed && !records[i].skipped)
			return false;
	return true;
}

int bench_run(void)
{
	static unsigned list[NR_CPUS];
	unsigned count;
	int failures = bench_cpus_off();

	nr_records = nr_measured = 0;
	count = bench_cpus_select(list, &failures);
	for (unsigned i = 0; i < MIN(count, BENCH_CPUS_MAX); i++)
		failures += run_on(list[i]);
	if (count > BENCH_CPUS_MAX) {
		log_printf("FAILED  benches: on the first %u CPUs only\n", BENCH_CPUS_MAX);
		failures++;
	}
	if (measured_nothing())
		log_printf("nothing measured\n");
	if (nr_measured && (options.format == FORMAT_JSON || options.format == FORMAT_ALL))
		report_json(measured, nr_measured);
	for (unsigned i = 0; i < nr_records; i++)
		bench_forget(&records[i]);
	return failures;
}
