// SPDX-License-Identifier: MIT
/*
 * Records on silicon: five runs of the samples with everything warm, five with everything cold,
 * and how far apart they are. One run under an emulator says it all, so there are none there.
 */
#pragma once

#include "bench/measure.h"
#include "bench/silicon/cold.h"
#include "bench/silicon/spread.h"
#include "drivers/smp/cpus.h"
#include "lib/json.h"

#define RUNS 5

enum preparation { PREPARED_WARM, PREPARED_COLD, PREPARATIONS };

/* Medians of each run, of the samples' figures, the null body's of the same preparation less. */
struct run_set {
	uint64_t cycles[RUNS], ns[RUNS];
	struct spread cycles_spread, ns_spread;
};

struct runs {
	struct run_set of[PREPARATIONS];
	struct cold_counts cold; /* what the record's preparations did */
	char core[CORE_TEXT_MAX];
};

/*
 * Before all records of a CPU, after bench_measure_overhead(); nothing happens where there are
 * no times to be had.
 */
void runs_start(void);

/* Whether @bench has one run alone: each pass keeps something for good, and 110 would use it up. */
bool runs_use_up(const struct bench *bench);

/*
 * The other runs of the record whose first run @result has the figures of; its cycles and ns
 * become the medians of the warm runs. None of what runs_use_up(). 0, or the error of a pass: @pass
 * says why.
 */
int runs_measure(struct pass *pass, struct result *result);

/* --- reporting ---------------------------------------------------------------------------- */

/* The fields of a record, and of the context. Nothing without runs. */
void json_runs(struct json *json, const struct result *result);
void json_runs_context(struct json *json);

/*
 * "unstable: cycles spread 1.35 % over 5 cold runs", of runs that are more than 1 % apart. False:
 * these are not.
 */
#define UNSTABLE_TEXT_MAX 80
bool unstable_text(char text[UNSTABLE_TEXT_MAX], const struct result *result,
		   enum preparation preparation);

/* The line below a row. */
void report_runs_row(const struct result *result);
