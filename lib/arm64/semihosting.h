// SPDX-License-Identifier: MIT
/*
 * Arm semihosting, AArch64: a debugger, or QEMU, does what x0 says with the block at x1. Where
 * nobody listens the instruction is undefined: only after `exit=semihosting` says that somebody
 * does. Source: Semihosting for AArch32 and AArch64 (Arm's abi-aa).
 */
#pragma once

#include "lib/compiler.h"

#define SYS_WRITE0	  0x04 /* x1: a string that ends in NUL */
#define SYS_EXIT_EXTENDED 0x20 /* x1: a reason and a status, 64 bits each */

#define ADP_STOPPED_APPLICATION_EXIT 0x20026UL

static __always_inline void semihosting_call(uint64_t operation, const void *block)
{
	register uint64_t x0 asm("x0") = operation;
	register const void *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}
