// SPDX-License-Identifier: MIT
/*
 * The named rows of HVO are points of one bench, so that their tables stand together at its end;
 * each family of them has a file.
 */
#pragma once

#include "bench/records.h"

struct hvo_family {
	unsigned count;
	/* As bench_points.make(), of the family's own @i, which becomes bench->kind. */
	bool (*make)(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i);
	/* Its table; nothing if none of it was measured. */
	void (*report)(const struct results *results);
};

extern const struct hvo_family hvo_runtime, hvo_first, hvo_populate, hvo_walk;

/* The record of the family that has @body and number @i. NULL: not selected. */
const struct result *hvo_find(const struct results *results, body_t *body, unsigned i);

/* Whether there are figures in it. */
static __always_inline bool hvo_measured(const struct result *r)
{
	return r && !r->failed && !r->skipped && counters.instructions;
}

/* Its instructions, "-" if there are none; @text is room for it. */
const char *hvo_cell(char *text, const struct result *r);

/* Sizes of huge pages: the leaves and groups of this granule, ascending; 0: it has no such one. */
#define NR_HUGE_SHIFTS 3
extern const unsigned huge_shifts[NR_HUGE_SHIFTS];
