// SPDX-License-Identifier: MIT
/*
 * How fast the core that runs is, by the generic timer; and whether that can be believed.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/fdt/fdt.h"

/*
 * The Arm ARM (D12.1.1) calls 1 to 50 MHz typical, and 1 GHz is the nominal frequency from
 * Armv8.6 on. What lies outside is firmware's mistake.
 */
#define CNTFRQ_MIN_HZ 1000000UL
#define CNTFRQ_MAX_HZ 1000000000UL

/* No core of today runs outside. */
#define CORE_MIN_HZ 1000000UL
#define CORE_MAX_HZ 10000000000UL

/* At 24 MHz 48,000 ticks: half a tick lost at each end is 0.002 %. */
#define CLOCK_WINDOW_US 2000

#define CLOCK_TEXT_MAX 112

/*
 * Tests only (`force=silicon`): an emulated CPU is taken for silicon, so that the code for it runs.
 * What it measures is no figure. Set before anything is measured.
 */
extern unsigned clock_forced;

struct core_clock {
	uint64_t cntfrq_hz;	     /* as the register says, believable or not */
	uint64_t core_hz;	     /* 0: not known */
	bool emulated;		     /* a PMU without TLB events: it counts no core's cycles */
	unsigned ns_per_instruction; /* emulated by icount; else 0 */
	const char *no_time;	     /* why ticks cannot become times, else NULL */
	const char *no_core_hz;	     /* why core_hz is 0, else NULL */
};

struct clock_sample {
	uint64_t ticks, cycles;
};

/* Keeps what the tree says of the timer's frequency, which few trees do. Boot CPU, once. */
void clock_init(const struct fdt *fdt);

/*
 * Measures this CPU over CLOCK_WINDOW_US, for which pmu_start() was called if there is a PMU. A
 * counter that stands still takes bounded time, and is said.
 */
void clock_measure(struct core_clock *clock);

/*
 * One line for the banner, without "\n", of the CPU that runs: its clock, or what plays it here
 * and why. Takes the PMU and leaves it stopped. @size: CLOCK_TEXT_MAX is room for all.
 */
void clock_text(char *text, size_t size);

/* Both counters, at one moment. The PMU is started. */
struct clock_sample clock_sample(void);

/*
 * The core's mean frequency since @start, on the same CPU, the PMU never stopped; waits until
 * CLOCK_WINDOW_US have passed if they have not. 0: a counter stands still.
 */
uint64_t clock_since(const struct clock_sample *start);

/* --- pure --------------------------------------------------------------------------------- */

/* Why @hz, CNTFRQ_EL0's, is not believed; NULL: it is. @tree_hz: the tree's word, 0 if none. */
const char *clock_cntfrq_trouble(uint64_t hz, uint64_t tree_hz);

/* @cycles over @ticks of @hz, rounded down; never overflows, 0 for what cannot be. */
uint64_t clock_hz(uint64_t cycles, uint64_t ticks, uint64_t hz);

/* Whether @hz is more than 0.1 % from @reference. Exact; false if @reference is 0. */
bool clock_drifted(uint64_t hz, uint64_t reference);

/* How far @hz is from @reference, in hundredths of a percent, rounded, at most 1,000,000. */
unsigned clock_drift(uint64_t hz, uint64_t reference);

/* @hz as "1,008.3" MHz. */
void clock_mhz(char text[24], uint64_t hz);
