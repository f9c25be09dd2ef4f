// SPDX-License-Identifier: MIT
/*
 * The command line: words, kinds, the contract's error lines, and that an error changes nothing.
 */
// sources: lib/cmdline/options.c lib/cmdline/glob.c
#include "tests/host/capture.h"
#include "lib/cmdline/cmdline.c"
#include "lib/cmdline/options.h"

static uint64_t devmem, depth;
static char label[8] = "none";

OPTION_SIZE(devmem, "devmem", &devmem, 0, 64 * GiB, "=SIZE");
OPTION_UNSIGNED(depth, "depth", &depth, 2, 10, "=N");
OPTION_STRING(label, "label", label, "=TEXT");

static char error[128];
static struct options defaults;

/* Parses on top of the defaults; @error is "" after success. */
static int parse(const char *bootargs)
{
	int err;

	options = defaults;
	devmem = depth = 0;
	strcpy(label, "none");
	strcpy(error, "");
	err = cmdline_parse(bootargs, error, sizeof(error));
	if (!err != !*error)
		return 1;
	return err;
}

static bool unchanged(void)
{
	return !memcmp(&options, &defaults, sizeof(options)) && !devmem && !depth &&
	       !strcmp(label, "none");
}

/* @bootargs is refused with @err and exactly @want, and nothing is stored. */
static void refused(const char *bootargs, int err, const char *want)
{
	int got = parse(bootargs);

	if (!ok(got == err && !strcmp(error, want) && unchanged(), "refused: %.60s", bootargs))
		fprintf(stderr, "%d \"%s\", want %d \"%s\"\n", got, error, err, want);
}

static void test_defaults(void)
{
	ok(!parse("") && unchanged(), "the empty line changes nothing");
	ok(!parse(" \t  ") && unchanged(), "nor do blanks");
	ok(options.samples == 9 && options.warmup == 2 && options.exit == EXIT_BY_OFF &&
		   options.format == FORMAT_ALL && options.cpu == CPU_BOOT && !options.list &&
		   !*options.bench && !*options.test && !*options.skip,
	   "defaults are the contract's");
}

static void test_words(void)
{
	ok(!parse("  samples=5\t warmup=0  ") && options.samples == 5 && !options.warmup,
	   "words between spaces and tabs");
	ok(!parse("list") && options.list, "a bare word is 1");
	ok(!parse("samples") && options.samples == 1, "for a number too");
	ok(!parse("list list=0") && !options.list, "of two the last wins");
	ok(!parse("samples=3 seed=7 samples=4") && options.samples == 4, "with others in between");
	ok(!parse("\"label=a b\" list") && !strcmp(label, "a b") && options.list,
	   "quotes around a word");
	ok(!parse("label=\"a\tb\"") && !strcmp(label, "a\tb"), "quotes around a value");
	ok(!parse("label=a\" \"b\"\"c") && !strcmp(label, "a bc"), "quotes inside");
	ok(!parse("label=a=b") && !strcmp(label, "a=b"), "the first = splits");
	ok(!parse("label=") && !strcmp(label, ""), "a string may be empty");
}

static void test_numbers(void)
{
	ok(!parse("seed=0x1F") && options.seed == 31, "hexadecimal");
	ok(!parse("seed=010") && options.seed == 10, "a leading 0 is decimal");
	ok(!parse("seed=18446744073709551615") && options.seed == UINT64_MAX, "the largest");
	ok(!parse("depth=2") && depth == 2 && !parse("depth=10") && depth == 10, "range's ends");
	ok(!parse("cpu=3") && options.cpu == 3, "cpu=3");
	refused("cpu=all", -EINVAL, "malformed value 'all'");
	ok(!parse("devmem=32M") && devmem == 32 * MiB, "32M");
	ok(!parse("devmem=3k") && devmem == 3 * KiB, "3k");
	ok(!parse("devmem=0x10G") && devmem == 16 * GiB, "0x10G");
	ok(!parse("devmem=77") && devmem == 77, "bytes");
}

static void test_number_lists(void)
{
	static const char *const bad[] = { "",	    ",",   "1,",  ",1", "1,,2",	  "a", "1,a",
					   "all,1", "1 2", "1,1", "-1", "1,2,01", "0x" };
	char args[64], want[64];
	const char *list;
	uint64_t n = 0;

	ok(!parse("cpus=all") && !strcmp(options.cpus, "all"), "cpus=all");
	list = options.cpus;
	ok(!option_next_number(&list, &n), "all is no number");
	ok(!parse("cpus=0,12,0x3") && !strcmp(options.cpus, "0,12,0x3"), "cpus=0,12,0x3");
	list = options.cpus;
	ok(option_next_number(&list, &n) && n == 0 && option_next_number(&list, &n) && n == 12 &&
		   option_next_number(&list, &n) && n == 3 && !option_next_number(&list, &n),
	   "number by number");
	ok(!parse("cpus=7") && !strcmp(options.cpus, "7"), "one alone");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(args, sizeof(args), "list \"cpus=%s\"", bad[i]);
		snprintf(want, sizeof(want), "malformed value '%s'", bad[i]);
		refused(args, -EINVAL, want);
	}
}

static void test_choices_and_globs(void)
{
	ok(!parse("format=table") && options.format == FORMAT_TABLE, "format=table");
	ok(!parse("format=json") && options.format == FORMAT_JSON, "format=json");
	ok(!parse("format=ktap") && options.format == FORMAT_KTAP, "format=ktap");
	ok(!parse("format=all") && options.format == FORMAT_ALL, "format=all");
	ok(!parse("exit=off") && options.exit == EXIT_BY_OFF, "exit=off");
	ok(!parse("exit=reset") && options.exit == EXIT_BY_RESET, "exit=reset");
	ok(!parse("exit=halt") && options.exit == EXIT_BY_HALT, "exit=halt");
	ok(!parse("exit=semihosting") && options.exit == EXIT_BY_SEMIHOSTING, "exit=semihosting");
	ok(!parse("exit=shell") && options.exit == EXIT_TO_SHELL, "exit=shell");
	ok(!parse("bench=vmap/*,*/1M/* test=a skip=b?") &&
		   !strcmp(options.bench, "vmap/*,*/1M/*") && !strcmp(options.test, "a") &&
		   !strcmp(options.skip, "b?"),
	   "glob lists");
}

static void test_unknown(void)
{
	refused("bogus=1", -ENOENT, "unknown option 'bogus'");
	refused("bogus", -ENOENT, "unknown option 'bogus'");
	refused("sample=1", -ENOENT, "unknown option 'sample'");
	refused("sampless=1", -ENOENT, "unknown option 'sampless'");
	refused("Samples=1", -ENOENT, "unknown option 'Samples'");
	refused("=1", -ENOENT, "unknown option ''");
	refused("\"\"", -ENOENT, "unknown option ''");
	refused("list samples=4 seed=3 bogus=1", -ENOENT, "unknown option 'bogus'");
	refused("bogus=1 samples=ten", -ENOENT, "unknown option 'bogus'");
}

static void test_malformed(void)
{
	static const char *const numbers[] = { "",	"ten", "-1", "+1",   " 1",
					       "1 ",	"0x",  "1x", "1.5",  "1K",
					       "0x0x1", "0xg", "0",  "1001", "18446744073709551616",
					       "all" };
	static const char *const sizes[] = {
		"",    "M",   "-1M", "1T",	     "1MM",
		"1M1", "1KB", "65G", "17179869184G", "18014398509481985K"
	};
	char args[128], want[128];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(args, sizeof(args), "list \"samples=%s\"", numbers[i]);
		snprintf(want, sizeof(want), "malformed value '%s'", numbers[i]);
		refused(args, -EINVAL, want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(args, sizeof(args), "devmem=%s seed=1", sizes[i]);
		snprintf(want, sizeof(want), "malformed value '%s'", sizes[i]);
		refused(args, -EINVAL, want);
	}
	refused("samples=ten samples=5", -EINVAL, "malformed value 'ten'");
	refused("seed=18446744073709551616", -EINVAL, "malformed value '18446744073709551616'");
	refused("depth=1", -EINVAL, "malformed value '1'");
	refused("depth=11", -EINVAL, "malformed value '11'");
	refused("cpu=any", -EINVAL, "malformed value 'any'");
	refused("cpu=512", -EINVAL, "malformed value '512'");
	refused("list=2", -EINVAL, "malformed value '2'");
	refused("list=", -EINVAL, "malformed value ''");
	refused("list=10", -EINVAL, "malformed value '10'");
	refused("format=xml", -EINVAL, "malformed value 'xml'");
	refused("format", -EINVAL, "malformed value '1'");
	refused("exit=", -EINVAL, "malformed value ''");
	refused("bench=", -EINVAL, "malformed value ''");
	refused("bench=a,,b", -EINVAL, "malformed value 'a,,b'");
	refused("skip=a,", -EINVAL, "malformed value 'a,'");
	refused("label=12345678", -EINVAL, "malformed value '12345678'");
	refused("list bench=\"vmap/* seed=1", -EINVAL, "malformed value '\"vmap/* seed=1'");
}

static void test_bytes(void)
{
	char args[CMDLINE_MAX + 2];

	refused("list\n", -EINVAL, "command line: byte 4 is 0x0a, not printable");
	refused("seed=1 \x7f", -EINVAL, "command line: byte 7 is 0x7f, not printable");
	refused("label=\xc3\xa9", -EINVAL, "command line: byte 6 is 0xc3, not printable");

	memset(args, 'a', sizeof(args) - 1);
	memcpy(args, "bench=", 6);
	args[CMDLINE_MAX + 1] = '\0';
	refused(args, -E2BIG, "command line longer than 2048 bytes");
	args[CMDLINE_MAX] = '\0';
	ok(!parse(args) && !strcmp(options.bench, args + 6), "2048 bytes are taken whole");
	memset(args, ' ', CMDLINE_MAX);
	for (int i = 0; i < CMDLINE_MAX; i += 2)
		args[i] = 'x';
	refused(args, -ENOENT, "unknown option 'x'");
}

static void test_error_buffer(void)
{
	char small[8];
	char args[] = "label=short";

	ok(cmdline_parse("bogus", small, sizeof(small)) == -ENOENT && !strcmp(small, "unknown"),
	   "a small error buffer is kept to");
	parse(args);
	memset(args, 'x', sizeof(args) - 1);
	ok(!strcmp(label, "short"), "values do not point into the command line");
	ok(cmdline_parse("seed=5", error, sizeof(error)) == 0 && !strcmp(label, "short"),
	   "a second command line leaves the others alone");
}

static void test_help(void)
{
	const char *text;

	log_set_console(&capture_console);
	cmdline_help();
	text = capture_text();
	ok(!strncmp(text, "  bench=GLOB[,GLOB]  ", 21) && strstr(text, "\n  cpus=all|N[,N]  ") &&
		   strstr(text, "\n  list  print every name, run nothing\n"),
	   "help has a line for each option");
	ok(strstr(text, "  depth=N\n  devmem=SIZE\n  exit=off|") && strstr(text, "\n  warmup=N  "),
	   "in the order of their names");
}

int main(void)
{
	defaults = options;
	test_defaults();
	test_words();
	test_numbers();
	test_number_lists();
	test_choices_and_globs();
	test_unknown();
	test_malformed();
	test_bytes();
	test_error_buffer();
	test_help();
	return tap_done();
}
