// SPDX-License-Identifier: MIT
/*
 * Data and unified caches by set and way: of this CPU, and the levels behind it that it names.
 */
#pragma once

#include "lib/arm64/sysreg.h"

/*
 * DC CISW (DDI 0487): the line goes to the next level if it was written to, and is gone
 * from this one. @set_way has the level in 3:1. It loses nothing at any time; that the line stays
 * away takes that nobody uses it. Complete after a DSB.
 */
static __always_inline void dc_cisw(uint64_t set_way)
{
	asm volatile("dc cisw, %0" ::"r"(set_way) : "memory"); /* the caller's DSB completes it */
}
