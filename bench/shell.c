// SPDX-License-Identifier: MIT
/*
 * The shell: a line editor for a serial terminal, and what a line does. A noisy line is
 * told from a typed one by its bytes: it is answered, never half understood.
 */
#include "bench/shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/arm64/cpu.h"
#include "lib/cmdline/glob.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "lib/panic.h"

#define CTRL(letter) ((letter)&0x1f)
#define DEL	     0x7f

static struct {
	char text[CMDLINE_MAX + 1];
	size_t len;
	bool overlong; /* what came after CMDLINE_MAX bytes is lost */
	bool after_cr; /* the byte before was a CR, which has ended its line */
} line;

static void clear(void)
{
	line.len = 0;
	line.overlong = false;
}

static bool is_printable(unsigned char c)
{
	return c >= ' ' && c <= '~';
}

/* Garbage stays in the line: what is seen can be erased, and what is not cannot be run. */
static void add(unsigned char c)
{
	if (line.len == CMDLINE_MAX) {
		line.overlong = true;
		return;
	}
	if (c == '\t')
		c = ' '; /* one column, so that a backspace takes it back */
	line.text[line.len++] = c;
	log_write(is_printable(c) ? (char *)&c : "?", 1);
}

static void erase(void)
{
	if (!line.len)
		return;
	log_write("\b \b", 3);
	if (!--line.len)
		line.overlong = false;
}

/* One byte from the console; true if it ends the line. */
static bool take(unsigned char c)
{
	bool after_cr = line.after_cr;

	line.after_cr = c == '\r';
	/* CR LF is one end of line, and so is CR NUL, telnet's way to send a CR. */
	if (after_cr && (c == '\n' || c == '\0'))
		return false;
	switch (c) {
	case '\r':
	case '\n':
		log_write("\n", 1);
		return true;
	case '\b':
	case DEL:
		erase();
		return false;
	case CTRL('U'):
		while (line.len)
			erase();
		return false;
	case CTRL('C'):
		clear();
		log_printf("^C\n" SHELL_PROMPT);
		return false;
	}
	add(c);
	return false;
}

/* Waits for a line; false if the console cannot be read. */
static bool read_line(void)
{
	int c;

	clear();
	log_printf(SHELL_PROMPT);
	while ((c = log_read()) != -ENODEV) {
		if (c == -EAGAIN)
			cpu_relax();
		else if (take(c))
			return true;
	}
	return false;
}

/* The command in the line, without blanks around it; "" if it is none, and of noise says so. */
static const char *command_in_line(void)
{
	if (line.overlong) {
		log_printf("line dropped: longer than %u bytes\n", CMDLINE_MAX);
		return "";
	}
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = line.text[i];

		if (!is_printable(c)) {
			log_printf("line dropped: byte %lu is 0x%02x, not printable\n",
				   (unsigned long)i, c);
			return "";
		}
	}
	while (line.len && line.text[line.len - 1] == ' ')
		line.len--;
	line.text[line.len] = '\0';
	return line.text + strspn(line.text, " ");
}

/* Only `struct options` is put back after a line; what lies elsewhere was boot's to read. */
static bool is_boot_option(const char *key, size_t len)
{
	const struct option *option;

	for_each_registered (option, options)
		if (strlen(option->name) == len && !memcmp(option->name, key, len))
			return (uintptr_t)option->text - (uintptr_t)&options >= sizeof(options);
	return false;
}

/* Complains of the first key that works at boot only. Words and quotes are cmdline_parse()'s. */
static bool names_boot_option(const char *command)
{
	char key[CMDLINE_MAX];
	bool quoted = false, in_key = true;
	size_t len = 0;

	for (;; command++) {
		char c = *command;
		bool separator = !c || (c == ' ' && !quoted);

		if (in_key && (separator || c == '=') && is_boot_option(key, len)) {
			log_printf("'%.*s' works at boot only\n", (int)len, key);
			return true;
		}
		if (!c)
			return false;
		if (c == '"')
			quoted = !quoted;
		else if (separator || c == '=')
			len = 0;
		else if (in_key)
			key[len++] = c;
		in_key = separator || (in_key && c != '=');
	}
}

static int run_command(const struct shell_calls *calls, const char *command)
{
	char leave[sizeof("exit=reset")];

	if (!strcmp(command, "help")) {
		cmdline_help();
		log_printf("  help, off, reset, halt  alone on a line: this list, exit=off, ...\n");
		return EXIT_OK;
	}
	if (glob_list_match("off,reset,halt", command)) {
		snprintf(leave, sizeof(leave), "exit=%s", command);
		command = leave;
	}
	if (names_boot_option(command) || !calls->read(command))
		return EXIT_BAD_OPTION;
	if (!strncmp(command, "exit=", 5) && !strchr(command, ' '))
		return EXIT_OK; /* nothing but the way out: no default benches */
	return calls->run();
}

int shell(const struct shell_calls *calls, int status)
{
	static struct options at_boot; /* 6 KiB */
	unsigned leave_by = EXIT_TO_SHELL;

	log_printf(
		"\nshell: a line is a kernel command line; `help` lists its words, `off` ends\n");
	/* Boot's selection was boot's; a line selects for itself. */
	options.bench[0] = options.test[0] = options.skip[0] = '\0';
	options.list = options.ptdump = options.vmallocinfo = false;
	at_boot = options;
	while (leave_by == EXIT_TO_SHELL) {
		const char *command;
		int outcome;

		if (!read_line()) {
			log_printf("\nno shell: this console cannot be read\n");
			options.exit = EXIT_BY_OFF;
			return MAX(status, EXIT_FAILURES);
		}
		command = command_in_line();
		if (!*command)
			continue;
		outcome = run_command(calls, command);
		log_printf("tlbed: status %d\n", outcome);
		status = MAX(status, outcome);
		if (outcome != EXIT_BAD_OPTION)
			leave_by = options.exit;
		options = at_boot;
	}
	options.exit = leave_by;
	return status;
}
