// SPDX-License-Identifier: MIT
/*
 * Image.check: each CPU's locks, judged as they are taken and let go of.
 */
#include "lib/lock.h"

#ifdef CHECKED

#include <stdio.h>

#include "lib/arm64/backtrace.h"
#include "lib/lock/wait.h"
#include "lib/percpu.h"

#define DAIF_I	    (1UL << 7) /* DAIF.I: IRQs are masked */
#define PLACE_BYTES 80

/* Touched with IRQs masked; where they are not, that is what the complaint is about. */
static DEFINE_PER_CPU(struct held_locks, held_locks);

static const char *const faults[] = {
	[LOCK_TWICE] = "taken twice",
	[LOCK_OUT_OF_ORDER] = "taken out of order",
	[LOCK_IRQS_ON] = "taken with IRQs unmasked",
	[LOCK_TOO_MANY] = "one too many to follow",
	[LOCK_NOT_HELD] = "let go of but not held",
	[LOCK_KEPT] = "still held",
};

static void describe(char *text, size_t size, const struct held_lock *lock)
{
	uint64_t offset;
	const char *name = find_symbol(lock->place - 4, &offset);

	snprintf(text, size, "%s lock %p at %s+0x%lx", lock_class_names[lock->class], lock->lock,
		 name ? name : "?", offset);
}

static void complain(enum lock_fault fault, const struct held_lock *lock,
		     const struct held_lock *other)
{
	char text[PLACE_BYTES], held[PLACE_BYTES];

	describe(text, sizeof(text), lock);
	if (other && other->lock) {
		describe(held, sizeof(held), other);
		lock_complain("locks: %s: %s; held: %s", text, faults[fault], held);
	} else {
		lock_complain("locks: %s: %s", text, faults[fault]);
	}
}

static struct held_lock here(const spinlock_t *lock, void *place)
{
	return (struct held_lock){ .lock = lock, .class = lock->class, .place = (uint64_t)place };
}

noinline void lock_check_take(const spinlock_t *lock)
{
	struct held_lock wanted = here(lock, __builtin_return_address(0)), other;
	bool masked = read_sysreg(daif) & DAIF_I;
	enum lock_fault fault = lock_order_take(&this_cpu(held_locks), &wanted, masked, &other);

	this_cpu(lock_stats).of[lock->class].taken++;
	if (unlikely(fault != LOCK_GOOD))
		complain(fault, &wanted, &other);
}

noinline void lock_check_drop(const spinlock_t *lock)
{
	struct held_lock dropped = here(lock, __builtin_return_address(0));

	if (unlikely(lock_order_drop(&this_cpu(held_locks), lock) != LOCK_GOOD))
		complain(LOCK_NOT_HELD, &dropped, NULL);
}

unsigned locks_held(const char *where)
{
	uint64_t flags = local_irq_save();
	const struct held_locks held = this_cpu(held_locks);
	char text[PLACE_BYTES];

	for (unsigned i = 0; i < held.count; i++) {
		describe(text, sizeof(text), &held.locks[i]);
		lock_complain("locks: %s: %s %s", text, faults[LOCK_KEPT], where);
	}
	local_irq_restore(flags);
	return held.count;
}

enum lock_class lock_waited_for(void)
{
	const struct held_locks *held = &this_cpu(held_locks);

	return held->count ? held->locks[held->count - 1].class : LOCK_UNNAMED;
}

#endif
