// SPDX-License-Identifier: MIT
/*
 * What completing a TLBI costs this CPU, and what completing it twice (tlbi=twice) does.
 */
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/silicon/check-internal.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"

#define TLBI_SAMPLES 9

/* One TLBI, of an address that is never mapped: only its own cost is seen. */
static noinline uint64_t time_tlbi(bool flush)
{
	uint64_t irq = local_irq_save();
	uint64_t cycles = pmu_cycles();

	if (flush) {
		door_before_tlbi(); /* nothing is pending: what is timed is the batch that others
				       end in */
		tlbi_leaves(VMALLOC_START, 1, PAGE_SIZE);
		door_after_tlbi(); /* the completion, which is most of what it costs */
	}
	cycles = pmu_cycles() - cycles;
	local_irq_restore(irq);
	return cycles;
}

/* The median, the empty measurement's subtracted. */
static uint64_t tlbi_cycles(bool twice)
{
	uint64_t cycles[TLBI_SAMPLES], empty[TLBI_SAMPLES];
	bool before = door_tlbi_twice;

	/* Nobody else unmaps: the other CPUs are off. */
	door_tlbi_twice = twice;
	time_tlbi(true); /* its code is in the caches from here on */
	for (unsigned i = 0; i < TLBI_SAMPLES; i++) {
		empty[i] = time_tlbi(false);
		cycles[i] = time_tlbi(true);
	}
	door_tlbi_twice = before;
	return summarize(cycles, TLBI_SAMPLES, summarize(empty, TLBI_SAMPLES, 0).median).median;
}

void tlbi_facts(struct core *core)
{
	if (core->no_cycles) {
		fact_absent(core->facts, "tlbi_once", core->no_cycles);
		fact_absent(core->facts, "tlbi_twice", core->no_cycles);
		return;
	}
	figure(core->facts, "tlbi_once", "%lu cycles", tlbi_cycles(false));
	figure(core->facts, "tlbi_twice", "%lu cycles", tlbi_cycles(true));
}
