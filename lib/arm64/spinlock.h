// SPDX-License-Identifier: MIT
/*
 * The ticket lock's exclusives. Load/store-exclusive, not LSE: one image runs on
 * Cortex-A53 and A72 too, and uncontended it costs seven instructions.
 */
#pragma once

#include "lib/compiler.h"

typedef struct {
	uint32_t tickets; /* [31:16] next to give, [15:0] now served */
} spinlock_t;

#define SPINLOCK_INIT \
	{             \
		0     \
	}

static __always_inline void raw_spin_lock(spinlock_t *lock)
{
	uint32_t old, new, fail;

	/*
	 * Acquire: LDAXR orders the ticket read before what the lock protects (B2.7.3).
	 * A waiter re-reads with LDAXRH so that the unlocker's STLRH is an event for its WFE.
	 */
	asm volatile("1:	ldaxr	%w0, %3\n"
		     "	add	%w1, %w0, #0x10000\n"
		     "	stxr	%w2, %w1, %3\n"
		     "	cbnz	%w2, 1b\n"
		     "	eor	%w1, %w0, %w0, ror #16\n"
		     "	cbz	%w1, 3f\n"
		     "	sevl\n"
		     "2:	wfe\n"
		     "	ldaxrh	%w2, %3\n"
		     "	eor	%w1, %w2, %w0, lsr #16\n"
		     "	cbnz	%w1, 2b\n"
		     "3:"
		     : "=&r"(old), "=&r"(new), "=&r"(fail), "+Q"(lock->tickets)
		     :
		     : "memory");
}

static __always_inline void raw_spin_unlock(spinlock_t *lock)
{
	uint16_t *served = (uint16_t *)&lock->tickets;

	/* Release: what the lock protects is written before the next holder may enter. */
	asm volatile("stlrh %w1, %0" : "=Q"(*served) : "r"(*served + 1) : "memory");
}
