// SPDX-License-Identifier: MIT
/*
 * The end of a run: the exit line, then power. Also where a panic ends.
 */
#include "lib/exit.h"

#include <stdarg.h>

#include "lib/arm64/backtrace.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/cpu.h"
#include "lib/arm64/semihosting.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"

/* What ends the run: CPU + 1 of whoever speaks last, 0: nobody yet. */
static uint64_t last_speaker;
static const struct power *power;
static void (*halt_others)(void);
static void (*last_act)(void);

void set_power(const struct power *p)
{
	power = p;
}

void set_halt_others(void (*halt)(void))
{
	halt_others = halt;
}

void set_last_act(void (*act)(void))
{
	last_act = act;
}

/* Forgotten first: if it ends the run itself, by a fault, it is not tried again. */
static void act_at_last(void)
{
	void (*act)(void) = last_act;

	last_act = NULL;
	if (act)
		act();
}

static void semihosting_exit(int status)
{
	uint64_t block[2] = { ADP_STOPPED_APPLICATION_EXIT, status };

	semihosting_call(SYS_EXIT_EXTENDED, block);
}

static bool ending;

_Noreturn static void wait_for_ever(void)
{
	for (;;) {
		io_complete();
		wait_for_interrupt();
	}
}

_Noreturn void end_silently(void)
{
	act_at_last(); /* speaks of failures alone; a fault in it comes here again, without it */
	if (power)
		power->off();
	wait_for_ever();
}

/* A CPU's number need not be known here, only that it is another: the affinity is as good. */
static uint64_t own_name(void)
{
	return (read_sysreg(mpidr_el1) & 0xff00ffffff) + 1;
}

/* Only one CPU returns; whether it has been here before. */
static bool become_last_speaker(void)
{
	uint64_t nobody = 0;

	local_irq_save();
	if (__atomic_compare_exchange_n(&last_speaker, &nobody, own_name(), false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		if (halt_others)
			halt_others();
		return false;
	}
	if (nobody != own_name())
		wait_for_ever();
	if (ending)
		end_silently();
	return true;
}

bool begin_last_words(void)
{
	bool again = become_last_speaker();

	log_break_lock();
	return again;
}

_Noreturn void exit_run(int status)
{
	bool off = options.exit == EXIT_BY_OFF && power;

	become_last_speaker();
	act_at_last();
	if (off && power->off_note)
		log_printf("tlbed: %s\n", power->off_note);
	log_printf("tlbed: exit status %d\n", status);
	log_drain();
	ending = true;
	switch (options.exit) {
	case EXIT_BY_SEMIHOSTING:
		semihosting_exit(status);
		break;
	case EXIT_BY_RESET:
		if (power)
			power->reset();
		break;
	case EXIT_BY_HALT:
		break;
	default:
		if (power)
			power->off();
	}
	wait_for_ever();
}

_Noreturn void panic(const char *fmt, ...)
{
	static bool panicking;
	va_list ap;

	begin_last_words();
	if (!panicking) {
		panicking = true;
		log_printf("tlbed: panic: ");
		va_start(ap, fmt);
		log_vprintf(fmt, ap);
		va_end(ap);
		log_printf("\n");
		print_backtrace((uint64_t)__builtin_frame_address(0));
	}
	exit_run(EXIT_PANIC);
}
