// SPDX-License-Identifier: MIT
/*
 * The benches, as the top of the house sees them.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Runs what options.bench selects (all rows of the table if "") less options.skip, checks every
 * mapping it measures, prints each row as it is measured, then the claims and the records, as
 * options.format says. Returns the number of
 * failures: a wrong mapping, an operation that failed, counters that disagree. May be
 * called again. Boot CPU, after the allocators are up.
 */
int bench_run(void);

/*
 * Logs the names that options.bench and options.skip select, one a line, as bench_run() would; and
 * those that run only when they are named.
 */
void bench_list(void);

/* The names as select_unmatched() wants them; @context is unused. */
const char *bench_name_at(void *context, size_t index);
