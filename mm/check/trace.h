// SPDX-License-Identifier: MIT
/*
 * The trace: what the checker sees, as text that outside tools can replay. The format is
 * described in docs/trace.md and does not change: a new one has a new version number.
 *
 * No memory, no floats, any context: lines are made in the caller's buffer, without a newline.
 */
#pragma once

#include "mm/check/check.h"

#define TRACE_VERSION	 1
#define TRACE_BEGIN_LINE "--- BEGIN TRACE ---"
#define TRACE_END_LINE	 "--- END TRACE ---"
#define TRACE_LINE_MAX	 128 /* with the zero at its end */

/* Event number @number, one up from line to line. */
void trace_format(char *line, size_t size, uint64_t number, const struct mm_event *event);

/*
 * Calls @write with the lines that go before the first event: the marker, the header, the
 * tables that are linked and what is in them. @root_pa as in checker_adopt(), which has been
 * called. @write may not go through the door.
 */
void trace_begin(const struct checker *checker, uint64_t root_pa,
		 void (*write)(void *context, const char *line), void *context);

enum trace_kind {
	TRACE_OTHER, /* not the trace's: what else is on the console */
	TRACE_BEGIN,
	TRACE_HEADER,
	TRACE_TABLE,
	TRACE_SLOT,
	TRACE_EVENT,
	TRACE_END,
	TRACE_BAD, /* begins like a line of the trace, and is none: see error */
};

struct trace_line {
	enum trace_kind kind;
	const char *error;		/* TRACE_BAD */
	unsigned version, granule;	/* TRACE_HEADER; granule: log2 of the page size */
	uint64_t root, frames_end;	/* TRACE_HEADER */
	uint64_t pa, va, value, number; /* TRACE_TABLE: pa, va, level; TRACE_SLOT: pa, value */
	unsigned level;
	struct mm_event event; /* TRACE_EVENT, and its number */
};

/* Reads a line of @len bytes, with or without its newline. */
struct trace_line trace_parse(const char *text, size_t len);
