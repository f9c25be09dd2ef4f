// SPDX-License-Identifier: MIT
/*
 * Calls everything that lib/fdt/fdt.h has, on every node, and reads every byte that
 * comes back: for the fuzzer and for the tests with broken blobs. The blob sits
 * in a heap block of exactly its size, so that ASan sees a step outside.
 */
#pragma once

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fdt/fdt.h"

static volatile uint64_t fdt_sink;

/* @data[0..@len) lies in the blob. */
static void touch(const struct fdt *fdt, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	assert(bytes >= fdt->blob && len <= fdt->size);
	assert((size_t)(bytes - fdt->blob) <= fdt->size - len);
	for (size_t i = 0; i < len; i++)
		fdt_sink += bytes[i];
}

static void touch_str(const struct fdt *fdt, const char *string)
{
	if (string && *string)
		touch(fdt, string, strlen(string) + 1);
}

static void exercise_prop(const struct fdt *fdt, int node, const struct fdt_prop *prop)
{
	const char *string = NULL;
	struct fdt_prop found;
	uint32_t at, value;
	uint64_t cells;

	touch_str(fdt, prop->name);
	touch(fdt, prop->data, prop->len);
	while ((string = fdt_next_str(prop, string)))
		touch_str(fdt, string);
	for (unsigned n = 0; n <= 3; n++) {
		at = 0;
		while (!fdt_read_cells(prop, &at, n, &cells))
			fdt_sink += cells;
		assert(at <= prop->len / 4);
	}
	at = UINT32_MAX;
	assert(fdt_read_cells(prop, &at, 2, &cells) == -ENOENT);
	assert(!fdt_get_prop(fdt, node, prop->name, &found));
	fdt_get_u32(fdt, node, prop->name, &value);
	touch_str(fdt, fdt_get_str(fdt, node, prop->name));
}

static void exercise_node(const struct fdt *fdt, int node)
{
	struct fdt_prop prop = { 0 };
	int chain[FDT_MAX_DEPTH];
	struct fdt_cells cells;
	uint64_t base, size;
	unsigned index;

	touch_str(fdt, fdt_name(fdt, node));
	while (fdt_next_prop(fdt, node, &prop))
		exercise_prop(fdt, node, &prop);
	for (index = 0; index < 4; index++)
		fdt_get_reg(fdt, node, index, &base, &size);
	fdt_get_reg(fdt, node, UINT32_MAX, &base, &size);
	fdt_bus_cells(fdt, node, &cells);
	fdt_ancestors(fdt, node, chain);
	fdt_get_status(fdt, node);
	fdt_is_compatible(fdt, node, "arm,pl011");
	fdt_is_type(fdt, node, "memory");
}

static void exercise_regions(const struct fdt *fdt)
{
	bool (*const next[])(const struct fdt *, struct fdt_region *) = {
		fdt_next_ram,
		fdt_next_reserved,
		fdt_next_memreserve,
	};

	for (size_t i = 0; i < ARRAY_SIZE(next); i++) {
		struct fdt_region region = { 0 };

		while (next[i](fdt, &region)) {
			touch_str(fdt, region.name);
			assert(!region.skipped || (!region.base && !region.size));
			assert(region.skipped || region.base + region.size > region.base);
		}
		assert(!next[i](fdt, &region));
	}
}

static void exercise_machine(const struct fdt *fdt)
{
	struct fdt_cpu cpu = { 0 };
	struct fdt_psci psci;
	const char *options;

	while (fdt_next_cpu(fdt, &cpu)) {
		touch_str(fdt, cpu.enable_method);
		touch_str(fdt, cpu.compatible);
		fdt_sink += cpu.mpidr;
	}
	assert(!fdt_next_cpu(fdt, &cpu));
	fdt_get_psci(fdt, &psci);
	touch_str(fdt, fdt_bootargs(fdt));
	if (fdt_stdout(fdt, &options) > 0)
		touch_str(fdt, options);
	fdt_find_path(fdt, "");
	fdt_find_path(fdt, "/soc//deep/serial@100:x");
	fdt_find_path(fdt, "serial2/x");
	fdt_next_compatible(fdt, fdt->root, "snps,dw-apb-uart");
}

/* What a tree that passed fdt_open() guarantees besides. */
static void exercise_structure(const struct fdt *fdt, int node, int depth)
{
	int chain[FDT_MAX_DEPTH], child, count = 0;

	assert(fdt_name(fdt, node));
	assert(fdt_ancestors(fdt, node, chain) == depth && depth < FDT_MAX_DEPTH);
	fdt_for_each_child (fdt, node, child) {
		if (count++ < 4) {
			assert(fdt_ancestors(fdt, child, chain) == depth + 1);
			assert(chain[depth] == node);
		}
	}
}

/* Everything. @valid: fdt_open() has accepted these very bytes. */
static void fdt_exercise(const struct fdt *fdt, bool valid)
{
	int node = fdt->root, depth = 0;

	while (node > 0) {
		exercise_node(fdt, node);
		if (valid)
			exercise_structure(fdt, node, depth);
		node = fdt_walk(fdt, node, &depth);
	}
	exercise_regions(fdt);
	exercise_machine(fdt);
	exercise_node(fdt, -ENOENT);
	exercise_node(fdt, 0);
	exercise_node(fdt, 2);
	exercise_node(fdt, INT32_MAX);
}
