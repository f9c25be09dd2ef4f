// SPDX-License-Identifier: MIT
/*
 * What no test may leave behind, and what every translation table must be.
 */
#pragma once

#include "lib/compiler.h"

/*
 * For ktap_set_audit(): after a test the same memory is free, and merged, the same areas
 * exist, and the vmalloc region maps what it mapped before, well-formed.
 */
void audit_before(void);
void audit_after(void);

/* What a walk over tables saw. */
struct table_audit {
	uint64_t violations;
	uint64_t leaves;      /* valid leaf descriptors */
	uint64_t bytes;	      /* that they map */
	uint64_t tables;      /* below the root */
	uint64_t own_tables;  /* of those, the engine's: the others are boot's */
	uint64_t leaf_tables; /* of those, at level 3 */
};

/*
 * Walks all tables of [@va, @end) by itself, root down (TTBR1: from PAGE_OFFSET to
 * UINT64_MAX): W^X also through aliases, RAM Normal and nothing else so, contiguous groups
 * whole, live counts true, no bit that is not ours. @loud: says what is wrong where.
 * Nothing may change meanwhile.
 */
struct table_audit audit_tables(uint64_t va, uint64_t end, bool loud);
