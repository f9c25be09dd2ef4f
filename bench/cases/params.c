// SPDX-License-Identifier: MIT
/*
 * What the words are, their ranges, and Linux's reading of 0.
 */
#include "bench/cases/params.h"

#include <stdio.h>

#include "drivers/smp/cpus.h"
#include "lib/cmdline/options.h"

/* Linux's default of a million loops is minutes in an emulator; this is its smoke test's. */
#define LOOPS	     10000
#define PCPU_OBJECTS 35000

struct test_vmalloc test_vmalloc = {
	.test_repeat_count = 1,
	.test_loop_count = LOOPS,
	.nr_pcpu_objects = PCPU_OBJECTS,
};

OPTION_UNSIGNED(nr_threads, "nr_threads", &test_vmalloc.nr_threads, 0, UINT16_MAX,
		"=N  test_vmalloc/*: workers, a CPU each (1)");
OPTION_FLAG(sequential_test_order, "sequential_test_order", &test_vmalloc.sequential_test_order,
	    "  test_vmalloc/*: every worker in the same order");
OPTION_UNSIGNED(test_repeat_count, "test_repeat_count", &test_vmalloc.test_repeat_count, 0,
		SAMPLES_MAX, "=N  test_vmalloc/*: runs of each case (1)");
OPTION_UNSIGNED(test_loop_count, "test_loop_count", &test_vmalloc.test_loop_count, 0, INT32_MAX,
		"=N  test_vmalloc/*: loops of a run (10000; Linux: 1000000)");
OPTION_UNSIGNED(nr_pages, "nr_pages", &test_vmalloc.nr_pages, 0, INT32_MAX,
		"=N  test_vmalloc/*: pages where the case does not say (1)");
OPTION_FLAG(use_huge, "use_huge", &test_vmalloc.use_huge,
	    "  test_vmalloc/fix_size_alloc: vmalloc_huge()");
OPTION_UNSIGNED(run_test_mask, "run_test_mask", &test_vmalloc.run_test_mask, 1, INT32_MAX,
		"=MASK  test_vmalloc/*: which cases, 1 << place (all that bench= names)");
OPTION_UNSIGNED(nr_pcpu_objects, "nr_pcpu_objects", &test_vmalloc.nr_pcpu_objects, 1, 1000000,
		"=N  test_vmalloc/pcpu_alloc: objects (35000)");

struct test_vmalloc cases_params(void)
{
	struct test_vmalloc p = test_vmalloc;

	p.nr_threads = MAX(p.nr_threads, 1);
	p.test_repeat_count = MAX(p.test_repeat_count, 1);
	p.test_loop_count = MAX(p.test_loop_count, 1);
	p.nr_pages = MAX(p.nr_pages, 1);
	return p;
}

bool cases_valid(char *error, size_t size)
{
	uint64_t mask = test_vmalloc.run_test_mask;
	unsigned usable = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		usable += !cpus[i].unusable;
	if (test_vmalloc.nr_threads > usable) {
		snprintf(error, size, "malformed value '%lu': nr_threads= is a CPU each, of %u",
			 test_vmalloc.nr_threads, usable);
		return false;
	}
	if (mask && !(mask & ALL_CASES)) {
		snprintf(error, size, "malformed value '%lu': run_test_mask= has bits up to %u",
			 mask, 1u << (NR_VMALLOC_CASES - 1));
		return false;
	}
	return true;
}
