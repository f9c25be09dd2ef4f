// SPDX-License-Identifier: MIT
/*
 * How far apart the runs of one record are. Pure.
 */
#pragma once

#include "lib/compiler.h"

/* Past so many hundredths of a percent a record is unstable: 1 %. */
#define SPREAD_STABLE_MOST 100u
#define SPREAD_MAX	   1000000u

struct spread {
	uint64_t median;     /* element n/2 of the sorted */
	unsigned hundredths; /* largest less smallest, of the median, in 0.01 %, rounded */
	bool unstable;	     /* more than 1 %, exactly */
};

/*
 * Of @n values, 1 to SPREAD_VALUES_MAX. Where the median is 0 any difference is SPREAD_MAX, which
 * is also the most that is said.
 */
#define SPREAD_VALUES_MAX 16
struct spread spread_of(const uint64_t *values, unsigned n);
