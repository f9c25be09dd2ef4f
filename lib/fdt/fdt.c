// SPDX-License-Identifier: MIT
/*
 * Flattened device trees: tokens, nodes and properties. The check of a new blob
 * is in fdt-open.c; what the nodes mean, in fdt-memory.c and fdt-machine.c.
 */
#include <string.h>

#include "lib/fdt/fdt-internal.h"

/* The string at @at; NULL: it has no NUL before @end. @bytes counts the NUL. */
static const char *string_at(const struct fdt *fdt, uint32_t at, uint32_t end, uint32_t *bytes)
{
	const char *string = (const char *)fdt->blob + at;
	const char *nul = fdt_has_bytes(at, end, 1) ? memchr(string, '\0', end - at) : NULL;

	*bytes = nul ? (uint32_t)(nul - string) + 1 : 0;
	return nul ? string : NULL;
}

static const char *read_node(const struct fdt *fdt, struct token *token)
{
	uint32_t bytes;

	token->name = string_at(fdt, token->next, fdt->structs_end, &bytes);
	if (!token->name)
		return "node name without an end";
	token->next = ALIGN_UP(token->next + bytes, 4U);
	return NULL;
}

static const char *read_prop(const struct fdt *fdt, struct token *token)
{
	uint32_t name, bytes, value = token->next + 8;

	if (!fdt_has_bytes(token->next, fdt->structs_end, 8))
		return "property cut off by the end of the structure block";
	token->len = fdt_load_be32(fdt->blob + token->next);
	name = fdt_load_be32(fdt->blob + token->next + 4);
	if (!fdt_has_bytes(value, fdt->structs_end, token->len))
		return "property value longer than the structure block";
	if (name >= fdt->strings_end - fdt->strings)
		return "property name outside the strings block";
	token->name = string_at(fdt, fdt->strings + name, fdt->strings_end, &bytes);
	if (!token->name)
		return "property name without an end";
	token->data = fdt->blob + value;
	token->next = ALIGN_UP(value + token->len, 4U);
	return NULL;
}

/* Offsets stay below 2^31 (fdt_check_header()), so that no sum in here wraps. */
const char *fdt_read_token(const struct fdt *fdt, uint32_t at, struct token *token)
{
	if (at % 4 || at < fdt->structs || !fdt_has_bytes(at, fdt->structs_end, 4))
		return "structure block without FDT_END";
	token->tag = fdt_load_be32(fdt->blob + at);
	token->next = at + 4;
	switch (token->tag) {
	case BEGIN_NODE:
		return read_node(fdt, token);
	case PROP:
		return read_prop(fdt, token);
	case END_NODE:
	case NOP:
	case END:
		return NULL;
	default:
		return "unknown token";
	}
}

static bool read_node_at(const struct fdt *fdt, int node, struct token *token)
{
	return node > 0 && !fdt_read_token(fdt, (uint32_t)node, token) && token->tag == BEGIN_NODE;
}

const char *fdt_name(const struct fdt *fdt, int node)
{
	struct token token;

	return read_node_at(fdt, node, &token) ? token.name : NULL;
}

int fdt_walk(const struct fdt *fdt, int node, int *depth)
{
	struct token token;

	if (!read_node_at(fdt, node, &token))
		return -EINVAL;
	for (uint32_t at = token.next; !fdt_read_token(fdt, at, &token); at = token.next) {
		if (token.tag == BEGIN_NODE) {
			++*depth;
			return (int)at;
		}
		if (token.tag == END || (token.tag == END_NODE && --*depth < 0))
			break;
	}
	return -ENOENT;
}

int fdt_first_child(const struct fdt *fdt, int node)
{
	int depth = 0;

	return fdt_walk(fdt, node, &depth);
}

int fdt_next_sibling(const struct fdt *fdt, int node)
{
	int depth = 1; /* the parent's subtree is the one not to leave */

	do
		node = fdt_walk(fdt, node, &depth);
	while (node >= 0 && depth > 1);
	return node;
}

int fdt_ancestors(const struct fdt *fdt, int node, int chain[FDT_MAX_DEPTH])
{
	int at = fdt->root, depth = 0;

	while (at > 0 && depth < FDT_MAX_DEPTH) {
		if (at == node)
			return depth;
		chain[depth] = at;
		at = fdt_walk(fdt, at, &depth);
	}
	return -EINVAL;
}

bool fdt_next_prop(const struct fdt *fdt, int node, struct fdt_prop *prop)
{
	uint32_t at = prop->next;
	struct token token;

	if (!at) {
		if (!read_node_at(fdt, node, &token))
			return false;
		at = token.next;
	}
	for (; !fdt_read_token(fdt, at, &token); at = token.next) {
		if (token.tag == PROP) {
			*prop = (struct fdt_prop){ token.name, token.data, token.len, token.next };
			return true;
		}
		if (token.tag != NOP)
			break;
	}
	return false;
}

int fdt_get_prop(const struct fdt *fdt, int node, const char *name, struct fdt_prop *prop)
{
	*prop = (struct fdt_prop){ 0 };
	while (fdt_next_prop(fdt, node, prop))
		if (!strcmp(prop->name, name))
			return 0;
	*prop = (struct fdt_prop){ 0 };
	return -ENOENT;
}

int fdt_read_cells(const struct fdt_prop *prop, uint32_t *at, unsigned cells, uint64_t *value)
{
	uint32_t count = prop->len / 4;

	if (cells < 1 || cells > 2)
		return -EINVAL;
	if (!fdt_has_bytes(*at, count, cells))
		return -ENOENT;
	*value = fdt_load_be32(prop->data + 4 * *at);
	if (cells == 2)
		*value = *value << 32 | fdt_load_be32(prop->data + 4 * (*at + 1));
	*at += cells;
	return 0;
}

int fdt_get_u32(const struct fdt *fdt, int node, const char *name, uint32_t *value)
{
	struct fdt_prop prop;
	int ret = fdt_get_prop(fdt, node, name, &prop);

	if (ret)
		return ret;
	if (prop.len != 4)
		return -EINVAL;
	*value = fdt_load_be32(prop.data);
	return 0;
}

const char *fdt_next_str(const struct fdt_prop *prop, const char *prev)
{
	const char *next = (const char *)prop->data;
	size_t left = prop->len;

	if (prev) {
		left -= (size_t)(prev - next);
		next = memchr(prev, '\0', left);
		if (!next)
			return NULL;
		left -= (size_t)(++next - prev);
	}
	return left && memchr(next, '\0', left) ? next : NULL;
}

const char *fdt_get_str(const struct fdt *fdt, int node, const char *name)
{
	struct fdt_prop prop;

	return fdt_get_prop(fdt, node, name, &prop) ? NULL : fdt_next_str(&prop, NULL);
}

bool fdt_is_type(const struct fdt *fdt, int node, const char *type)
{
	const char *given = fdt_get_str(fdt, node, "device_type");
	const char *name = fdt_name(fdt, node);
	size_t len = strlen(type);

	if (!name)
		return false;
	if (given && !strcmp(given, type))
		return true;
	return !strncmp(name, type, len) && (name[len] == '\0' || name[len] == '@');
}
