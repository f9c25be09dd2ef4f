// SPDX-License-Identifier: MIT
/*
 * Device registers: accesses of exactly the width that is named, in program order among
 * themselves (Arm ARM, Device memory). Against memory they need barrier.h.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Assembly, not volatile C: always LDR or STR with a plain base register, the form that a
 * hypervisor can emulate (ESR_EL2.ISV is 0 for pairs and for write-back).
 */
static __always_inline uint8_t mmio_read8(uintptr_t address)
{
	uint32_t value;

	asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address));
	return (uint8_t)value;
}

static __always_inline uint16_t mmio_read16(uintptr_t address)
{
	uint32_t value;

	asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address));
	return (uint16_t)value;
}

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

static __always_inline void mmio_write8(uintptr_t address, uint8_t value)
{
	asm volatile("strb %w0, [%1]" ::"rZ"(value), "r"(address));
}

static __always_inline void mmio_write16(uintptr_t address, uint16_t value)
{
	asm volatile("strh %w0, [%1]" ::"rZ"(value), "r"(address));
}

static __always_inline void mmio_write32(uintptr_t address, uint32_t value)
{
	asm volatile("str %w0, [%1]" ::"rZ"(value), "r"(address));
}
