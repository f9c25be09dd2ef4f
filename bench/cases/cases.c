// SPDX-License-Identifier: MIT
/*
 * Linux's test_vmalloc as a bench: one point a case, all that are selected run at once, as one
 * loading of the module does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cases/run.h"
#include "bench/selfcheck.h"
#include "drivers/smp/cpus.h"
#include "lib/log.h"
#include "mm/phys/kmalloc.h"

const struct vmalloc_case vmalloc_cases[NR_VMALLOC_CASES] = {
	{ .name = "fix_size_alloc", .run = fix_size_alloc },
	{ .name = "full_fit_alloc", .run = full_fit_alloc },
	{ .name = "long_busy_list_alloc", .run = long_busy_list_alloc },
	{ .name = "random_size_alloc", .run = random_size_alloc },
	{ .name = "fix_align_alloc", .run = fix_align_alloc },
	{ .name = "random_size_align_alloc", .run = random_size_align_alloc },
	{ .name = "align_shift_alloc", .run = align_shift_alloc, .xfail = true },
	{ .name = "pcpu_alloc", .run = pcpu_alloc },
	{ .name = "kvfree_rcu_1_arg_vmalloc", .run = kvfree_rcu_1_arg },
	{ .name = "kvfree_rcu_2_arg_vmalloc", .run = kvfree_rcu_2_arg },
	{ .name = "vm_map_ram", .run = map_ram },
	{ .name = "no_block_alloc", .run = no_block_alloc },
	{ .name = "vrealloc", .run = vrealloc_sizes },
};

static bool case_point(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	(void)bench;
	snprintf(name, BENCH_NAME_MAX, "test_vmalloc/%s", vmalloc_cases[i].name);
	return true;
}

static enum point_wish case_wish(const struct bench *bench)
{
	if (!test_vmalloc.run_test_mask)
		return POINT_AS_NAMED;
	return test_vmalloc.run_test_mask & 1u << bench->point ? POINT_WANTED : POINT_UNWANTED;
}

/* --- the workers -------------------------------------------------------------------------- */

/* One a CPU, this one the first; they stay until all are done. */
static struct worker_run *runs;
static unsigned worker_cpus[NR_CPUS], nr_workers, ready;
static bool was_off[NR_CPUS];

/* CPUs for @n workers; fewer than that if one does not start, which it has said. */
static void find_cpus(unsigned n)
{
	worker_cpus[0] = smp_processor_id();
	nr_workers = 1;
	for (unsigned cpu = 0; cpu < nr_cpus && nr_workers < n; cpu++) {
		if (cpu == worker_cpus[0] || cpus[cpu].unusable)
			continue;
		was_off[cpu] = !cpu_online(cpu);
		if (!cpu_up(cpu))
			worker_cpus[nr_workers++] = cpu;
	}
}

static void leave_cpus(void)
{
	for (unsigned i = 1; i < nr_workers; i++) {
		work_on_cpu(worker_cpus[i], drain_cpu_caches, NULL);
		if (was_off[worker_cpus[i]])
			cpu_down(worker_cpus[i]);
	}
}

static bool make_runs(const struct test_vmalloc *params, uint32_t selected)
{
	struct case_unit unit = choose_unit(nr_workers);

	runs = kzalloc(nr_workers * sizeof(*runs), GFP_KERNEL);
	ready = 0;
	for (unsigned i = 0; runs && i < nr_workers; i++)
		runs[i] = (struct worker_run){
			.worker = { .number = i, .params = *params },
			.selected = selected,
			.unit = unit,
			.ready = &ready,
			.nr_workers = nr_workers,
		};
	for (unsigned i = 0; runs && nr_workers == 1 && i < NR_VMALLOC_CASES; i++)
		if (selected & 1u << i) {
			runs->costs[i] = kzalloc(
				params->test_repeat_count * sizeof(struct case_cost), GFP_KERNEL);
			if (!runs->costs[i])
				return false;
		}
	return runs;
}

static void free_runs(void)
{
	for (unsigned i = 0; runs && i < NR_VMALLOC_CASES; i++)
		kfree(runs->costs[i]);
	kfree(runs);
}

static void run_all(void)
{
	for (unsigned i = 1; i < nr_workers; i++)
		cpu_start_work(worker_cpus[i], run_worker, &runs[i]);
	run_worker(&runs[0]);
	for (unsigned i = 1; i < nr_workers; i++)
		cpu_wait(worker_cpus[i]);
}

/* --- what comes out ----------------------------------------------------------------------- */

static void print_worker(const struct worker_run *run)
{
	char text[SUMMARY_MAX];

	for (unsigned i = 0; nr_workers > 1 && i < NR_VMALLOC_CASES; i++)
		if (run->selected & 1u << i)
			print_summary(run, i);
	total_line(text, run->worker.number, run->cost, run->unit.name);
	log_printf("%s\n", text);
}

/* The figure @which of all repeats; nothing is subtracted: a run is not a sample. */
static struct stat stat_of(const struct case_cost *costs, uint64_t n, size_t which)
{
	uint64_t *values = kmalloc(n * sizeof(*values), GFP_KERNEL);
	struct stat stat = { 0 };

	for (uint64_t i = 0; values && i < n; i++)
		values[i] = *(const uint64_t *)((const char *)&costs[i] + which);
	if (values)
		stat = summarize(values, n, 0);
	kfree(values);
	return stat;
}

static const char *failure_of(unsigned number)
{
	for (unsigned i = 0; i < nr_workers; i++)
		if (runs[i].why[number])
			return runs[i].why[number];
	for (unsigned i = 0; i < nr_workers; i++)
		if (runs[i].outcomes[number].failed)
			return vmalloc_cases[number].xfail ? "it had to fail, and did not"
							   : "an allocation failed";
	return NULL;
}

/* A record is one CPU's, and a counter of instructions of silicon has 32 bits. */
static const char *why_no_record(const struct case_cost *longest)
{
	if (nr_workers > 1)
		return runs->unit.why ?: "the figures of several workers are in their summaries";
	if (!runs->unit.name)
		return NULL; /* as any bench without a unit */
	return counters.ns_per_instruction || longest->cycles < UINT32_MAX / 8
		       ? NULL
		       : "a run is longer than INST_RETIRED counts";
}

static void fill_result(struct result *r)
{
	unsigned number = r->bench->point;
	uint64_t repeats = runs->worker.params.test_repeat_count;
	const struct case_cost *costs = runs->costs[number];

	r->failed = failure_of(number);
	if (!r->failed)
		r->skipped = why_no_record(costs);
	if (r->failed || r->skipped)
		return;
	r->samples = repeats;
	r->pages = MAX(runs->pages[number], 1);
	r->work = runs->work[number];
	r->instructions = stat_of(costs, repeats, offsetof(struct case_cost, instructions));
	r->cycles = stat_of(costs, repeats, offsetof(struct case_cost, cycles));
	r->ns = stat_of(costs, repeats, offsetof(struct case_cost, ns));
}

static void print_head(const struct test_vmalloc *params)
{
	log_printf("\ntest_vmalloc: %u worker%s, a run of %lu loops, then %lu timed%s\n",
		   nr_workers, nr_workers > 1 ? "s" : "", params->test_loop_count,
		   params->test_repeat_count,
		   params->test_loop_count == 1000000 ? "" : "; Linux's default is 1000000 loops");
}

static void print_all(void)
{
	for (unsigned i = 0; i < nr_workers; i++)
		print_worker(&runs[i]);
	if (!runs->unit.name)
		log_printf("no avg: %s\n", runs->unit.why);
}

static void run_cases(struct result *results, unsigned count)
{
	struct test_vmalloc params = cases_params();
	const char *failed = NULL;
	uint32_t selected = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct vmalloc_case *c = &vmalloc_cases[results[i].bench->point];

		results[i].skipped = c->skipped;
		if (!c->skipped)
			selected |= 1u << results[i].bench->point;
	}
	find_cpus(params.nr_threads);
	if (nr_workers < params.nr_threads)
		failed = "a CPU did not start";
	else if (!make_runs(&params, selected))
		failed = "not enough memory for its workers";
	if (!failed && selected) {
		print_head(&params);
		run_all();
		print_all();
	}
	for (unsigned i = 0; i < count; i++) {
		if (!results[i].skipped && failed)
			results[i].failed = failed;
		else if (!results[i].skipped)
			fill_result(&results[i]);
	}
	free_runs();
	leave_cpus();
}

static const struct bench_points cases = {
	.count = NR_VMALLOC_CASES,
	.make = case_point,
	.wish = case_wish,
	.run = run_cases,
};

BENCH(test_vmalloc, .name = "test_vmalloc", .rungs = RUNGS_TLBED, .only_named = true,
      .points = &cases);
