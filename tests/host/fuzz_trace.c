// SPDX-License-Identifier: MIT
// clang-format off
// sources: tests/host/replay-core.c mm/check/*.c
// clang-format on
/*
 * Any bytes as a trace: the parser reads lines within their bounds, what it takes as an
 * event survives being written and read again, and the checker stands any sequence of them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/panic.h"
#include "mm/check/trace.h"
#include "tests/host/replay.h"

/* Enough of a beginning for the events that follow. */
#define HEAD                                                                                 \
	TRACE_BEGIN_LINE "\n@ trace 1 granule 12 root 1000 frames_end 100000\n@ table 1000 " \
			 "ffff000000000000 0\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *at, size_t len)
{
	struct trace_line line = trace_parse(at, len);
	char text[TRACE_LINE_MAX], again[TRACE_LINE_MAX];

	panic_unless(line.kind != TRACE_BAD || line.error, "an error without a text");
	if (line.kind != TRACE_EVENT)
		return;
	trace_format(text, sizeof(text), line.number, &line.event);
	line = trace_parse(text, strlen(text));
	panic_unless(line.kind == TRACE_EVENT, "%s is no event", text);
	trace_format(again, sizeof(again), line.number, &line.event);
	panic_unless(!strcmp(text, again), "%s becomes %s", text, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = data && size && data[0] & 1 ? sizeof(HEAD) - 1 : 0;
	char *text = malloc(head + size + 1);
	struct replayed result;

	memcpy(text, HEAD, head);
	if (size)
		memcpy(text + head, data, size);
	result = replay("fuzz", text, head + size, false, 1UL << 30);
	panic_unless(!result.reports || result.first[0], "a report without a text");
	for (size_t at = head, end; at < head + size; at = end + 1) {
		const char *newline = memchr(text + at, '\n', head + size - at);

		end = newline ? (size_t)(newline - text) : head + size;
		check_line(text + at, end - at);
	}
	free(text);
	return 0;
}
