// SPDX-License-Identifier: MIT
/*
 * What `cold` means in a record: nothing that the call uses is in a cache or a TLB when it begins,
 * as far as that can be arranged from EL1 (docs/measuring.md).
 */
#pragma once

#include "lib/compiler.h"

/* Read before each cold pass: more than twice the 3 MiB of an RK3588's last cache. */
#define COLD_BYTES	(8 * MiB)
#define COLD_LINE_BYTES 64u

/* What the preparations did, counted where it was done. */
struct cold_counts {
	uint64_t preparations;
	uint64_t lines; /* of COLD_LINE_BYTES, read */
	uint64_t tlbi, ic;
};

extern struct cold_counts cold_counts;

/* Takes the memory that is read. False: there is none, and cold_prepare() may not be called. */
bool cold_start(void);

/* Gives it back; without cold_start() nothing happens. */
void cold_stop(void);

/*
 * Displaces what the data and unified caches hold by reading other memory, empties the instruction
 * caches and the TLB. Other CPUs are off. Right before the pass, untimed.
 */
void cold_prepare(void);
