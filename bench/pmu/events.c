// SPDX-License-Identifier: MIT
/*
 * Each round sets as many counters as there are and runs a bench's passes again, as often as
 * the ordinary samples did: before, body, after, over the same turns. One write starts the
 * counters, one stops them, so that the timed samples pay nothing for events.
 */
#include <string.h>

#include "bench/pmu/events.h"
#include "bench/selfcheck.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"
#include "lib/cmdline/options.h"
#include "mm/phys/kmalloc.h"

struct bench_events bench_events;

/* What `events=` and `counters=` said. */
static struct bench_events asked;
static uint64_t counters_most = PMU_COUNTERS_MAX;

static bool read_events(const struct option *option, const char *value, bool store)
{
	static struct bench_events checked;

	(void)option;
	if (!read_event_list(value, &checked))
		return false;
	if (store)
		asked = checked;
	return true;
}

OPTION(events, .name = "events", .help = "=NAME[,NAME]  PMU events to count, rN by number",
       .read = read_events, .text = (char *)&asked);
OPTION_UNSIGNED(counters_most, "counters", &counters_most, 1, PMU_COUNTERS_MAX,
		"=N  event counters that events= may use (all)");

/* --- counting --------------------------------------------------------------------------------- */

/* [event of the round][sample]: with options.samples in each row, from kmalloc(). */
static uint64_t *values;

/* The events of the round that runs. */
static struct {
	unsigned first, end; /* of bench_events.events; those of other rounds are absent ones */
	uint32_t mask;
	uint32_t overflowed; /* counters */
} round_now;

static bool is_counted(unsigned i)
{
	return !bench_events.events[i].absent[0];
}

static uint64_t *values_of(unsigned i)
{
	unsigned row =
		__builtin_popcount(round_now.mask & ((1u << bench_events.events[i].counter) - 1));

	return values + row * options.samples;
}

/* Finds the events of @round and sets their counters. */
static void set_round(unsigned round)
{
	unsigned i = 0;

	memset(&round_now, 0, sizeof(round_now));
	while (bench_events.events[i].absent[0] || bench_events.events[i].round != round)
		i++;
	round_now.first = i;
	for (; i < bench_events.count; i++) {
		const struct bench_event *e = &bench_events.events[i];

		if (e->absent[0])
			continue;
		if (e->round != round)
			break;
		pmu_set_event(e->counter, e->event.number);
		round_now.mask |= 1u << e->counter;
	}
	round_now.end = i;
}

static noinline void count_body(body_t *body, struct pass *pass, unsigned long sample)
{
	uint64_t irq = local_irq_save();
	uint32_t mask = round_now.mask, count;

	pmu_reset_events(mask);
	pmu_start_events(mask);
	body(pass);
	pmu_stop_events(mask);
	local_irq_restore(irq);
	for (unsigned i = round_now.first; i < round_now.end; i++) {
		unsigned counter = bench_events.events[i].counter;

		if (!is_counted(i))
			continue;
		if (!pmu_read_event(counter, &count))
			round_now.overflowed |= 1u << counter;
		values_of(i)[sample] = count;
	}
}

static uint64_t median_of(unsigned i, uint64_t overhead)
{
	return summarize(values_of(i), options.samples, overhead).median;
}

static const char *why_no_counters(uint32_t good, const struct pmu_id *id)
{
	if (id->counters == 0)
		return "a hypervisor keeps the event counters";
	if (id->counters == 1)
		return "the only event counter is INST_RETIRED's";
	return good ? NULL : "no event counter moves, stands and resets as told";
}

/* Passes of a body that does nothing, in every round: what is subtracted later. */
static void measure_null(void)
{
	for (unsigned round = 0; round < bench_events.rounds; round++) {
		set_round(round);
		time_null(count_body, NULL);
		for (unsigned i = round_now.first; i < round_now.end; i++)
			if (is_counted(i))
				bench_events.events[i].overhead = median_of(i, 0);
	}
}

void bench_events_start(void)
{
	uint32_t good;
	struct pmu_id id;

	bench_events = asked;
	if (!bench_events.count)
		return;
	pmu_identify(&id);
	/* The first stays INST_RETIRED's: the timed samples read it. */
	good = limit_counters(pmu_good_counters() & ~1u, counters_most);
	values = kmalloc(__builtin_popcount(good) * options.samples * sizeof(*values), GFP_KERNEL);
	resolve_events(&bench_events, &id,
		       values ? why_no_counters(good, &id) : "no memory for the samples",
		       counters.no_cycles, counters.no_instructions);
	plan_events(&bench_events, good);
	measure_null();
}

void bench_events_stop(void)
{
	kfree(values);
	values = NULL;
}

static void note_counts(struct event_count *counts)
{
	for (unsigned i = round_now.first; i < round_now.end; i++) {
		const struct bench_event *e = &bench_events.events[i];

		if (!is_counted(i))
			continue;
		counts[i].median = median_of(i, e->overhead);
		counts[i].overflowed = round_now.overflowed >> e->counter & 1;
	}
}

int bench_events_count(struct pass *pass, struct result *result)
{
	struct event_count *counts;

	if (!bench_events.counted)
		return 0;
	counts = kzalloc(bench_events.count * sizeof(*counts), GFP_KERNEL);
	if (!counts)
		return 0;
	result->event_counts = counts;
	for (unsigned round = 0; round < bench_events.rounds; round++) {
		int error;

		set_round(round);
		error = time_samples(pass, count_body, false);
		if (error)
			return error;
		note_counts(counts);
	}
	return 0;
}
