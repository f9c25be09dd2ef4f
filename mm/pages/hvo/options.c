// SPDX-License-Identifier: MIT
/*
 * Options hvo= and hvo_split=: what is asked for is put in force where this machine allows it.
 */
#include "lib/cmdline/cmdline.h"
#include "lib/log.h"
#include "mm/pages/hvo.h"

/* `auto`, then as the enums have them. */
static const char *const strategies[] = { "auto", "ro", "bbm", "af", NULL };
static const char *const splits[] = { "auto", "held", "bbml2", NULL };

static unsigned strategy, split;

OPTION_CHOICE(hvo, "hvo", &strategy, strategies,
	      "=auto|ro|bbm|af  how struct pages of tails give way to shared ones (ro)");
OPTION_CHOICE(hvo_split, "hvo_split", &split, splits,
	      "=auto|held|bbml2  how a block of struct pages becomes pages (held)");

/* What stays in force is in the line, too. */
static void complain(const char *option, const char *asked, const char *why, const char *stays)
{
	log_printf("boot: %s=%s: %s: %s=%s\n", option, asked, why ? why : "a CPU does not answer",
		   option, stays);
}

void apply_hvo_options(void)
{
	enum hvo_strategy new = strategy ? strategy - 1 : HVO_RO;
	enum hvo_split way = split ? split - 1 : HVO_SPLIT_HELD;

	if (hvo_set_strategy(new))
		complain("hvo", hvo_strategy_names[new], hvo_strategy_refused(new),
			 hvo_strategy_names[hvo_strategy]);
	if (hvo_set_split(way))
		complain("hvo_split", hvo_split_names[way], hvo_split_refused(way),
			 hvo_split_names[hvo_split]);
}
