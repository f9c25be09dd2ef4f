// SPDX-License-Identifier: MIT
/*
 * What both versions of the GIC share. Registers and bits that GICv2 and GICv3 have at the
 * same place in the Distributor (IHI 0048B 4.3, IHI 0069H 12.9).
 */
#pragma once

#include "drivers/irq/gic.h"
#include "drivers/irq/irq.h"
#include "lib/mmio.h"

#define GICD_CTLR	0x000
#define GICD_TYPER	0x004
#define GICD_IGROUPR	0x080
#define GICD_ISENABLER	0x100
#define GICD_ICENABLER	0x180
#define GICD_ICPENDR	0x280
#define GICD_ICACTIVER	0x380
#define GICD_IPRIORITYR 0x400

#define GIC_ALL_32 UINT32_MAX
#define GIC_SGIS   0x0000ffffu

/* One priority for all, so that none preempts another: four interrupts a register. */
#define GIC_PRIORITIES 0xa0a0a0a0u
#define GIC_PMR_ALL    0xffu /* lets them all through; bits that a GIC lacks read as 0 */

/* Entry @index of `reg`, of at least @least bytes, mapped. */
struct gic_window {
	uintptr_t regs;
	uint64_t size;
};

/* -EINVAL: no such entry, malformed, or too small; -ENOMEM: @map failed. */
int gic_map_window(const struct fdt *fdt, int node, unsigned index, uint64_t least, gic_map *map,
		   struct gic_window *window);

/* Until all of @bits at @address read as 0. -ETIMEDOUT: too many reads, a second or less. */
int gic_wait_clear(uintptr_t address, uint32_t bits);

/* The same until all of @bits read as 1. */
int gic_wait_set(uintptr_t address, uint32_t bits);

/* Switches off all SPIs: firmware may have left some enabled. */
void gic_disable_spis(uintptr_t distributor);

/*
 * The 32 interrupts of a CPU, whose registers are at @regs as in a Distributor: all off, none
 * pending or active, one priority.
 */
void gic_reset_local(uintptr_t regs);

/* Enables @intid at @regs. -EPERM: the bit stays 0, the interrupt is the Secure state's. */
int gic_enable_local(uintptr_t regs, unsigned intid);

/* Start the Distributor at @node; the CPUs' parts are cpu_init()'s. Errors as gic_init(). */
int gicv2_init(const struct fdt *fdt, int node, gic_map *map, const struct irq_controller **gic);
int gicv3_init(const struct fdt *fdt, int node, gic_map *map, const struct irq_controller **gic);
