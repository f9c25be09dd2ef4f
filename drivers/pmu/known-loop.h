// SPDX-License-Identifier: MIT
/*
 * A loop whose instructions are known, to hold counters against. The host has its own.
 */
#pragma once

#include "lib/compiler.h"

#define KNOWN_LOOP_INSNS 2UL

/* Two instructions a round, and what stands around the loop. @rounds is not 0. */
static __always_inline void known_loop(uint64_t rounds)
{
	asm volatile("1:	subs	%0, %0, #1\n"
		     "	b.ne	1b"
		     : "+r"(rounds)
		     :
		     : "cc");
}
