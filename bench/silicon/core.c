// SPDX-License-Identifier: MIT
/*
 * What a CPU says of itself, and how fast it is.
 */
#include "bench/silicon/check-internal.h"
#include "drivers/pmu/pmu.h"
#include "drivers/smp/cpus.h"
#include "drivers/timer.h"

/* Enough reads for a counter that moves once in 65,536 cycles at two cycles a read. */
#define TIMER_READS 40000u

static void register_facts(struct facts *f)
{
	char text[CORE_TEXT_MAX];

	core_text(text, sizeof(text));
	fact(f, "core", "%s", text);
	fact(f, "midr", "0x%lx", read_sysreg(midr_el1));
	fact(f, "mpidr", "0x%lx", read_sysreg(mpidr_el1));
	fact(f, "revidr", "0x%lx", read_sysreg(revidr_el1));
	fact(f, "ctr", "0x%lx", read_sysreg(ctr_el0));
	fact(f, "mmfr0", "0x%lx", read_sysreg(id_aa64mmfr0_el1));
	fact(f, "mmfr1", "0x%lx", read_sysreg(id_aa64mmfr1_el1));
	fact(f, "mmfr2", "0x%lx", read_sysreg(id_aa64mmfr2_el1));
	fact(f, "isar0", "0x%lx", read_sysreg(id_aa64isar0_el1));
	fact(f, "isar1", "0x%lx", read_sysreg(id_aa64isar1_el1));
	fact(f, "pfr0", "0x%lx", read_sysreg(id_aa64pfr0_el1));
	fact(f, "pfr1", "0x%lx", read_sysreg(id_aa64pfr1_el1));
	fact(f, "dfr0", "0x%lx", read_sysreg(id_aa64dfr0_el1));
	/* ACTLR_EL3 decides, which EL1 cannot see; after a trap firmware may not come back. */
	fact_absent(f, "cpuectlr", "not tried: a write may trap to EL3, which may not return");
	fact(f, "cntfrq_hz", "%lu", read_sysreg(cntfrq_el0));
}

static void pmu_facts(struct facts *f)
{
	struct pmu_id id;

	pmu_identify(&id);
	if (!id.version) {
		fact_absent(f, "pmceid0", "this CPU has no PMUv3");
		fact_absent(f, "pmceid1", "this CPU has no PMUv3");
		fact_absent(f, "pmu_counters", "this CPU has no PMUv3");
		return;
	}
	fact(f, "pmceid0", "0x%lx", id.ceid[0]);
	fact(f, "pmceid1", "0x%lx", id.ceid[1]);
	fact(f, "pmu_counters", "%u", id.counters);
}

/* Returns why there is none; NULL: there is. */
static const char *clock_fact(struct core *core, const char *key)
{
	struct core_clock clock;

	clock_measure(&clock);
	if (clock.core_hz)
		figure(core->facts, key, "%lu", clock.core_hz);
	else
		fact_absent(core->facts, key, clock.no_core_hz);
	return clock.no_core_hz;
}

/* The smallest step that the timer was seen to make; 0: none. */
static uint64_t timer_step(void)
{
	uint64_t last = timer_ticks(), step = 0;

	for (unsigned i = 0; i < TIMER_READS; i++) {
		uint64_t now = timer_ticks();

		if (now != last && (!step || now - last < step))
			step = now - last;
		last = now;
	}
	return step;
}

static void timer_facts(struct core *core)
{
	uint64_t step;

	if (core->no_cycles) {
		fact_absent(core->facts, "timer_step", core->no_cycles);
		return;
	}
	step = timer_step();
	if (step)
		figure(core->facts, "timer_step", "%lu ticks, %lu ns", step, timer_ns(step));
	else
		fact_absent(core->facts, "timer_step", "the timer did not move");
}

void core_facts(struct core *core)
{
	register_facts(core->facts);
	geometry_facts(core);
	pmu_facts(core->facts);
	clock_fact(core, "clock_hz");
}

void clock_facts(struct core *core)
{
	core->no_cycles = clock_fact(core, "clock_scmi_hz");
	timer_facts(core);
}
