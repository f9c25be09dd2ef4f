// SPDX-License-Identifier: MIT
/*
 * Two loops whose instructions are known show whether INST_RETIRED counts each one and
 * nothing else; a long one shows how the three counters relate.
 */
#include <stdio.h>

#include "bench/selfcheck.h"
#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/arm64/cpu.h"

#define SHORT_ROUNDS 1000UL
#define LONG_ROUNDS  3000UL
#define CLOCK_ROUNDS 1000000UL
#define ROUND_INSNS  2UL
#define REPEATS	     3

struct counters counters;

struct reading {
	uint64_t ticks, cycles;
	uint32_t instructions;
};

/* Two instructions a round. */
static __always_inline void known_loop(uint64_t rounds)
{
	asm volatile("1:	subs	%0, %0, #1\n"
		     "	b.ne	1b"
		     : "+r"(rounds)
		     :
		     : "cc");
}

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

		if (b - a != (LONG_ROUNDS - SHORT_ROUNDS) * ROUND_INSNS)
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
		counters.disagree = true;
		counters.no_instructions =
			"cycles, virtual time and instructions contradict each other";
		return;
	}
	snprintf(counters.clock_source, sizeof(counters.clock_source),
		 "icount: one instruction = %u ns of virtual time", ratio);
}

/* Silicon: how fast the core runs, by the timer. */
static void check_real_clock(void)
{
	struct reading r = read_loop(CLOCK_ROUNDS);

	snprintf(counters.clock_source, sizeof(counters.clock_source),
		 "CNTVCT at %lu Hz, cycles by PMCCNTR", timer_hz());
	if (!timer_hz() || !r.ticks)
		counters.no_time = "the generic timer stands still or its CNTFRQ is 0";
	else
		counters.core_hz = r.cycles * timer_hz() / r.ticks;
	/* Any core retires a loop of two in at least half a cycle and at most a hundred. */
	counters.disagree = r.cycles < CLOCK_ROUNDS / 2 || r.cycles > CLOCK_ROUNDS * 100;
}

void bench_selfcheck(void)
{
	bool has_pmu = !pmu_start();

	counters = (struct counters){ .emulated = !pmu_has_event(PMU_L1D_TLB_REFILL) };
	counters.no_instructions = has_pmu ? instruction_trouble() : "this CPU has no PMUv3";
	if (counters.emulated)
		counters.no_time = "emulated: virtual time says nothing about any core";
	else if (!has_pmu)
		counters.no_time = "this CPU has no PMUv3";
	snprintf(counters.clock_source, sizeof(counters.clock_source),
		 "host clock: virtual time is not reproducible");
	if (counters.emulated && !counters.no_instructions)
		check_virtual_clock();
	else if (!counters.emulated)
		check_real_clock();
	counters.instructions = !counters.no_instructions;
}
