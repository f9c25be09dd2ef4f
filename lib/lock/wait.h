// SPDX-License-Identifier: MIT
/*
 * Between the slow path (wait.c), its entry (lib/arm64/spin-wait.S) and check.c.
 */
#pragma once

#include "lib/lock.h"
#include "lib/percpu.h"

DECLARE_PER_CPU(struct lock_stats, lock_stats);

/*
 * Waits until the lock is this CPU's. @ldaxr: the instruction that drew the ticket; @regs: x0 to
 * x30 and the stack pointer as they were then. From lib/arm64/spin-wait.S alone. IRQs masked.
 */
void spin_wait(const uint32_t *ldaxr, const uint64_t regs[32]);

/* The class of the lock that this CPU took, or waits for, last. */
#ifdef CHECKED
enum lock_class lock_waited_for(void);
#else
static inline enum lock_class lock_waited_for(void)
{
	return LOCK_UNNAMED;
}
#endif
