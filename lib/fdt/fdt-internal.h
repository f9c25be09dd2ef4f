// SPDX-License-Identifier: MIT
/*
 * Tokens of the structure block: what fdt.c reads and fdt-open.c checks.
 */
#pragma once

#include "lib/fdt/fdt.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

struct token {
	uint32_t tag;
	uint32_t next;	     /* offset of the token after it */
	const char *name;    /* BEGIN_NODE, PROP */
	const uint8_t *data; /* PROP */
	uint32_t len;
};

/* By bytes: neither the blob's alignment nor the host's byte order matters. */
static inline uint32_t fdt_load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Whether @bytes from @at on end at @end or before. */
static inline bool fdt_has_bytes(uint32_t at, uint32_t end, uint32_t bytes)
{
	return at <= end && end - at >= bytes;
}

/*
 * Decodes the token at @at, wherever that came from. Every read of the structure
 * and strings blocks goes through here: returns NULL, or what is malformed.
 */
const char *fdt_read_token(const struct fdt *fdt, uint32_t at, struct token *token);
