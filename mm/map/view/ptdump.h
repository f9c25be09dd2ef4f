// SPDX-License-Identifier: MIT
/*
 * A dump of translation tables: ranges of leaves of one level with the same attributes, as
 * in Linux's kernel_page_tables, and what they come to (docs/census.md).
 */
#pragma once

#include "mm/arm64/pgtable.h"

/* TTBR1, whole: its last address is UINT64_MAX, and one past that is 0. */
#define TTBR1_START (0UL - (1UL << VA_BITS))
#define TTBR1_END   0UL

/* Where a dump is: from @va on, up to @end, is still to come. */
struct ptdump {
	uint64_t va, end;
};

struct ptdump_range {
	uint64_t va, size; /* bytes; no hole in them, all of one region */
	desc_t attributes; /* of each descriptor; no address */
	int level;
	const char *region; /* of mm/arm64/layout.h */
};

/*
 * The next range. False: there is none. Any CPU, while others map and unmap: a table is
 * read under the page-table lock and not touched after (mm/map/view/walk.h). What changes between
 * two tables is seen or not, so that a range may be of two moments.
 */
bool ptdump_next(struct ptdump *dump, struct ptdump_range *range);

#define PTDUMP_TEXT_MAX 112

/* The range as one line, without its end. Returns @text. */
const char *ptdump_text(char text[PTDUMP_TEXT_MAX], const struct ptdump_range *range);

/* Writable and executable, which nothing may be. */
bool ptdump_is_wx(const struct ptdump_range *range);

/* Logs all of TTBR1, each region under its name, and totals. Any CPU. */
void ptdump_log(void);
