// SPDX-License-Identifier: MIT
/*
 * Errata of cores that concern translation, and what is done about each. Most are of cores on
 * which a broadcast TLBI and its DSB may be over before what they wait for is: Arm's workaround is
 * one more TLBI and DSB at the end of each batch (door_after_tlbi()).
 */
#pragma once

#include "lib/compiler.h"

struct erratum {
	uint32_t part;	    /* MIDR_EL1: implementer and part number, the rest zero */
	uint8_t last;	    /* revision that has it: variant << 4 | revision */
	const char *core;   /* its `compatible` without "arm," */
	const char *number; /* Arm's */
	const char *answer; /* what is done about it, in words */
	bool tlbi;	    /* the answer is tlbi=twice */
};

/*
 * The erratum after @prev (NULL: the first) of the core that calls itself @midr (MIDR_EL1); of one
 * that has not run yet, whose @midr is 0, by its @compatible in the device tree (may be NULL): of
 * its revision nothing is known. NULL: no more are known. Any context.
 */
const struct erratum *next_erratum(const struct erratum *prev, uint64_t midr,
				   const char *compatible);
