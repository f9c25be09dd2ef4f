// SPDX-License-Identifier: MIT
/*
 * The registers of the Arm ARM's D13 that drivers/pmu/ uses, and CNTVCT.
 */
#include "tests/host/pmu-model.h"

#include <string.h>

#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"

#define CYCLES_BIT 31

struct pmu_model model;

static bool selected_is_stale; /* PMSELR was written and no ISB came */

void model_reset(void)
{
	memset(&model, 0, sizeof(model));
	model.midr = 0x414fd0b1;
	model.dfr0 = 4 << 8;
	model.ceid[0] = 1u << 0x05 | 1u << 0x08 | 1u << 0x11;
	model.cntfrq = 24000000;
	model.counters = 6;
	model.cycles_per_tick = 41;
	model.pmccntr = 0x123456789;
	model.pmcntenset = 0xffffffff;
	model.pmovs = 0xffffffff;
	model.cntvct = 77;
	for (unsigned i = 0; i < 31; i++) {
		model.evtyper[i] = 0xfc00ffff;
		model.evcntr[i] = 0xdeadbeef;
	}
	selected_is_stale = false;
}

static bool counts(unsigned counter)
{
	return model.pmcr & 1 && model.pmcntenset >> counter & 1 && !(model.still >> counter & 1);
}

/* Filters: only those that count EL1 in the Non-secure state, P = NSK, do. */
static bool is_filtered(uint64_t evtyper)
{
	return (evtyper >> 31 & 1) != (evtyper >> 29 & 1) || evtyper >> 31 & 1;
}

static void add(unsigned counter, uint64_t n)
{
	uint64_t sum = model.evcntr[counter] + n;

	if (sum >> 32)
		model.pmovs |= 1u << counter;
	model.evcntr[counter] = (uint32_t)sum;
}

static void advance(uint64_t cycles, uint64_t instructions)
{
	uint64_t per_tick = model.cycles_per_tick;

	model.cycles += cycles;
	if (model.slower_after && model.cycles > model.slower_after)
		per_tick /= 2;
	model.tick_part += cycles;
	if (!model.timer_still)
		model.cntvct += model.tick_part / per_tick;
	model.tick_part %= per_tick;
	if (counts(CYCLES_BIT))
		model.pmccntr += cycles;
	for (unsigned i = 0; i < model.counters; i++) {
		unsigned event = model.evtyper[i] & 0xffff;

		if (!counts(i) || is_filtered(model.evtyper[i]) || event > 31 ||
		    !(model.ceid[0] >> event & 1))
			continue;
		add(i, event == 0x11 ? cycles : event == 0x08 ? instructions : 0);
	}
}

void model_run(uint64_t instructions)
{
	advance(instructions, instructions + model.miscounts);
}

void host_barrier(const char *name)
{
	if (strcmp(name, "isb"))
		return;
	selected_is_stale = false;
	advance(7, 1);
}

static unsigned selected(void)
{
	if (selected_is_stale)
		model.broken = "PMXEV* before the ISB after PMSELR";
	if (model.pmselr >= model.counters) {
		model.broken = "a counter that there is not";
		return 0;
	}
	return model.pmselr;
}

uint64_t host_read_sysreg(const char *name)
{
	if (!strcmp(name, "id_aa64dfr0_el1"))
		return model.dfr0;
	if (!strcmp(name, "midr_el1"))
		return model.midr;
	if (!strcmp(name, "cntfrq_el0"))
		return model.cntfrq;
	if (!strcmp(name, "cntvct_el0"))
		return model.cntvct;
	if ((model.dfr0 >> 8 & 0xf) == 0 || (model.dfr0 >> 8 & 0xf) == 15)
		model.broken = "a PMU's register without a PMU";
	if (!strcmp(name, "pmcr_el0"))
		return model.pmcr | (uint64_t)model.counters << 11;
	if (!strcmp(name, "pmceid0_el0"))
		return model.ceid[0];
	if (!strcmp(name, "pmceid1_el0"))
		return model.ceid[1];
	if (!strcmp(name, "pmccntr_el0"))
		return model.pmccntr;
	if (!strcmp(name, "pmevcntr0_el0"))
		return model.evcntr[0];
	if (!strcmp(name, "pmxevcntr_el0"))
		return model.evcntr[selected()];
	if (!strcmp(name, "pmovsclr_el0"))
		return model.pmovs;
	model.broken = "an unknown register is read";
	return 0;
}

static void write_pmcr(uint64_t value)
{
	if (value & 2)
		for (unsigned i = 0; i < model.counters; i++)
			model.evcntr[i] = model.no_reset >> i & 1 ? model.evcntr[i] : 0;
	if (value & 4)
		model.pmccntr = 0;
	model.pmcr = value & ~6UL;
}

void host_write_sysreg(const char *name, uint64_t value)
{
	if ((model.dfr0 >> 8 & 0xf) == 0 || (model.dfr0 >> 8 & 0xf) == 15)
		model.broken = "a PMU's register without a PMU";
	if (!strcmp(name, "pmcr_el0")) {
		write_pmcr(value);
	} else if (!strcmp(name, "pmcntenset_el0")) {
		model.pmcntenset |= value;
	} else if (!strcmp(name, "pmcntenclr_el0")) {
		model.pmcntenset &= ~value | model.unstoppable;
	} else if (!strcmp(name, "pmovsclr_el0")) {
		model.pmovs &= ~value;
	} else if (!strcmp(name, "pmselr_el0")) {
		model.pmselr = value;
		selected_is_stale = true;
	} else if (!strcmp(name, "pmxevtyper_el0")) {
		model.evtyper[selected()] = value;
	} else if (!strcmp(name, "pmxevcntr_el0")) {
		if (!(model.no_reset >> selected() & 1))
			model.evcntr[selected()] = value;
	} else if (!strcmp(name, "pmevtyper0_el0")) {
		model.evtyper[0] = value;
	} else if (!strcmp(name, "pmccfiltr_el0")) {
		if (is_filtered(value))
			model.broken = "the cycles of EL1 are filtered";
	} else if (strcmp(name, "pmintenclr_el1") && strcmp(name, "pmuserenr_el0")) {
		model.broken = "an unknown register is written";
	}
}
