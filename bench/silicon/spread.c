// SPDX-License-Identifier: MIT
/*
 * Whole numbers throughout: what is exactly 1 % is stable.
 */
#include "bench/silicon/spread.h"

#define WHOLE 10000u /* hundredths of a percent */

/* Insertion sort: a handful of values, and the host's tests need no libc for it. */
static void sort(uint64_t *values, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		uint64_t value = values[i];
		unsigned at = i;

		for (; at && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

static unsigned part_of(uint64_t difference, uint64_t whole)
{
	/* Below 2^48 no product exceeds 64 bits; what is cut off of more is nothing. */
	while (difference >> 48) {
		difference >>= 1;
		whole >>= 1;
	}
	if (!difference)
		return 0;
	if (!whole || difference / whole >= SPREAD_MAX / WHOLE)
		return SPREAD_MAX;
	return (unsigned)((difference * WHOLE + whole / 2) / whole);
}

struct spread spread_of(const uint64_t *values, unsigned n)
{
	uint64_t sorted[SPREAD_VALUES_MAX], difference;
	struct spread spread;

	for (unsigned i = 0; i < n; i++)
		sorted[i] = values[i];
	sort(sorted, n);
	difference = sorted[n - 1] - sorted[0];
	spread.median = sorted[n / 2];
	spread.hundredths = part_of(difference, spread.median);
	/* Whole numbers: more than the quotient is more than its floor. */
	spread.unstable = difference > spread.median / (WHOLE / SPREAD_STABLE_MOST);
	return spread;
}
