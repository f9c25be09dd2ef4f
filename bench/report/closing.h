// SPDX-License-Identifier: MIT
/*
 * The tables beside that of the claims which look at all records of a run: each prints nothing
 * where none of its rows was measured.
 */
#pragma once

#include "bench/records.h"

/* The claims patch by patch: rows the patches, columns the claims. */
void report_ladder(const struct results *results);

/* The rungs linux and series beside the Linux that they restate. */
void report_fairness(const struct results *results);

/* The rung tlbed beside its targets and budgets of work. */
void report_targets(const struct results *results);
