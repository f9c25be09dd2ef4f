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

/* What one descriptor that is no table says of addresses from @va on. */
struct walk_entry {
	uint64_t va, size; /* bytes, as far as the walk was asked for them */
	desc_t desc;	   /* a leaf, or invalid and yet not 0 */
	int level;
};

/* False: that was for another time; the walk ends before @entry. Under pgtable_lock. */
typedef bool walk_visit_t(void *context, const struct walk_entry *entry);

/*
 * Visits in order the entries of [@va, @end), page aligned, that one table holds: the one
 * that is met on the way down to @va. Returns the address to go on from, which is @end (0 is
 * the top of TTBR1) after the last. Any CPU: each call takes the page-table lock for that
 * one table, so that what it reads is linked and no page of something else's; between two
 * calls everything may change.
 */
uint64_t walk_part(uint64_t va, uint64_t end, walk_visit_t *visit, void *context);

/*
 * Slot that the engine's tables hold for @va at @level, NULL if a table above is missing.
 * For the rungs and the oracles; mm/ itself walks in mm/map/map.c.
 */
desc_t *walk_slot(uint64_t va, int level);
