// SPDX-License-Identifier: MIT
/*
 * Judges one CPU's locks by what it holds already. An order that every CPU keeps is what
 * makes a deadlock impossible, so each CPU can be judged alone, and the first run that takes
 * two locks the wrong way round is caught, not the one in a million where another CPU
 * takes them the right way at the same time.
 */
#include "lib/lock/order.h"

const char *const lock_class_names[NR_LOCK_CLASSES] = {
	[LOCK_UNNAMED] = "unnamed", [LOCK_SLAB] = "slab",   [LOCK_HUGE] = "huge",
	[LOCK_ZONE] = "zone",	    [LOCK_AREAS] = "areas", [LOCK_PGTABLE] = "pgtable",
	[LOCK_EVENTS] = "events",   [LOCK_LOG] = "log",
};

/* The lock held that makes it wrong to take @wanted; NULL if none does. */
static const struct held_lock *conflict(const struct held_locks *held,
					const struct held_lock *wanted, enum lock_fault *fault)
{
	const struct held_lock *found = NULL;

	for (unsigned i = 0; i < held->count; i++) {
		const struct held_lock *h = &held->locks[i];

		if (h->lock == wanted->lock) {
			*fault = LOCK_TWICE;
			return h;
		}
		if (h->class >= wanted->class) {
			*fault = LOCK_OUT_OF_ORDER;
			found = h;
		}
	}
	return found;
}

enum lock_fault lock_order_take(struct held_locks *held, const struct held_lock *wanted,
				bool irqs_masked, struct held_lock *other)
{
	enum lock_fault fault = irqs_masked ? LOCK_GOOD : LOCK_IRQS_ON;
	const struct held_lock *found = conflict(held, wanted, &fault);

	*other = found ? *found : (struct held_lock){ 0 };
	if (held->count == HELD_LOCKS_MAX)
		return LOCK_TOO_MANY;
	held->locks[held->count++] = *wanted;
	return fault;
}

enum lock_fault lock_order_drop(struct held_locks *held, const void *lock)
{
	/* From the newest: of a lock that was taken twice, that one. */
	for (unsigned i = held->count; i-- > 0;) {
		if (held->locks[i].lock != lock)
			continue;
		for (held->count--; i < held->count; i++)
			held->locks[i] = held->locks[i + 1];
		return LOCK_GOOD;
	}
	return LOCK_NOT_HELD;
}
