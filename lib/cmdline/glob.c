// SPDX-License-Identifier: MIT
/*
 * Glob matching without recursion: only the last '*' seen is ever widened, which
 * is enough because an earlier one has already found its leftmost end.
 */
#include "lib/cmdline/glob.h"

#include <stdio.h>
#include <string.h>

bool glob_match(const char *glob, size_t len, const char *name)
{
	const char *end = glob + len, *after_star = NULL, *retry = NULL;

	while (*name) {
		if (glob < end && *glob == '*') {
			after_star = ++glob;
			retry = name;
		} else if (glob < end && (*glob == '?' || *glob == *name)) {
			glob++;
			name++;
		} else if (after_star) {
			glob = after_star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (glob < end && *glob == '*')
		glob++;
	return glob == end;
}

/* Takes the first glob off *@list, which becomes NULL with the last one. */
static const char *next_glob(const char **list, size_t *len)
{
	const char *glob = *list;

	*len = strcspn(glob, ",");
	*list = glob[*len] ? glob + *len + 1 : NULL;
	return glob;
}

bool glob_list_match(const char *globs, const char *name)
{
	size_t len;

	while (globs) {
		const char *glob = next_glob(&globs, &len);

		if (len && glob_match(glob, len, name))
			return true;
	}
	return false;
}

bool glob_list_valid(const char *globs)
{
	size_t len;

	while (globs) {
		next_glob(&globs, &len);
		if (!len)
			return false;
	}
	return true;
}

static bool matches_some(const char *glob, size_t len, name_at_t *name_at, void *context)
{
	const char *name;

	for (size_t i = 0; (name = name_at(context, i)); i++)
		if (glob_match(glob, len, name))
			return true;
	return false;
}

bool select_unmatched(const char *globs, name_at_t *name_at, void *context, char *error,
		      size_t size)
{
	size_t len;

	while (globs) {
		const char *glob = next_glob(&globs, &len);

		if (len && !matches_some(glob, len, name_at, context)) {
			snprintf(error, size, "no match for '%.*s'", (int)len, glob);
			return true;
		}
	}
	return false;
}
