// SPDX-License-Identifier: MIT
/*
 * The console of a tree that is too damaged to be read, by what its bytes still say, so that the
 * one line about it is seen. Of several UARTs the first may be off: the one that stdout-path names
 * is looked for first, as far as the header says where names are.
 */
#define _GNU_SOURCE /* memmem() */
#include <string.h>

#include "drivers/driver.h"

struct damaged {
	const char *bytes;
	uint64_t size;
	uint64_t strings; /* where the header has its names; @size: nowhere */
};

static uint32_t load_be32(const char *p)
{
	const uint8_t *byte = (const uint8_t *)p;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* Whether the tag of a node (1) or of a property (3) is at @at. */
static bool has_tag(const struct damaged *tree, uint64_t at, uint32_t tag)
{
	return at + 4 <= tree->size && load_be32(tree->bytes + at) == tag;
}

/* The string at @at, if it ends inside; else NULL. */
static const char *string_at(const struct damaged *tree, uint64_t at)
{
	if (at >= tree->size || !memchr(tree->bytes + at, '\0', tree->size - at))
		return NULL;
	return tree->bytes + at;
}

/* The first string that a property called by the first @len bytes of @name has; NULL: none. */
static const char *find_value(const struct damaged *tree, const char *name, size_t len)
{
	for (uint64_t at = 0; at + 12 <= tree->size; at += 4) {
		const char *found, *value;

		if (!has_tag(tree, at, 3))
			continue;
		found = string_at(tree, tree->strings + load_be32(tree->bytes + at + 8));
		value = string_at(tree, at + 12);
		if (found && value && strlen(found) == len && !memcmp(found, name, len))
			return value;
	}
	return NULL;
}

/* The name of the node that stdout-path names; NULL: that cannot be seen. */
static const char *find_stdout(const struct damaged *tree)
{
	const char *path = find_value(tree, "stdout-path", strlen("stdout-path"));
	const char *name = NULL;

	if (path && *path != '/')
		path = find_value(tree, path, strcspn(path, ":"));
	for (; path && *path && *path != ':'; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

/* "pl011@9000000", "serial@ff000000", "uart@..." is @name, up to a ":": its address. */
static bool uart_address(const char *name, uint64_t phys_end, uint64_t *base)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const kinds[] = { "pl011@", "serial@", "uart@" };

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *start = name + strlen(kinds[i]), *p = start;
		uint64_t value = 0;

		if (strncmp(name, kinds[i], strlen(kinds[i])))
			continue;
		for (; *p && *p != ':'; p++) {
			const char *digit = strchr(digits, *p);

			if (!digit || value >> 44)
				return false;
			value = value << 4 | (uint64_t)(digit - digits);
		}
		*base = value;
		return p > start && is_console_address(value, phys_end);
	}
	return false;
}

static bool find_uart(const struct damaged *tree, uint64_t phys_end, uint64_t *base)
{
	const char *name = find_stdout(tree);

	if (name && uart_address(name, phys_end, base))
		return true;
	for (uint64_t at = 0; at + 8 <= tree->size; at += 4) {
		name = has_tag(tree, at, 1) ? string_at(tree, at + 4) : NULL;
		if (name && uart_address(name, phys_end, base))
			return true;
	}
	return false;
}

const struct console_driver *guess_console(const void *bytes, uint64_t size, uint64_t phys_end,
					   uint64_t *base)
{
	struct damaged tree = { .bytes = bytes, .size = size, .strings = size };
	const struct console_driver *d;

	if (size >= FDT_HEADER_MIN_BYTES)
		tree.strings = load_be32(tree.bytes + 12); /* off_dt_strings */
	if (!find_uart(&tree, phys_end, base))
		return NULL;
	for_each_registered (d, drivers)
		if (memmem(bytes, size, d->compatible, strlen(d->compatible) + 1))
			return d;
	return NULL;
}
