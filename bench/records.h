// SPDX-License-Identifier: MIT
/*
 * The results of a run, and the two ways in which they leave: tables for people, row by
 * row while it runs, and JSON lines for programs, after it.
 */
#pragma once

#include "bench/measure.h"
#include "bench/pmu/events.h"
#include "bench/selfcheck.h"

struct results {
	struct result *results;
	unsigned count;
};

#define BENCH_CPUS_MAX 16u

/* What was measured on one CPU, and what its figures are worth. */
struct bench_cpu {
	unsigned cpu; /* its place in cpus[] */
	uint64_t midr, mpidr;
	struct results results;
	int failures;
	struct counters counters;
	struct overhead overhead;
	struct bench_events events;
};

/* A record of the table: by bench name and rung. NULL: not run, skipped or failed. */
const struct result *find_result(const struct results *results, const char *bench,
				 enum bench_rung rung);

/*
 * bench/report/tables.c, 100 columns wide. The rows come one by one, as they are measured:
 * report_begin() once, report_row() for each record that was, report_end() after the last.
 * The row ends the silence of a long run; its own table starts with the first of them.
 */
void report_begin(void);
void report_row(const struct result *result);
void report_end(const struct results *results);

/* A line of 100 @c's, as those tables have. */
void report_rule(char c);

/*
 * bench/report/json.c: the context and one line a record, between the markers. The context is
 * the first CPU's; of all it has a list. Leaves `counters` and its like as the last one's.
 */
void report_json(const struct bench_cpu *list, unsigned count);
