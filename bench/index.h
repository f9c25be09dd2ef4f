// SPDX-License-Identifier: MIT
/*
 * The rows that there are: what `list` shows and `bench=` selects from.
 */
#pragma once

#include "bench/measure.h"

#define ROWS_MAX   1024
#define POINTS_MAX 512 /* of all benches that have a table of them */

struct row {
	const struct bench *bench;
	enum bench_rung rung;
	unsigned patches; /* as bench->patches; of a ladder's step, its own */
	char name[BENCH_NAME_MAX];
};

/* The patches that the rung of @row has: 0 but for `series`. */
unsigned row_patches(const struct row *row);

/* The selected row that follows @last, the first if that is NULL; NULL after the last. */
const struct row *next_row(const struct row *last);
