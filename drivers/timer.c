// SPDX-License-Identifier: MIT
/*
 * Ticks to nanoseconds, and whether the counter ticks at all.
 */
#include "drivers/timer.h"

#define NS_PER_S 1000000000UL

uint64_t timer_hz(void)
{
	/* Bits 63:32 are RES0, and some firmware leaves rubbish in them. */
	return read_sysreg(cntfrq_el0) & UINT32_MAX;
}

uint64_t timer_ns(uint64_t ticks)
{
	uint64_t hz = timer_hz();

	if (!hz)
		return 0;
	/* In two parts: ticks * 10^9 alone would overflow after 18 seconds at 1 GHz. */
	return ticks / hz * NS_PER_S + ticks % hz * NS_PER_S / hz;
}

bool timer_runs(void)
{
	uint64_t start = timer_ticks();

	/* A thousand ticks' worth of patience at any known ratio of core clock to counter. */
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t now = timer_ticks();

		if (now != start)
			return now > start;
	}
	return false;
}
