// SPDX-License-Identifier: MIT
/*
 * Which patches the rung `series` has: the option `series=`, the ladder of them, sets as text.
 */
#include <string.h>

#include "bench/rungs/rung.h"
#include "lib/cmdline/cmdline.h"

unsigned series_patches = SERIES_ALL;

#define UP_TO(n)   ((1u << (n)) - 1)
#define WITHOUT(n) (SERIES_ALL & ~(1u << ((n)-1)))

const struct ladder_step ladder_steps[LADDER_STEPS] = {
	{ "patches-none", "none of them", UP_TO(0) },
	{ "patches-1", "1    set several groups", UP_TO(1) },
	{ "patches-1-2", "1-2  ask for several groups", UP_TO(2) },
	{ "patches-1-3", "1-3  one setter", UP_TO(3) },
	{ "patches-1-4", "1-4  no rewalk", UP_TO(4) },
	{ "patches-1-5", "1-5  vmap looks for runs", UP_TO(5) },
	{ "patches-1-6", "1-6  vmap aligns its area", UP_TO(6) },
	{ "patches-not-1", "all but 1", WITHOUT(1) },
	{ "patches-not-2", "all but 2", WITHOUT(2) },
	{ "patches-not-3", "all but 3", WITHOUT(3) },
	{ "patches-not-4", "all but 4", WITHOUT(4) },
	{ "patches-not-5", "all but 5", WITHOUT(5) },
};

/* `all`, `none`, or numbers of patches with a comma between two, each once. */
static bool read_patches(const struct option *option, const char *value, bool store)
{
	unsigned patches = strcmp(value, "all") ? 0 : SERIES_ALL, bit;

	if (!patches && strcmp(value, "none")) {
		for (;; value++) {
			bit = *value < '1' || *value > '0' + SERIES_PATCHES ? 0
									    : 1u << (*value - '1');
			if (!bit || patches & bit)
				return false;
			patches |= bit;
			if (*++value != ',')
				break;
		}
		if (*value)
			return false;
	}
	if (store)
		*option->choice = patches;
	return true;
}

OPTION(series, .name = "series", .read = read_patches, .choice = &series_patches,
       .help = "=all|none|N[,N]  patches 1 to 6 that the rung series has (all)");

const char *patches_text(char text[PATCHES_TEXT_MAX], unsigned patches)
{
	char *out = text;

	if (!(patches & SERIES_ALL))
		return strcpy(text, "none");
	if ((patches & SERIES_ALL) == SERIES_ALL)
		return strcpy(text, "all");
	for (unsigned i = 0; i < SERIES_PATCHES; i++)
		if (patches & 1u << i) {
			if (out != text)
				*out++ = ',';
			*out++ = '1' + i;
		}
	*out = 0;
	return text;
}
