// SPDX-License-Identifier: MIT
/*
 * The call itself, for the driver and for boot's last words.
 */
#pragma once

#include "lib/compiler.h"

#define PSCI_SYSTEM_OFF	  0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL

/* SMC Calling Convention (DEN 0028): x0 to x17 may change; firmware may touch memory. */
static __always_inline int64_t psci_call(bool smc, uint64_t function)
{
	register uint64_t x0 asm("x0") = function;

	if (smc)
		asm volatile("smc #0"
			     : "+r"(x0)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
			       "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	else
		asm volatile("hvc #0"
			     : "+r"(x0)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
			       "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (int64_t)x0;
}
