// SPDX-License-Identifier: MIT
/*
 * The results of a run, and the two ways in which they leave: tables for people, JSON
 * lines for programs.
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

/* bench/report/tables.c: tables 100 columns wide. */
void report_tables(const struct results *results);

/* bench/report/json.c: the context and one line a record, between the markers. */
void report_json(const struct results *results);
