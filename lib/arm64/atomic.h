// SPDX-License-Identifier: MIT
/*
 * Compare-and-swap of a word, in the two forms that Armv8 has: exclusives, which every CPU knows,
 * and FEAT_LSE's one instruction, which is better where several CPUs want the word.
 */
#pragma once

#include "lib/arm64/sysreg.h"

/* Every CPU that runs has FEAT_LSE. A CPU that has not says so before it does anything else. */
extern bool cpus_have_lse;

/* This CPU has it: ID_AA64ISAR0_EL1.Atomic is 2 or more. */
static __always_inline bool cpu_has_lse(void)
{
	return field(read_sysreg(id_aa64isar0_el1), 23, 20) >= 2;
}

/*
 * Both: stores @new if the word is @old; whether it did. Acquire and release (LDAXR and STLXR,
 * CASAL): nothing that follows is looked at before the word was swapped. Aligned, Normal
 * memory that may be written, also where the word turns out to be another: the exclusives write
 * only then, CASAL faults for want of the permission all the same.
 */
static __always_inline bool cas64_llsc(uint64_t *word, uint64_t old, uint64_t new)
{
	uint64_t found;
	uint32_t fail;

	asm volatile("1:	ldaxr	%0, %2\n"
		     "	cmp	%0, %3\n"
		     "	b.ne	2f\n"
		     "	stlxr	%w1, %4, %2\n"
		     "	cbnz	%w1, 1b\n"
		     "2:"
		     : "=&r"(found), "=&r"(fail), "+Q"(*word)
		     : "r"(old), "r"(new)
		     : "cc", "memory");
	return found == old;
}

/* Undefined on a CPU without FEAT_LSE. */
static __always_inline bool cas64_lse(uint64_t *word, uint64_t old, uint64_t new)
{
	uint64_t found = old;

	asm volatile(".arch_extension lse\n	casal	%0, %2, %1"
		     : "+r"(found), "+Q"(*word)
		     : "r"(new)
		     : "memory");
	return found == old;
}

static __always_inline bool cas64(uint64_t *word, uint64_t old, uint64_t new)
{
	return READ_ONCE(cpus_have_lse) ? cas64_lse(word, old, new) : cas64_llsc(word, old, new);
}
