// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: with one CPU a lock that is taken twice is a bug, and ends the test.
 */
#pragma once

#include <stdlib.h>

#include "lib/compiler.h"

typedef struct {
	uint32_t tickets; /* 1 while held */
} spinlock_t;

#define SPINLOCK_INIT \
	{             \
		0     \
	}

static __always_inline void raw_spin_lock(spinlock_t *lock)
{
	if (lock->tickets++)
		abort();
}

static __always_inline void raw_spin_unlock(spinlock_t *lock)
{
	if (--lock->tickets)
		abort();
}
