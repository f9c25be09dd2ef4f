// SPDX-License-Identifier: MIT
/*
 * What a lock costs when nobody else wants it: taken and let go of, IRQs masked and put back.
 */
#include <errno.h>

#include "bench/measure.h"
#include "lib/lock.h"

static spinlock_t lock = SPINLOCK_INIT;
static uint32_t tickets;

static int lock_before(struct pass *pass)
{
	(void)pass;
	tickets = lock.arch.tickets;
	return 0;
}

static void lock_body(struct pass *pass)
{
	uint64_t flags = spin_lock_irqsave(&lock);

	(void)pass;
	spin_unlock_irqrestore(&lock, flags);
}

/* One ticket was given and served. */
static int lock_check(struct pass *pass)
{
	uint16_t next = (uint16_t)((tickets >> 16) + 1);

	if (lock.arch.tickets == ((uint32_t)next << 16 | next))
		return 0;
	pass->why = "the lock was not taken and let go of once";
	return -EFAULT;
}

BENCH(spin_lock_uncontended, .name = "spin_lock/uncontended", .rungs = RUNGS_TLBED,
      .bytes = PAGE_SIZE, .only_named = true, .before = lock_before, .body = lock_body,
      .check = lock_check);
