// SPDX-License-Identifier: MIT
/*
 * The software walker: an opinion on what is mapped that is independent of the engine.
 */
#pragma once

#include "mm/arm64/pgtable.h"

struct leaf {
	uint64_t pa; /* of the address asked for, not of the leaf's start */
	pgprot_t prot;
	int level; /* LEVEL_PUD, LEVEL_PMD or LEVEL_PTE */
	bool cont; /* member of a contiguous group */
};

/* What @va maps to. -ENOENT: nothing. Any CPU; the caller keeps the range from changing. */
int walk_lookup(uint64_t va, struct leaf *leaf);

/* Bytes mapped by each kind of leaf, as results.json names them. */
struct map_census {
	uint64_t mapped_page, mapped_page_cont, mapped_block, mapped_block_cont, mapped_1g;
};

/* Adds up [va, end). */
void walk_census(uint64_t va, uint64_t end, struct map_census *census);

/*
 * Slot that the engine's tables hold for @va at @level, NULL if a table above is missing.
 * For the rungs and the oracles; mm/ itself walks in mm/map/map.c.
 */
desc_t *walk_slot(uint64_t va, int level);
