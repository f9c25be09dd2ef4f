// SPDX-License-Identifier: MIT
/*
 * Ranges of which only a part is mapped: what the engine's own calls, which know every page
 * of theirs, do not take.
 *
 * All: va and end are page aligned, va <= end; the caller owns the addresses, so that what
 * is mapped there stays. Tables beside them may come and go: each look holds the page-table
 * lock. Any CPU, no lock held.
 */
#pragma once

#include "lib/compiler.h"

struct leaf; /* mm/map/view/walk.h */

/*
 * The first stretch of [@*va, @*end) that is mapped throughout becomes [*va, *end). False:
 * nothing of it is mapped.
 */
bool next_mapped(uint64_t *va, uint64_t *end);

/*
 * Unmaps and flushes what is mapped of [va, end), stretch by stretch (unmap_range()). A block or
 * contiguous group that an end of the range lies in is split first (map_split(), with its context
 * and errors: -ENOMEM, -ETIMEDOUT; nothing is unmapped then).
 */
int unmap_holes(uint64_t va, uint64_t end);

/* walk_lookup() of an address where nothing need be mapped. -ENOENT: nothing is. */
int lookup_mapped(uint64_t va, struct leaf *leaf);

/*
 * Copies @n bytes from @va, which stay in one page, to @to: through the linear map, and only
 * from RAM that is mapped write-back; zeros where there is none. The frame cannot be unmapped,
 * and so not be freed, meanwhile. @to is memory that does not fault.
 */
void read_mapped(void *to, uint64_t va, uint64_t n);
