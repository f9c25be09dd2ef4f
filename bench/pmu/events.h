// SPDX-License-Identifier: MIT
/*
 * The events of `events=`: which this CPU can count, in how many rounds, and the extra passes
 * of a bench that count them.
 */
#pragma once

#include "bench/measure.h"
#include "drivers/pmu/events.h"

#define EVENTS_MAX 64

struct bench_event {
	struct pmu_event event;
	char absent[80]; /* why it is not counted; "": it is */
	unsigned round, counter;
	uint64_t overhead; /* the null body's */
};

struct bench_events {
	struct bench_event events[EVENTS_MAX]; /* in the order they were asked for */
	unsigned count;
	unsigned counted; /* those that are not absent */
	unsigned counters, rounds;
};

extern struct bench_events bench_events;

/* Of one record: a count of each event that is counted. */
struct event_count {
	uint64_t median; /* the null body's subtracted */
	bool overflowed; /* 32 bits, in some sample: the median is none */
};

/*
 * Reads the list of `events=` into @events. False: empty, longer than EVENTS_MAX, with an event
 * that has no such name, or with one name twice; @events is then undefined.
 */
bool read_event_list(const char *list, struct bench_events *events);

/*
 * Fills `absent`. @no_counters, @no_cycles, @no_instructions: why nothing at all, no event of
 * cycles, and not INST_RETIRED can be counted; NULL: it can.
 */
void resolve_events(struct bench_events *events, const struct pmu_id *id, const char *no_counters,
		    const char *no_cycles, const char *no_instructions);

/*
 * Gives each event that is not absent its round and a counter of @counters, a bit each: as many
 * rounds as needed, in order, each counter once a round.
 */
void plan_events(struct bench_events *events, uint32_t counters);

/* The lowest @most of the bits in @counters. */
uint32_t limit_counters(uint32_t counters, uint64_t most);

/*
 * From the options: resolves, plans, and measures the null body. Without `events=` nothing
 * happens. After bench_selfcheck(); the PMU stays started.
 */
void bench_events_start(void);
void bench_events_stop(void);

/*
 * Runs the rounds for one record, its ordinary samples taken. 0, or the error of a pass; @pass
 * says why. Without memory for the counts the record has none.
 */
int bench_events_count(struct pass *pass, struct result *result);
