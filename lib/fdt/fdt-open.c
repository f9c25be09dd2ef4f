// SPDX-License-Identifier: MIT
/*
 * The one check of a whole flattened device tree, before anything believes it.
 */
#include <stdio.h>
#include <string.h>

#include "lib/fdt/fdt-internal.h"

/* Devicetree Specification v0.4, 5.2: the header's fields by offset. */
enum {
	H_MAGIC = 0,
	H_TOTALSIZE = 4,
	H_OFF_STRUCT = 8,
	H_OFF_STRINGS = 12,
	H_OFF_RESERVES = 16,
	H_VERSION = 20,
	H_LAST_COMPATIBLE = 24,
	H_SIZE_STRINGS = 32,
	H_SIZE_STRUCT = 36, /* since version 17 */
};

#define OLDEST_VERSION 16 /* before it, names and alignment differ */
#define OUR_VERSION    17

static uint32_t header_field(const struct fdt *fdt, unsigned field)
{
	return fdt_load_be32(fdt->blob + field);
}

static bool has_size_struct(const struct fdt *fdt)
{
	return header_field(fdt, H_VERSION) >= 17;
}

static uint32_t header_bytes(const struct fdt *fdt)
{
	return has_size_struct(fdt) ? H_SIZE_STRUCT + 4 : H_SIZE_STRUCT;
}

/* Why fdt_check_header() refused. */
static const char *check_beginning(const void *blob, size_t max, uint32_t *at)
{
	*at = H_MAGIC;
	if (!blob)
		return "no blob given";
	if ((uintptr_t)blob % 8)
		return "blob not on an 8-byte boundary";
	if (max < FDT_HEADER_MIN_BYTES)
		return "blob smaller than a header";
	if (fdt_load_be32(blob) != FDT_BLOB_MAGIC)
		return "no magic number d00dfeed";
	*at = H_TOTALSIZE;
	return "totalsize smaller than a header or larger than the blob";
}

static const char *check_version(struct fdt *fdt, uint32_t *at)
{
	uint32_t version = header_field(fdt, H_VERSION);
	uint32_t compatible = header_field(fdt, H_LAST_COMPATIBLE);

	*at = H_VERSION;
	if (version < OLDEST_VERSION)
		return "version older than 16";
	*at = H_LAST_COMPATIBLE;
	if (compatible > OUR_VERSION || compatible > version)
		return "last compatible version newer than 17 or than the tree's own";
	return NULL;
}

/* Where the blocks lie. @fdt's bounds are set here once and trusted from then on. */
static const char *check_blocks(struct fdt *fdt, uint32_t *at)
{
	uint32_t structs = header_field(fdt, H_OFF_STRUCT);
	uint32_t strings = header_field(fdt, H_OFF_STRINGS);
	uint32_t strings_bytes = header_field(fdt, H_SIZE_STRINGS);
	uint32_t structs_bytes;

	*at = H_OFF_STRUCT;
	if (structs % 4 || structs < header_bytes(fdt) || structs > fdt->size)
		return "structure block misaligned or outside the blob";
	structs_bytes = fdt->size - structs;
	*at = H_SIZE_STRUCT;
	if (has_size_struct(fdt))
		structs_bytes = header_field(fdt, H_SIZE_STRUCT);
	if (!fdt_has_bytes(structs, fdt->size, structs_bytes))
		return "structure block longer than the blob";
	*at = H_OFF_STRINGS;
	if (strings < header_bytes(fdt) || strings > fdt->size)
		return "strings block outside the blob";
	*at = H_SIZE_STRINGS;
	if (!fdt_has_bytes(strings, fdt->size, strings_bytes))
		return "strings block longer than the blob";
	fdt->structs = structs;
	fdt->structs_end = structs + structs_bytes;
	fdt->strings = strings;
	fdt->strings_end = strings + strings_bytes;
	return NULL;
}

/* 5.3: pairs of 64-bit address and size, ended by two zeros. */
static const char *check_reserves(struct fdt *fdt, uint32_t *at)
{
	static const uint8_t end_entry[16];
	uint32_t first = header_field(fdt, H_OFF_RESERVES);

	*at = H_OFF_RESERVES;
	if (first % 8 || first < header_bytes(fdt))
		return "memory reservations misaligned or inside the header";
	for (*at = first; fdt_has_bytes(*at, fdt->size, 16); *at += 16) {
		if (!memcmp(fdt->blob + *at, end_entry, 16)) {
			fdt->reserves = first;
			fdt->reserves_end = *at;
			return NULL;
		}
	}
	return "memory reservations without an end";
}

/* 5.4: one root; in each node properties first, then children; FDT_END after the root. */
static const char *check_tree(struct fdt *fdt, uint32_t *at)
{
	bool props_allowed = false;
	const char *problem;
	struct token token;
	int depth = 0;

	for (*at = fdt->structs; !(problem = fdt_read_token(fdt, *at, &token)); *at = token.next) {
		switch (token.tag) {
		case BEGIN_NODE:
			if (depth == 0 && fdt->root)
				return "second root node";
			if (depth == FDT_MAX_DEPTH)
				return "nodes nested deeper than 64";
			if (depth++ == 0)
				fdt->root = (int)*at;
			props_allowed = true;
			break;
		case END_NODE:
			if (depth-- == 0)
				return "end of a node outside any node";
			props_allowed = false;
			break;
		case PROP:
			if (!props_allowed)
				return "property outside a node or after a child";
			break;
		case END:
			return depth ? "FDT_END inside a node" : fdt->root ? NULL : "no root node";
		}
	}
	return problem;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t max)
{
	long size = fdt_check_header(blob, max);
	const char *problem;
	uint32_t at = 0;

	*fdt = (struct fdt){ .blob = blob };
	if (size < 0) {
		problem = check_beginning(blob, max, &at);
	} else {
		fdt->size = (uint32_t)size;
		problem = check_version(fdt, &at);
		if (!problem)
			problem = check_blocks(fdt, &at);
		if (!problem)
			problem = check_reserves(fdt, &at);
		if (!problem)
			problem = check_tree(fdt, &at);
	}
	if (problem)
		*fdt = (struct fdt){ .error = problem, .error_at = at };
	return problem ? -EINVAL : 0;
}

void fdt_explain(const struct fdt *fdt, char *line, size_t bytes)
{
	if (fdt->error)
		snprintf(line, bytes, "device tree: %s (offset 0x%x)", fdt->error,
			 (unsigned)fdt->error_at);
	else
		snprintf(line, bytes, "device tree: well formed");
}
