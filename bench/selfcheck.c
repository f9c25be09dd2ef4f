// SPDX-License-Identifier: MIT
/*
 * Two loops whose instructions are known show whether INST_RETIRED counts each one and
 * nothing else; a long one shows how the three counters relate.
 */
#include <stdio.h>

#include "bench/selfcheck.h"
#include "drivers/pmu/clock.h"
#include "drivers/pmu/known-loop.h"
#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/arm64/cpu.h"

#define SHORT_ROUNDS 1000UL
#define LONG_ROUNDS  3000UL
#define CLOCK_ROUNDS 1000000UL
#define REPEATS	     3

struct counters counters;

struct reading {
	uint64_t ticks, cycles;
	uint32_t instructions;
};

/* As a sample is taken: the timer outermost, cycles innermost. */
static noinline struct reading read_loop(uint64_t rounds)
{
	uint64_t irq = local_irq_save();
	uint64_t ticks = timer_ticks();
	uint32_t instructions = pmu_instructions();
	uint64_t cycles = pmu_cycles();
	struct reading r;

	known_loop(rounds);
	r.cycles = pmu_cycles() - cycles;
	r.instructions = pmu_instructions() - instructions;
	r.ticks = timer_ticks() - ticks;
	local_irq_restore(irq);
	return r;
}

/* What lies around the loops cancels out; what is left is known to the instruction. */
static bool loops_count_exactly(void)
{
	for (unsigned i = 0; i < REPEATS; i++) {
		uint32_t a = read_loop(SHORT_ROUNDS).instructions;
		uint32_t b = read_loop(LONG_ROUNDS).instructions;

		if (b - a != (LONG_ROUNDS - SHORT_ROUNDS) * KNOWN_LOOP_INSNS)
			return false;
	}
	return true;
}

static const char *instruction_trouble(void)
{
	if (!pmu_has_event(PMU_INST_RETIRED))
		return "event INST_RETIRED (0x08) is not implemented; QEMU has it with -icount "
		       "shift=0";
	if (!pmu_self_test())
		return "the PMU does not obey: its counters stand still or do not stop";
	if (!loops_count_exactly())
		return "INST_RETIRED miscounts a loop of known length";
	return NULL;
}

/*
 * Emulated, with exact instructions: QEMU derives all three from one count of
 * instructions, so cycles and virtual time are a fixed multiple of it, to a tick.
 */
static void check_virtual_clock(void)
{
	struct reading a = read_loop(SHORT_ROUNDS), b = read_loop(CLOCK_ROUNDS);
	uint64_t instructions = (uint32_t)(b.instructions - a.instructions);
	uint64_t ns = timer_ns(b.ticks - a.ticks);
	uint64_t slack_ns = timer_ns(2) + 1;
	unsigned ratio = (ns + instructions / 2) / instructions;

	counters.ns_per_instruction = ratio;
	if (b.cycles - a.cycles != instructions * ratio || ns + slack_ns < instructions * ratio ||
	    ns > instructions * ratio + slack_ns) {
		counters.contradiction =
			"cycles, virtual time and instructions contradict each other";
		counters.no_instructions = counters.contradiction;
		return;
	}
	snprintf(counters.clock_source, sizeof(counters.clock_source),
		 "icount: one instruction = %u ns of virtual time", ratio);
}

/* Silicon: what the cycle counter is worth. @no_core_hz: why its ratio to the timer is none. */
static void check_cycles(const char *no_core_hz)
{
	uint64_t cycles = read_loop(CLOCK_ROUNDS).cycles;

	if (!cycles)
		counters.no_cycles = "PMCCNTR_EL0 stands still";
	/* Any core retires a loop of two in at least half a cycle and at most a hundred. */
	else if (cycles < CLOCK_ROUNDS / 2 || cycles > CLOCK_ROUNDS * 100)
		counters.contradiction = "PMCCNTR_EL0 contradicts a loop of known length";
	else if (!counters.no_time)
		counters.contradiction = no_core_hz;
}

/* Silicon: how fast the core runs, by the timer; each of the two may be missing alone. */
static void check_real_clock(void)
{
	struct core_clock clock;

	clock_measure(&clock);
	counters.core_hz = clock.core_hz;
	counters.no_time = clock.no_time;
	if (counters.pmu)
		check_cycles(clock.no_core_hz);
	else
		counters.no_cycles = counters.no_instructions;
	snprintf(counters.clock_source, sizeof(counters.clock_source), "%sCNTVCT at %lu Hz%s%s",
		 counters.forced ? "forced: " : "", timer_hz(),
		 counters.no_time ? ", which is no clock: " : "",
		 counters.no_time     ? counters.no_time
		 : counters.no_cycles ? ""
				      : ", cycles by PMCCNTR");
}

/* An emulator, or a CPU that has no PMU to tell. */
static void check_emulated(void)
{
	counters.no_time = "emulated: virtual time says nothing about any core";
	counters.no_cycles = counters.pmu ? counters.no_time : counters.no_instructions;
	snprintf(counters.clock_source, sizeof(counters.clock_source),
		 "host clock: virtual time is not reproducible");
	if (!counters.no_instructions)
		check_virtual_clock();
}

static const char *pmu_trouble(void)
{
	struct pmu_id id;

	pmu_identify(&id);
	return id.version ? "a hypervisor keeps the PMU's counters" : "this CPU has no PMUv3";
}

void bench_selfcheck(void)
{
	bool emulated = pmu_is_emulated();

	counters = (struct counters){ .emulated = emulated && !clock_forced,
				      .forced = emulated && clock_forced,
				      .pmu = !pmu_start() };
	counters.no_instructions = counters.pmu ? instruction_trouble() : pmu_trouble();
	if (counters.emulated)
		check_emulated();
	else
		check_real_clock();
	counters.instructions = !counters.no_instructions;
}
