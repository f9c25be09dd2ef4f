// SPDX-License-Identifier: MIT
/*
 * `events=` from the option to the counts of a record, over modelled counters: the rounds, the
 * null body, overflow, counters that do not obey.
 */
// sources: bench/pmu/events.c bench/pmu/plan.c drivers/pmu/pmu.c drivers/pmu/events.c lib/cmdline/options.c lib/cmdline/cmdline.c lib/cmdline/glob.c tests/host/pmu-model.c
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pmu/events.h"
#include "bench/selfcheck.h"
#include "drivers/pmu/pmu.h"
#include "lib/cmdline/options.h"
#include "mm/phys/kmalloc.h"
#include "tests/host/pmu-model.h"
#include "tests/host/tap.h"

/* --- what bench/ and mm/ are to it ----------------------------------------------------------- */

struct counters counters;
static unsigned objects; /* in use */
static bool no_memory;

void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	if (no_memory)
		return NULL;
	objects++;
	return malloc(size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *object = kmalloc(size, gfp);

	return object ? memset(object, 0, size) : NULL;
}

void kfree(void *object)
{
	objects -= object != NULL;
	free(object);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct stat summarize(uint64_t *values, unsigned long n, uint64_t overhead)
{
	for (unsigned long i = 0; i < n; i++)
		values[i] -= MIN(values[i], overhead);
	qsort(values, n, sizeof(*values), compare);
	return (struct stat){ .median = values[n / 2] };
}

/* The body's instructions in sample i, and the rounds that were run. */
static uint64_t body_insns[16];
static unsigned sample_now, rounds_run;
static int fails_in_round = -1;

static void body(struct pass *pass)
{
	(void)pass;
	model_run(body_insns[sample_now]);
}

static void null_body(struct pass *pass)
{
	(void)pass;
}

void time_null(timed_t *timed, void (*prepare)(void))
{
	(void)prepare;
	for (unsigned i = 0; i < options.samples; i++)
		timed(null_body, NULL, i);
}

int time_samples(struct pass *pass, timed_t *timed, bool check)
{
	if (check || (int)rounds_run++ == fails_in_round)
		return -EIO;
	for (sample_now = 0; sample_now < options.samples; sample_now++)
		timed(body, pass, sample_now);
	return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct pass pass;
static struct result result;

/* A run with @line; its one record is in `result`. */
static int run(const char *line)
{
	char error[200] = "";
	int status;

	ok(!cmdline_parse(line, error, sizeof(error)), "%s%s%s", line, *error ? ": " : "", error);
	memset(&result, 0, sizeof(result));
	rounds_run = 0;
	pmu_start();
	bench_events_start();
	status = bench_events_count(&pass, &result);
	return status;
}

static void finish(const char *what)
{
	kfree(result.event_counts);
	bench_events_stop();
	ok(!objects, "%s: %u objects are left", what, objects);
	ok(!model.broken, "%s: %s", what, model.broken ? model.broken : "every access is good");
	counters = (struct counters){ 0 };
	model_reset();
}

static void test_counts(void)
{
	ok(run("events=inst_retired,cpu_cycles,l1d_tlb_refill,r8,r11,r08,r008") == 0, "two rounds");
	ok(bench_events.counted == 7 && bench_events.counters == 5 && rounds_run == 2,
	   "7 events over 5 counters: %u rounds", rounds_run);
	for (unsigned i = 0; i < 7; i++) {
		uint64_t want = i == 2 ? 0 : 4000;

		ok(result.event_counts[i].median == want && !result.event_counts[i].overflowed,
		   "%s: %lu", bench_events.events[i].event.name, result.event_counts[i].median);
	}
	ok(model.pmcntenset == 0x80000001 && model.evtyper[0] == PMU_INST_RETIRED,
	   "counter 0 and the cycles still run");
	finish("counts");
	run("events=inst_retired,cpu_cycles,r8 counters=1");
	ok(rounds_run == 3 && result.event_counts[2].median == 4000, "counters=1: a round each");
	finish("one counter");
}

static void test_overflow(void)
{
	body_insns[1] = 1UL << 32;
	run("events=inst_retired,l1d_tlb_refill counters=31");
	ok(result.event_counts[0].overflowed && !result.event_counts[1].overflowed,
	   "one sample in nine is enough, for the event that it is of");
	body_insns[1] = 4000;
	finish("overflow");
}

static void test_bad_counters(void)
{
	model.still = 1u << 2 | 1u << 3;
	run("events=inst_retired,r8,r08,r008");
	ok(bench_events.counters == 3 && rounds_run == 2 && result.event_counts[0].median == 4000 &&
		   result.event_counts[1].median == 4000 && result.event_counts[3].median == 4000,
	   "counters that stand still are left out");
	finish("bad counters");
	model.still = ~1u;
	run("events=inst_retired,r8");
	ok(!bench_events.counted && !rounds_run && !result.event_counts &&
		   !strcmp(bench_events.events[1].absent,
			   "no event counter moves, stands and resets as told"),
	   "if all do, the events are absent: %s", bench_events.events[1].absent);
	finish("no counter");
	model.counters = 1;
	run("events=inst_retired");
	ok(!strcmp(bench_events.events[0].absent, "the only event counter is INST_RETIRED's"), "%s",
	   bench_events.events[0].absent);
	finish("one counter in all");
	model.dfr0 = 0;
	run("events=inst_retired");
	ok(!strcmp(bench_events.events[0].absent, "no PMUv3") && !rounds_run, "no PMU");
	finish("no PMU");
	counters.no_instructions = "miscounts";
	counters.no_cycles = "no core";
	run("events=inst_retired,cpu_cycles,l1d_tlb_refill");
	ok(!strcmp(bench_events.events[0].absent, "miscounts") &&
		   !strcmp(bench_events.events[1].absent, "no core") && bench_events.counted == 1,
	   "what the self-check found");
	finish("self-check");
}

static void test_errors(void)
{
	fails_in_round = 1;
	ok(run("events=inst_retired,r8 counters=1") == -EIO && rounds_run == 2,
	   "a pass that fails ends the rounds");
	fails_in_round = -1;
	finish("a failure");
	no_memory = true;
	ok(run("events=inst_retired") == 0 && !rounds_run &&
		   !strcmp(bench_events.events[0].absent, "no memory for the samples"),
	   "no memory");
	no_memory = false;
	finish("no memory");
}

/* First of all: later runs have had the option. */
static void test_nothing_asked(void)
{
	uint64_t cycles;

	pmu_start();
	cycles = model.cycles;
	bench_events_start();
	ok(bench_events_count(&pass, &result) == 0 && !result.event_counts && !rounds_run &&
		   model.cycles == cycles,
	   "without events= nothing is touched");
	finish("nothing asked");
}

int main(void)
{
	model_reset();
	for (unsigned i = 0; i < ARRAY_SIZE(body_insns); i++)
		body_insns[i] = 4000;
	test_nothing_asked();
	test_counts();
	test_overflow();
	test_bad_counters();
	test_errors();
	return tap_done();
}
