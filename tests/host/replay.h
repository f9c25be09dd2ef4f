// SPDX-License-Identifier: MIT
/*
 * The replayer's core: runs the checker over the text of a trace (docs/trace.md).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mm/check/check.h"

struct replayed {
	char error[200];	    /* not empty: why it is no trace, `NAME:LINE: what` */
	unsigned long events, line; /* line: of the error, or the last one */
	unsigned reports;
	unsigned rules[RULE_COUNT]; /* reports by rule */
	char first[240];	    /* the first report, `NAME:LINE: what` */
};

/*
 * Replays @len bytes of @text, called @name. @print: reports go to stdout. Not reentrant; its
 * memory is given back. @frames_most: a trace may not want more memory than for so many bytes
 * of frames.
 */
struct replayed replay(const char *name, const char *text, size_t len, bool print,
		       uint64_t frames_most);
