// SPDX-License-Identifier: MIT
/*
 * Two images from the same sources, and a command line that is for the other one.
 */
#pragma once

#include "lib/compiler.h"

/* After cmdline_parse(). True: one line in @error says which image the options are for. */
bool is_wrong_image(char *error, size_t size);

/*
 * What `fail_nth=` says begins here, and anew before each test: of the allocations from now on
 * the n-th fails. Tests that let allocations fail themselves end that. No other CPU works.
 */
void fail_as_asked(void);

/* No allocation fails any more; one line says how many did, if `fail_nth=` was given. */
void fail_no_more(void);
