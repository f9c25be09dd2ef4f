// SPDX-License-Identifier: MIT
/*
 * What is known of a board and not in its tree, or not in every tree that boot loaders make: one
 * table, by the compatible of the root node.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Memory that is never ours, whatever /memory says; bytes. */
struct carve_out {
	uint64_t base, size;
	const char *what;
};

struct board {
	const char *compatible; /* what a compatible of the root node begins with */
	const struct carve_out *carve_outs;
	unsigned nr_carve_outs;
	const char *off_note; /* what there is to say before it is switched off; NULL: nothing */
};

/* NULL: there is nothing to know. Any context. */
const struct board *find_board(const struct fdt *fdt);

/* The carve-out of @board (may be NULL) that [@start, @end) touches; NULL: none. */
const struct carve_out *find_carve_out(const struct board *board, uint64_t start, uint64_t end);
