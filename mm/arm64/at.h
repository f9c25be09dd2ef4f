// SPDX-License-Identifier: MIT
/*
 * The hardware's own opinion on a translation: the AT instruction. It stores no
 * descriptor and drops none, so it is not the door's business.
 */
#pragma once

#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"
#include "mm/arm64/pgtable.h"

/* Fields of PAR_EL1. */
#define PAR_F	      1UL			/* the translation failed */
#define PAR_ATTR(par) ((unsigned)((par) >> 56)) /* the MAIR byte of the leaf */
#define PAR_ADDR(par) ((par) & (((1UL << VA_BITS) - 1) & ~0xfffUL))

/* The ISB: PAR_EL1 holds AT's result only after a context synchronization event. */
#define AT_INSTRUCTION(name, va)                   \
	({                                         \
		uint64_t par_;                     \
                                                   \
		asm volatile("at " name ", %1\n\t" \
			     "isb\n\t"             \
			     "mrs %0, par_el1"     \
			     : "=r"(par_)          \
			     : "r"(va)             \
			     : "memory");          \
		par_;                              \
	})

/*
 * Translates @va for a read at EL1: PAR_EL1. The address in it has no bits below 4K.
 * EL1, any CPU; the caller keeps IRQ handlers from using PAR_EL1 meanwhile. May be
 * answered from the TLB, stale or not, as an access would be.
 */
static __always_inline uint64_t at_s1e1r(uint64_t va)
{
	return AT_INSTRUCTION("s1e1r", va);
}

/* The same for a write. */
static __always_inline uint64_t at_s1e1w(uint64_t va)
{
	return AT_INSTRUCTION("s1e1w", va);
}
