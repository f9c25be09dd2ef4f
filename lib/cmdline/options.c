// SPDX-License-Identifier: MIT
/*
 * The standard options, as the README and `list` show them.
 */
#include "lib/cmdline/options.h"

struct options options = {
	.samples = 9,
	.warmup = 2,
	.cpu = CPU_BOOT,
	.seed = 1,
	.format = FORMAT_ALL,
	.exit = EXIT_BY_OFF,
};

/* In the order of enum output_format and enum exit_action. */
static const char *const formats[] = { "table", "json", "ktap", "all", NULL };
static const char *const exits[] = { "off", "reset", "halt", "semihosting", "shell", NULL };

static_assert(ARRAY_SIZE(formats) == FORMAT_ALL + 2, "one word a format");
static_assert(ARRAY_SIZE(exits) == EXIT_TO_SHELL + 2, "one word an exit");

OPTION_GLOBS(bench, "bench", options.bench, "=GLOB[,GLOB]  benches to run; * crosses /");
OPTION_GLOBS(test, "test", options.test, "=GLOB[,GLOB]  tests to run");
OPTION_GLOBS(skip, "skip", options.skip, "=GLOB[,GLOB]  benches and tests to leave out");
OPTION_UNSIGNED(samples, "samples", &options.samples, 1, SAMPLES_MAX, "=N  timed passes (9)");
OPTION_UNSIGNED(warmup, "warmup", &options.warmup, 0, WARMUP_MAX, "=N  untimed passes first (2)");
OPTION_UNSIGNED(cpu, "cpu", &options.cpu, 0, CPU_MAX, "=N  where to measure (the boot CPU)");
OPTION_NUMBERS(cpus, "cpus", options.cpus, "=all|N[,N]  on one CPU of each kind in turn, or these");
OPTION_UNSIGNED(seed, "seed", &options.seed, 0, UINT64_MAX, "=N  of all that is random (1)");
OPTION_CHOICE(format, "format", &options.format, formats, "=table|json|ktap|all  output (all)");
OPTION_FLAG(ptdump, "ptdump", &options.ptdump, "  dump the translation tables");
OPTION_FLAG(vmallocinfo, "vmallocinfo", &options.vmallocinfo,
	    "  list the areas: leaves, and why no larger ones");
OPTION_FLAG(list, "list", &options.list, "  print every name, run nothing");
OPTION_CHOICE(exit, "exit", &options.exit, exits,
	      "=off|reset|halt|semihosting|shell  what to do at the end (off)");
