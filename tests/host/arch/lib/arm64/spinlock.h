// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: with one CPU a lock that is taken twice is a bug, and ends the test.
 */
#pragma once

#include <stdlib.h>

#include "lib/compiler.h"

typedef struct {
	uint32_t tickets; /* 1 while held */
} arch_spinlock_t;

#define ARCH_SPINLOCK_INIT \
	{                  \
		0          \
	}

/* A test that defines it is called before a lock is taken: what another CPU does until then. */
__attribute__((weak)) void host_before_lock(const arch_spinlock_t *lock);

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	if (host_before_lock)
		host_before_lock(lock);
	if (lock->tickets++)
		abort();
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	if (--lock->tickets)
		abort();
}
