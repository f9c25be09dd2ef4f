// SPDX-License-Identifier: MIT
/*
 * Gathers and prints the block; the last bytes of the room are kept for the line about losses.
 */
#include "bench/silicon/facts.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/crc32.h"
#include "lib/log.h"

/* "lost: 4294967295\n" */
#define LOSS_ROOM 24

void facts_begin(struct facts *facts, char *text, size_t size, const char *mark)
{
	*facts = (struct facts){ .text = text, .size = size, .mark = mark };
}

void facts_of(struct facts *facts, unsigned cpu)
{
	facts->prefix[0] = '\0';
	if (cpu != FACTS_OF_MACHINE)
		snprintf(facts->prefix, sizeof(facts->prefix), "cpu%u.", cpu);
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* Appends the line if @room bytes are left behind it. */
static bool append(struct facts *facts, const char *key, const char *value, size_t room)
{
	size_t left = facts->size - facts->len;
	int n = snprintf(facts->text + facts->len, left, "%s%s: %s\n", facts->prefix, key, value);

	if ((size_t)n + room >= left)
		return false;
	facts->len += (size_t)n;
	return true;
}

static void add(struct facts *facts, const char *key, const char *mark, const char *fmt, va_list ap)
{
	char value[FACT_VALUE_MAX];
	size_t len = (size_t)snprintf(value, sizeof(value), "%s", mark);

	vsnprintf(value + len, sizeof(value) - len, fmt, ap);
	make_printable(value);
	if (!append(facts, key, value, LOSS_ROOM))
		facts->lost++;
}

void fact(struct facts *facts, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(facts, key, "", fmt, ap);
	va_end(ap);
}

void figure(struct facts *facts, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(facts, key, facts->mark, fmt, ap);
	va_end(ap);
}

void fact_absent(struct facts *facts, const char *key, const char *reason)
{
	fact(facts, key, "absent: %s", reason);
}

void facts_print(struct facts *facts, const char *begin, const char *end)
{
	char lost[LOSS_ROOM];

	facts_of(facts, FACTS_OF_MACHINE);
	snprintf(lost, sizeof(lost), "%u", facts->lost);
	if (facts->lost)
		append(facts, "lost", lost, 0);
	log_printf("%s\n", begin);
	log_write(facts->text, facts->len);
	log_printf("crc: %08x\n%s\n", crc32_update(0, facts->text, facts->len), end);
}
