// SPDX-License-Identifier: MIT
/*
 * What the counters of this machine are worth, found out before anything is measured.
 */
#pragma once

#include "lib/compiler.h"

struct counters {
	bool emulated;		     /* no TLB events: a machine without a TLB worth timing */
	bool forced;		     /* emulated, and measured as if it were silicon: no figures */
	bool pmu;		     /* there is one, and EL1 has counters of it */
	bool instructions;	     /* INST_RETIRED exists and is exact */
	const char *no_instructions; /* why not, else NULL */
	const char *no_cycles;	     /* why cycles mean nothing here, else NULL */
	const char *no_time;	     /* why ns mean nothing here, else NULL */
	const char *contradiction;   /* the three contradict each other: a failure; else NULL */
	unsigned ns_per_instruction; /* emulated with an exact unit: virtual time of one */
	uint64_t core_hz;	     /* silicon: measured; 0: not known */
	char clock_source[120];
};

extern struct counters counters;

/* Starts the PMU and holds CNTVCT, INST_RETIRED and PMCCNTR against loops and each other. */
void bench_selfcheck(void);
