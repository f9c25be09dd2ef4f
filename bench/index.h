// SPDX-License-Identifier: MIT
/*
 * The rows that there are: what `list` shows and `bench=` selects from.
 */
#pragma once

#include "bench/measure.h"

#define ROWS_MAX     512
#define ROW_NAME_MAX 56

struct row {
	const struct bench *bench;
	enum bench_rung rung;
	unsigned patches; /* as bench->patches; of a ladder's step, its own */
	char name[ROW_NAME_MAX];
};

/* The patches that the rung of @row has: 0 but for `series`. */
unsigned row_patches(const struct row *row);

/* The selected row that follows @last, the first if that is NULL; NULL after the last. */
const struct row *next_row(const struct row *last);
