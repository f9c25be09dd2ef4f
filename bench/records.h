// SPDX-License-Identifier: MIT
/*
 * The results of a run, and the two ways in which they leave: tables for people, row by
 * row while it runs, and JSON lines for programs, after it.
 */
#pragma once

#include "bench/measure.h"

struct results {
	struct result *results;
	unsigned count;
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

/* bench/report/json.c: the context and one line a record, between the markers. */
void report_json(const struct results *results);
