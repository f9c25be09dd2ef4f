// SPDX-License-Identifier: MIT
/*
 * A block of facts, `key: value` a line, gathered first and printed at once between its markers,
 * so that no other message stands in it and a CRC covers all of it. Portable.
 */
#pragma once

#include "lib/compiler.h"

#define FACT_KEY_MAX   48
#define FACT_VALUE_MAX 160

struct facts {
	char *text; /* lines that end in LF */
	size_t size, len;
	unsigned lost;	  /* facts that there was no room for */
	const char *mark; /* before each figure: "", or what says that it is none */
	char prefix[16];  /* of the keys that come: "cpu3.", or "" */
};

/* Empty; @text has room for @size bytes, at least 64. @mark stays the caller's. */
void facts_begin(struct facts *facts, char *text, size_t size, const char *mark);

/* Keys from here on are @cpu's: cpuN.KEY; FACTS_OF_MACHINE: the machine's. */
#define FACTS_OF_MACHINE UINT32_MAX
void facts_of(struct facts *facts, unsigned cpu);

/*
 * One line. @key: no ": ", no blank. What is not printable in the value comes as "?", a value past
 * FACT_VALUE_MAX is cut. Without room the fact is counted in @facts->lost.
 */
void fact(struct facts *facts, const char *key, const char *fmt, ...) __printf_like(3, 4);

/* The same of what was measured: @facts->mark comes first. */
void figure(struct facts *facts, const char *key, const char *fmt, ...) __printf_like(3, 4);

/* "key: absent: REASON". */
void fact_absent(struct facts *facts, const char *key, const char *reason);

/*
 * Prints the block: @begin, the lines, `lost: N` if any fact was, `crc: xxxxxxxx` of the bytes
 * between @begin's line and that one, each line ended by one LF, @end.
 */
void facts_print(struct facts *facts, const char *begin, const char *end);
