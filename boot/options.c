// SPDX-License-Identifier: MIT
/*
 * What the command line decides about areas; the calls know only the variables.
 */
#include "lib/cmdline/cmdline.h"
#include "mm/areas/vmalloc.h"

/* In the order of enum vmap_mode. */
static const char *const vmap_modes[] = { "always", "optin", NULL };

OPTION_CHOICE(
	vmap, "vmap", &vmap_mode, vmap_modes,
	"=always|optin  leaves larger than a page for every vmap(), or by VM_ALLOW_HUGE_VMAP");
OPTION_FLAG(split, "split", &vmalloc_split,
	    "  pages of huge vmalloc blocks have references of their own, as in Linux");
