// SPDX-License-Identifier: MIT
/*
 * Allocations that fail on demand: in Image.check and in host programs. Image has none of
 * it, not an instruction: there the question below is a constant.
 *
 * An allocation is a call of alloc_pages(), alloc_pages_bulk() or kmalloc() and its kin,
 * whoever makes it and whether memory is at hand: hot lists and stacks of small objects do
 * not hide it. One inside another counts as well (a slab's page, the pages that the bulk
 * call takes one by one). A bulk call that is to fail gets half of what it was asked for.
 */
#pragma once

#include "lib/compiler.h"

#if defined(CHECKED) || defined(HOST)
#define HAVE_FAIL_NTH 1

struct fail_nth {
	uint64_t asked;	      /* allocations since fail_nth_begin() */
	uint64_t first, last; /* those that fail, 1 is the first; 0: none does */
	uint64_t failed;
};

extern struct fail_nth fail_nth; /* mm/phys/hot.c */

/* Any CPU, any context. One count for all CPUs: whose call is the n-th is up to the caller. */
static __always_inline bool fail_this_allocation(void)
{
	uint64_t n = __atomic_add_fetch(&fail_nth.asked, 1, __ATOMIC_RELAXED);

	if (likely(n < READ_ONCE(fail_nth.first) || n > READ_ONCE(fail_nth.last)))
		return false;
	__atomic_fetch_add(&fail_nth.failed, 1, __ATOMIC_RELAXED);
	return true;
}

/* From here on the @first-th allocation fails, and those up to the @last-th. No other CPU
 * allocates. */
static inline void fail_nth_begin(uint64_t first, uint64_t last)
{
	fail_nth = (struct fail_nth){ .first = first, .last = last };
}

/* None fails any more. Returns how many did. */
static inline uint64_t fail_nth_end(void)
{
	uint64_t failed = fail_nth.failed;

	fail_nth.first = fail_nth.last = 0;
	return failed;
}
#else
#define HAVE_FAIL_NTH 0

static __always_inline bool fail_this_allocation(void)
{
	return false;
}
#endif
