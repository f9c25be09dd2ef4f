// SPDX-License-Identifier: MIT
/*
 * A PMU and a generic timer for host tests. Time passes at each ISB and in known_loop():
 * counters that are enabled, not filtered and whose event happens move on.
 */
#pragma once

#include "lib/compiler.h"

struct pmu_model {
	/* What the test sets up. */
	uint64_t midr, dfr0, ceid[2], cntfrq;
	unsigned counters;	  /* PMCR.N */
	uint64_t cycles_per_tick; /* of the core's clock, by the timer's */
	uint32_t still;		  /* counters that never move; bit 31: cycles */
	uint32_t unstoppable;	  /* counters that PMCNTENCLR does not stop */
	uint32_t no_reset;	  /* counters that keep their value when 0 is written */
	bool timer_still;
	unsigned miscounts;    /* instructions of a loop that are counted once more */
	uint64_t slower_after; /* cycles, after which the core runs at half its clock; 0: never */

	/* State. */
	uint64_t cycles, tick_part, cntvct, pmccntr, pmcr, pmcntenset, pmovs, pmselr;
	uint64_t evtyper[31], evcntr[31];
	const char *broken; /* an access that nothing answers, or that was not ordered */
};

extern struct pmu_model model;

/* A PMUv3p1 of six counters at 1 GHz, timer 24 MHz, events 0x05, 0x08, 0x11; garbage in all state.
 */
void model_reset(void);

/* So many instructions at one a cycle. */
void model_run(uint64_t instructions);
