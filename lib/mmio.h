// SPDX-License-Identifier: MIT
/*
 * Device registers: accesses of exactly the width that is named, in program order among
 * themselves (Device memory, Arm ARM B2.7.2). Against memory they need barrier.h.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Assembly, not volatile C: always LDR or STR with a plain base register, the form that a
 * hypervisor can emulate (ESR_EL2.ISV is 0 for pairs and for write-back, Arm ARM D17.2.37).
 */
static __always_inline uint32_t mmio_read32(uintptr_t address)
{
	uint32_t value;

	asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address));
	return value;
}

static __always_inline uint64_t mmio_read64(uintptr_t address)
{
	uint64_t value;

	asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(address));
	return value;
}

static __always_inline void mmio_write32(uintptr_t address, uint32_t value)
{
	asm volatile("str %w0, [%1]" ::"rZ"(value), "r"(address));
}
