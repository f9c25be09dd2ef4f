// SPDX-License-Identifier: MIT
/*
 * Logarithms without floating point, and what they are for.
 */
#include "bench/sweeps/growth.h"

uint64_t log2_hundredths(uint64_t n)
{
	unsigned whole = ilog2(n), fraction = 0;
	/* n / 2^whole, 1.31 bits; squared, each time its exponent's next bit comes out. */
	uint64_t m = n << (63 - whole) >> 32;

	for (unsigned bit = 0; bit < 8; bit++) {
		m = m * m >> 31;
		fraction = fraction << 1 | m >> 32;
		m >>= m >> 32;
	}
	return whole * 100 + fraction * 100 / 256;
}

uint64_t cost_by_log2(uint64_t cost, uint64_t n)
{
	uint64_t log2 = log2_hundredths(n);

	return log2 ? cost * 10000 / log2 : 0;
}

unsigned first_faster_than_log(const uint64_t *n, const uint64_t *cost, unsigned points)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < points; i++) {
		uint64_t ratio = cost_by_log2(cost[i], n[i]);

		if (most && ratio > most + most / 10)
			return i;
		if (n[i] >= GROWTH_FROM)
			most = MAX(most, ratio);
	}
	return 0;
}
