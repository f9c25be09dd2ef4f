// SPDX-License-Identifier: MIT
/*
 * The order in which locks are taken, and the judge of it. Plain data, no machine: the
 * glue to a CPU is check.c, in Image.check only.
 */
#pragma once

#include "lib/compiler.h"

/* In the order in which they nest: a lock is taken only while those held come before it. */
enum lock_class {
	LOCK_UNNAMED, /* of one file's own: nothing is held when it is taken */
	LOCK_SLAB,    /* a size class of small objects (mm/phys/kmalloc.c) */
	LOCK_HUGE,    /* a pool of huge pages (mm/pages/users/hugepages.c) */
	LOCK_ZONE,    /* the page allocator's */
	LOCK_AREAS,   /* the tree of addresses */
	LOCK_PGTABLE, /* the translation tables */
	LOCK_EVENTS,  /* Image.check: what passes the one door, told one at a time */
	LOCK_LOG,     /* last: anybody may have something to say */
	NR_LOCK_CLASSES,
};

extern const char *const lock_class_names[NR_LOCK_CLASSES];

/* More at a time than the order allows, so that one too many is still told apart. */
#define HELD_LOCKS_MAX 9

struct held_lock {
	const void *lock;
	enum lock_class class;
	uint64_t place; /* return address of whoever took it */
};

/* What one CPU holds, the oldest first. All zero: nothing. */
struct held_locks {
	unsigned count;
	struct held_lock locks[HELD_LOCKS_MAX];
};

enum lock_fault {
	LOCK_GOOD,
	LOCK_TWICE,	   /* this CPU waits for itself */
	LOCK_OUT_OF_ORDER, /* its class does not come after that of a lock held */
	LOCK_IRQS_ON,	   /* an interrupt could want the same lock */
	LOCK_TOO_MANY,
	LOCK_NOT_HELD, /* let go of, but this CPU does not hold it */
	LOCK_KEPT,     /* held where none may be */
};

/*
 * Before this CPU waits for @wanted. The first fault there is, with the held lock that is
 * the other half of it in *@other where there is one (else its lock is NULL). @wanted counts
 * as held from here on in any case, but for LOCK_TOO_MANY. IRQs masked, or the list is
 * nobody else's.
 */
enum lock_fault lock_order_take(struct held_locks *held, const struct held_lock *wanted,
				bool irqs_masked, struct held_lock *other);

/* Before this CPU lets go of @lock. LOCK_GOOD or LOCK_NOT_HELD; any order is fine. */
enum lock_fault lock_order_drop(struct held_locks *held, const void *lock);
