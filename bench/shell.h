// SPDX-License-Identifier: MIT
/*
 * `exit=shell`: after the run, command lines from the console, each a run of its own.
 */
#pragma once

#include "lib/compiler.h"

/* What the shell prompts with; who drives it through a serial line waits for this. */
#define SHELL_PROMPT "tlbed> "

/* What boot does with its own command line, so that the shell's lines go the same way. */
struct shell_calls {
	/* Reads @line into the options and checks its names. False: the line of error is logged. */
	bool (*read)(const char *line);

	/* Does what the options select; EXIT_OK or EXIT_FAILURES. */
	int (*run)(void);
};

/*
 * Prompts, reads and runs until a line leaves by `exit=` or by the bare word `off`, `reset`
 * or `halt`; options.exit then says how to leave. Each line starts from the options as they
 * are now, and what it changes ends with it. After each the console shows `tlbed: status N`.
 * Returns the worst of @status and all those N: EXIT_BAD_OPTION, EXIT_FAILURES, EXIT_OK. A
 * console that cannot be read is a failure and leaves by `off`. Boot CPU, after boot's run.
 */
int shell(const struct shell_calls *calls, int status);
