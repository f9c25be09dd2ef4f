// SPDX-License-Identifier: MIT
/*
 * Between split.c, protect.c and merge.c: leaves as they lie in tables, and a planned split.
 */
#pragma once

#include "mm/map/map-internal.h"
#include "mm/map/protect.h"

/* What becomes of the leaves of [va, end). Empty: nothing, but that a leaf ends at va. */
struct leaf_change {
	uint64_t va, end;
	desc_t set, clear;
};

static __always_inline desc_t changed(const struct leaf_change *c, desc_t d)
{
	return (d & ~c->clear) | c->set;
}

/* Descriptors of a contiguous group of @level; 1 where there are none. */
static __always_inline uint64_t group_members(int level)
{
	return level == LEVEL_PTE ? CONT_PTES : level == LEVEL_PMD ? CONT_PMDS : 1;
}

/* A leaf at the level below a block's, for the block's first part; type bits differ at the last. */
static __always_inline desc_t part_of_block(desc_t block, int level)
{
	return (block & ~DESC_CONT) | (level == LEVEL_PTE ? DESC_PAGE : 0);
}

/* A leaf, or a contiguous group, that something ends in the middle of. */
struct piece {
	desc_t *slot; /* the first */
	uint64_t va, members;
	desc_t old; /* what is in the first slot */
	int level;
	struct {
		uint64_t member;
		desc_t link; /* the table that takes its place; 0: none does */
	} cut[2];
};

/* All that a change breaks: at most what it begins and what it ends in the middle of. */
struct split {
	const struct leaf_change *change;
	unsigned nr_pieces, nr_tables;
	struct piece pieces[2];
	struct table_list tables; /* the links' */
};

/*
 * Plans what has to be split for @c, and makes the tables, which hold the leaves as they are
 * after the change. -ENOMEM: nothing is left of it. Not under pgtable_lock.
 */
int split_plan(struct split *s, const struct leaf_change *c);

/* Whether there is anything to split for @c. Under pgtable_lock. */
bool split_is_needed(const struct leaf_change *c);

/* Gives the tables back that were not linked. Not under pgtable_lock. */
void split_undo(struct split *s);

/* Whether what is planned for is still there. Under pgtable_lock. */
bool split_holds(const struct split *s);

/* Break, then make. Other CPUs are held; under pgtable_lock. */
void split_apply(struct split *s);
