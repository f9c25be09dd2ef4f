// SPDX-License-Identifier: MIT
/*
 * Numbers as people read them, without floating point.
 */
#include <stdio.h>
#include <string.h>

#include "bench/report/text.h"
#include "lib/log.h"

const char *text_number(char text[TEXT_MAX], uint64_t value)
{
	char digits[TEXT_MAX];
	int n = snprintf(digits, sizeof(digits), "%lu", value);
	char *out = text;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = 0;
	return text;
}

const char *text_quotient(char text[TEXT_MAX], uint64_t a, uint64_t b)
{
	uint64_t hundredths;
	size_t n;

	if (!b)
		return strcpy(text, "-");
	hundredths = (a * 100 + b / 2) / b;
	text_number(text, hundredths / 100);
	n = strlen(text);
	snprintf(text + n, TEXT_MAX - n, ".%02lu", hundredths % 100);
	return text;
}

const char *text_ratio(char text[TEXT_MAX], uint64_t a, uint64_t b)
{
	if (!a || !b)
		return strcpy(text, "-");
	text_quotient(text, a, b);
	return strcat(text, "x");
}

void text_rule(char c)
{
	char text[102];

	memset(text, c, 100);
	strcpy(text + 100, "\n");
	log_write(text, 101);
}
