// SPDX-License-Identifier: MIT
/*
 * The end of a run, each way that there is: what has to be put back is, once, before the exit line
 * and before the power goes, also in a panic, in one of its own, and without a word.
 */
#include <setjmp.h>

#include "tests/host/capture.h"

static void wait_for_interrupt(void);

#define panic kernel_panic /* host.c has the other one */
#include "lib/exit.c"

struct options options;

static jmp_buf ended;
static char order[16]; /* Halted others, Act, Off, Reset, Semihosting */

static void happened(char what)
{
	order[strlen(order)] = what;
}

uint64_t host_read_sysreg(const char *name)
{
	(void)name;
	return 0x80000000;
}

void host_barrier(const char *name)
{
	(void)name;
}

void semihosting_call(uint64_t operation, const void *block)
{
	(void)operation;
	(void)block;
	happened('S');
}

void print_backtrace(uint64_t fp)
{
	(void)fp;
}

/* Where every run ends here: no power goes. */
static void wait_for_interrupt(void)
{
	longjmp(ended, 1);
}

static void off(void)
{
	happened('O');
}

static void reset(void)
{
	happened('R');
}

static void halt(void)
{
	happened('H');
}

static void act(void)
{
	happened('A');
	log_printf("act\n");
}

static void act_that_fails(void)
{
	act();
	kernel_panic("the act");
}

static const struct power the_power = { .off = off, .reset = reset };

enum way { BY_EXIT, BY_PANIC, SILENTLY, SILENTLY_AFTER_EXIT };

static void run(enum way way)
{
	if (way == BY_PANIC)
		kernel_panic("why");
	if (way == SILENTLY) {
		begin_last_words();
		end_silently();
	}
	exit_run(0);
}

/* What happens, and what is printed, when a run ends in this @way, by @exit. */
static void ends(enum way way, unsigned exit, void (*last)(void), const char *want,
		 const char *lines)
{
	options.exit = exit;
	last_speaker = 0;
	ending = false;
	memset(order, 0, sizeof(order));
	set_power(&the_power);
	set_halt_others(halt);
	set_last_act(last);
	if (!setjmp(ended))
		run(way);
	else if (way == SILENTLY_AFTER_EXIT && !strchr(order, 'O'))
		end_silently();
	ok(!strcmp(order, want), "way %d, exit %u: %s", way, exit, order);
	same_text(capture_text(), lines, "its lines");
}

int main(void)
{
	log_set_console(&capture_console);
	ends(BY_EXIT, EXIT_BY_OFF, act, "HAO", "act\ntlbed: exit status 0\n");
	ends(BY_EXIT, EXIT_BY_RESET, act, "HAR", "act\ntlbed: exit status 0\n");
	ends(BY_EXIT, EXIT_BY_HALT, act, "HA", "act\ntlbed: exit status 0\n");
	ends(BY_EXIT, EXIT_BY_SEMIHOSTING, act, "HAS", "act\ntlbed: exit status 0\n");
	ends(BY_EXIT, EXIT_BY_OFF, NULL, "HO", "tlbed: exit status 0\n");
	ends(BY_PANIC, EXIT_BY_RESET, act, "HAR", "tlbed: panic: why\nact\ntlbed: exit status 3\n");
	/* The panic in the act: no second report, as the first may be what went wrong. */
	ends(BY_EXIT, EXIT_BY_OFF, act_that_fails, "HAO", "act\ntlbed: exit status 3\n");
	ends(SILENTLY, EXIT_BY_OFF, act, "HAO", "act\n");
	ends(SILENTLY_AFTER_EXIT, EXIT_BY_RESET, act, "HARO", "act\ntlbed: exit status 0\n");
	return tap_done();
}
