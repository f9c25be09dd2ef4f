// SPDX-License-Identifier: MIT
/*
 * Barriers that do not order translation: I/O, counters, locks. Those that do
 * belong to the one door (mm/arm64/door.h) and are issued nowhere else.
 */
#pragma once

#include "lib/compiler.h"

/* Context synchronization: later instructions see earlier system register writes. */
static __always_inline void sysreg_sync(void)
{
	asm volatile("isb" ::: "memory");
}

/* Device accesses before it are observed before those after it (B2.6.9, full system). */
static __always_inline void io_mb(void)
{
	asm volatile("dmb sy" ::: "memory");
}

/* Completes all accesses: before a firmware call or power-off. */
static __always_inline void io_complete(void)
{
	asm volatile("dsb sy" ::: "memory");
}
