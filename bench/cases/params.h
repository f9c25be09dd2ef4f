// SPDX-License-Identifier: MIT
/*
 * The parameters of Linux's lib/test_vmalloc.c, under its names, as words of the command line.
 */
#pragma once

#include "lib/compiler.h"

/* One bit of run_test_mask a case, in Linux's order. */
#define NR_VMALLOC_CASES 13
#define ALL_CASES	 ((1u << NR_VMALLOC_CASES) - 1)

struct test_vmalloc {
	uint64_t nr_threads;	    /* workers, a CPU each; 0 is 1 */
	bool sequential_test_order; /* else each worker has an order of its own */
	uint64_t test_repeat_count; /* timed runs of each case; 0 is 1 */
	uint64_t test_loop_count;   /* of one run; 0 is 1 */
	uint64_t nr_pages;	    /* of fix_size_alloc, no_block_alloc, vm_map_ram; 0 is 1 */
	bool use_huge;		    /* fix_size_alloc: vmalloc_huge() */
	uint64_t run_test_mask;	    /* 0: not given, names alone select */
	uint64_t nr_pcpu_objects;   /* of pcpu_alloc */
};

/* As given; cases_params() has them as they are used, with no 0 but in the mask. */
extern struct test_vmalloc test_vmalloc;
struct test_vmalloc cases_params(void);

/*
 * Whether the words make sense on this machine. False: one line in @error. After cpus_init().
 */
bool cases_valid(char *error, size_t size);
