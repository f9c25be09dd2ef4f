// SPDX-License-Identifier: MIT
/*
 * The parts of the block: each says its facts, and of what it cannot say the reason.
 */
#pragma once

#include "bench/silicon/facts.h"
#include "drivers/pmu/clock.h"
#include "lib/fdt/fdt.h"

/* A CPU whose facts are being gathered, by itself. */
struct core {
	struct facts *facts;
	const char *no_cycles; /* why its cycles mean nothing; NULL: they do */
};

/* The boot, the tree's memory and what of it is ours, clocks by firmware, switching off. */
void machine_facts(struct facts *facts, const struct fdt *fdt);

/* Registers, clock and timer of the CPU that runs; fills @core->no_cycles. PMU started. */
void core_facts(struct core *core);

/* How its data TLB holds leaves of each size: misses by reach, and places of one leaf. */
void tlb_facts(struct core *core);

/* Cycles of a TLBI that is completed once, and twice. */
void tlbi_facts(struct core *core);
