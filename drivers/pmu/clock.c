// SPDX-License-Identifier: MIT
/*
 * PMCCNTR counts the core's own cycles (Arm ARM D13.2), CNTVCT a clock that no DVFS changes:
 * their ratio over a window is the core's clock.
 */
#include "drivers/pmu/clock.h"

#include <stdio.h>

#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/arm64/cpu.h"

/* A round has four ISBs: 2 ms of it are far fewer at any known core's clock. */
#define WINDOW_ROUNDS 2000000u
#define DRIFT_PART    1000u /* 0.1 % */
#define DRIFT_MAX     1000000u

static uint32_t tree_hz;

unsigned clock_forced;

void clock_init(const struct fdt *fdt)
{
	int node = fdt_next_compatible(fdt, fdt->root, "arm,armv8-timer");

	if (fdt_get_u32(fdt, node, "clock-frequency", &tree_hz))
		tree_hz = 0;
}

const char *clock_cntfrq_trouble(uint64_t hz, uint64_t tree)
{
	if (!hz)
		return "CNTFRQ_EL0 is 0";
	if (hz < CNTFRQ_MIN_HZ || hz > CNTFRQ_MAX_HZ)
		return "CNTFRQ_EL0 is not between 1 MHz and 1 GHz";
	if (tree && tree != hz)
		return "CNTFRQ_EL0 and the device tree's clock-frequency differ";
	return NULL;
}

uint64_t clock_hz(uint64_t cycles, uint64_t ticks, uint64_t hz)
{
	/* Below 2^32 no product exceeds 64 bits; what is cut off of a long window is nothing. */
	while (ticks > UINT32_MAX) {
		ticks >>= 1;
		cycles >>= 1;
	}
	if (!ticks || hz > UINT32_MAX || cycles / ticks > UINT32_MAX)
		return 0;
	return cycles / ticks * hz + cycles % ticks * hz / ticks;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool clock_drifted(uint64_t hz, uint64_t reference)
{
	/* Whole numbers: more than the quotient is more than its floor. */
	return reference && distance(hz, reference) > reference / DRIFT_PART;
}

unsigned clock_drift(uint64_t hz, uint64_t reference)
{
	uint64_t off = distance(hz, reference);

	while (reference > UINT32_MAX) {
		reference >>= 1;
		off >>= 1;
	}
	if (!reference || off / reference >= DRIFT_MAX / 10000)
		return DRIFT_MAX;
	return (off * 10000 + reference / 2) / reference;
}

void clock_mhz(char text[24], uint64_t hz)
{
	uint64_t tenths = hz / 100000 + (hz % 100000 >= 50000);
	uint64_t mhz = tenths / 10;

	if (mhz < 1000)
		snprintf(text, 24, "%lu.%lu", mhz, tenths % 10);
	else
		snprintf(text, 24, "%lu,%03lu.%lu", mhz / 1000, mhz % 1000, tenths % 10);
}

struct clock_sample clock_sample(void)
{
	uint64_t irq = local_irq_save();
	struct clock_sample sample = { .ticks = timer_ticks(), .cycles = pmu_cycles() };

	local_irq_restore(irq);
	return sample;
}

/* The end of a window that began at @start; false: the timer did not get there. */
static bool wait_window(const struct clock_sample *start, struct clock_sample *end)
{
	uint64_t window = timer_hz() / (1000000 / CLOCK_WINDOW_US);

	for (unsigned i = 0; i < WINDOW_ROUNDS; i++) {
		*end = clock_sample();
		if (end->ticks - start->ticks >= window)
			return end->ticks > start->ticks;
		cpu_relax();
	}
	return false;
}

uint64_t clock_since(const struct clock_sample *start)
{
	struct clock_sample end;

	if (!wait_window(start, &end))
		return 0;
	return clock_hz(end.cycles - start->cycles, end.ticks - start->ticks, timer_hz());
}

/* Emulated, with a count of instructions: what one of them is in virtual time. */
static unsigned virtual_ns(void)
{
	struct clock_sample start = clock_sample(), end;
	uint32_t instructions = pmu_instructions();

	if (!wait_window(&start, &end))
		return 0;
	instructions = pmu_instructions() - instructions;
	if (!instructions)
		return 0;
	return (timer_ns(end.ticks - start.ticks) + instructions / 2) / instructions;
}

/* Silicon. */
static void measure_core(struct core_clock *clock)
{
	struct clock_sample start = clock_sample();

	clock->core_hz = clock_since(&start);
	if (clock_sample().cycles == start.cycles)
		clock->no_core_hz = "PMCCNTR_EL0 stands still";
	else if (!clock->core_hz)
		clock->no_core_hz = clock->no_time =
			"CNTVCT_EL0 is far slower than CNTFRQ_EL0 says";
	else if (clock->core_hz < CORE_MIN_HZ || clock->core_hz > CORE_MAX_HZ)
		clock->no_core_hz = "PMCCNTR_EL0 and CNTVCT_EL0 contradict each other";
	if (clock->no_core_hz)
		clock->core_hz = 0;
}

void clock_measure(struct core_clock *clock)
{
	struct pmu_id id;

	pmu_identify(&id);
	*clock = (struct core_clock){ .cntfrq_hz = timer_hz(),
				      .emulated = !pmu_id_has(&id, PMU_L1D_TLB_REFILL) &&
						  !clock_forced };
	clock->no_time = clock_cntfrq_trouble(clock->cntfrq_hz, tree_hz);
	if (!clock->no_time && !timer_runs())
		clock->no_time = "the generic timer stands still or goes back";
	if (!id.version)
		clock->no_core_hz = "this CPU has no PMUv3";
	else if (!id.counters)
		clock->no_core_hz = "a hypervisor keeps the PMU's counters";
	else if (clock->no_time)
		clock->no_core_hz = clock->no_time;
	else if (clock->emulated)
		clock->no_core_hz = "emulated: virtual time says nothing about any core";
	if (!clock->no_core_hz)
		measure_core(clock);
	else if (clock->emulated && !clock->no_time && id.counters &&
		 pmu_id_has(&id, PMU_INST_RETIRED))
		clock->ns_per_instruction = virtual_ns();
}

/* What plays the clock where a PMU counts no core's cycles. */
static void emulated_text(const struct core_clock *clock, char *text, size_t size)
{
	if (clock->ns_per_instruction)
		snprintf(text, size,
			 "icount: 1 instruction = %u ns of virtual time; no core's clock",
			 clock->ns_per_instruction);
	else
		snprintf(text, size,
			 "emulated: the host's time, by CNTVCT and by PMCCNTR; no core's clock");
}

void clock_text(char *text, size_t size)
{
	struct core_clock clock;
	char core[24], timer[24];
	bool started = !pmu_start();

	clock_measure(&clock);
	if (started)
		pmu_stop();
	clock_mhz(core, clock.core_hz);
	clock_mhz(timer, clock.cntfrq_hz);
	if (clock.cntfrq_hz % 1000000 == 0)
		snprintf(timer, sizeof(timer), "%lu", clock.cntfrq_hz / 1000000);
	if (clock.no_time)
		snprintf(text, size, "unknown: %s; no times", clock.no_time);
	else if (clock.core_hz)
		snprintf(text, size,
			 "%score clock %s MHz measured (PMCCNTR over CNTVCT, CNTFRQ %s MHz)",
			 clock_forced && pmu_is_emulated() ? "forced: " : "", core, timer);
	else if (clock.emulated && started)
		emulated_text(&clock, text, size);
	else
		snprintf(text, size, "unknown: %s", clock.no_core_hz);
}
