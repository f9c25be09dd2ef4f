// SPDX-License-Identifier: MIT
/*
 * A setter of huge entries, as the bug of the series' RFC needs one: what one size is in
 * descriptors, and setting and clearing them through the one door. It is written from what
 * the field says that such a setter does, in the right form and in the RFC's.
 *
 * Each call accounts for what it replaces and what it stores as entries of the size that it
 * believes in, one count a frame, as Linux's page_table_check does.
 */
#pragma once

#include "mm/arm64/pgtable.h"

enum huge_form {
	HUGE_RIGHT,
	HUGE_RFC, /* takes a block of PMD size for small entries */
	HUGE_FORMS,
};

/* @count entries of @size bytes each; both 0: no entries give such a size. */
struct huge_entries {
	uint64_t count, size;
};

/* What @size bytes are, a power of two. */
struct huge_entries huge_entries(enum huge_form form, uint64_t size);

/* The level of the table that has them, by the size alone: callers of both forms know it. */
int huge_level(uint64_t size);

/* Maps [va, va + @size) to @pa; all tables are there, nothing is mapped. */
void set_huge_entries(enum huge_form form, uint64_t va, uint64_t pa, uint64_t size);

/* Unmaps it, and flushes. */
void clear_huge_entries(enum huge_form form, uint64_t va, uint64_t size);

/* Frames below this are counted. */
#define HUGE_COUNTED_END (64UL << 30)

extern int huge_map_count[HUGE_COUNTED_END >> PAGE_SHIFT];

/* Counts that went below 0. */
extern unsigned huge_underflows;
