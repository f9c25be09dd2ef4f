// SPDX-License-Identifier: MIT
/*
 * What a CPU of the hostile MMU has cached: between its walker and accesses (hostile-tlb.c) and
 * what TLBIs do (hostile-tlbi.c).
 */
#pragma once

#include "tests/host/hostile.h"

#define ENTRIES	     24
#define WALK_ENTRIES 8

/* A leaf, or a part of one, or of a contiguous group. */
struct entry {
	uint64_t va, pa;
	uint64_t leaf_read; /* when its descriptor was read */
	uint64_t oldest;    /* of all that the walk was based on */
	desc_t d;
	uint8_t shift;	/* log2 of what it translates; 0: no entry */
	uint8_t origin; /* of what its descriptor maps */
	uint8_t level;
};

/* A table descriptor. */
struct walk_entry {
	uint64_t va, table;
	uint64_t oldest;
	uint8_t shift; /* of what it leads to; 0: no entry */
	uint8_t level; /* of the table */
};

struct tlb {
	struct entry entries[ENTRIES];
	struct walk_entry walks[WALK_ENTRIES];
};
extern struct tlb tlbs[HOSTILE_CPUS];

static __always_inline bool covers(uint64_t va, unsigned shift, uint64_t of)
{
	return shift && (of ^ va) >> shift == 0;
}
