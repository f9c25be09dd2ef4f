// SPDX-License-Identifier: MIT
/*
 * The kernel's own log in place of host.c's, with a console that keeps what it gets.
 * Included first; the sources under test that log are then included, not linked.
 */
#pragma once

#define log_printf kernel_log_printf
#define log_write  kernel_log_write

#include <stdlib.h>
#include <string.h>

#include "lib/log.c"
#include "tests/host/tap.h"

static char captured[256 * 1024];
static size_t captured_bytes;

static void capture_write(const char *bytes, size_t len)
{
	if (len > sizeof(captured) - captured_bytes)
		abort();
	memcpy(captured + captured_bytes, bytes, len);
	captured_bytes += len;
}

static const struct console capture_console = { .write = capture_write };

/* What was printed since the last call, CR included. */
__attribute__((unused)) static char *capture_raw(void)
{
	static char taken[sizeof(captured) + 1];

	memcpy(taken, captured, captured_bytes);
	taken[captured_bytes] = '\0';
	captured_bytes = 0;
	return taken;
}

/* The same without the CRs. */
__attribute__((unused)) static char *capture_text(void)
{
	char *text = capture_raw(), *out = text;

	for (const char *in = text; *in; in++)
		if (*in != '\r')
			*out++ = *in;
	*out = '\0';
	return text;
}

/* One test point: @got is @want to the byte; both are shown if not. */
__attribute__((unused)) static bool same_text(const char *got, const char *want, const char *what)
{
	if (strcmp(got, want))
		fprintf(stderr, "%s:\n--- got\n%s\n--- want\n%s\n---\n", what, got, want);
	return ok(!strcmp(got, want), "%s", what);
}
