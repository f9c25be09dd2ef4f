// SPDX-License-Identifier: MIT
/*
 * From the text of `events=` to a plan, without a machine.
 */
#include <stdio.h>
#include <string.h>

#include "bench/pmu/events.h"

static bool already_in(const struct bench_events *events, const char *name)
{
	for (unsigned i = 0; i < events->count; i++)
		if (!strcmp(events->events[i].event.name, name))
			return true;
	return false;
}

bool read_event_list(const char *list, struct bench_events *events)
{
	memset(events, 0, sizeof(*events));
	for (;;) {
		size_t len = strcspn(list, ",");
		struct pmu_event event;

		if (events->count == EVENTS_MAX || !pmu_find_event(list, len, &event) ||
		    already_in(events, event.name))
			return false;
		events->events[events->count++].event = event;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

void resolve_events(struct bench_events *events, const struct pmu_id *id, const char *no_counters,
		    const char *no_cycles, const char *no_instructions)
{
	for (unsigned i = 0; i < events->count; i++) {
		struct bench_event *e = &events->events[i];
		const char *why = NULL;

		if (pmu_event_missing(&e->event, id, e->absent, sizeof(e->absent)))
			continue;
		if (no_counters)
			why = no_counters;
		else if (e->event.cycles)
			why = no_cycles;
		else if (e->event.number == PMU_INST_RETIRED)
			why = no_instructions;
		snprintf(e->absent, sizeof(e->absent), "%s", why ? why : "");
	}
}

void plan_events(struct bench_events *events, uint32_t counters)
{
	uint32_t left = 0;

	events->counted = events->rounds = 0;
	events->counters = __builtin_popcount(counters);
	for (unsigned i = 0; i < events->count && counters; i++) {
		struct bench_event *e = &events->events[i];

		if (e->absent[0])
			continue;
		if (!left) {
			left = counters;
			events->rounds++;
		}
		e->round = events->rounds - 1;
		e->counter = __builtin_ctz(left);
		left &= left - 1;
		events->counted++;
	}
}

uint32_t limit_counters(uint32_t counters, uint64_t most)
{
	uint32_t chosen = 0;

	for (; counters && most; most--) {
		chosen |= counters & -counters;
		counters &= counters - 1;
	}
	return chosen;
}
