// SPDX-License-Identifier: MIT
/*
 * What the runs say in records and tables. Cycles judge stability: the timer's ticks are too
 * coarse for it, so they do only where there are no cycles.
 */
#include <stdio.h>

#include "bench/report/text.h"
#include "bench/selfcheck.h"
#include "bench/silicon/runs.h"
#include "lib/log.h"

static const char *const names[PREPARATIONS] = { "warm", "cold" };

static const struct spread *judged(const struct run_set *set)
{
	return counters.no_cycles ? &set->ns_spread : &set->cycles_spread;
}

bool unstable_text(char text[UNSTABLE_TEXT_MAX], const struct result *r,
		   enum preparation preparation)
{
	const struct spread *spread;

	if (!r->runs)
		return false;
	spread = judged(&r->runs->of[preparation]);
	snprintf(text, UNSTABLE_TEXT_MAX, "unstable: %s spread %u.%02u %% over %u %s runs",
		 counters.no_cycles ? "ns" : "cycles", spread->hundredths / 100,
		 spread->hundredths % 100, RUNS, names[preparation]);
	return spread->unstable;
}

/* warm_cycles_runs and its like; the medians are the record's own `cycles` and `ns`, or cold's. */
static void json_set(struct json *json, const struct result *r, enum preparation preparation)
{
	const struct run_set *set = &r->runs->of[preparation];
	const char *name = names[preparation];
	char key[32];

	if (!counters.no_cycles) {
		snprintf(key, sizeof(key), "%s_cycles", name);
		json_unsigned(json, key, set->cycles_spread.median);
		snprintf(key, sizeof(key), "%s_cycles_runs", name);
		json_numbers(json, key, set->cycles, RUNS);
	}
	if (!counters.no_time) {
		snprintf(key, sizeof(key), "%s_ns", name);
		json_unsigned(json, key, set->ns_spread.median);
		snprintf(key, sizeof(key), "%s_ns_runs", name);
		json_numbers(json, key, set->ns, RUNS);
	}
	snprintf(key, sizeof(key), "%s_spread_percent", name);
	json_fixed(json, key, judged(set)->hundredths, 2);
}

static void json_cold(struct json *json, const struct result *r)
{
	json_set(json, r, PREPARED_COLD);
	json_unsigned(json, "cold_preparations", r->runs->cold.preparations);
	json_unsigned(json, "cold_lines", r->runs->cold.lines);
	json_unsigned(json, "cold_tlbi", r->runs->cold.tlbi);
	json_unsigned(json, "cold_ic", r->runs->cold.ic);
}

static void json_no_runs(struct json *json, const struct result *r)
{
	if (counters.no_cycles && counters.no_time)
		return;
	json_string(json, "no_runs",
		    runs_use_up(r->bench) ? "each pass uses up what the next would need"
					  : "measured once, in the bench's own way");
}

void json_runs(struct json *json, const struct result *r)
{
	bool unstable = false;
	char text[UNSTABLE_TEXT_MAX];

	if (!r->runs) {
		json_no_runs(json, r);
		return;
	}
	json_unsigned(json, "runs", RUNS);
	json_set(json, r, PREPARED_WARM);
	json_cold(json, r);
	for (unsigned i = 0; i < PREPARATIONS; i++)
		unstable |= unstable_text(text, r, i);
	json_bool(json, "unstable", unstable);
	json_string(json, "core", r->runs->core);
	if (counters.core_hz)
		json_unsigned(json, "core_hz", counters.core_hz);
}

void json_runs_context(struct json *json)
{
	if (counters.no_cycles && counters.no_time)
		return;
	json_open_object(json, "preparation");
	json_string(json, "warm",
		    "each pass after others of the same call, warmup= of them unseen");
	json_string(json, "cold",
		    "before each pass all caches (by set and way) and the TLB are emptied");
	json_close(json);
}

void report_runs_row(const struct result *r)
{
	char text[UNSTABLE_TEXT_MAX], cycles[TEXT_MAX], ns[TEXT_MAX];
	const struct run_set *cold;

	if (!r->runs)
		return;
	cold = &r->runs->of[PREPARED_COLD];
	log_printf("          cold: %s cycles, %s ns\n",
		   counters.no_cycles ? "-" : text_number(cycles, cold->cycles_spread.median),
		   counters.no_time ? "-" : text_number(ns, cold->ns_spread.median));
	for (unsigned i = 0; i < PREPARATIONS; i++)
		if (unstable_text(text, r, i))
			log_printf("          ! %s\n", text);
}
