// SPDX-License-Identifier: MIT
/*
 * `force=silicon`, for tests: what is for silicon runs in an emulator too, and nothing that it
 * measures is shown as a figure. On silicon it changes nothing.
 */
#include "drivers/pmu/clock.h"
#include "lib/cmdline/cmdline.h"

/* In the order of clock_forced's values. */
static const char *const forces[] = { "nothing", "silicon", NULL };

OPTION_CHOICE(force, "force", &clock_forced, forces,
	      "=silicon  tests only: measure an emulator as if it were silicon");
