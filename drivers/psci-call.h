// SPDX-License-Identifier: MIT
/*
 * The call itself, for the driver and for boot's last words.
 */
#pragma once

#include "lib/compiler.h"

#define PSCI_VERSION	   0x84000000UL
#define PSCI_CPU_OFF	   0x84000002UL
#define PSCI_SYSTEM_OFF	   0x84000008UL
#define PSCI_SYSTEM_RESET  0x84000009UL
#define PSCI_CPU_ON	   0xc4000003UL /* SMC64: the addresses are 64 bits */
#define PSCI_AFFINITY_INFO 0xc4000004UL

/* SMC Calling Convention (DEN 0028): x0 to x17 may change; firmware may touch memory. */
static __always_inline int64_t psci_call(bool smc, uint64_t function, uint64_t a1, uint64_t a2,
					 uint64_t a3)
{
	register uint64_t x0 asm("x0") = function;
	register uint64_t x1 asm("x1") = a1;
	register uint64_t x2 asm("x2") = a2;
	register uint64_t x3 asm("x3") = a3;

	if (smc)
		asm volatile("smc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8",
			       "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	else
		asm volatile("hvc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8",
			       "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			       "memory");
	/* Results of the functions above are int32: the upper half of w0's register is not. */
	return (int32_t)x0;
}
