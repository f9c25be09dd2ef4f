// SPDX-License-Identifier: MIT
/*
 * The rates are those of TF-A's rk3588 port, which compares for equality; the limits those of
 * Linux's operating points in rk3588s.dtsi at 0.75 V (A55) and 0.80 V (A76), which boot loaders
 * leave the rails at: 1200 MHz needs 0.7125 V, 1416 MHz 0.7625 V; 1608 MHz 0.7625 V, 1800 MHz
 * 0.85 V. From 816 MHz on the clock is a ring oscillator beside the cores: it is slower where the
 * voltage is lower, so that what it really delivers is the core's own limit, not the table's.
 */
#include "drivers/scmi/rates.h"

#include <string.h>

#include "drivers/board.h"

static const uint16_t a55_mhz[] = { 408, 600, 816, 1008, 1200, 1416, 1608, 1704, 1800, 0 };
static const uint16_t a76_mhz[] = { 408,  600,	816,  1008, 1200, 1416, 1608, 1800,
				    2016, 2112, 2208, 2256, 2304, 2352, 2400, 0 };

static const struct cpu_rates all_rates[] = {
	{ .cpu = "arm,cortex-a55", .mhz = a55_mhz, .boot_mhz = 1200 },
	{ .cpu = "arm,cortex-a76", .mhz = a76_mhz, .boot_mhz = 1608 },
};

/* The one kind of board that is known has them. */
bool has_cpu_rates(const struct fdt *fdt)
{
	return find_board(fdt) != NULL;
}

const struct cpu_rates *find_cpu_rates(const struct fdt *fdt, const char *cpu)
{
	if (!cpu || !has_cpu_rates(fdt))
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(all_rates); i++)
		if (!strcmp(cpu, all_rates[i].cpu))
			return &all_rates[i];
	return NULL;
}

bool is_cpu_rate(const struct cpu_rates *rates, uint64_t mhz)
{
	for (const uint16_t *rate = rates->mhz; *rate; rate++)
		if (*rate == mhz)
			return true;
	return false;
}

bool is_any_cpu_rate(uint64_t mhz)
{
	for (unsigned i = 0; i < ARRAY_SIZE(all_rates); i++)
		if (is_cpu_rate(&all_rates[i], mhz))
			return true;
	return false;
}

unsigned put_back_mhz(const struct cpu_rates *rates, uint64_t handed_hz)
{
	unsigned best = rates->mhz[0];

	for (const uint16_t *rate = rates->mhz; *rate && *rate <= RESET_MHZ; rate++)
		if (*rate * 1000000UL <= handed_hz)
			best = *rate;
	return best;
}
