// SPDX-License-Identifier: MIT
/*
 * Chance that is the same in each run.
 */
#pragma once

#include "lib/compiler.h"

/* The next number after *@state, any, which it advances. splitmix64: small, seeded by any value. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15UL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
	return z ^ (z >> 31);
}
