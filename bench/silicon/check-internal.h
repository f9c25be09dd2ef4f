// SPDX-License-Identifier: MIT
/*
 * The parts of the block: each says its facts, and of what it cannot say the reason.
 */
#pragma once

#include "bench/silicon/facts.h"
#include "drivers/pmu/clock.h"
#include "lib/fdt/fdt.h"

/* SCMI's clocks 0 to 3, as firmware says: "scmi.rate0" and, with @when "_set", "scmi.rate0_set". */
void scmi_facts(struct facts *facts, const char *when);

/* A CPU whose facts are being gathered, by itself. */
struct core {
	struct facts *facts;
	const char *no_cycles; /* why its cycles mean nothing; NULL: they do */
};

/* 0, which the compiler does not know: what is masked with it keeps loads dependent. */
static inline uint64_t opaque_zero(void)
{
	uint64_t zero = 0;

	asm volatile("" : "+r"(zero)); /* no instruction: only the compiler is kept from it */
	return zero;
}

/* The boot, the tree's memory and what of it is ours, clocks by firmware, switching off. */
void machine_facts(struct facts *facts, const struct fdt *fdt);

/* Registers, and the clock as firmware handed it over, of the CPU that runs. PMU started. */
void core_facts(struct core *core);

/* Its clock after SCMI, and its timer; fills @core->no_cycles. */
void clock_facts(struct core *core);

/* The caches that hold data, as its registers have them. */
void geometry_facts(struct core *core);

/* A load's cycles, warm and after the preparation of a cold record. */
void cache_facts(struct core *core);

/* How its data TLB holds leaves of each size: misses by reach, and places of one leaf. */
void tlb_facts(struct core *core);

/* Cycles of a TLBI that is completed once, and twice. */
void tlbi_facts(struct core *core);
