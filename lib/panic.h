// SPDX-License-Identifier: MIT
/*
 * The end of a run that found a broken invariant. Never for bad input.
 */
#pragma once

#include "lib/compiler.h"

/* What the last line says: `tlbed: exit status N`. */
enum exit_status { EXIT_OK = 0, EXIT_FAILURES = 1, EXIT_BAD_OPTION = 2, EXIT_PANIC = 3 };

/*
 * Prints the message, a backtrace and the exit line, then ends the run. The
 * message names the function: panic("__free_pages: ..."). Any context.
 * On the host: prints to stderr and aborts, so that sanitizers and fuzzers see it.
 */
_Noreturn void panic(const char *fmt, ...) __printf_like(1, 2);

#define panic_unless(cond, ...)             \
	do {                                \
		if (unlikely(!(cond)))      \
			panic(__VA_ARGS__); \
	} while (0)
