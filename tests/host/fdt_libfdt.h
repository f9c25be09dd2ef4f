// SPDX-License-Identifier: MIT
/*
 * libfdt as the second opinion on well-formed trees: the same nodes, properties,
 * values, reservations, and the same answers to lookups.
 */
#pragma once

/* Its functions have other names than ours but for this one, which is not used here. */
#define fdt_check_header libfdt_check_header
#include <libfdt.h>
#undef fdt_check_header

#include <stdio.h>
#include <string.h>

#include "lib/fdt/fdt.h"

/* What differs, for the test's message; NULL: nothing. */
static char fdt_difference[640];

#define DIFFER(...) (snprintf(fdt_difference, sizeof(fdt_difference), __VA_ARGS__), false)

static bool same_props(const struct fdt *fdt, int node, const void *blob, int other)
{
	struct fdt_prop prop = { 0 };
	int at;

	fdt_for_each_property_offset(at, blob, other)
	{
		const char *name;
		int len;
		const void *value = fdt_getprop_by_offset(blob, at, &name, &len);

		if (!fdt_next_prop(fdt, node, &prop))
			return DIFFER("property %s not found", name);
		if (strcmp(prop.name, name) || prop.len != (uint32_t)len ||
		    memcmp(prop.data, value, prop.len))
			return DIFFER("property %s differs", name);
	}
	return fdt_next_prop(fdt, node, &prop) ? DIFFER("extra property %s", prop.name) : true;
}

static bool same_compatible(const struct fdt *fdt, int node, const void *blob)
{
	const char *name = NULL;
	struct fdt_prop list;
	int at = fdt->root, other, first = (int)fdt->structs;

	if (fdt_get_prop(fdt, node, "compatible", &list))
		return true;
	while ((name = fdt_next_str(&list, name))) {
		at = fdt_next_compatible(fdt, fdt->root, name);
		other = fdt_node_offset_by_compatible(blob, fdt->root - first, name);
		if (at > 0 ? at - first != other : other != -FDT_ERR_NOTFOUND)
			return DIFFER("search for compatible %s", name);
	}
	return true;
}

static bool same_place(const struct fdt *fdt, int node, const void *blob, int other)
{
	int parent = fdt_parent_offset(blob, other);
	int chain[FDT_MAX_DEPTH];
	int depth = fdt_ancestors(fdt, node, chain);
	char path[512];

	if (depth != fdt_node_depth(blob, other))
		return DIFFER("depth of %s", fdt_name(fdt, node));
	if (depth && chain[depth - 1] - (int)fdt->structs != parent)
		return DIFFER("parent of %s", fdt_name(fdt, node));
	if (fdt_get_path(blob, other, path, sizeof(path)))
		return DIFFER("path of %s", fdt_name(fdt, node));
	return fdt_find_path(fdt, path) == node ? true : DIFFER("search for path %s", path);
}

/* Both walks in step: same nodes in the same order at the same offsets. */
static bool same_nodes(const struct fdt *fdt, const void *blob)
{
	int depth = 0, other_depth = 0, node = fdt->root;
	int other = fdt_next_node(blob, -1, &other_depth);

	other_depth = 0;
	while (node > 0 && other >= 0) {
		const char *name = fdt_get_name(blob, other, NULL);

		if (node - (int)fdt->structs != other || depth != other_depth ||
		    strcmp(fdt_name(fdt, node), name))
			return DIFFER("node %s at 0x%x", name, node);
		if (!same_props(fdt, node, blob, other) || !same_compatible(fdt, node, blob) ||
		    !same_place(fdt, node, blob, other))
			return false;
		node = fdt_walk(fdt, node, &depth);
		other = fdt_next_node(blob, other, &other_depth);
		if (other_depth < 0)
			other = -1;
	}
	return node < 0 && other < 0 ? true : DIFFER("number of nodes");
}

/* libfdt's list ends at the first size of 0, the specification's only at two zeros. */
static bool same_reserves(const struct fdt *fdt, const void *blob)
{
	struct fdt_region region = { 0 };
	int count = fdt_num_mem_rsv(blob);

	for (int i = 0; i < count; i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(blob, i, &base, &size) || !fdt_next_memreserve(fdt, &region))
			return DIFFER("reservation %d", i);
		if (!region.skipped && (region.base != base || region.size != size))
			return DIFFER("reservation %d: values", i);
	}
	return !fdt_next_memreserve(fdt, &region) || region.skipped ? true
								    : DIFFER("extra reservation");
}

static bool same_chosen(const struct fdt *fdt, const void *blob)
{
	int chosen = fdt_path_offset(blob, "/chosen"), ours = fdt_stdout(fdt, NULL), theirs;
	const char *bootargs = chosen < 0 ? NULL : fdt_getprop(blob, chosen, "bootargs", NULL);
	const char *path = chosen < 0 ? NULL : fdt_getprop(blob, chosen, "stdout-path", NULL);

	if (strcmp(bootargs ? bootargs : "", fdt_bootargs(fdt)))
		return DIFFER("bootargs");
	if (!path)
		return true;
	theirs = fdt_path_offset_namelen(blob, path, (int)strcspn(path, ":"));
	if (theirs < 0 ? ours != -ENOENT : ours - (int)fdt->structs != theirs)
		return DIFFER("stdout-path %s", path);
	return true;
}

/* Relative aliases are left out: libfdt follows one that names itself until the stack ends. */
static bool same_aliases(const struct fdt *fdt, const void *blob)
{
	int aliases = fdt_find_path(fdt, "/aliases");
	struct fdt_prop prop = { 0 };

	while (fdt_next_prop(fdt, aliases, &prop)) {
		const char *path = fdt_next_str(&prop, NULL);
		int ours = fdt_find_path(fdt, prop.name), theirs;

		if (!path || *path != '/')
			continue;
		theirs = fdt_path_offset(blob, prop.name);
		if (theirs < 0 ? ours != -ENOENT : ours - (int)fdt->structs != theirs)
			return DIFFER("alias %s", prop.name);
	}
	return true;
}

static bool same_as_libfdt(const struct fdt *fdt, const void *blob)
{
	fdt_difference[0] = '\0';
	if (fdt_check_full(blob, fdt->size))
		return DIFFER("libfdt refuses the blob");
	return same_nodes(fdt, blob) && same_reserves(fdt, blob) && same_chosen(fdt, blob) &&
	       same_aliases(fdt, blob);
}
