// SPDX-License-Identifier: MIT
/*
 * The Generic Interrupt Controller, version 2 or 3, as the FDT has it.
 * Sources: IHI 0048B (GICv2), IHI 0069H (GICv3), Linux's device tree bindings.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Maps @size bytes of registers at @pa as Device, for good. NULL: cannot. */
typedef void *gic_map(uint64_t pa, uint64_t size);

/* An interrupt as a device's node names it. */
struct gic_interrupt {
	unsigned intid;
	unsigned flags;	    /* how it is signalled: 1 rising, 2 falling edge, 4 high, 8 low level */
	uint32_t partition; /* phandle of the CPUs that this PPI belongs to; 0: all */
};

/*
 * Finds the tree's GIC and starts its Distributor, all SPIs off. Boot CPU, once, when
 * @map works; every CPU, this one too, then calls gic_cpu_init().
 *	-ENODEV		the tree has no GIC that is known here
 *	-EINVAL		its node is malformed, or a value is out of range
 *	-ENOMEM		@map failed
 *	-ENXIO		there is no such GIC where the tree says
 *	-ETIMEDOUT	the Distributor does not confirm a write
 */
int gic_init(const struct fdt *fdt, gic_map *map);

/*
 * Starts this CPU's part: no interrupt pending or active, PPIs off, SGIs on, all of them let
 * through; PSTATE still masks IRQs. Each CPU once, with TPIDR_EL1 (percpu.h) set.
 *	-ENODEV		gic_init() has not succeeded
 *	-ENXIO		GICv3: no redistributor has this CPU's affinity, or the CPU has no
 *			system registers for one; GICv2: the CPU has several interfaces
 *	-EPERM		GICv3: firmware does not let EL1 use the system registers
 *	-ETIMEDOUT	GICv3: the redistributor does not wake, or does not confirm
 */
int gic_cpu_init(void);

/* Before this CPU goes off: no interrupt reaches it any more. IRQs masked. */
void gic_cpu_exit(void);

/*
 * An interrupt specifier of @count cells: type (0 SPI, 1 PPI, 2 extended SPI, 3 extended PPI),
 * number, flags and, of four, the partition. -EINVAL: another count, type, or number.
 */
int gic_decode(const uint32_t *cells, unsigned count, struct gic_interrupt *interrupt);

/*
 * Entry @index of the `interrupts` of @node, whose interrupt parent is the GIC; after
 * gic_init(). -ENOENT: no such entry; -ENXIO: another parent; -EINVAL: as gic_decode().
 */
int gic_interrupt(const struct fdt *fdt, int node, unsigned index, struct gic_interrupt *interrupt);
