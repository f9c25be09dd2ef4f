// SPDX-License-Identifier: MIT
/*
 * Ticket spin locks with IRQs masked: fair, and safe from the first CPU on.
 *
 * One pair nests: a small-object class's lock, then a zone's. No other is taken while
 * one is held: the engine has its table pages before it takes the page-table lock, and
 * gives them back after (docs/design.md).
 */
#pragma once

#include "lib/arm64/cpu.h"
#include "lib/arm64/spinlock.h"

/* MMU on (exclusives need Normal memory). Any CPU, any context. Returns the IRQ state. */
static __always_inline uint64_t spin_lock_irqsave(spinlock_t *lock)
{
	uint64_t flags = local_irq_save();

	raw_spin_lock(lock);
	return flags;
}

static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, uint64_t flags)
{
	raw_spin_unlock(lock);
	local_irq_restore(flags);
}
