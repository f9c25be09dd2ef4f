// SPDX-License-Identifier: MIT
/*
 * What the portable sources find on the host in place of a machine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/smp/cpus.h"
#include "lib/log.h"
#include "lib/panic.h"

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
