// SPDX-License-Identifier: MIT
/*
 * One field an event. A count that overflowed is absent from its record, with the reason there.
 */
#include <stdio.h>
#include <string.h>

#include "bench/pmu/events.h"
#include "bench/report/events.h"
#include "bench/report/text.h"
#include "bench/selfcheck.h"
#include "bench/silicon/runs.h"
#include "drivers/pmu/clock.h"
#include "lib/log.h"

#define INDENT	   "          "
#define LINE_WIDTH 100
#define OVERFLOWED "overflowed 32 bits in a sample"

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* "7 events over 5 counters: 2 rounds of samples" */
static void plan_text(char *text, size_t size)
{
	const struct bench_events *e = &bench_events;

	if (!e->counted)
		snprintf(text, size, "none can be counted");
	else
		snprintf(text, size, "%u event%s over %u counter%s: %u round%s of samples",
			 e->counted, plural(e->counted), e->counters, plural(e->counters),
			 e->rounds, plural(e->rounds));
}

void report_events_method(void)
{
	char text[80];

	if (!bench_events.count)
		return;
	plan_text(text, sizeof(text));
	log_printf("events: %s%s\n", text, bench_events.counted ? ", after the timed ones" : "");
	for (unsigned i = 0; i < bench_events.count; i++)
		if (bench_events.events[i].absent[0])
			log_printf("no %s: %s\n", bench_events.events[i].event.name,
				   bench_events.events[i].absent);
}

/* Appends @item to the line that stands at @column, or starts another. Returns the new column. */
static size_t add_item(size_t column, const char *item)
{
	size_t len = strlen(item);

	if (column && column + 2 + len <= LINE_WIDTH) {
		log_printf(", %s", item);
		return column + 2 + len;
	}
	log_printf("%s" INDENT "%s", column ? ",\n" : "", item);
	return strlen(INDENT) + len;
}

static void counts_row(const struct event_count *counts)
{
	char item[PMU_EVENT_NAME_MAX + TEXT_MAX], number[TEXT_MAX];
	size_t column = 0;

	for (unsigned i = 0; i < bench_events.count; i++) {
		if (bench_events.events[i].absent[0])
			continue;
		snprintf(item, sizeof(item), "%s %s", bench_events.events[i].event.name,
			 counts[i].overflowed ? "overflowed"
					      : text_number(number, counts[i].median));
		column = add_item(column, item);
	}
	log_printf("\n");
}

static void drift_text(char *text, size_t size, const struct result *r)
{
	unsigned drift = clock_drift(r->drifted_hz, counters.core_hz);
	char then[24], start[24];

	clock_mhz(then, r->drifted_hz);
	clock_mhz(start, counters.core_hz);
	snprintf(text, size, "core clock drifted %u.%02u %%: %s MHz, %s MHz at the start",
		 drift / 100, drift % 100, then, start);
}

void report_events_row(const struct result *r)
{
	char text[100];

	if (r->event_counts)
		counts_row(r->event_counts);
	if (r->drifted) {
		drift_text(text, sizeof(text), r);
		log_printf(INDENT "! %s\n", text);
	}
	report_runs_row(r);
}

void json_events_absent(struct json *json)
{
	for (unsigned i = 0; i < bench_events.count; i++)
		if (bench_events.events[i].absent[0])
			json_string(json, bench_events.events[i].event.name,
				    bench_events.events[i].absent);
}

void json_events_context(struct json *json)
{
	char text[80];

	if (!bench_events.count)
		return;
	json_open_array(json, "events");
	for (unsigned i = 0; i < bench_events.count; i++)
		json_string(json, NULL, bench_events.events[i].event.name);
	json_close(json);
	plan_text(text, sizeof(text));
	json_string(json, "events_counted", text);
}

static void json_overflowed(struct json *json, const struct event_count *counts)
{
	bool any = false;

	for (unsigned i = 0; i < bench_events.count; i++) {
		if (!counts[i].overflowed)
			continue;
		if (!any)
			json_open_object(json, "absent");
		any = true;
		json_string(json, bench_events.events[i].event.name, OVERFLOWED);
	}
	if (any)
		json_close(json);
}

/* What is wrong with the record's times. */
static void json_flags(struct json *json, const struct result *r)
{
	char text[100], unstable[PREPARATIONS][UNSTABLE_TEXT_MAX];
	bool warm = unstable_text(unstable[PREPARED_WARM], r, PREPARED_WARM);
	bool cold = unstable_text(unstable[PREPARED_COLD], r, PREPARED_COLD);

	if (!r->drifted && !warm && !cold)
		return;
	json_open_array(json, "flags");
	if (r->drifted) {
		drift_text(text, sizeof(text), r);
		json_string(json, NULL, text);
	}
	if (warm)
		json_string(json, NULL, unstable[PREPARED_WARM]);
	if (cold)
		json_string(json, NULL, unstable[PREPARED_COLD]);
	json_close(json);
}

void json_events_record(struct json *json, const struct result *r)
{
	for (unsigned i = 0; r->event_counts && i < bench_events.count; i++)
		if (!bench_events.events[i].absent[0] && !r->event_counts[i].overflowed)
			json_unsigned(json, bench_events.events[i].event.name,
				      r->event_counts[i].median);
	if (r->event_counts)
		json_overflowed(json, r->event_counts);
	json_flags(json, r);
}
