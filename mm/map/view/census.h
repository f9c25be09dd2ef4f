// SPDX-License-Identifier: MIT
/*
 * The census: how much of a range is mapped by which leaf, and why by no larger one. It is
 * read off the tables; of the engine it knows nothing, so that it also judges whether the
 * engine could have done better (docs/census.md).
 */
#pragma once

#include "mm/arm64/pgtable.h"

/* Leaves and contiguous groups, in the order of their size. LEAF_1G: HAVE_PUD_BLOCK only. */
enum leaf_kind {
	LEAF_PAGE,
	LEAF_PAGE_CONT,
	LEAF_BLOCK,
	LEAF_BLOCK_CONT,
	LEAF_1G,
	NR_LEAF_KINDS,
};

/*
 * Why a leaf is not part of one of the next larger kind: the first of these that holds. "Its
 * block" is what such a leaf would map: the naturally aligned frames around this leaf's. A
 * "run" is frames in a row, with the same attributes, at addresses in a row of the range.
 */
enum leaf_limit {
	LIMIT_NONE,	/* no kind is larger */
	LIMIT_FALLBACK, /* the call wanted that kind; there was no memory, or no such address */
	LIMIT_RUN,	/* the run is too short, or ends inside its block */
	LIMIT_PA_PHASE, /* the run begins inside its block */
	LIMIT_CALLER,	/* its block is in the run, but the call was not to use that kind */
	LIMIT_VA_PHASE, /* nor this: its block is at an address that is not aligned */
	LIMIT_UNKNOWN,	/* nothing of all that: several calls made it, or the engine missed it */
	NR_LEAF_LIMITS,
};

extern const char *const leaf_limit_names[NR_LEAF_LIMITS];

/* log2 of what one leaf, or one whole group, of the kind maps; 0: this granule has none. */
extern const unsigned leaf_shifts[NR_LEAF_KINDS];

/* What @desc is, a leaf of @level. */
enum leaf_kind leaf_kind_of(desc_t desc, int level);

/* What a mapping call was told, and what it settled for. */
struct map_limits {
	unsigned max_shift; /* as in map.h */
	unsigned fell_from; /* log2 of the leaf that it wanted first; 0: it has what it wanted */
};

/* Bytes. */
struct map_census {
	uint64_t mapped[NR_LEAF_KINDS][NR_LEAF_LIMITS];
	uint64_t invalid; /* descriptors with an address that are not valid */
};

/*
 * Adds [@va, @end), page aligned: one area, which calls with @limits mapped. Any CPU; takes
 * the page-table lock for a table at a time. The caller keeps the range from changing; else
 * what is added is of different moments, but nothing worse.
 */
void census_range(uint64_t va, uint64_t end, struct map_limits limits, struct map_census *census);

/* Adds @more to @census. */
void census_add(struct map_census *census, const struct map_census *more);

/* Bytes mapped by @kind; bytes for which @limit is the reason. */
uint64_t census_of_kind(const struct map_census *census, enum leaf_kind kind);
uint64_t census_of_limit(const struct map_census *census, enum leaf_limit limit);

/* The reason for most bytes of @kind, of all kinds if it is NR_LEAF_KINDS; LIMIT_NONE: there is
 * none. */
enum leaf_limit census_main_limit(const struct map_census *census, enum leaf_kind kind);

#define SIZE_TEXT_MAX 24

/* @bytes in the largest unit (K, M, G, T) that divides it: "60K", "100M"; "-" for 0. Returns @text.
 */
const char *text_size(char text[SIZE_TEXT_MAX], uint64_t bytes);

#define CENSUS_TEXT_MAX 160

/* What there is of each kind, the largest first: "2M=98M 64K=1M"; "-": nothing. Returns @text. */
const char *census_text(char text[CENSUS_TEXT_MAX], const struct map_census *census);
