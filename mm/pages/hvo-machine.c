// SPDX-License-Identifier: MIT
/*
 * Which strategies and splits this machine's CPUs allow, and putting one in force.
 */
#include <errno.h>

#include "mm/pages/hvo-internal.h"

const char *const hvo_strategy_names[HVO_STRATEGIES + 1] = { "ro", "bbm", "af" };
const char *const hvo_split_names[HVO_SPLITS + 1] = { "held", "bbml2" };

unsigned hvo_strategy, hvo_split;

int hvo_set_strategy(enum hvo_strategy strategy)
{
	hvo_strategy = strategy;
	return 0;
}

const char *hvo_strategy_refused(enum hvo_strategy strategy)
{
	return strategy == HVO_AF ? "not yet" : NULL;
}
