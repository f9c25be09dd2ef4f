// SPDX-License-Identifier: MIT
/*
 * Ticket spin locks with IRQs masked: fair, and safe from the first CPU on.
 *
 * One pair nests: a small-object class's lock, then a zone's. No other is taken while
 * one is held: the engine has its table pages before it takes the page-table lock, and
 * gives them back after (docs/design.md). Image.check (-DCHECKED) sees to the order of
 * lib/lock/order.h at each call; elsewhere that is no instruction and no byte.
 */
#pragma once

#include "lib/arm64/cpu.h"
#include "lib/arm64/spinlock.h"
#include "lib/lock/order.h"

typedef struct {
	arch_spinlock_t arch;
#ifdef CHECKED
	uint32_t class; /* enum lock_class */
#endif
} spinlock_t;

#ifdef CHECKED
/* A lock of class @c, open. */
#define SPINLOCK(c)                                    \
	{                                              \
		.arch = ARCH_SPINLOCK_INIT, .class = c \
	}

/* Before the lock is waited for, and before it is let go of; complain by lock_complain(). */
void lock_check_take(const spinlock_t *lock);
void lock_check_drop(const spinlock_t *lock);

/*
 * Locks that this CPU holds; complains of each, naming @where, for there must be none: a CPU
 * goes idle, a test is over. Any context.
 */
unsigned locks_held(const char *where);
#else
#define SPINLOCK(c)                        \
	{                                  \
		.arch = ARCH_SPINLOCK_INIT \
	}

static __always_inline void lock_check_take(const spinlock_t *lock)
{
	(void)lock;
}

static __always_inline void lock_check_drop(const spinlock_t *lock)
{
	(void)lock;
}

static __always_inline unsigned locks_held(const char *where)
{
	(void)where;
	return 0;
}
#endif

/* Open, of a file's own: taken while nothing is held. */
#define SPINLOCK_INIT SPINLOCK(LOCK_UNNAMED)

/* MMU on (exclusives need Normal memory), IRQs masked. Any CPU. */
static __always_inline void raw_spin_lock(spinlock_t *lock)
{
	lock_check_take(lock);
	arch_spin_lock(&lock->arch);
}

/* IRQs masked still. */
static __always_inline void raw_spin_unlock(spinlock_t *lock)
{
	lock_check_drop(lock);
	arch_spin_unlock(&lock->arch);
}

/* MMU on. Any CPU, any context. Returns the IRQ state. */
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

/* --- when something is wrong ----------------------------------------------------------- */

/*
 * What happens to a complaint: one line, names the locks and the places. NULL (the default):
 * panic. A test may take it, and return: the CPU that complained goes on. It is called with
 * IRQs masked and perhaps with locks held: it takes none, the log's neither.
 */
typedef void lock_complaint_fn(const char *line);
extern lock_complaint_fn *lock_complaint;

/* One complaint to lock_complaint, or the end of the run. */
void lock_complain(const char *fmt, ...) __printf_like(1, 2);

/*
 * How long a CPU waits for a lock, in ms of the generic timer (10,000), before it complains:
 * a deadlock with IRQs masked ends in a report. Each lock is held for one call at most.
 */
extern unsigned lock_patience_ms;

/* --- what locks cost ------------------------------------------------------------------- */

struct lock_counts {
	uint64_t taken;	 /* Image.check only */
	uint64_t waited; /* of those, taken from another CPU's hand */
	uint64_t spins;	 /* looks at the lock while it waited */
};

struct lock_stats {
	struct lock_counts of[NR_LOCK_CLASSES]; /* Image: all in LOCK_UNNAMED's */
};

/* This CPU's, since it was started first; they only grow. */
void get_lock_stats(struct lock_stats *stats);
