// SPDX-License-Identifier: MIT
/*
 * PMUv3 of the CPU that runs: the cycle counter, INST_RETIRED in event counter 0, and any
 * events in the others. Counters belong to a CPU: whoever reads them stays on the one that
 * started them. EL1.
 *
 * What counts where (Arm ARM D13.5, D13.8): all filters are zero. P = 0 and NSK = P count EL1
 * in both states, U = 0 and NSU = U EL0 (there is none here), NSH = 0 leaves EL2 out. M = P
 * counts EL3 too, so that the cycle counter shows what firmware takes out of a sample and
 * keeps step with the timer; events stay out of EL3 as long as firmware leaves MDCR_EL3.SPME
 * at 0. After an entry at EL2, boot/head.S has set MDCR_EL2 to N alone: HPMN = N gives all
 * counters to EL1, TPM = TPMCR = 0 trap no access, HPME and HLP are of counters from HPMN on,
 * of which there are none, HPMD and HCCD are of EL2, TDE and the other traps are not the PMU's.
 */
#pragma once

#include "drivers/pmu/events.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"

/* What this CPU has. Any time. */
void pmu_identify(struct pmu_id *id);

/*
 * Starts the cycle counter and counter 0 from 0, stops all others.
 * -ENODEV: no PMUv3, or a hypervisor keeps the event counters for itself (HPMN 0).
 */
int pmu_start(void);

/* Stops both; their values stay. */
void pmu_stop(void);

/* Whether this CPU says that it implements the common @event. False without a PMU. */
bool pmu_has_event(unsigned event);

/* Without TLB events this is no core with a TLB worth timing: an emulator (docs/measuring.md). */
static __always_inline bool pmu_is_emulated(void)
{
	return !pmu_has_event(PMU_L1D_TLB_REFILL);
}

/*
 * True if the counters obey: over a loop the cycles move, the instructions too if the event
 * exists and else not, and once stopped nothing does. Leaves them started, from 0. Says
 * nothing about exactness: bench/selfcheck.h does.
 */
bool pmu_self_test(void);

/*
 * The event counters that obey, a bit each, counter 0 too: every one that EL1 has is made to
 * count cycles. It must move, stand when stopped, and be 0 when reset. 0 without a PMU. Leaves
 * things as pmu_start() does.
 */
uint32_t pmu_good_counters(void);

/*
 * Event counter @counter, below pmu_id.counters, stopped and 0, counts @event from the next
 * pmu_start_events() on. Not 0, which is pmu_instructions()'s.
 */
void pmu_set_event(unsigned counter, unsigned event);

/* What a stopped counter holds. True if it is the count; false: it overflowed 32 bits since. */
bool pmu_read_event(unsigned counter, uint32_t *count);

/* The counters of @mask to 0, and their overflow forgotten. They are stopped. */
void pmu_reset_events(uint32_t mask);

/* All at once, by one write: what is counted is what lies between the two. */
static __always_inline void pmu_start_events(uint32_t mask)
{
	sysreg_sync(); /* nothing before it is counted */
	write_sysreg(mask, pmcntenset_el0);
	sysreg_sync(); /* all that follows is */
}

static __always_inline void pmu_stop_events(uint32_t mask)
{
	sysreg_sync();
	write_sysreg(mask, pmcntenclr_el0);
	sysreg_sync(); /* a read after this sees the last value */
}

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
