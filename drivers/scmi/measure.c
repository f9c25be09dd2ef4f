// SPDX-License-Identifier: MIT
/*
 * What the clocks really are: each CPU's cycles over the generic timer. From 816 MHz on an RK3588's
 * firmware only says what was asked for, or what it believes.
 */
#include <stdio.h>

#include "drivers/pmu/clock.h"
#include "drivers/pmu/pmu.h"
#include "drivers/scmi/clk.h"
#include "lib/log.h"

static struct core_clock latest;

static void measure_this(void *arg)
{
	bool started = !pmu_start();

	(void)arg;
	clock_measure(&latest);
	if (started)
		pmu_stop();
}

/* Why a CPU's clock was not measured; of those of one clock, the last one's. */
static const char *not_measured[CPU_CLOCKS_MAX];

static void measure(unsigned cpu, unsigned index)
{
	bool was_online = cpu_online(cpu);

	not_measured[index] = "a CPU does not start";
	if (cpus[cpu].unusable || cpu_up(cpu) || work_on_cpu(cpu, measure_this, NULL))
		return;
	cpu_clocks.measured_hz[cpu] = latest.core_hz;
	not_measured[index] = latest.no_core_hz;
	/* All that it has done is measure: it keeps no memory that would have to be given back. */
	if (!was_online)
		cpu_down(cpu);
}

void clk_measure(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu_clocks.of_cpu[cpu] >= 0 && cpu_clocks.count)
			measure(cpu, cpu_clocks.of_cpu[cpu]);
}

/* "measured 594.0 594.0 MHz", or why not. */
static void measured_text(unsigned index, char *text, size_t size)
{
	size_t len = 0;
	char mhz[24];

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		uint64_t hz = cpu_clocks.measured_hz[cpu];

		if (cpu_clocks.of_cpu[cpu] != (int)index || !hz || len + 12 > size)
			continue;
		clock_mhz(mhz, hz);
		if (!len)
			len = snprintf(text, size, "%smeasured",
				       clock_forced && pmu_is_emulated() ? "forced: " : "");
		len += snprintf(text + len, size - len, " %s", mhz);
	}
	if (len)
		snprintf(text + len, size - len, " MHz");
	else
		snprintf(text, size, "not measured: %s", not_measured[index] ?: "no CPU is here");
}

static void print_one(unsigned index)
{
	const struct cpu_clock *clock = &cpu_clocks.clocks[index];
	char cpus_text[CLOCK_CPUS_MAX], set[16] = "kept", was[24], measured[160];
	char now[24] = "unknown";

	cpu_clock_cpus(&cpu_clocks, index, cpus_text, sizeof(cpus_text));
	if (clock->set_mhz)
		snprintf(set, sizeof(set), "set to %u", clock->set_mhz);
	if (clock->firmware_hz)
		clock_mhz(now, clock->firmware_hz);
	clock_mhz(was, clock->handed_hz);
	measured_text(index, measured, sizeof(measured));
	log_printf("  clk       %s: %s; SCMI says %s MHz, %s at hand-over; %s\n", cpus_text, set,
		   now, was, measured);
}

void print_clk(void)
{
	char clk[CLK_TEXT_MAX], why[96];

	clk_text(clk, sizeof(clk));
	if (cpu_clocks.none) {
		log_printf("  clk       %s: %s; clocks are as handed over\n", clk, cpu_clocks.none);
		return;
	}
	if (cpu_clocks_silent(&cpu_clocks, why, sizeof(why)))
		log_printf("  clk       %s; clocks are as handed over\n", why);
	for (unsigned i = 0; i < cpu_clocks.count; i++)
		print_one(i);
}
