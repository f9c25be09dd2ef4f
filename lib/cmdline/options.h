// SPDX-License-Identifier: MIT
/*
 * The options that every boot understands, with their defaults. Options of one room
 * alone are registered in that room.
 */
#pragma once

#include "lib/cmdline/cmdline.h"

#define SAMPLES_MAX 1000
#define WARMUP_MAX  1000
#define CPU_MAX	    511

/* options.cpu: not given, which is the one that booted. */
#define CPU_BOOT UINT64_MAX
#define CPUS_MAX 128

enum output_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_KTAP, FORMAT_ALL };

enum exit_action { EXIT_BY_OFF, EXIT_BY_RESET, EXIT_BY_HALT, EXIT_BY_SEMIHOSTING, EXIT_TO_SHELL };

struct options {
	/* Lists of globs (lib/cmdline/glob.h); "" if the option was not given. */
	char bench[CMDLINE_MAX];
	char test[CMDLINE_MAX];
	char skip[CMDLINE_MAX];
	char cpus[CPUS_MAX]; /* "all", or numbers (option_next_number()); "" if not given */

	uint64_t samples; /* timed passes a record, 1 to SAMPLES_MAX */
	uint64_t warmup;  /* untimed passes before them, up to WARMUP_MAX */
	uint64_t cpu;	  /* index in the order of /cpus, or CPU_BOOT */
	uint64_t seed;	  /* of everything random */
	unsigned format;  /* enum output_format */
	unsigned exit;	  /* enum exit_action */
	bool list;	  /* names only, run nothing */
	bool ptdump;	  /* the translation tables, after what else is asked for */
	bool vmallocinfo; /* the areas; with benches those that are alive around them */
};

/*
 * Written by cmdline_parse() alone. In assembly it has a name of its own, because the
 * registry's section is called `options` and an object file holds only one of a name.
 */
extern struct options options __asm__("standard_options");
