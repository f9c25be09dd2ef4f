// SPDX-License-Identifier: MIT
/*
 * What the portable code needs of a CPU: interrupt masking, a spin hint, the per-CPU offset.
 */
#pragma once

#include "lib/arm64/sysreg.h"

/* Masks IRQs; returns the state for local_irq_restore(). Nests. */
static __always_inline uint64_t local_irq_save(void)
{
	uint64_t daif;

	/* "memory": nothing protected by the mask moves out of it. DAIF is self-synchronizing. */
	asm volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(daif)::"memory");
	return daif;
}

static __always_inline void local_irq_restore(uint64_t daif)
{
	asm volatile("msr daif, %0" ::"r"(daif) : "memory");
}

/* IRQs come from here on: on a CPU whose interrupt controller is set up. */
static __always_inline void local_irq_enable(void)
{
	asm volatile("msr daifclr, #2" ::: "memory");
}

/* SErrors are reported where they happen. */
static __always_inline void local_serror_enable(void)
{
	asm volatile("msr daifclr, #4" ::: "memory");
}

/* Until an interrupt is pending, masked or not; may return early. */
static __always_inline void wait_for_interrupt(void)
{
	asm volatile("wfi" ::: "memory");
}

/* In every spin loop: under icount the emulator hands over to the next CPU only here. */
static __always_inline void cpu_relax(void)
{
	asm volatile("yield" ::: "memory");
}

/* Distance of this CPU's copy of the per-CPU section from the linked one; 0 on the boot CPU. */
static __always_inline uint64_t this_cpu_offset(void)
{
	uint64_t v;

	/* Not volatile: constant while code runs on one CPU, and no code here migrates. */
	asm("mrs %0, tpidr_el1" : "=r"(v));
	return v;
}
