// SPDX-License-Identifier: MIT
/*
 * What the portable sources find on the host in place of a machine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/smp/cpus.h"
#include "lib/arm64/cpu.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "tests/host/hold.h"

uint64_t host_irq_depth;

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "panic: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

void log_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

void log_write(const char *bytes, size_t len)
{
	fwrite(bytes, 1, len, stderr);
}

unsigned nr_online_cpus(void)
{
	return 1;
}

/* Caches of no program's business; a test that models system registers has its own. */
__attribute__((weak)) uint64_t host_read_sysreg(const char *name)
{
	(void)name;
	return 0;
}

__attribute__((weak)) void host_write_sysreg(const char *name, uint64_t value)
{
	(void)name;
	(void)value;
}

/* --- the other CPUs (hold.h): there are none, so that only the order of calls is judged --- */

struct hold hold;
void (*cpu_starts)(void);
static uint64_t hold_irq;

__attribute__((weak)) int stop_others(void)
{
	void (*late)(void) = hold.late;

	if (hold.held || host_irq_depth)
		abort();
	if (hold.error)
		return hold.error;
	hold.late = NULL;
	if (late)
		late();
	hold_irq = local_irq_save();
	hold.held = true;
	hold.stops++;
	return 0;
}

__attribute__((weak)) void resume_others(void)
{
	if (!hold.held)
		abort();
	hold.held = false;
	local_irq_restore(hold_irq);
}

__attribute__((weak)) int smp_call_others(smp_call_fn *fn, void *arg)
{
	if (hold.held)
		abort();
	if (hold.error)
		return hold.error;
	fn(arg);
	return 0;
}
