// SPDX-License-Identifier: MIT
/*
 * The instructions behind the one door, and nothing else. Only mm/arm64/door.h
 * and the primitives include this; the host has a model in its place.
 */
#pragma once

#include "mm/arm64/pgtable.h"

/* One 64-bit single-copy atomic store (Arm ARM B2.2.1); volatile: neither torn nor omitted. */
static __always_inline void hw_store_desc(desc_t *slot, desc_t value)
{
	asm volatile("str %x1, %0" : "=Q"(*slot) : "rZ"(value));
}

static __always_inline desc_t hw_load_desc(const desc_t *slot)
{
	return *(const volatile desc_t *)slot;
}

/* Orders earlier stores before later ones for all observers, walkers included (B2.6.9, D8.2.5). */
static __always_inline void hw_dmb_ishst(void)
{
	asm volatile("dmb ishst" ::: "memory");
}

/* Earlier descriptor stores are visible to every walker in the inner shareable domain (D8.15). */
static __always_inline void hw_dsb_ishst(void)
{
	asm volatile("dsb ishst" ::: "memory");
}

/* Earlier TLBI and stores have completed on every CPU of the domain (D8.14.5). */
static __always_inline void hw_dsb_ish(void)
{
	asm volatile("dsb ish" ::: "memory");
}

static __always_inline void hw_isb(void)
{
	asm volatile("isb" ::: "memory");
}

/* Last-level entries of the address in @operand only. */
static __always_inline void hw_tlbi_vaale1is(uint64_t operand)
{
	asm volatile("tlbi vaale1is, %0" ::"r"(operand) : "memory");
}

/* Entries of the address in @operand from every level: for a table that was unlinked. */
static __always_inline void hw_tlbi_vaae1is(uint64_t operand)
{
	asm volatile("tlbi vaae1is, %0" ::"r"(operand) : "memory");
}

static __always_inline void hw_tlbi_vmalle1is(void)
{
	asm volatile("tlbi vmalle1is" ::: "memory");
}
