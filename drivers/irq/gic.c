// SPDX-License-Identifier: MIT
/*
 * Which GIC there is, how its tree names interrupts, and what both versions do alike.
 */
#include "drivers/irq/gic.h"

#include "drivers/irq/gic-internal.h"
#include "lib/arm64/cpu.h"

/* Generous: each read of a device takes some 100 ns. */
#define WAIT_READS 1000000u

enum { TYPE_SPI, TYPE_PPI, TYPE_ESPI, TYPE_EPPI, TYPES };

static const struct {
	unsigned first, count; /* INTIDs, IHI 0069 2.2 */
} types[TYPES] = {
	[TYPE_SPI] = { 32, 988 },
	[TYPE_PPI] = { 16, 16 },
	[TYPE_ESPI] = { 4096, 1024 },
	[TYPE_EPPI] = { 1056, 64 },
};

static const struct {
	const char *compatible;
	int (*init)(const struct fdt *, int, gic_map *, const struct irq_controller **);
} known[] = {
	{ "arm,gic-v3", gicv3_init },
	{ "arm,gic-400", gicv2_init },
	{ "arm,cortex-a15-gic", gicv2_init },
	{ "arm,cortex-a7-gic", gicv2_init },
};

static const struct irq_controller *gic;
static int gic_node;
static uint32_t gic_cells; /* of an interrupt specifier */

int gic_decode(const uint32_t *cells, unsigned count, struct gic_interrupt *interrupt)
{
	if (count != 3 && count != 4)
		return -EINVAL;
	if (cells[0] >= TYPES || cells[1] >= types[cells[0]].count)
		return -EINVAL;
	interrupt->intid = types[cells[0]].first + cells[1];
	interrupt->flags = cells[2] & 0xf; /* GICv2 has a mask of CPUs above */
	interrupt->partition = count == 4 ? cells[3] : 0;
	return 0;
}

/* Whether @node, or the nearest node above that says so, names the GIC as interrupt parent. */
static bool parent_is_gic(const struct fdt *fdt, int node)
{
	int chain[FDT_MAX_DEPTH], depth = fdt_ancestors(fdt, node, chain);
	uint32_t parent, phandle;

	while (fdt_get_u32(fdt, node, "interrupt-parent", &parent)) {
		if (depth <= 0)
			return true; /* nobody says: there is only one */
		node = chain[--depth];
	}
	return !fdt_get_u32(fdt, gic_node, "phandle", &phandle) && phandle == parent;
}

int gic_interrupt(const struct fdt *fdt, int node, unsigned index, struct gic_interrupt *interrupt)
{
	uint32_t cells[4], at = index * gic_cells;
	struct fdt_prop prop;
	uint64_t cell;

	if (!gic || fdt_get_prop(fdt, node, "interrupts", &prop))
		return -ENOENT;
	if (!parent_is_gic(fdt, node))
		return -ENXIO;
	if (index >= prop.len / sizeof(uint32_t) / gic_cells)
		return -ENOENT;
	for (unsigned i = 0; i < gic_cells; i++) {
		if (fdt_read_cells(&prop, &at, 1, &cell))
			return -ENOENT;
		cells[i] = (uint32_t)cell;
	}
	return gic_decode(cells, gic_cells, interrupt);
}

static int start(const struct fdt *fdt, int node, unsigned kind, gic_map *map)
{
	const struct irq_controller *found;
	uint32_t cells;
	int error;

	if (fdt_get_u32(fdt, node, "#interrupt-cells", &cells) || (cells != 3 && cells != 4))
		return -EINVAL;
	error = known[kind].init(fdt, node, map, &found);
	if (error)
		return error;
	gic = found;
	gic_node = node;
	gic_cells = cells;
	irq_set_controller(gic);
	return 0;
}

int gic_init(const struct fdt *fdt, gic_map *map)
{
	for (unsigned kind = 0; kind < ARRAY_SIZE(known); kind++) {
		int node = fdt->root;

		while ((node = fdt_next_compatible(fdt, node, known[kind].compatible)) > 0)
			if (fdt_get_status(fdt, node) == FDT_OKAY)
				return start(fdt, node, kind, map);
	}
	return -ENODEV;
}

int gic_cpu_init(void)
{
	return gic ? gic->cpu_init() : -ENODEV;
}

void gic_cpu_exit(void)
{
	if (gic)
		gic->cpu_exit();
}

int gic_map_window(const struct fdt *fdt, int node, unsigned index, uint64_t least, gic_map *map,
		   struct gic_window *window)
{
	uint64_t base;

	if (fdt_get_reg(fdt, node, index, &base, &window->size) || window->size < least)
		return -EINVAL;
	window->regs = (uintptr_t)map(base, window->size);
	return window->regs ? 0 : -ENOMEM;
}

static int wait_for(uintptr_t address, uint32_t bits, uint32_t value)
{
	for (unsigned reads = 0; reads < WAIT_READS; reads++) {
		if ((mmio_read32(address) & bits) == value)
			return 0;
		cpu_relax();
	}
	return -ETIMEDOUT;
}

int gic_wait_clear(uintptr_t address, uint32_t bits)
{
	return wait_for(address, bits, 0);
}

int gic_wait_set(uintptr_t address, uint32_t bits)
{
	return wait_for(address, bits, bits);
}

void gic_disable_spis(uintptr_t distributor)
{
	/* TYPER.ITLinesNumber: 32 interrupts a register, and register 0 is the CPUs' own. */
	unsigned registers = (mmio_read32(distributor + GICD_TYPER) & 0x1f) + 1;

	for (unsigned i = 1; i < registers; i++)
		mmio_write32(distributor + GICD_ICENABLER + 4 * i, GIC_ALL_32);
}

void gic_reset_local(uintptr_t regs)
{
	mmio_write32(regs + GICD_ICENABLER, GIC_ALL_32);
	mmio_write32(regs + GICD_ICPENDR, GIC_ALL_32);
	mmio_write32(regs + GICD_ICACTIVER, GIC_ALL_32);
	for (unsigned i = 0; i < IRQ_LOCAL; i += 4)
		mmio_write32(regs + GICD_IPRIORITYR + i, GIC_PRIORITIES);
}

int gic_enable_local(uintptr_t regs, unsigned intid)
{
	mmio_write32(regs + GICD_ISENABLER, 1u << intid);
	return mmio_read32(regs + GICD_ISENABLER) >> intid & 1 ? 0 : -EPERM;
}
