// SPDX-License-Identifier: MIT
/*
 * Programs PMUv3 (Arm ARM D13): no interrupts, no user access, EL1 only.
 */
#include <errno.h>

#include "drivers/pmu/pmu.h"

#define PMCR_E		 (1UL << 0)
#define PMCR_P		 (1UL << 1) /* resets the event counters */
#define PMCR_C		 (1UL << 2) /* resets the cycle counter */
#define PMCR_LC		 (1UL << 6) /* cycle counter overflows at 64 bits */
#define COUNTER_0	 (1UL << 0)
#define COUNTER_CYCLES	 (1UL << 31)
#define ALL_COUNTERS	 0xffffffffUL
#define PMUVER_NONE	 0
#define PMUVER_OTHER	 15 /* a PMU, but not PMUv3 */
#define SELF_TEST_ROUNDS 1000

static bool pmu_present(void)
{
	unsigned version = field(read_sysreg(id_aa64dfr0_el1), 11, 8);

	return version != PMUVER_NONE && version != PMUVER_OTHER;
}

/* PMCR.N: event counters that this exception level may use. */
static unsigned event_counters(void)
{
	return field(read_sysreg(pmcr_el0), 15, 11);
}

int pmu_start(void)
{
	if (!pmu_present() || !event_counters())
		return -ENODEV;
	write_sysreg(ALL_COUNTERS, pmcntenclr_el0);
	write_sysreg(ALL_COUNTERS, pmintenclr_el1);
	write_sysreg(ALL_COUNTERS, pmovsclr_el0);
	write_sysreg(0, pmuserenr_el0);
	/* Filters all zero: P=0 and NSK=P count EL1 in both states, NSH=0 leaves EL2 out.
	 */
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(PMU_INST_RETIRED, pmevtyper0_el0);
	/* D stays 0: one count a cycle, not one in 64. */
	write_sysreg(PMCR_P | PMCR_C | PMCR_LC, pmcr_el0);
	sysreg_sync(); /* set up before the first count */
	write_sysreg(COUNTER_0 | COUNTER_CYCLES, pmcntenset_el0);
	write_sysreg(PMCR_E | PMCR_LC, pmcr_el0);
	sysreg_sync();
	return 0;
}

void pmu_stop(void)
{
	if (!pmu_present())
		return;
	write_sysreg(COUNTER_0 | COUNTER_CYCLES, pmcntenclr_el0);
	sysreg_sync(); /* a read after this sees the last value */
}

bool pmu_has_event(unsigned event)
{
	if (!pmu_present() || event > 63)
		return false;
	if (event < 32)
		return read_sysreg(pmceid0_el0) >> event & 1;
	return read_sysreg(pmceid1_el0) >> (event - 32) & 1;
}

static void spin(unsigned rounds)
{
	while (rounds--)
		asm volatile(""); /* the loop must stay: its instructions are what is counted */
}

bool pmu_self_test(void)
{
	bool counts_instructions = pmu_has_event(PMU_INST_RETIRED);
	uint64_t cycles;
	uint32_t instructions;
	bool moved, stood;

	if (pmu_start())
		return false;
	cycles = pmu_cycles();
	instructions = pmu_instructions();
	spin(SELF_TEST_ROUNDS);
	moved = pmu_cycles() != cycles &&
		(pmu_instructions() != instructions) == counts_instructions;
	pmu_stop();
	cycles = pmu_cycles();
	instructions = pmu_instructions();
	spin(SELF_TEST_ROUNDS);
	stood = pmu_cycles() == cycles && pmu_instructions() == instructions;
	return pmu_start() == 0 && moved && stood;
}
