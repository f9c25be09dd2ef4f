// SPDX-License-Identifier: MIT
/*
 * One worker: its cases in its order, each run first verified, with the door counting, then
 * timed as a whole, as Linux times it.
 */
#include "bench/cases/run.h"

#include <string.h>

#include "bench/selfcheck.h"
#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/arm64/cpu.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "mm/areas/area.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"

struct case_unit choose_unit(uint64_t nr_workers)
{
	if (!counters.no_time)
		return (struct case_unit){ .name = "usec" };
	if (!counters.instructions)
		return (struct case_unit){ .why = counters.no_instructions };
	if (nr_workers > 1)
		return (struct case_unit){ .why = "under icount INST_RETIRED counts all CPUs" };
	return (struct case_unit){ .name = "instructions" };
}

struct moment {
	uint64_t ticks, cycles;
	uint32_t instructions;
};

/* The order of a sample (docs/measuring.md). Only who measures alone has a PMU that runs. */
static struct moment now(bool pmu)
{
	struct moment m = { .ticks = timer_ticks() };

	if (pmu) {
		m.instructions = pmu_instructions();
		m.cycles = pmu_cycles();
	}
	return m;
}

/* A run may retire more than INST_RETIRED's 32 bits hold; emulated, the cycles know how many. */
static struct case_cost since(struct moment start, bool pmu)
{
	struct moment end = now(pmu);
	struct case_cost cost = {
		.ns = timer_ns(end.ticks - start.ticks),
		.cycles = end.cycles - start.cycles,
		.instructions = (uint32_t)(end.instructions - start.instructions),
	};

	if (pmu && counters.ns_per_instruction)
		cost.instructions =
			widen_count(cost.instructions, cost.cycles / counters.ns_per_instruction);
	return cost;
}

static uint64_t in_unit(const struct worker_run *run, const struct case_cost *cost)
{
	if (!run->unit.name)
		return 0;
	return counters.no_time ? cost->instructions : cost->ns / 1000;
}

static int run_once(struct worker_run *run, unsigned number, bool verify)
{
	struct worker *w = &run->worker;

	w->random = options.seed + w->number;
	w->verify = verify;
	w->pages = 0;
	w->why = NULL;
	return vmalloc_cases[number].run(w);
}

/* Untimed: what it maps is right, how many pages it is, what the door had to do. */
static bool verify_case(struct worker_run *run, unsigned number)
{
	bool alone = run->nr_workers == 1;

	if (alone)
		memset(&door_counts, 0, sizeof(door_counts));
	door_counting = alone;
	run_once(run, number, true);
	door_counting = false;
	run->work[number] = door_counts;
	run->pages[number] = run->worker.pages;
	run->why[number] = run->worker.why;
	return !run->worker.why;
}

/* Free, or of a structure that may keep what it has: tables, pages of small objects. */
static uint64_t pages_not_lost(void)
{
	return nr_free_pages() + map_table_pages() + kmalloc_slab_pages();
}

static void run_case(struct worker_run *run, unsigned number)
{
	struct case_outcome *outcome = &run->outcomes[number];
	bool pmu = run->nr_workers == 1 && counters.pmu;
	bool good = verify_case(run, number);
	uint64_t pages = pages_not_lost(), areas = nr_vm_areas();

	for (uint64_t i = 0; i < run->worker.params.test_repeat_count; i++) {
		struct moment start = now(pmu);
		int error = run_once(run, number, false);
		struct case_cost cost = since(start, pmu);

		/* A run that is known to be wrong is not one that had to fail. */
		count_outcome(outcome, good ? error : -1, good && vmalloc_cases[number].xfail);
		outcome->cost += in_unit(run, &cost);
		if (run->costs[number])
			run->costs[number][i] = cost;
	}
	run->cost += outcome->cost;
	if (run->nr_workers == 1 && good && (pages_not_lost() != pages || nr_vm_areas() != areas))
		run->why[number] = "pages or areas were lost from run to run";
}

void print_summary(const struct worker_run *run, unsigned number)
{
	char text[SUMMARY_MAX];

	summary_line(text, vmalloc_cases[number].name, &run->outcomes[number], &run->worker.params,
		     run->unit.name);
	log_printf("%s\n", text);
}

/* A long run is not silent: a runner would take it for a hang. */
static void say_done(const struct worker_run *run, unsigned number)
{
	if (run->nr_workers == 1)
		print_summary(run, number);
	else
		log_printf("  worker %u: %s_test done\n", run->worker.number,
			   vmalloc_cases[number].name);
}

void run_worker(void *worker_run)
{
	struct worker_run *run = worker_run;
	unsigned order[NR_VMALLOC_CASES];

	order_cases(order, run->worker.params.sequential_test_order,
		    options.seed + run->worker.number);
	/* All begin together, or the first would be done before the last has begun. */
	__atomic_fetch_add(run->ready, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(run->ready, __ATOMIC_RELAXED) < run->nr_workers)
		cpu_relax();
	for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
		if (run->selected & 1u << order[i]) {
			run_case(run, order[i]);
			say_done(run, order[i]);
		}
}
