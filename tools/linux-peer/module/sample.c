// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters, and what becomes of the samples. Event counter 0 is INST_RETIRED; the cycle
 * counter beside it is the same number under QEMU's -icount, and a check.
 */
#include <linux/delay.h>
#include <linux/sort.h>

#include "peer.h"

#define PMCR_E		  (1UL << 0)
#define PMCR_D		  (1UL << 3)
#define PMCR_LC		  (1UL << 6)
#define COUNTERS	  (1UL << 31 | 1UL << 0)
#define INST_RETIRED	  0x08UL
#define LOOP_ROUNDS	  1000UL
#define LOOP_INSTRUCTIONS (2 * LOOP_ROUNDS)

struct series calls, undos, flushes;

static u64 empty_instructions, empty_cycles;

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void start_counters(void)
{
	u64 pmcr;

	asm volatile("msr pmccfiltr_el0, %0" ::"r"(0UL));
	asm volatile("msr pmevtyper0_el0, %0" ::"r"(INST_RETIRED));
	asm volatile("msr pmintenclr_el1, %0" ::"r"(0xffffffffUL));
	asm volatile("msr pmcntenset_el0, %0" ::"r"(COUNTERS));
	asm volatile("mrs %0, pmcr_el0" : "=r"(pmcr));
	pmcr = (pmcr | PMCR_E | PMCR_LC) & ~PMCR_D;
	asm volatile("msr pmcr_el0, %0; isb" ::"r"(pmcr));
}

static u64 median(u64 *values)
{
	sort(values, SAMPLES, sizeof(*values), compare, NULL);
	return values[SAMPLES / 2];
}

void row(const char *name, struct series *series)
{
	u64 *values = series->instructions, empty = empty_instructions;
	u64 first = values[0], middle = median(values);

	pr_info("peer: %s instructions=%lld min=%lld max=%lld first=%lld cycles=%lld samples=%d\n",
		name, (s64)(middle - empty), (s64)(values[0] - empty),
		(s64)(values[SAMPLES - 1] - empty), (s64)(first - empty),
		(s64)(median(series->cycles) - empty_cycles), SAMPLES);
}

void row_missing(const char *name, const char *why)
{
	pr_info("peer: %s missing: %s\n", name, why);
}

void settle(void)
{
	msleep(2);
}

int sample_start(void)
{
	u64 loop;
	int i;

	start_counters();
	settle();
	for (i = 0; i < SAMPLES; i++)
		SAMPLE(&calls, i, barrier());
	empty_instructions = median(calls.instructions);
	empty_cycles = median(calls.cycles);
	for (i = 0; i < SAMPLES; i++)
		SAMPLE(&calls, i, {
			unsigned long rounds = LOOP_ROUNDS;

			asm volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(rounds)::"cc");
		});
	/* One more, at most two, to load the number of rounds. */
	loop = median(calls.instructions) - empty_instructions - LOOP_INSTRUCTIONS;
	return loop <= 2 ? 0 : -ENODEV;
}
