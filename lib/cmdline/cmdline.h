// SPDX-License-Identifier: MIT
/*
 * The kernel command line: `key=value` words. Options register themselves where
 * they are used; the standard ones are in lib/cmdline/options.c.
 *
 *	OPTION_UNSIGNED(samples, "samples", &options.samples, 1, 1000, "=N  what it is");
 *record");
 */
#pragma once

#include "lib/compiler.h"
#include "lib/registry.h"

/* Longest command line that is accepted, in bytes. Every single value is shorter. */
#define CMDLINE_MAX 2048

struct option {
	const char *name;
	const char *help; /* what follows the name in cmdline_help(): "=WHAT  what it does" */

	/* True if @value is well-formed; stores it too if @store. */
	bool (*read)(const struct option *option, const char *value, bool store);

	union {
		uint64_t *number;
		bool *flag;
		unsigned *choice;
		char *text;
	};
	uint64_t min, max;	  /* of a number, inclusive; a text's max is its room in bytes */
	const char *const *words; /* of a choice, NULL at the end */
};

REGISTRY(struct option, options);

bool option_read_unsigned(const struct option *option, const char *value, bool store);
bool option_read_size(const struct option *option, const char *value, bool store);
bool option_read_flag(const struct option *option, const char *value, bool store);
bool option_read_string(const struct option *option, const char *value, bool store);
bool option_read_globs(const struct option *option, const char *value, bool store);
bool option_read_numbers(const struct option *option, const char *value, bool store);
bool option_read_choice(const struct option *option, const char *value, bool store);

#define OPTION(ident, ...) REGISTER(struct option, options, ident) = { __VA_ARGS__ }

/* A uint64_t in @lo to @hi: decimal, or hexadecimal after 0x. */
#define OPTION_UNSIGNED(ident, key, target, lo, hi, about)                                        \
	OPTION(ident, .name = key, .help = about, .read = option_read_unsigned, .number = target, \
	       .min = lo, .max = hi)

/* The same in bytes, with an optional K, M or G (either case) for powers of 1024. */
#define OPTION_SIZE(ident, key, target, lo, hi, about)                                        \
	OPTION(ident, .name = key, .help = about, .read = option_read_size, .number = target, \
	       .min = lo, .max = hi)

/* A bool: 0 or 1, and 1 for the bare word. */
#define OPTION_FLAG(ident, key, target, about) \
	OPTION(ident, .name = key, .help = about, .read = option_read_flag, .flag = target)

/* Any text that fits in the char array @target. */
#define OPTION_STRING(ident, key, target, about)                                              \
	OPTION(ident, .name = key, .help = about, .read = option_read_string, .text = target, \
	       .max = sizeof(target))

/* A list of globs (lib/cmdline/glob.h), none of them empty, in the char array @target. */
#define OPTION_GLOBS(ident, key, target, about)                                              \
	OPTION(ident, .name = key, .help = about, .read = option_read_globs, .text = target, \
	       .max = sizeof(target))

/* `all`, or numbers with a comma between two, each once, as text in the char array @target. */
#define OPTION_NUMBERS(ident, key, target, about)                                              \
	OPTION(ident, .name = key, .help = about, .read = option_read_numbers, .text = target, \
	       .max = sizeof(target))

/*
 * For the text of such an option, @list at its beginning or where the last call left it: the
 * next number to *@number and true; false at the end, and at once for `all`.
 */
bool option_next_number(const char **list, uint64_t *number);

/*
 * For options that read themselves: a size as OPTION_SIZE has it at *@text to *@bytes, and *@text
 * moves past it. False: there is none, or it is too large.
 */
bool option_next_size(const char **text, uint64_t *bytes);

/* An unsigned: the position of the value in @list, a NULL-terminated array of words. */
#define OPTION_CHOICE(ident, key, target, list, about)                                          \
	OPTION(ident, .name = key, .help = about, .read = option_read_choice, .choice = target, \
	       .words = list)

/*
 * Reads @bootargs: words separated by spaces or tabs, where double quotes protect
 * either and are dropped; a bare word is `word=1`; of equal keys the last wins.
 * 0, or an error that changed no option and left one line in @error (@size > 0 bytes):
 *	-ENOENT	`unknown option 'KEY'`
 *	-EINVAL	`malformed value 'VALUE'`; where a quote is never closed, from that quote on
 *	-EINVAL	a byte that is neither printable ASCII nor a tab
 *	-E2BIG	longer than CMDLINE_MAX
 * Texts are copied, @bootargs may go away. One CPU at a time.
 */
int cmdline_parse(const char *bootargs, char *error, size_t size);

/* Logs one line an option, sorted by name: `  samples=N  ...`. */
void cmdline_help(void);
