// SPDX-License-Identifier: MIT
/*
 * The measuring loop. In every sample the generic timer is read outermost,
 * INST_RETIRED next, PMCCNTR innermost, each read between two ISBs, IRQs masked; no
 * barrier waits for completion, unless the call itself does. Nothing is printed inside.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/pmu/events.h"
#include "bench/selfcheck.h"
#include "bench/silicon/runs.h"
#include "drivers/pmu/clock.h"
#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/arm64/cpu.h"
#include "lib/cmdline/options.h"
#include "mm/areas/lazy.h"
#include "mm/areas/view/vmallocinfo.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"

struct overhead bench_overhead;

const char *const rung_names[RUNG_COUNT] = { "pages", "linux", "series", "tlbed" };

/* One array a counter: what is sorted is what is read. */
static uint64_t instructions[SAMPLES_MAX], cycles[SAMPLES_MAX], ticks[SAMPLES_MAX];

/* Out of line, so that every body, the null body too, is timed by the same instructions. */
static noinline void time_body(body_t *body, struct pass *pass, unsigned long sample)
{
	uint64_t irq = local_irq_save();
	uint64_t t = timer_ticks();
	uint32_t i = pmu_instructions();
	uint64_t c = pmu_cycles();

	body(pass);
	c = pmu_cycles() - c;
	i = pmu_instructions() - i;
	t = timer_ticks() - t;
	local_irq_restore(irq);
	instructions[sample] = i;
	cycles[sample] = c;
	ticks[sample] = t;
}

/* The same without a PMU, whose registers are undefined then. */
static noinline void time_body_by_timer(body_t *body, struct pass *pass, unsigned long sample)
{
	uint64_t irq = local_irq_save();
	uint64_t t = timer_ticks();

	body(pass);
	t = timer_ticks() - t;
	local_irq_restore(irq);
	ticks[sample] = t;
}

static timed_t *timed_by_counters(void)
{
	return counters.pmu ? time_body : time_body_by_timer;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Less than the overhead can only be noise: it counts as nothing. */
struct stat summarize(uint64_t *values, unsigned long n, uint64_t overhead)
{
	struct stat stat;

	for (unsigned long i = 0; i < n; i++)
		values[i] -= MIN(values[i], overhead);
	qsort(values, n, sizeof(*values), compare);
	stat.median = values[n / 2];
	stat.min = values[0];
	stat.max = values[n - 1];
	return stat;
}

/* The body that is subtracted: called as all are, does nothing. */
static void null_body(struct pass *pass)
{
	(void)pass;
}

void time_null(timed_t *timed, void (*prepare)(void))
{
	unsigned long total = options.warmup + options.samples;
	struct pass pass = { 0 };

	for (unsigned long i = 0; i < total; i++) {
		if (prepare)
			prepare();
		timed(null_body, &pass, i < options.warmup ? 0 : i - options.warmup);
	}
}

struct overhead bench_overhead_of(void (*prepare)(void))
{
	unsigned long n = options.samples;
	struct overhead overhead;

	time_null(timed_by_counters(), prepare);
	overhead.instructions = summarize(instructions, n, 0).median;
	overhead.cycles = summarize(cycles, n, 0).median;
	overhead.ticks = summarize(ticks, n, 0).median;
	return overhead;
}

void bench_measure_overhead(void)
{
	bench_overhead = bench_overhead_of(NULL);
}

static int step(int (*step)(struct pass *pass), struct pass *pass)
{
	return step ? step(pass) : 0;
}

/* End of the highest range that was mapped. */
static uint64_t mapped_end;

static void note_mapping(const struct pass *pass)
{
	uint64_t end = (uint64_t)pass->va + pass->bytes;

	if (pass->va && end > mapped_end)
		mapped_end = end;
}

/* One round of untimed and timed steps; @sample is where the counters go. */
static int run_once(struct pass *pass, timed_t *timed, unsigned long number, unsigned long sample,
		    bool check)
{
	const struct bench *bench = pass->bench;
	int error;

	pass->turn = number % BENCH_TURNS;
	pass->checked = check;
	pass->why = NULL;
	pass->error = 0;
	pass->mismapped = 0;
	error = step(bench->before, pass);
	if (error)
		return error;
	if (pass->prepare)
		pass->prepare();
	timed(pass->rung ? bench->rung_body : bench->body, pass, sample);
	note_mapping(pass);
	if (pass->error)
		return pass->error;
	if (check)
		error = step(bench->check, pass);
	/* Also after a check that failed: the next rung starts from a clean table. */
	return step(bench->after, pass) ?: error;
}

/* With what flush=lazy still keeps. */
static uint64_t count_free_pages(void)
{
	vm_unmap_aliases();
	return nr_free_pages();
}

int time_samples(struct pass *pass, timed_t *timed, bool check)
{
	unsigned long total = options.warmup + options.samples;
	uint64_t free_pages = 0;

	for (unsigned long i = 0; i < total; i++) {
		unsigned long sample = i < options.warmup ? 0 : i - options.warmup;
		int error = run_once(pass, timed, i, sample, check && (i == 0 || i == total - 1));

		if (error)
			return error;
		/* The first pass may leave caches and tables; from then on nothing may be lost. */
		if (i == 0)
			free_pages = count_free_pages();
	}
	if (count_free_pages() + (total - 1) * pass->bench->keeps == free_pages)
		return 0;
	pass->why = "pages were lost or gained from sample to sample";
	return -EIO;
}

/*
 * What the call left mapped in its area. Of the other rungs no limit is known but what their
 * algorithms do: whatever they could have mapped by a larger leaf is the caller's choice.
 */
static void take_census(const struct pass *pass, struct result *result)
{
	const struct vm_struct *area = find_vm_area(pass->va) ?: pass->area;
	struct leaf leaf;
	struct map_limits limits;
	uint64_t va;

	if (!pass->va || !area || walk_lookup((uint64_t)pass->va, &leaf))
		return;
	va = (uint64_t)area->addr;
	limits = area_limits(area);
	if (pass->rung)
		limits.max_shift = PAGE_SHIFT;
	result->has_census = true;
	census_range(va, va + get_vm_area_size(area), limits, &result->census);
}

static int count_body(body_t *body, struct pass *pass, struct result *result)
{
	memset(&door_counts, 0, sizeof(door_counts));
	door_counting = true;
	body(pass);
	door_counting = false;
	result->work = door_counts;
	return pass->error;
}

/* The extra pass: work counters on, nothing timed. */
static int count_work(struct pass *pass, struct result *result)
{
	const struct bench *bench = pass->bench;
	int error;

	pass->checked = false;
	error = step(bench->before, pass);
	if (!error)
		error = count_body(pass->rung ? bench->rung_body : bench->body, pass, result);
	if (error)
		return error;
	take_census(pass, result);
	return step(bench->after, pass);
}

/* On silicon every sample is kept for the record. The overhead is still in them. */
static void keep_samples(struct result *result)
{
	uint64_t bytes = result->samples * sizeof(*cycles);
	struct page *page;

	if (counters.no_cycles)
		return;
	page = alloc_pages(GFP_KERNEL, get_order(bytes));
	if (!page)
		return;
	result->sample_cycles = page_address(page);
	memcpy(result->sample_cycles, cycles, bytes);
}

void bench_forget(struct result *result)
{
	if (result->sample_cycles)
		__free_pages(virt_to_page(result->sample_cycles),
			     get_order(result->samples * sizeof(*cycles)));
	result->sample_cycles = NULL;
	kfree(result->event_counts);
	result->event_counts = NULL;
	kfree(result->runs);
	result->runs = NULL;
}

/* On silicon: the clock over the whole record, and after it, against the one at the start. */
static void note_drift(const struct clock_sample *start, struct result *result)
{
	uint64_t hz = clock_since(start);
	struct clock_sample end = clock_sample();
	uint64_t after = clock_since(&end);

	if (clock_drift(after, counters.core_hz) > clock_drift(hz, counters.core_hz))
		hz = after;
	result->drifted = clock_drifted(hz, counters.core_hz);
	result->drifted_hz = hz;
}

static const char *error_text(int error)
{
	switch (error) {
	case -ENOMEM:
		return "the call failed: no memory, or refused";
	case -EBUSY:
		return "the call failed: something is mapped there";
	case -EINVAL:
		return "the call failed: an argument was refused";
	}
	return "the call failed";
}

/* The samples are sorted then. */
static void take_figures(const struct overhead *overhead, struct result *result)
{
	unsigned long n = result->samples;

	result->instructions = summarize(instructions, n, overhead->instructions);
	result->cycles = summarize(cycles, n, overhead->cycles);
	result->ns = summarize(ticks, n, overhead->ticks);
	result->ns.median = timer_ns(result->ns.median);
	result->ns.min = timer_ns(result->ns.min);
	result->ns.max = timer_ns(result->ns.max);
}

int bench_run_again(struct pass *pass, const struct overhead *overhead, struct result *result)
{
	int error = time_samples(pass, timed_by_counters(), false);

	if (!error)
		take_figures(overhead, result);
	return error;
}

/* The figures of the samples just taken, and on silicon those of the other runs. */
static int take_runs(struct pass *pass, struct result *result)
{
	keep_samples(result);
	take_figures(&bench_overhead, result);
	return runs_measure(pass, result);
}

void bench_measure(struct pass *pass, struct result *result)
{
	unsigned long n = options.samples;
	struct clock_sample start = { 0 };
	int error;

	if (counters.core_hz)
		start = clock_sample();
	result->pages = pass->bytes >> PAGE_SHIFT;
	result->samples = n;
	error = time_samples(pass, timed_by_counters(), true);
	result->mismapped = pass->mismapped;
	result->structs = pass->structs;
	if (!error)
		error = count_work(pass, result);
	if (!error)
		error = bench_events_count(pass, result);
	if (!error)
		error = take_runs(pass, result);
	if (pass->rung && mapped_end)
		rung_release_tables(VMALLOC_START, mapped_end);
	if (error == -EOPNOTSUPP && pass->why) {
		result->skipped = pass->why;
		result->wrong = true;
		return;
	}
	if (error) {
		result->failed = pass->why ? pass->why : error_text(error);
		return;
	}
	if (counters.core_hz)
		note_drift(&start, result);
}

void bench_measure_once(body_t *body, body_t *undo, struct pass *pass, struct result *result)
{
	result->pages = pass->bytes >> PAGE_SHIFT;
	result->samples = 1;
	timed_by_counters()(body, pass, 0);
	if (pass->error)
		return;
	undo(pass);
	if (!count_body(body, pass, result))
		take_figures(&bench_overhead, result);
}
