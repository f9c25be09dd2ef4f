// SPDX-License-Identifier: MIT
/*
 * A GIC for the drivers' host tests: the registers that they use, with the rules that an
 * emulator does not check. Breaking one, or an access that nothing answers, is noted.
 */
#pragma once

#include "lib/compiler.h"

#define MODEL_CPUS   4
#define MODEL_DIST   0x08000000UL
#define MODEL_CPUIF  0x08010000UL /* GICv2 */
#define MODEL_FRAME  0x10000UL
#define MODEL_REGION 0x080a0000UL /* GICv3: redistributors, and more of them */
#define MODEL_FAR    0x4000000000UL

struct model_redistributor {
	uint64_t base; /* physical */
	uint32_t affinity;
	bool last, vlpis;
	/* state */
	uint32_t enabled, groups, waker;
	unsigned busy; /* reads until it confirms */
};

struct model {
	/* What the test sets up. */
	unsigned version; /* 2 or 3 */
	unsigned cpu;	  /* the one that runs */
	uint64_t mpidr[MODEL_CPUS];
	struct model_redistributor redistributor[MODEL_CPUS];
	unsigned redistributors;
	uint32_t secure; /* SGIs and PPIs that the Secure state keeps */
	bool two_states; /* WAKER and groups are the Secure state's */
	bool stuck_distributor, asleep_for_ever, no_sre, no_registers, one_interface;
	unsigned range_selector; /* 1: the distributor has one, 2: the CPUs do */

	/* What is seen of the driver. */
	uint32_t dist_ctlr, dist_enabled[32];
	unsigned dist_busy;
	uint32_t banked_enabled[MODEL_CPUS]; /* GICv2 */
	uint64_t sre, pmr, igrpen1, icc_ctlr, sgi1r;
	uint32_t cpuif_ctlr, cpuif_pmr, sgir, ended;
	uint32_t acknowledge; /* what the next acknowledgement returns; then 1023 */
	uint64_t cntv_ctl, cntv_cval, cntvct, cntfrq;
	char events[512];   /* since the last model_events(): barriers and what they order */
	const char *broken; /* the first rule that was */
	uint64_t broken_at;
};

extern struct model model;

/* A GICv@version as it comes out of reset, redistributors side by side, Last at the end. */
void model_reset(unsigned version);

/* The driver's `map`. Fails from the @model_maps_left-th call on. */
void *model_map(uint64_t pa, uint64_t size);
extern unsigned model_maps_left;

/* Whether the events since the last call were @events: words, each followed by a space. */
bool model_events(const char *events);
