// SPDX-License-Identifier: MIT
/*
 * The generic timer's virtual counter: the one clock that every board has.
 * Boot sets CNTVOFF_EL2 to 0 and leaves CNTFRQ as firmware programmed it.
 */
#pragma once

#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"

/*
 * CNTVCT_EL0 in ticks; never goes back. The first ISB keeps the read from being
 * done early (Arm ARM D12), the second keeps what follows from overtaking it.
 */
static __always_inline uint64_t timer_ticks(void)
{
	uint64_t ticks;

	sysreg_sync();
	ticks = read_sysreg(cntvct_el0);
	sysreg_sync();
	return ticks;
}

/* Ticks a second, from CNTFRQ_EL0. 0: firmware forgot it, and no tick can become a time. */
uint64_t timer_hz(void);

/* Nanoseconds that @ticks take, rounded down. 0 if timer_hz() is. */
uint64_t timer_ns(uint64_t ticks);

/* Runs one known loop between two reads: false if the counter stands still or goes back. */
bool timer_runs(void);
