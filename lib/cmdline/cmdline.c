// SPDX-License-Identifier: MIT
/*
 * The command line in three steps: split into words, check every word, and only
 * when all are good store them.
 */
#include "lib/cmdline/cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline/glob.h"
#include "lib/log.h"

/* The words, each with its NUL: as every word but the last had a separator, they fit. */
static char words[CMDLINE_MAX + 1];

/* Digits of @value to @number; *@rest is what follows them. strtoull alone takes " -1". */
static bool read_number(const char *value, uint64_t *number, const char **rest)
{
	int base = value[0] == '0' && (value[1] == 'x' || value[1] == 'X') ? 16 : 10;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	*number = strtoull(value, &end, base);
	*rest = end;
	return errno == 0;
}

static bool take_number(const struct option *option, uint64_t number, bool store)
{
	if (number < option->min || number > option->max)
		return false;
	if (store)
		*option->number = number;
	return true;
}

bool option_read_unsigned(const struct option *option, const char *value, bool store)
{
	const char *rest;
	uint64_t number;

	return read_number(value, &number, &rest) && !*rest && take_number(option, number, store);
}

bool option_next_size(const char **text, uint64_t *bytes)
{
	static const char suffixes[] = "KkMmGg";
	const char *rest, *suffix;
	unsigned shift = 0;
	uint64_t number;

	if (!read_number(*text, &number, &rest))
		return false;
	suffix = *rest ? strchr(suffixes, *rest) : NULL;
	if (suffix) {
		shift = 10 * (1 + (suffix - suffixes) / 2);
		rest++;
	}
	if (number > UINT64_MAX >> shift)
		return false;
	*bytes = number << shift;
	*text = rest;
	return true;
}

bool option_read_size(const struct option *option, const char *value, bool store)
{
	uint64_t bytes;

	return option_next_size(&value, &bytes) && !*value && take_number(option, bytes, store);
}

bool option_read_flag(const struct option *option, const char *value, bool store)
{
	if ((*value != '0' && *value != '1') || value[1])
		return false;
	if (store)
		*option->flag = *value == '1';
	return true;
}

bool option_read_string(const struct option *option, const char *value, bool store)
{
	size_t bytes = strlen(value) + 1;

	if (bytes > option->max)
		return false;
	if (store)
		memcpy(option->text, value, bytes);
	return true;
}

bool option_read_globs(const struct option *option, const char *value, bool store)
{
	return glob_list_valid(value) && option_read_string(option, value, store);
}

bool option_next_number(const char **list, uint64_t *number)
{
	const char *rest;

	if (**list == ',')
		++*list;
	if (!read_number(*list, number, &rest))
		return false;
	*list = rest;
	return true;
}

/* How often @number is in @list, as far as that can be read. */
static unsigned occurrences(const char *list, uint64_t number)
{
	unsigned n = 0;
	uint64_t other;

	while (option_next_number(&list, &other))
		n += other == number;
	return n;
}

bool option_read_numbers(const struct option *option, const char *value, bool store)
{
	const char *list = value;
	uint64_t number;

	if (strcmp(value, "all")) {
		do {
			if (*list < '0' || *list > '9' || !option_next_number(&list, &number) ||
			    occurrences(value, number) != 1)
				return false;
		} while (*list++ == ',');
		if (list[-1])
			return false;
	}
	return option_read_string(option, value, store);
}

bool option_read_choice(const struct option *option, const char *value, bool store)
{
	for (unsigned i = 0; option->words[i]; i++) {
		if (strcmp(option->words[i], value))
			continue;
		if (store)
			*option->choice = i;
		return true;
	}
	return false;
}

static const struct option *find_option(const char *key, size_t len)
{
	const struct option *option;

	for_each_registered (option, options)
		if (strlen(option->name) == len && !memcmp(option->name, key, len))
			return option;
	return NULL;
}

/* Size and bytes: whatever passes is safe to split, and to print in an error. */
static int check_bytes(const char *bootargs, char *error, size_t size)
{
	size_t len = strnlen(bootargs, CMDLINE_MAX + 1);

	if (len > CMDLINE_MAX) {
		snprintf(error, size, "command line longer than %u bytes", CMDLINE_MAX);
		return -E2BIG;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = bootargs[i];

		if (byte != '\t' && (byte < ' ' || byte > '~')) {
			snprintf(error, size, "command line: byte %lu is 0x%02x, not printable",
				 (unsigned long)i, byte);
			return -EINVAL;
		}
	}
	return 0;
}

/* Fills words[]; returns how many there are, or -EINVAL for a quote left open. */
static int split(const char *args, char *error, size_t size)
{
	const char *quote = NULL;
	bool in_word = false;
	char *out = words;
	int count = 0;

	for (; *args; args++) {
		bool separator = !quote && (*args == ' ' || *args == '\t');

		if (separator && in_word)
			*out++ = '\0';
		count += !separator && !in_word;
		in_word = !separator;
		if (*args == '"')
			quote = quote ? NULL : args;
		else if (!separator)
			*out++ = *args;
	}
	*out = '\0';
	if (quote) {
		snprintf(error, size, "malformed value '%s'", quote);
		return -EINVAL;
	}
	return count;
}

static int read_word(const char *word, bool store, char *error, size_t size)
{
	size_t len = strcspn(word, "=");
	const struct option *option = find_option(word, len);
	const char *value = word[len] ? word + len + 1 : "1";

	if (!option) {
		snprintf(error, size, "unknown option '%.*s'", (int)len, word);
		return -ENOENT;
	}
	if (!option->read(option, value, store)) {
		snprintf(error, size, "malformed value '%s'", value);
		return -EINVAL;
	}
	return 0;
}

static int read_words(int count, bool store, char *error, size_t size)
{
	const char *word = words;

	for (int i = 0; i < count; i++, word += strlen(word) + 1) {
		int err = read_word(word, store, error, size);

		if (err)
			return err;
	}
	return 0;
}

int cmdline_parse(const char *bootargs, char *error, size_t size)
{
	int count, err = check_bytes(bootargs, error, size);

	if (err)
		return err;
	count = split(bootargs, error, size);
	if (count < 0)
		return count;
	err = read_words(count, false, error, size);
	return err ? err : read_words(count, true, error, size);
}

/* The option whose name follows @last's, or the first if that is NULL; NULL after the last. */
static const struct option *next_option(const struct option *last)
{
	const struct option *option, *best = NULL;

	for_each_registered (option, options)
		if ((!last || strcmp(option->name, last->name) > 0) &&
		    (!best || strcmp(option->name, best->name) < 0))
			best = option;
	return best;
}

/* By name: the order of registration is the compiler's choice. */
void cmdline_help(void)
{
	for (const struct option *o = next_option(NULL); o; o = next_option(o))
		log_printf("  %s%s\n", o->name, o->help);
}
