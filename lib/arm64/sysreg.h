// SPDX-License-Identifier: MIT
/*
 * System registers by their Arm names. EL1, any CPU; some need MMU-off care, see the callers.
 */
#pragma once

#include "lib/compiler.h"

/* The value is read when the statement is reached and never reused: volatile, no memory effect. */
#define read_sysreg(reg)                                   \
	({                                                 \
		uint64_t __v;                              \
		asm volatile("mrs %0, " #reg : "=r"(__v)); \
		__v;                                       \
	})

/* Takes effect for later instructions only after isb(). */
#define write_sysreg(v, reg)                                                        \
	do {                                                                        \
		asm volatile("msr " #reg ", %x0" ::"rZ"((uint64_t)(v)) : "memory"); \
	} while (0)

/* Bits [hi:lo] of @v, for ID register fields. */
static __always_inline uint64_t field(uint64_t v, unsigned hi, unsigned lo)
{
	return (v >> lo) & ((2UL << (hi - lo)) - 1);
}
