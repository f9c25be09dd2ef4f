// SPDX-License-Identifier: MIT
/*
 * Patterns over names: what `bench=`, `test=` and `skip=` hold.
 * A list is GLOB[,GLOB]; a glob matches the whole name.
 */
#pragma once

#include "lib/compiler.h"

/*
 * True if @glob (@len bytes) matches all of @name: '*' is any run of characters,
 * '/' included, '?' is any one. At most @len * strlen(@name) steps, no recursion.
 */
bool glob_match(const char *glob, size_t len, const char *name);

/* True if some glob of the list matches @name. The empty list, NULL or "", matches none. */
bool glob_list_match(const char *globs, const char *name);

/* True if no glob of the list is empty: neither "", nor "a,,b", nor "a,". */
bool glob_list_valid(const char *globs);

/* The @index-th of the names that a list chooses from; NULL past the last. */
typedef const char *name_at_t(void *context, size_t index);

/*
 * Looks for a glob of the list that matches none of the names; the empty list
 * has none. True: there is one, and @error (@size > 0 bytes) holds the line
 * `no match for 'GLOB'` for the first of them.
 */
bool select_unmatched(const char *globs, name_at_t *name_at, void *context, char *error,
		      size_t size);
