// SPDX-License-Identifier: MIT
/*
 * The ticket lock's exclusives. Load/store-exclusive, not LSE: one image runs on
 * Cortex-A53 and A72 too, and uncontended it costs six instructions.
 */
#pragma once

#include "lib/compiler.h"

typedef struct {
	uint32_t tickets; /* [31:16] next to give, [15:0] now served */
} arch_spinlock_t;

#define ARCH_SPINLOCK_INIT \
	{                  \
		0          \
	}

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	uint32_t old, new, fail;

	/*
	 * Acquire: LDAXR orders the ticket read before what the lock protects.
	 * Who has to wait calls spin-wait.S, which changes no register, so that to the compiler
	 * there is no call. Which registers have the ticket and the lock it reads from the LDAXR.
	 */
	asm volatile("1:	ldaxr	%w0, %3\n"
		     "	add	%w1, %w0, #0x10000\n"
		     "	stxr	%w2, %w1, %3\n"
		     "	cbnz	%w2, 1b\n"
		     "	eor	%w1, %w0, %w0, ror #16\n"
		     "	cbz	%w1, 2f\n"
		     "	stp	x29, x30, [sp, #-32]!\n"
		     "	adr	x30, 1b\n"
		     "	str	x30, [sp, #16]\n"
		     "	bl	spin_wait_saving\n"
		     "	ldp	x29, x30, [sp], #32\n"
		     "2:"
		     : "=&r"(old), "=&r"(new), "=&r"(fail), "+Q"(lock->tickets)
		     :
		     : "memory");
}

/*
 * The number now served. Acquire, as above; exclusive, so that the unlocker's STLRH is an
 * event for the WFE that follows.
 */
static __always_inline uint16_t arch_spin_served(const arch_spinlock_t *lock)
{
	const uint16_t *served = (const uint16_t *)&lock->tickets;
	uint32_t v;

	asm volatile("ldaxrh %w0, %1" : "=r"(v) : "Q"(*served) : "memory");
	return (uint16_t)v;
}

/* Between two looks: until an event if @events come by themselves, else a moment. */
static __always_inline void arch_spin_pause(bool events)
{
	if (events)
		asm volatile("wfe" ::: "memory");
	else
		asm volatile("yield" ::: "memory");
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	uint16_t *served = (uint16_t *)&lock->tickets;

	/* Release: what the lock protects is written before the next holder may enter. */
	asm volatile("stlrh %w1, %0" : "=Q"(*served) : "r"(*served + 1) : "memory");
}
