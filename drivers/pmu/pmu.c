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
#define SELF_TEST_ROUNDS 1000

void pmu_identify(struct pmu_id *id)
{
	*id = (struct pmu_id){ .version = field(read_sysreg(id_aa64dfr0_el1), 11, 8),
			       .midr = read_sysreg(midr_el1) };
	if (id->version == PMU_VERSION_OTHER)
		id->version = PMU_VERSION_NONE;
	if (id->version == PMU_VERSION_NONE)
		return; /* its registers are undefined */
	id->counters = field(read_sysreg(pmcr_el0), 15, 11);
	id->ceid[0] = read_sysreg(pmceid0_el0);
	id->ceid[1] = read_sysreg(pmceid1_el0);
}

static bool pmu_present(void)
{
	struct pmu_id id;

	pmu_identify(&id);
	return id.version != PMU_VERSION_NONE;
}

int pmu_start(void)
{
	struct pmu_id id;

	pmu_identify(&id);
	if (!id.counters)
		return -ENODEV;
	write_sysreg(ALL_COUNTERS, pmcntenclr_el0);
	write_sysreg(ALL_COUNTERS, pmintenclr_el1);
	write_sysreg(ALL_COUNTERS, pmovsclr_el0);
	write_sysreg(0, pmuserenr_el0);
	write_sysreg(0, pmccfiltr_el0); /* filters: pmu.h */
	write_sysreg(PMU_INST_RETIRED, pmevtyper0_el0);
	/* D stays 0: one count a cycle, not one in 64. LP stays 0: events overflow at 32 bits. */
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
	struct pmu_id id;

	pmu_identify(&id);
	return pmu_id_has(&id, event);
}

/* --- any counter ------------------------------------------------------------------------------ */

static void select_counter(unsigned counter)
{
	write_sysreg(counter, pmselr_el0);
	sysreg_sync(); /* PMXEV* are this counter's from here on (D13.1) */
}

static uint32_t counter_value(unsigned counter)
{
	select_counter(counter);
	return (uint32_t)read_sysreg(pmxevcntr_el0);
}

void pmu_reset_events(uint32_t mask)
{
	for (unsigned i = 0; i < PMU_COUNTERS_MAX; i++) {
		if (!(mask >> i & 1))
			continue;
		select_counter(i);
		write_sysreg(0, pmxevcntr_el0);
	}
	write_sysreg(mask, pmovsclr_el0);
	sysreg_sync();
}

static void set_event(unsigned counter, unsigned event)
{
	pmu_stop_events(1u << counter);
	select_counter(counter);
	write_sysreg(event, pmxevtyper_el0); /* filters: pmu.h */
	pmu_reset_events(1u << counter);
}

void pmu_set_event(unsigned counter, unsigned event)
{
	if (counter)
		set_event(counter, event);
}

bool pmu_read_event(unsigned counter, uint32_t *count)
{
	*count = counter_value(counter);
	return !(read_sysreg(pmovsclr_el0) >> counter & 1);
}

/* --- self-tests ------------------------------------------------------------------------------- */

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

/* It has just counted: it is not 0, stays what it is, and is 0 after a reset. */
static bool obeys(unsigned counter)
{
	uint32_t value = counter_value(counter);

	spin(SELF_TEST_ROUNDS);
	if (!value || counter_value(counter) != value)
		return false;
	pmu_reset_events(1u << counter);
	return !counter_value(counter);
}

uint32_t pmu_good_counters(void)
{
	uint32_t good = 0, all;
	struct pmu_id id;

	pmu_identify(&id);
	if (pmu_start())
		return 0;
	all = (1u << id.counters) - 1;
	for (unsigned i = 0; i < id.counters; i++)
		set_event(i, PMU_CPU_CYCLES);
	pmu_start_events(all);
	spin(SELF_TEST_ROUNDS);
	pmu_stop_events(all);
	for (unsigned i = 0; i < id.counters; i++)
		good |= (uint32_t)obeys(i) << i;
	return pmu_start() ? 0 : good;
}
