// SPDX-License-Identifier: MIT
/*
 * Rows that are nothing but a page array and a place: arrays that are described by the orders
 * of their blocks, mapped by a whole vmap() or by its mapping half at a chosen address.
 */
#pragma once

#include "bench/measure.h"

#define LAYOUT_PIECES 4

/* @count blocks of 1 << @order pages, each aligned to its size. No two blocks are neighbours. */
struct piece {
	unsigned order;
	unsigned long count;
};

struct layout {
	struct piece pieces[LAYOUT_PIECES];
	unsigned long cut; /* pages of the last block that are left out */
	/* Pages @swap and @swap + 2 change places; 0: none do. */
	unsigned long swap;
	uint64_t phase; /* bytes past a PMD boundary that the mapping half starts at */

	unsigned long grouped;	 /* pages that tlbed has to map by groups or blocks, at least */
	unsigned long mismapped; /* pages that the rung series, all patches, maps wrong */
};

/* Blocks of a row's layout are at most so many bytes in each of its pieces; then they repeat. */
#define LAYOUT_PIECE_BYTES (64 * MiB)

int layout_make(struct pass *pass);
int layout_make_and_place(struct pass *pass);
int layout_choose(struct pass *pass);
void layout_vmap(struct pass *pass);
void layout_vmap_huge(struct pass *pass); /* with VM_ALLOW_HUGE_VMAP */
void layout_rung_vmap(struct pass *pass);
void layout_map(struct pass *pass);
void layout_rung_map(struct pass *pass);
int layout_check(struct pass *pass);
int layout_vunmap(struct pass *pass);
int layout_unmap(struct pass *pass);
void layout_free(struct pass *pass);

/*
 * A whole vmap() of a layout, by @call, and the mapping half alone in an area that stays:
 *	VMAP_LAYOUT(ident, "name", rungs, patches, layout_vmap) = { .pieces = ... };
 */
#define VMAP_LAYOUT(ident, label, mask, set, call)                                   \
	static const struct layout layout_##ident;                                   \
	BENCH(ident, .name = label, .rungs = mask, .patches = SERIES_EXACTLY(set),   \
	      .data = &layout_##ident, .only_named = true, .prepare = layout_make,   \
	      .before = layout_choose, .body = call, .rung_body = layout_rung_vmap,  \
	      .check = layout_check, .after = layout_vunmap, .finish = layout_free); \
	static const struct layout layout_##ident

#define MAP_LAYOUT(ident, label, mask, set, ...)                                                   \
	static const struct layout layout_##ident;                                                 \
	BENCH(ident, .name = label, .rungs = mask, .patches = SERIES_EXACTLY(set),                 \
	      .data = &layout_##ident, .only_named = true, .prepare = layout_make_and_place,       \
	      .before = layout_choose, .body = layout_map, .rung_body = layout_rung_map,           \
	      .check = layout_check, .after = layout_unmap, .finish = layout_free, ##__VA_ARGS__); \
	static const struct layout layout_##ident
