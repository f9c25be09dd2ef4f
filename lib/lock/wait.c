// SPDX-License-Identifier: MIT
/*
 * Waiting for a lock that another CPU holds: counted, and not for ever.
 */
#include "lib/lock/wait.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/panic.h"

/* The clock is looked at once in so many rounds. */
#define ROUNDS_A_LOOK 1024

#define CNTKCTL_EVNTEN (1UL << 2) /* CNTVCT makes events */

DEFINE_PER_CPU(struct lock_stats, lock_stats);
unsigned lock_patience_ms = 10000;
lock_complaint_fn *lock_complaint;

void lock_complain(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!lock_complaint)
		panic("%s", line);
	lock_complaint(line);
}

static void complain_of_wait(const arch_spinlock_t *lock, uint32_t ticket)
{
	uint32_t now = READ_ONCE(lock->tickets);

	lock_complain("spin lock %p (%s): waited %u ms, as number %u; %u is served, %u are out",
		      (const void *)lock, lock_class_names[lock_waited_for()], lock_patience_ms,
		      ticket >> 16, now & 0xffff, now >> 16);
}

void spin_wait(const uint32_t *ldaxr, const uint64_t regs[32])
{
	/* LDAXR Wt, [Xn|SP]: C6.2.129. */
	const arch_spinlock_t *lock = (void *)regs[*ldaxr >> 5 & 31];
	uint32_t ticket = (uint32_t)regs[*ldaxr & 31];
	/* Without the event stream a holder that died would leave a WFE asleep for ever. */
	bool events = read_sysreg(cntkctl_el1) & CNTKCTL_EVNTEN;
	uint64_t start = read_sysreg(cntvct_el0);
	uint64_t patience = read_sysreg(cntfrq_el0) / 1000 * lock_patience_ms;
	struct lock_counts *counts = &this_cpu(lock_stats).of[lock_waited_for()];
	uint64_t rounds = 1;

	for (; arch_spin_served(lock) != ticket >> 16; rounds++) {
		arch_spin_pause(events);
		/* No patience without a frequency: firmware forgot it. */
		if (rounds % ROUNDS_A_LOOK || !patience ||
		    read_sysreg(cntvct_el0) - start < patience)
			continue;
		complain_of_wait(lock, ticket);
		start = read_sysreg(cntvct_el0);
	}
	counts->waited++;
	counts->spins += rounds;
}

void get_lock_stats(struct lock_stats *stats)
{
	uint64_t flags = local_irq_save();

	*stats = this_cpu(lock_stats);
	local_irq_restore(flags);
}
