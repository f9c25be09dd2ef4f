// SPDX-License-Identifier: MIT
/*
 * What is wrong, for whoever counts it: the first few in words, the rest in number alone.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#define MISTAKES_SHOWN 10

/* Counts one more in *@count, and says it if it is among the first. */
__attribute__((format(printf, 2, 0))) static inline void count_mistake(unsigned *count,
								       const char *fmt, va_list ap)
{
	if ((*count)++ >= MISTAKES_SHOWN)
		return;
	fprintf(stderr, "# ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
}
