// SPDX-License-Identifier: MIT
/*
 * The shell at a console that is played: what a line becomes, what noise is answered with,
 * which options a line starts from, and what is returned at the end.
 */
// sources: lib/cmdline/options.c lib/cmdline/glob.c
#include "tests/host/capture.h"
#include "lib/cmdline/cmdline.c"
#include "bench/shell.c"

static uint64_t mem;
OPTION_SIZE(mem, "mem", &mem, 0, 64 * GiB, "=SIZE");

#define GREETING "\nshell: a line is a kernel command line; `help` lists its words, `off` ends\n"
#define GOODBYE	 "tlbed> off\ntlbed: status 0\n"

static const char *typed;
static size_t typed_bytes;
static struct options defaults;

/* Every other time nothing has come yet. */
static int play_read(void)
{
	static bool nothing;

	nothing = !nothing;
	if (nothing)
		return -1;
	if (!typed_bytes) {
		fprintf(stderr, "the shell reads on after:\n%s\n", capture_text());
		abort();
	}
	typed_bytes--;
	return (unsigned char)*typed++;
}

static const struct console played_console = { .write = capture_write, .read = play_read };

static const char *play_name_at(void *context, size_t index)
{
	static const char *const names[] = { "b", "fail", "mem=1", "a mem=2" };

	(void)context;
	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static bool play_line(const char *text)
{
	char error[CMDLINE_MAX + 64];

	if (!cmdline_parse(text, error, sizeof(error)) &&
	    !select_unmatched(options.bench, play_name_at, NULL, error, sizeof(error)))
		return true;
	log_printf("%s\n", error);
	return false;
}

/* Shows what the line selected; fails for bench=fail, panics never. */
static int play_run(void)
{
	log_printf("run bench=%s samples=%lu seed=%lu list=%d\n", options.bench, options.samples,
		   options.seed, options.list);
	return strcmp(options.bench, "fail") ? EXIT_OK : EXIT_FAILURES;
}

/* Starts from @boot as the kernel's command line; returns the shell's status. */
static int session(const char *boot, const char *bytes, size_t len, int status)
{
	static const struct shell_calls calls = { .read = play_line, .run = play_run };

	options = defaults;
	if (!play_line(boot))
		abort();
	typed = bytes;
	typed_bytes = len;
	memset(&line, 0, sizeof(line));
	status = shell(&calls, status);
	ok(!typed_bytes, "all that was typed is read");
	return status;
}

/* Types @bytes and then `off`; the console shows @want between greeting and goodbye. */
static void shows(const char *bytes, size_t len, const char *want, const char *what)
{
	static char script[3 * CMDLINE_MAX], text[8 * CMDLINE_MAX];

	memcpy(script, bytes, len);
	memcpy(script + len, "off\r", 4);
	session("exit=shell", script, len + 4, EXIT_OK);
	snprintf(text, sizeof(text), GREETING "%s" GOODBYE, want);
	same_text(capture_text(), text, what);
}

#define SHOWS(bytes, want, what) shows(bytes, sizeof(bytes) - 1, want, what)

#define RAN_3  "run bench= samples=3 seed=1 list=0\ntlbed: status 0\n"
#define TYPE_3 "tlbed> samples=3\n" RAN_3

static void test_line_ends(void)
{
	SHOWS("samples=3\r", TYPE_3, "CR ends a line");
	SHOWS("samples=3\n", TYPE_3, "LF ends a line");
	SHOWS("samples=3\r\n", TYPE_3, "CR LF is one end");
	SHOWS("samples=3\r\0", TYPE_3, "CR NUL is one end");
	SHOWS("\n\r\n\r", "tlbed> \ntlbed> \ntlbed> \n", "empty lines only prompt again");
	SHOWS("samples=3\n\r", TYPE_3 "tlbed> \n", "LF CR are two ends");
	SHOWS(" \t \r", "tlbed>    \n", "blanks are an empty line");
	SHOWS("\t samples=3\t\r", "tlbed>   samples=3 \n" RAN_3, "a tab is a blank");
}

static void test_editing(void)
{
	SHOWS("\b\x7f\x15\r", "tlbed> \n", "nothing to erase");
	SHOWS("samples=34\b\r", "tlbed> samples=34\b \b\n" RAN_3, "BS erases a byte");
	SHOWS("sax\x7fmples=3\r", "tlbed> sax\b \bmples=3\n" RAN_3, "so does DEL");
	SHOWS("ab\x15samples=3\r", "tlbed> ab\b \b\b \bsamples=3\n" RAN_3, "^U erases the line");
	SHOWS("ab\x03samples=3\r", "tlbed> ab^C\n" TYPE_3, "^C drops the line");
	SHOWS("\xff\x7fsamples=3\r", "tlbed> ?\b \bsamples=3\n" RAN_3, "garbage can be erased");
}

static void test_garbage(void)
{
	SHOWS("samples=3\0\r", "tlbed> samples=3?\nline dropped: byte 9 is 0x00, not printable\n",
	      "NUL does not end a command");
	SHOWS("\x1b[Alist\r", "tlbed> ?[Alist\nline dropped: byte 0 is 0x1b, not printable\n",
	      "an arrow key is answered");
	SHOWS("\xc3\xa9\xff\r", "tlbed> ???\nline dropped: byte 0 is 0xc3, not printable\n",
	      "bytes above 0x7f are answered once");
	SHOWS("\x04\x1a\r", "tlbed> ??\nline dropped: byte 0 is 0x04, not printable\n",
	      "so are other control characters");
}

/* Every byte alone on a line: none hangs, runs or leaves; the shell goes on. */
static void test_every_byte(void)
{
	char script[2 * 256 + 4], *out = script;

	for (int c = 0; c < 256; c++) {
		*out++ = c;
		*out++ = '\r';
	}
	memcpy(out, "off\r", 4);
	ok(session("exit=shell", script, sizeof(script), EXIT_OK) == EXIT_BAD_OPTION,
	   "printable ones are unknown options");
	ok(!strstr(capture_text(), "run "), "and none runs anything");
}

/* @len bytes of a valid line and @after; 2048 bytes are echoed, then comes @want. */
static void long_line(size_t len, const char *after, const char *want, const char *what)
{
	static char script[2 * CMDLINE_MAX], text[8 * CMDLINE_MAX];
	size_t extra = strlen(after);

	memset(script, ' ', len);
	memcpy(script, "samples=3", 9);
	memcpy(script + len, after, extra);
	snprintf(text, sizeof(text), "tlbed> %-*s%s", CMDLINE_MAX, "samples=3", want);
	shows(script, len + extra, text, what);
}

static void test_overlong(void)
{
	static const char *const dropped = "\nline dropped: longer than 2048 bytes\n";

	long_line(CMDLINE_MAX, "\r", "\n" RAN_3, "2048 bytes are taken");
	long_line(CMDLINE_MAX + 1, "\r", dropped, "2049 are not");
	long_line(CMDLINE_MAX + 1000, "\r", dropped, "nor are 3048, in one answer");
	long_line(CMDLINE_MAX + 1, "\b\b\r", "\b \b\b \b\nline dropped: longer than 2048 bytes\n",
		  "what was lost does not come back by erasing");
	long_line(CMDLINE_MAX + 1, "\x03samples=3\r", "^C\n" TYPE_3, "^C makes room again");
}

/* ^U does too, but what it prints is long. */
static void test_overlong_erased(void)
{
	static char script[2 * CMDLINE_MAX];
	const char *text;

	memset(script, 'x', CMDLINE_MAX + 1);
	strcpy(script + CMDLINE_MAX + 1, "\x15samples=3\roff\r");
	ok(session("exit=shell", script, strlen(script), EXIT_OK) == EXIT_OK, "nor is it an error");
	text = capture_text();
	ok(strstr(text, "\b \bsamples=3\n" RAN_3 GOODBYE) != NULL, "^U makes room again");
}

static void test_errors(void)
{
	SHOWS("bogus=1\rsamples=x\r",
	      "tlbed> bogus=1\nunknown option 'bogus'\ntlbed: status 2\n"
	      "tlbed> samples=x\nmalformed value 'x'\ntlbed: status 2\n",
	      "a bad line is the contract's error, and the shell goes on");
	SHOWS("off now\rexit\r",
	      "tlbed> off now\nunknown option 'off'\ntlbed: status 2\n"
	      "tlbed> exit\nmalformed value '1'\ntlbed: status 2\n",
	      "leaving is spelt out");
	SHOWS("mem=1G\rsamples=4 \"mem\"=1G\r\"mem=1G\"\rmem\r",
	      "tlbed> mem=1G\n'mem' works at boot only\ntlbed: status 2\n"
	      "tlbed> samples=4 \"mem\"=1G\n'mem' works at boot only\ntlbed: status 2\n"
	      "tlbed> \"mem=1G\"\n'mem' works at boot only\ntlbed: status 2\n"
	      "tlbed> mem\n'mem' works at boot only\ntlbed: status 2\n",
	      "options outside struct options are boot's");
	SHOWS("bench=mem=1,\"a mem=2\"\r",
	      "tlbed> bench=mem=1,\"a mem=2\"\n"
	      "run bench=mem=1,a mem=2 samples=9 seed=1 list=0\ntlbed: status 0\n",
	      "their names may be in values");
	ok(mem == 0, "and they are not touched");
}

static void test_options(void)
{
	static const char script[] = "samples=3 list\rbench=b\rbogus samples=5\rseed=2\roff\r";

	session("exit=shell samples=4 seed=7", script, sizeof(script) - 1, EXIT_OK);
	same_text(capture_text(),
		  GREETING "tlbed> samples=3 list\n"
			   "run bench= samples=3 seed=7 list=1\ntlbed: status 0\n"
			   "tlbed> bench=b\n"
			   "run bench=b samples=4 seed=7 list=0\ntlbed: status 0\n"
			   "tlbed> bogus samples=5\n"
			   "unknown option 'bogus'\ntlbed: status 2\n"
			   "tlbed> seed=2\n"
			   "run bench= samples=4 seed=2 list=0\ntlbed: status 0\n" GOODBYE,
		  "a line starts from boot's options and changes none of them");
}

static void leaves(const char *script, unsigned by, int boot, int status, const char *want)
{
	char text[512];
	int got = session("exit=shell", script, strlen(script), boot);

	snprintf(text, sizeof(text), GREETING "%s", want);
	same_text(capture_text(), text, script);
	ok(got == status && options.exit == by, "status %d, way out %u", status, by);
}

static void test_leaving(void)
{
	leaves("off\r", EXIT_BY_OFF, EXIT_OK, EXIT_OK, GOODBYE);
	leaves("reset\r", EXIT_BY_RESET, EXIT_OK, EXIT_OK, "tlbed> reset\ntlbed: status 0\n");
	leaves(" halt \r", EXIT_BY_HALT, EXIT_OK, EXIT_OK, "tlbed>  halt \ntlbed: status 0\n");
	leaves("exit=reset\r", EXIT_BY_RESET, EXIT_FAILURES, EXIT_FAILURES,
	       "tlbed> exit=reset\ntlbed: status 0\n");
	leaves("bench=fail exit=halt\r", EXIT_BY_HALT, EXIT_OK, EXIT_FAILURES,
	       "tlbed> bench=fail exit=halt\nrun bench=fail samples=9 seed=1 list=0\n"
	       "tlbed: status 1\n");
	leaves("exit=reset samples=3\r", EXIT_BY_RESET, EXIT_OK, EXIT_OK,
	       "tlbed> exit=reset samples=3\n" RAN_3);
	leaves("exit=halt bogus\rexit=halt bench=c\rexit=shell\roff\r", EXIT_BY_OFF, EXIT_OK,
	       EXIT_BAD_OPTION,
	       "tlbed> exit=halt bogus\nunknown option 'bogus'\ntlbed: status 2\n"
	       "tlbed> exit=halt bench=c\nno match for 'c'\ntlbed: status 2\n"
	       "tlbed> exit=shell\ntlbed: status 0\n" GOODBYE);
	leaves("\xff\roff\r", EXIT_BY_OFF, EXIT_OK, EXIT_OK,
	       "tlbed> ?\nline dropped: byte 0 is 0xff, not printable\n" GOODBYE);
}

static void test_help(void)
{
	const char *text;

	session("exit=shell", "help\roff\r", 9, EXIT_OK);
	text = capture_text();
	ok(strstr(text, "\n  bench=GLOB") && strstr(text, "\n  help, off, reset, halt  ") &&
		   strstr(text, "tlbed: status 0\n" GOODBYE),
	   "help lists the options and the shell's own words");
}

static void test_no_input(void)
{
	log_set_console(&capture_console);
	ok(log_read() == -ENODEV, "a console without read() is told from a silent one");
	ok(session("exit=shell", "", 0, EXIT_OK) == EXIT_FAILURES && options.exit == EXIT_BY_OFF,
	   "it is a failure, and off");
	ok(strstr(capture_text(), "no shell: this console cannot be read\n") != NULL,
	   "which is said");
}

int main(void)
{
	defaults = options;
	ok(log_read() == -ENODEV, "no console, no byte");
	log_set_console(&played_console);
	test_line_ends();
	test_editing();
	test_garbage();
	test_every_byte();
	test_overlong();
	test_overlong_erased();
	test_errors();
	test_options();
	test_leaving();
	test_help();
	test_no_input();
	return tap_done();
}
