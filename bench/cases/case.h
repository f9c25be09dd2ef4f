// SPDX-License-Identifier: MIT
/*
 * What a case of test_vmalloc is, and what its runs may use.
 */
#pragma once

#include "bench/cases/params.h"

/* Who runs a case: one a CPU. */
struct worker {
	unsigned number;
	struct test_vmalloc params;
	uint64_t random; /* state of case_random(), the same at the start of each run */

	/*
	 * An untimed run: whatever is allocated is tagged and read back, and the pages are
	 * counted. Else a case does what Linux's does, and no more.
	 */
	bool verify;
	uint64_t tags, pages;
	const char *why; /* what was wrong with what was read; NULL: nothing */
};

/* One run. 0; or -1, as Linux's: an allocation failed, or worker->why is set. */
typedef int case_run(struct worker *w);

struct vmalloc_case {
	const char *name; /* Linux's, less `_test` */
	case_run *run;
	bool xfail;	     /* it has to fail */
	const char *skipped; /* why it does not exist here; NULL: it does */
};

extern const struct vmalloc_case vmalloc_cases[NR_VMALLOC_CASES];

/* In their files, by what they are about. */
case_run fix_size_alloc, random_size_alloc, fix_align_alloc, random_size_align_alloc,
	align_shift_alloc, no_block_alloc, vrealloc_sizes; /* sizes.c */
case_run full_fit_alloc, long_busy_list_alloc;		   /* crowded.c */
case_run kvfree_rcu_1_arg, kvfree_rcu_2_arg;		   /* deferred.c */
case_run map_ram;					   /* ram.c */
case_run pcpu_alloc;					   /* percpu.c */

/* 0 to @bound - 1. */
uint64_t case_random(struct worker *w, uint64_t bound);

/*
 * Of a verifying run, else 0: writes a tag that no other page has to each page of [@at, @at +
 * @bytes). Returns what case_tagged() wants.
 */
uint64_t case_tag(struct worker *w, void *at, uint64_t bytes);

/* Of a verifying run, else true: whether the pages hold those tags; if not, says so once. */
bool case_tagged(struct worker *w, const void *at, uint64_t bytes, uint64_t tag);

/* Both, for what is freed at once. */
static __always_inline bool case_readback(struct worker *w, void *at, uint64_t bytes)
{
	return likely(!w->verify) || case_tagged(w, at, bytes, case_tag(w, at, bytes));
}
