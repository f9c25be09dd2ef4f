// SPDX-License-Identifier: MIT
/*
 * The lines that Linux's module ends with, and the order of a worker's cases. Pure logic.
 */
#pragma once

#include "bench/cases/params.h"

struct case_outcome {
	unsigned passed, failed, xfailed;
	uint64_t cost; /* of all repeats together */
};

/* Room for either line. */
#define SUMMARY_MAX 200

/*
 * "Summary: NAME_test passed: N failed: N xfailed: N repeat: N loops: N avg: N UNIT"; @unit NULL:
 * there is none, and the line ends in "avg: -".
 */
void summary_line(char text[SUMMARY_MAX], const char *name, const struct case_outcome *outcome,
		  const struct test_vmalloc *params, const char *unit);

/* "All test took workerN=COST UNIT", or "=-". */
void total_line(char text[SUMMARY_MAX], unsigned worker, uint64_t cost, const char *unit);

/* Counts a run that ended with @error, 0 or not, of a case that has to fail or not. */
void count_outcome(struct case_outcome *outcome, int error, bool xfail);

/*
 * @order[0..NR_VMALLOC_CASES): all cases, in their order if @sequential, else shuffled by @seed.
 */
void order_cases(unsigned order[NR_VMALLOC_CASES], bool sequential, uint64_t seed);

/* A 32-bit count of what a 64-bit one says is about @about: the whole number nearest to it. */
uint64_t widen_count(uint32_t low, uint64_t about);
