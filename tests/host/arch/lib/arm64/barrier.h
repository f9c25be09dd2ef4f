// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: the test's model is told of each barrier, to see it at its place.
 */
#pragma once

#include "lib/compiler.h"

/* The test's, if a source of it issues barriers. */
void host_barrier(const char *name);

static __always_inline void sysreg_sync(void)
{
	host_barrier("isb");
}

static __always_inline void io_mb(void)
{
	host_barrier("dmb");
}

static __always_inline void io_complete(void)
{
	host_barrier("dsb");
}
