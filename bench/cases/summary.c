// SPDX-License-Identifier: MIT
/*
 * Text and order, as Linux's module has them.
 */
#include "bench/cases/summary.h"

#include <stdio.h>

#include "bench/random.h"

void summary_line(char text[SUMMARY_MAX], const char *name, const struct case_outcome *outcome,
		  const struct test_vmalloc *params, const char *unit)
{
	int n = snprintf(
		text, SUMMARY_MAX,
		"Summary: %s_test passed: %u failed: %u xfailed: %u repeat: %lu loops: %lu ", name,
		outcome->passed, outcome->failed, outcome->xfailed, params->test_repeat_count,
		params->test_loop_count);

	if (unit)
		snprintf(text + n, SUMMARY_MAX - n, "avg: %lu %s",
			 outcome->cost / params->test_repeat_count, unit);
	else
		snprintf(text + n, SUMMARY_MAX - n, "avg: -");
}

void total_line(char text[SUMMARY_MAX], unsigned worker, uint64_t cost, const char *unit)
{
	if (unit)
		snprintf(text, SUMMARY_MAX, "All test took worker%u=%lu %s", worker, cost, unit);
	else
		snprintf(text, SUMMARY_MAX, "All test took worker%u=-", worker);
}

void count_outcome(struct case_outcome *outcome, int error, bool xfail)
{
	if (!error == !xfail)
		(xfail ? outcome->xfailed++ : outcome->passed++);
	else
		outcome->failed++;
}

void order_cases(unsigned order[NR_VMALLOC_CASES], bool sequential, uint64_t seed)
{
	for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
		order[i] = i;
	for (unsigned i = NR_VMALLOC_CASES - 1; !sequential && i; i--) {
		unsigned j = next_random(&seed) % (i + 1), other = order[j];

		order[j] = order[i];
		order[i] = other;
	}
}

uint64_t widen_count(uint32_t low, uint64_t about)
{
	/* The difference to @about, as the small number that it is, of either sign. */
	return about + (int64_t)(int32_t)(low - (uint32_t)about);
}
