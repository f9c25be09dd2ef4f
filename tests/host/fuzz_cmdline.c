// SPDX-License-Identifier: MIT
/*
 * Any bytes as a command line: no fault, an error changes nothing and is one line of a
 * known form, a success leaves every option in its range and can be repeated.
 */
// sources: lib/cmdline/cmdline.c lib/cmdline/options.c lib/cmdline/glob.c
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline/glob.h"
#include "lib/cmdline/options.h"
#include "lib/panic.h"

static uint64_t devmem;
static char label[8];

OPTION_SIZE(devmem, "devmem", &devmem, 0, 64 * GiB, "=SIZE");
OPTION_STRING(label, "label", label, "=TEXT");

static void check_error(const char *error)
{
	static const char *const forms[] = { "unknown option '", "malformed value '",
					     "command line" };
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		known |= !strncmp(error, forms[i], strlen(forms[i]));
	panic_unless(known, "check_error: %s", error);
	for (; *error; error++)
		panic_unless(*error == '\t' || (*error >= ' ' && *error <= '~'), "check_error");
}

static void check_ranges(void)
{
	panic_unless(options.samples >= 1 && options.samples <= SAMPLES_MAX, "samples");
	panic_unless(options.warmup <= WARMUP_MAX, "warmup");
	panic_unless(options.cpu <= CPU_MAX || options.cpu == CPU_BOOT, "cpu");
	panic_unless(options.format <= FORMAT_ALL && options.exit <= EXIT_TO_SHELL, "choice");
	panic_unless(devmem <= 64 * GiB && memchr(label, 0, sizeof(label)), "devmem, label");
	panic_unless(!*options.bench || glob_list_valid(options.bench), "bench");
	panic_unless(!*options.skip || glob_list_valid(options.skip), "skip");
}

static const char *name_at(void *context, size_t index)
{
	static const char *const names[] = { "vmap/1M/tlbed", "ioremap/64K/linux", "" };

	(void)context;
	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

/* The globs that come out of it: if each matches a name, then so does the list. */
static void use_globs(const char *globs)
{
	char error[32] = "";
	bool any = false;

	for (size_t i = 0; name_at(NULL, i); i++)
		any |= glob_list_match(globs, name_at(NULL, i));
	if (select_unmatched(globs, name_at, NULL, error, sizeof(error)))
		panic_unless(!strncmp(error, "no match for '", 14), "use_globs: %s", error);
	else
		panic_unless(any || !*globs, "use_globs: %s", globs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options defaults, before;
	char error[96] = "", *args = malloc(size + 1);

	if (!defaults.samples)
		defaults = options;
	options = before = defaults;
	devmem = 0;
	memcpy(args, data, size);
	args[size] = '\0';
	if (cmdline_parse(args, error, sizeof(error))) {
		check_error(error);
		panic_unless(!memcmp(&options, &before, sizeof(options)) && !devmem, "changed");
	} else {
		panic_unless(!*error, "success with an error: %s", error);
		check_ranges();
		use_globs(options.bench);
		use_globs(options.test);
		before = options;
		panic_unless(!cmdline_parse(args, error, sizeof(error)), "not repeatable");
		panic_unless(!memcmp(&options, &before, sizeof(options)), "not the same again");
	}
	free(args);
	return 0;
}
