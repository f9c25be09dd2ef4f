// SPDX-License-Identifier: MIT
/*
 * How a cost grows with the number of things, held against the logarithm. Pure arithmetic.
 */
#pragma once

#include "lib/compiler.h"

/* log2(@n) in hundredths, rounded down to a 256th first; @n > 0. */
uint64_t log2_hundredths(uint64_t n);

/* @cost / log2(@n) in hundredths; 0 where log2(@n) is. */
uint64_t cost_by_log2(uint64_t cost, uint64_t n);

/* Below so many, whatever a search costs is a constant. */
#define GROWTH_FROM 100

/*
 * The first of @points, ascending @n and the @cost of each, whose cost by log2(n) is more than a
 * tenth above that of all points before it, from GROWTH_FROM on; 0: there is none, the cost grows
 * no faster than log n. A constant part, which any call has, makes the ratio fall; a search is a
 * few levels longer or not, which the tenth is for.
 */
unsigned first_faster_than_log(const uint64_t *n, const uint64_t *cost, unsigned points);
