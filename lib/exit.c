// SPDX-License-Identifier: MIT
/*
 * The end of a run: the exit line, then power. Also where a panic ends.
 */
#include "lib/exit.h"

#include <stdarg.h>

#include "lib/arm64/backtrace.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/cpu.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"

#define SYS_EXIT_EXTENDED	     0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026UL

static const struct power *power;

void set_power(const struct power *p)
{
	power = p;
}

/* Arm semihosting, AArch64: HLT #0xF000, x0 = operation, x1 = parameter block. */
static void semihosting_exit(int status)
{
	uint64_t block[2] = { ADP_STOPPED_APPLICATION_EXIT, status };
	register uint64_t x0 asm("x0") = SYS_EXIT_EXTENDED;
	register uint64_t *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

static bool ending;

_Noreturn static void wait_for_ever(void)
{
	for (;;) {
		io_complete();
		asm volatile("wfi");
	}
}

_Noreturn void end_silently(void)
{
	if (power)
		power->off();
	wait_for_ever();
}

void end_if_ending(void)
{
	if (ending)
		end_silently();
}

_Noreturn void exit_run(int status)
{
	local_irq_save();
	end_if_ending();
	log_printf("tlbed: exit status %d\n", status);
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

	local_irq_save();
	end_if_ending();
	log_break_lock();
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
