// SPDX-License-Identifier: MIT
/*
 * The call that makes firmware look at the channel. Issued only where the device tree has a node
 * for it and PSCI's conduit is SMC: elsewhere SMC is undefined (Arm ARM D1.6, EL3 not implemented).
 */
#pragma once

#include "lib/compiler.h"

/* SMC Calling Convention (DEN 0028): x0 to x17 may change; firmware may touch memory. */
static inline int64_t scmi_smc(uint32_t function)
{
	register uint64_t x0 asm("x0") = function;
	register uint64_t x1 asm("x1") = 0;
	register uint64_t x2 asm("x2") = 0;
	register uint64_t x3 asm("x3") = 0;
	register uint64_t x4 asm("x4") = 0;
	register uint64_t x5 asm("x5") = 0;
	register uint64_t x6 asm("x6") = 0;
	register uint64_t x7 asm("x7") = 0;

	asm volatile("smc #0"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
		       "+r"(x7)::"x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
		       "memory");
	/* A result of SMCCC is int32: the upper half of w0's register is not. */
	return (int32_t)x0;
}
