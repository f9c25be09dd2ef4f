// SPDX-License-Identifier: MIT
/*
 * What is not known of a clock is left out.
 */
#include "bench/report/clocks.h"

static void json_clock(struct json *json, unsigned index)
{
	const struct cpu_clock *clock = &cpu_clocks.clocks[index];
	static uint64_t measured[NR_CPUS];
	unsigned count = 0;
	char text[CLOCK_CPUS_MAX];

	json_open_object(json, NULL);
	json_unsigned(json, "id", clock->id);
	cpu_clock_cpus(&cpu_clocks, index, text, sizeof(text));
	json_string(json, "cpus", text);
	if (clock->handed_hz)
		json_unsigned(json, "handed_hz", clock->handed_hz);
	if (clock->firmware_hz)
		json_unsigned(json, "firmware_hz", clock->firmware_hz);
	if (clock->set_mhz)
		json_unsigned(json, "set_hz", clock->set_mhz * 1000000UL);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu_clocks.of_cpu[cpu] == (int)index && cpu_clocks.measured_hz[cpu])
			measured[count++] = cpu_clocks.measured_hz[cpu];
	if (count)
		json_numbers(json, "measured_hz", measured, count);
	json_close(json);
}

void json_clocks(struct json *json)
{
	char clk[CLK_TEXT_MAX];

	clk_text(clk, sizeof(clk));
	json_string(json, "clk", clk);
	if (!cpu_clocks.count)
		return;
	json_open_array(json, "cpu_clocks");
	for (unsigned i = 0; i < cpu_clocks.count; i++)
		json_clock(json, i);
	json_close(json);
}
