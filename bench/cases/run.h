// SPDX-License-Identifier: MIT
/*
 * The workers: every selected case on each of them, at the same time.
 */
#pragma once

#include "bench/cases/case.h"
#include "bench/cases/summary.h"
#include "bench/measure.h"

/* What runs are counted in. */
struct case_unit {
	const char *name; /* "instructions", "usec"; NULL: in nothing */
	const char *why;  /* then, why not */
};

/* Where one repeat's figures go. */
struct case_cost {
	uint64_t instructions, cycles, ns;
};

struct worker_run {
	struct worker worker;
	uint32_t selected; /* a bit a case */
	struct case_unit unit;
	unsigned *ready, nr_workers; /* all begin together */
	struct case_outcome outcomes[NR_VMALLOC_CASES];
	const char *why[NR_VMALLOC_CASES]; /* what went wrong; NULL: nothing, or nothing known */
	uint64_t pages[NR_VMALLOC_CASES];  /* that one run maps */
	struct door_counts work[NR_VMALLOC_CASES]; /* of one run; only a worker alone has it */
	struct case_cost *costs[NR_VMALLOC_CASES]; /* of each repeat; NULL: not kept */
	uint64_t cost;				   /* of all, in the unit */
};

/* The unit on this CPU, for so many workers. After bench_selfcheck(). */
struct case_unit choose_unit(uint64_t nr_workers);

/*
 * Runs the selected cases, each untimed and verified once, then as often as asked. A CPU's work.
 * A worker alone prints each summary when it is there, others that they are done.
 */
void run_worker(void *worker_run);

/* The line of one case. */
void print_summary(const struct worker_run *run, unsigned number);
