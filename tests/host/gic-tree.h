// SPDX-License-Identifier: MIT
/*
 * Trees with a GIC and a timer for the drivers' host tests, and a model to go with them.
 */
#pragma once

#include <string.h>

#define fdt_check_header libfdt_check_header /* the one name that both readers have */
#include <libfdt.h>
#undef fdt_check_header

#include "drivers/irq/gic.h"
#include "tests/host/gic-model.h"
#include "tests/host/tap.h"

/* A tree with one GIC and one timer; 0 and NULL: what is usual. */
struct tree {
	const char *compatible;
	const char *status;
	unsigned interrupt_cells;
	unsigned stride_cells;
	uint64_t stride;
	unsigned regions; /* redistributor regions in `reg` */
	uint32_t regions_said;
	uint64_t region_size;
	const char *timer_names; /* `interrupt-names`, words separated by '|' */
	uint32_t timer_parent;
	bool no_reg;
};

static _Alignas(8) char blob[4096];
static struct fdt fdt;

static void put_reg(const struct tree *t, bool v2)
{
	static const uint64_t bases[] = { MODEL_REGION, MODEL_FAR };
	uint64_t reg[6], size = t->region_size ? t->region_size : 0x100000;
	unsigned n = 0;

	reg[n++] = cpu_to_fdt64(MODEL_DIST);
	reg[n++] = cpu_to_fdt64(MODEL_FRAME);
	for (unsigned i = 0; i < (t->regions ? t->regions : 1); i++) {
		reg[n++] = cpu_to_fdt64(v2 ? MODEL_CPUIF : bases[i]);
		reg[n++] = cpu_to_fdt64(v2 ? 0x2000 : size);
	}
	if (!t->no_reg)
		fdt_property(blob, "reg", reg, n * sizeof(reg[0]));
}

static void put_gic(const struct tree *t)
{
	const char *compatible = t->compatible ? t->compatible : "arm,gic-v3";

	fdt_begin_node(blob, "interrupt-controller@8000000");
	fdt_property_string(blob, "compatible", compatible);
	if (t->status)
		fdt_property_string(blob, "status", t->status);
	fdt_property_u32(blob, "#interrupt-cells", t->interrupt_cells ? t->interrupt_cells : 3);
	fdt_property_u32(blob, "phandle", 7);
	if (t->regions_said || t->regions)
		fdt_property_u32(blob, "#redistributor-regions",
				 t->regions_said ? t->regions_said : t->regions);
	if (t->stride_cells == 1)
		fdt_property_u32(blob, "redistributor-stride", (uint32_t)t->stride);
	if (t->stride_cells == 2)
		fdt_property_u64(blob, "redistributor-stride", t->stride);
	put_reg(t, !strcmp(compatible, "arm,gic-400"));
	fdt_end_node(blob);
}

static void put_timer(const struct tree *t)
{
	static const unsigned numbers[] = { 13, 14, 11, 10, 12 };
	unsigned cells = t->interrupt_cells == 4 ? 4 : 3;
	uint32_t interrupts[20] = { 0 };
	char names[64];

	for (unsigned i = 0; i < 5; i++) {
		interrupts[i * cells] = cpu_to_fdt32(1);
		interrupts[i * cells + 1] = cpu_to_fdt32(numbers[i]);
		interrupts[i * cells + 2] = cpu_to_fdt32(0xf04);
	}
	fdt_begin_node(blob, "timer");
	fdt_property_string(blob, "compatible", "arm,armv8-timer");
	fdt_property(blob, "interrupts", interrupts, 5 * cells * 4);
	if (t->timer_names) {
		snprintf(names, sizeof(names), "%s", t->timer_names);
		for (char *p = names; (p = strchr(p, '|'));)
			*p++ = '\0';
		fdt_property(blob, "interrupt-names", names, strlen(t->timer_names) + 1);
	}
	fdt_end_node(blob);
}

/* Builds @t, with the parent of all interrupts at the root. */
static void plant(const struct tree *t)
{
	fdt_create(blob, sizeof(blob));
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_property_u32(blob, "interrupt-parent", t->timer_parent ? t->timer_parent : 7);
	put_timer(t);
	put_gic(t);
	fdt_end_node(blob);
	fdt_finish(blob);
	if (fdt_open(&fdt, blob, sizeof(blob)))
		ok(false, "the test's tree: %s", fdt.error);
}

/* gic_init() with @t on the model as it is. */
__attribute__((unused)) static int init(const struct tree *t)
{
	plant(t);
	return gic_init(&fdt, model_map);
}

/* The same on a GIC fresh from reset. */
__attribute__((unused)) static int init_fresh(unsigned version, const struct tree *t)
{
	model_reset(version);
	return init(t);
}

__attribute__((unused)) static const struct tree v3 = { 0 }, v2 = { .compatible = "arm,gic-400" };

__attribute__((unused)) static void unbroken(const char *what)
{
	ok(!model.broken, "%s: no rule broken%s%s", what, model.broken ? ": " : "",
	   model.broken ? model.broken : "");
	if (model.broken)
		printf("# at %lx\n", model.broken_at);
}
