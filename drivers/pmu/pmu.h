// SPDX-License-Identifier: MIT
/*
 * PMUv3 of the CPU that runs: the cycle counter, and INST_RETIRED in event counter 0.
 * Counters belong to a CPU: whoever reads them stays on the one that started them.
 */
#pragma once

#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"

/* Common events (Arm ARM D13). */
#define PMU_L1D_TLB_REFILL 0x05
#define PMU_INST_RETIRED   0x08
#define PMU_CPU_CYCLES	   0x11

/*
 * Starts both counters from 0, counting at EL1 in either security state. EL1, any CPU.
 * -ENODEV: no PMUv3, or a hypervisor keeps the event counters for itself (HPMN 0).
 */
int pmu_start(void);

/* Stops both; their values stay. */
void pmu_stop(void);

/* Whether this CPU says that it implements the common @event, 0 to 63. False without a PMU. */
bool pmu_has_event(unsigned event);

/*
 * True if the counters obey: over a loop the cycles move, the instructions too if the event
 * exists and else not, and once stopped nothing does. Leaves them started, from 0. Says
 * nothing about exactness: bench/selfcheck.h does.
 */
bool pmu_self_test(void);

/* Cycles since pmu_start(), 64 bits. Barriers as in timer_ticks(). */
static __always_inline uint64_t pmu_cycles(void)
{
	uint64_t v;

	sysreg_sync();
	v = read_sysreg(pmccntr_el0);
	sysreg_sync();
	return v;
}

/* Instructions since pmu_start(), modulo 2^32: subtract as uint32_t. */
static __always_inline uint32_t pmu_instructions(void)
{
	uint32_t v;

	sysreg_sync();
	v = (uint32_t)read_sysreg(pmevcntr0_el0);
	sysreg_sync();
	return v;
}
