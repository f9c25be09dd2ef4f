// SPDX-License-Identifier: MIT
/*
 * What a device tree says about the machine: paths, compatibles, CPUs, PSCI and
 * /chosen. Devicetree Specification v0.4, 2.3.1, 2.3.4, 3.3, 3.6, 3.8.
 */
#include <string.h>

#include "lib/fdt/fdt.h"

/* MPIDR_EL1's Aff3 and Aff2..Aff0. */
#define MPIDR_AFFINITY 0xff00ffffffULL

/* The child of that name, or else the first that has it before its unit address. */
static int find_child(const struct fdt *fdt, int parent, const char *name, size_t len)
{
	int child, without_unit = -ENOENT;

	fdt_for_each_child (fdt, parent, child) {
		const char *found = fdt_name(fdt, child);

		if (!found || strncmp(found, name, len))
			continue;
		if (found[len] == '\0')
			return child;
		if (found[len] == '@' && without_unit < 0)
			without_unit = child;
	}
	return without_unit;
}

/* Follows @path, up to a ":" or its end, from @node down. */
static int descend(const struct fdt *fdt, int node, const char *path)
{
	for (;;) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/:");
		if (!len || node < 0)
			return node;
		node = find_child(fdt, node, path, len);
		path += len;
	}
}

/* What /aliases has under the first @len bytes of @name. Not itself an alias: no cycles. */
static const char *find_alias(const struct fdt *fdt, const char *name, size_t len)
{
	int aliases = find_child(fdt, fdt->root, "aliases", strlen("aliases"));
	struct fdt_prop prop = { 0 };

	while (fdt_next_prop(fdt, aliases, &prop)) {
		const char *path = fdt_next_str(&prop, NULL);

		if (!strncmp(prop.name, name, len) && prop.name[len] == '\0')
			return path && *path == '/' ? path : NULL;
	}
	return NULL;
}

int fdt_find_path(const struct fdt *fdt, const char *path)
{
	size_t len = strcspn(path, "/:");
	int node = fdt->root ? fdt->root : -ENOENT;

	if (*path != '/') {
		const char *alias = find_alias(fdt, path, len);

		node = alias ? descend(fdt, node, alias) : -ENOENT;
	}
	return descend(fdt, node, path + len);
}

bool fdt_is_compatible(const struct fdt *fdt, int node, const char *compatible)
{
	const char *name = NULL;
	struct fdt_prop list;

	if (fdt_get_prop(fdt, node, "compatible", &list))
		return false;
	while ((name = fdt_next_str(&list, name)))
		if (!strcmp(name, compatible))
			return true;
	return false;
}

int fdt_next_compatible(const struct fdt *fdt, int node, const char *compatible)
{
	int depth = FDT_MAX_DEPTH; /* deeper than any node: the walk leaves every subtree */

	do
		node = fdt_walk(fdt, node, &depth);
	while (node > 0 && !fdt_is_compatible(fdt, node, compatible));
	return node > 0 ? node : -ENOENT;
}

enum fdt_status fdt_get_status(const struct fdt *fdt, int node)
{
	struct fdt_prop prop;
	const char *status;

	if (fdt_get_prop(fdt, node, "status", &prop))
		return fdt_name(fdt, node) ? FDT_OKAY : FDT_FAIL;
	status = fdt_next_str(&prop, NULL);
	if (status && (!strcmp(status, "okay") || !strcmp(status, "ok")))
		return FDT_OKAY;
	return status && !strcmp(status, "disabled") ? FDT_DISABLED : FDT_FAIL;
}

static const char *read_mpidr(const struct fdt *fdt, int cpus, int node, uint64_t *mpidr)
{
	struct fdt_cells cells;
	struct fdt_prop reg;
	uint32_t at = 0;

	*mpidr = 0;
	if (fdt_get_prop(fdt, node, "reg", &reg))
		return "no reg";
	if (fdt_bus_cells(fdt, cpus, &cells) || fdt_read_cells(&reg, &at, cells.address, mpidr) ||
	    reg.len != 4 * at)
		return "malformed reg";
	if (*mpidr & ~MPIDR_AFFINITY) {
		*mpidr = 0;
		return "reg is no MPIDR";
	}
	return NULL;
}

bool fdt_next_cpu(const struct fdt *fdt, struct fdt_cpu *cpu)
{
	int cpus = fdt_find_path(fdt, "/cpus");
	int node = cpu->node ? fdt_next_sibling(fdt, cpu->node) : fdt_first_child(fdt, cpus);

	while (node > 0 && !fdt_is_type(fdt, node, "cpu"))
		node = fdt_next_sibling(fdt, node);
	*cpu = (struct fdt_cpu){ .node = node };
	if (node < 0)
		return false;
	cpu->skipped = read_mpidr(fdt, cpus, node, &cpu->mpidr);
	cpu->status = fdt_get_status(fdt, node);
	/* Devicetree v0.4, 3.7: what all have in common may stand in /cpus. */
	cpu->enable_method =
		fdt_get_str(fdt, node, "enable-method") ?: fdt_get_str(fdt, cpus, "enable-method");
	cpu->compatible = fdt_get_str(fdt, node, "compatible");
	return true;
}

static bool is_psci(const struct fdt *fdt, int node)
{
	return fdt_get_status(fdt, node) == FDT_OKAY &&
	       (fdt_is_compatible(fdt, node, "arm,psci-1.0") ||
		fdt_is_compatible(fdt, node, "arm,psci-0.2") ||
		fdt_is_compatible(fdt, node, "arm,psci"));
}

int fdt_get_psci(const struct fdt *fdt, struct fdt_psci *psci)
{
	int node = fdt->root, depth = 0;
	const char *method;

	while (node > 0 && !is_psci(fdt, node))
		node = fdt_walk(fdt, node, &depth);
	if (node <= 0)
		return -ENOENT;
	method = fdt_get_str(fdt, node, "method");
	if (!method || (strcmp(method, "smc") && strcmp(method, "hvc")))
		return -EINVAL;
	*psci = (struct fdt_psci){ .node = node, .smc = *method == 's' };
	return 0;
}

const char *fdt_bootargs(const struct fdt *fdt)
{
	const char *bootargs = fdt_get_str(fdt, fdt_find_path(fdt, "/chosen"), "bootargs");

	return bootargs ? bootargs : "";
}

int fdt_stdout(const struct fdt *fdt, const char **options)
{
	int chosen = fdt_find_path(fdt, "/chosen");
	const char *path = fdt_get_str(fdt, chosen, "stdout-path");
	const char *colon;

	if (!path)
		path = fdt_get_str(fdt, chosen, "linux,stdout-path");
	colon = path ? strchr(path, ':') : NULL;
	if (options)
		*options = colon ? colon + 1 : NULL;
	return path ? fdt_find_path(fdt, path) : -ENOENT;
}
