// SPDX-License-Identifier: MIT
/*
 * Reading and setting them. Whatever goes wrong is one line. What may have been set is put back,
 * whatever firmware said of it.
 */
#include "drivers/scmi/cpu-clocks.h"

#include <stdio.h>

#include "lib/log.h"

#define HZ 1000000UL /* of a MHz */

void cpu_clocks_read(struct cpu_clocks *clocks)
{
	for (unsigned i = 0; i < clocks->count; i++) {
		struct cpu_clock *clock = &clocks->clocks[i];

		clock->error = scmi_get_rate(&clocks->channel, clock->id, &clock->handed_hz);
		clock->firmware_hz = clock->handed_hz;
	}
}

bool cpu_clocks_silent(const struct cpu_clocks *clocks, char *text, size_t size)
{
	for (unsigned i = 0; i < clocks->count; i++)
		if (!clocks->clocks[i].handed_hz) {
			snprintf(text, size, "SCMI, asked for the rate of clock %u: %s",
				 clocks->clocks[i].id, scmi_error_text(clocks->clocks[i].error));
			return true;
		}
	return false;
}

/* " 0-3 7" after what @text has; returns the length. */
static size_t add_range(char *text, size_t size, size_t len, unsigned first, unsigned last)
{
	if (len + 12 > size)
		return len;
	if (first == last)
		return len + snprintf(text + len, size - len, " %u", first);
	return len + snprintf(text + len, size - len, " %u-%u", first, last);
}

void cpu_clock_cpus(const struct cpu_clocks *clocks, unsigned index, char *text, size_t size)
{
	unsigned cpus_of_it = 0, first;
	size_t len;

	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		cpus_of_it += clocks->of_cpu[cpu] == (int)index;
	len = snprintf(text, size, cpus_of_it == 1 ? "CPU" : "CPUs");
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		if (clocks->of_cpu[cpu] != (int)index)
			continue;
		first = cpu;
		while (cpu + 1 < NR_CPUS && clocks->of_cpu[cpu + 1] == (int)index)
			cpu++;
		len = add_range(text, size, len, first, cpu);
	}
}

const char *cpu_clock_refusal(const struct cpu_clock *clock, unsigned mhz, bool force)
{
	if (!clock->rates)
		return "nothing is known of its rates and voltages";
	if (!is_cpu_rate(clock->rates, mhz))
		return "it has no such rate";
	if (!force && mhz > clock->rates->boot_mhz)
		return "that is more than boot's voltage allows (clk=force:)";
	return NULL;
}

static void complain(const struct cpu_clocks *clocks, unsigned index, unsigned mhz, const char *why)
{
	char cpus[CLOCK_CPUS_MAX];

	cpu_clock_cpus(clocks, index, cpus, sizeof(cpus));
	log_printf("clk: %s not set to %u MHz: %s\n", cpus, mhz, why);
}

/* Whether it was set. */
static bool set_one(struct cpu_clocks *clocks, unsigned index, unsigned mhz)
{
	struct cpu_clock *clock = &clocks->clocks[index];
	int error = scmi_set_rate(&clocks->channel, clock->id, mhz * HZ);

	if (error)
		complain(clocks, index, mhz, scmi_error_text(error));
	else
		clock->set_mhz = mhz;
	if (scmi_changed_nothing(error))
		return false;
	clock->touched = true;
	clock->firmware_hz = 0;
	scmi_get_rate(&clocks->channel, clock->id, &clock->firmware_hz);
	return !error;
}

unsigned cpu_clocks_set(struct cpu_clocks *clocks, unsigned mhz, bool force)
{
	unsigned set = 0;
	char why[96];

	if (cpu_clocks_silent(clocks, why, sizeof(why))) {
		log_printf("clk: nothing is set: %s\n", why);
		return 0;
	}
	for (unsigned i = 0; i < clocks->count; i++) {
		const char *refusal = cpu_clock_refusal(&clocks->clocks[i], mhz, force);

		if (refusal)
			complain(clocks, i, mhz, refusal);
		else if (clocks->clocks[i].set_mhz != mhz)
			set += set_one(clocks, i, mhz);
	}
	return set;
}

void cpu_clocks_put_back(struct cpu_clocks *clocks)
{
	for (unsigned i = 0; i < clocks->count; i++) {
		const struct cpu_clock *clock = &clocks->clocks[i];
		unsigned mhz;

		if (!clock->touched)
			continue;
		mhz = put_back_mhz(clock->rates, clock->handed_hz);
		if (mhz != clock->set_mhz)
			set_one(clocks, i, mhz);
	}
}
