// SPDX-License-Identifier: MIT
/*
 * What `cold` means in a record: nothing that the call uses is in a cache or a TLB when it begins,
 * as far as that can be arranged from EL1 (docs/measuring.md).
 */
#pragma once

#include "lib/compiler.h"

/* What the preparations did, counted where it was done. */
struct cold_counts {
	uint64_t preparations;
	uint64_t lines; /* of data and unified caches, cleaned and invalidated */
	uint64_t tlbi, ic;
};

extern struct cold_counts cold_counts;

/* A cache that holds data, of the CPU that runs. */
struct cache {
	unsigned line_shift; /* log2 of bytes */
	unsigned sets, ways;
};

#define CACHE_LEVELS_MAX 7

/* The cache of @level, 0 to CACHE_LEVELS_MAX - 1. False: none, or not before coherency's point. */
bool find_cache(unsigned level, struct cache *cache);

/*
 * Empties the data and unified caches, the instruction caches and the TLB. Other CPUs are off.
 * Right before the pass, untimed.
 */
void cold_prepare(void);
