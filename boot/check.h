// SPDX-License-Identifier: MIT
/*
 * Two images from the same sources, a command line that is for the other one, and the checker
 * of the one that has it.
 */
#pragma once

#include "lib/compiler.h"

/* After cmdline_parse(). True: one line in @error says which image the options are for. */
bool is_wrong_image(char *error, size_t size);

#ifdef CHECKED
/*
 * Memory for the checker. -ENOMEM, and a line. After RAM is mapped, before the page allocator
 * has it.
 */
int reserve_checker(void);

/* From here on every descriptor is checked. After boot_memory(). */
void start_checker(void);
#else
static inline int reserve_checker(void)
{
	return 0;
}

static inline void start_checker(void)
{
}
#endif

/*
 * What `fail_nth=` says begins here, and anew before each test: of the allocations from now on
 * the n-th fails. Tests that let allocations fail themselves end that. No other CPU works.
 */
void fail_as_asked(void);

/* No allocation fails any more; one line says how many did, if `fail_nth=` was given. */
void fail_no_more(void);
