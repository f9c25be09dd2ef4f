// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: one CPU, no interrupts; the mask is a depth that must balance.
 */
#pragma once

#include "lib/compiler.h"

extern uint64_t host_irq_depth;

static __always_inline uint64_t local_irq_save(void)
{
	return host_irq_depth++;
}

static __always_inline void local_irq_restore(uint64_t daif)
{
	host_irq_depth = daif;
}

static __always_inline void cpu_relax(void)
{
}

static __always_inline uint64_t this_cpu_offset(void)
{
	return 0;
}
