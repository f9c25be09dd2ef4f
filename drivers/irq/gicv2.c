// SPDX-License-Identifier: MIT
/*
 * GICv2 (IHI 0048B): everything is memory-mapped, and what belongs to a CPU is banked: the
 * same address is another register on each.
 */
#include "drivers/irq/gic-internal.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"

#define GICD_BYTES	0x1000
#define GICD_ITARGETSR	0x800 /* of interrupts 0 to 31: one's own interface, read-only */
#define GICD_SGIR	0xf00
#define GICD_CPENDSGIR	0xf10 /* one byte an SGI, one bit a sender */
#define GICD_CTLR_ON	1u    /* Group 0; seen from the Non-secure state: Group 1 */
#define SGIR_TARGETS(m) ((uint32_t)(m) << 16)

#define GICC_BYTES   0x1000
#define GICC_CTLR    0x00
#define GICC_PMR     0x04
#define GICC_BPR     0x08
#define GICC_IAR     0x0c
#define GICC_EOIR    0x10
#define GICC_APR     0xd0
#define GICC_CTLR_ON 1u /* as above; not FIQs, and EOIR ends an interrupt in one step */

#define IAR_INTID 0x3ffu /* above it the sender of an SGI, which EOIR wants back */

#define INTERFACES 8
#define TAKEN	   (1UL << 63) /* affinity 0 is a CPU's too */

static struct gic_window distributor, interface;

/* TAKEN and the affinity of the CPU at each interface; a CPU writes its own. */
static uint64_t cpu_at[INTERFACES];

/* The bit of this CPU's interface. */
static uint32_t own_target(void)
{
	uint32_t targets = 0;

	/* Not every interrupt need exist; those that do all say the same. */
	for (unsigned i = 0; i < IRQ_LOCAL; i += 4)
		targets |= mmio_read32(distributor.regs + GICD_ITARGETSR + i);
	targets |= targets >> 16;
	targets |= targets >> 8;
	/* With one interface only, the registers read as 0 (IHI 0048 4.3.12). */
	return targets & 0xff ? targets & 0xff : 1;
}

static int gicv2_cpu_init(void)
{
	uint32_t target = own_target();
	uint64_t affinity = read_sysreg(mpidr_el1) & IRQ_AFFINITY;

	if (target & (target - 1)) {
		log_printf("gicv2: CPU %lx has interfaces %x\n", affinity, target);
		return -ENXIO;
	}
	gic_reset_local(distributor.regs);
	for (unsigned i = 0; i < IRQ_SGIS; i += 4)
		mmio_write32(distributor.regs + GICD_CPENDSGIR + i, GIC_ALL_32);
	/* Group 0 is what GICC_CTLR_ON lets in; the Non-secure state's are fixed and ignore it. */
	mmio_write32(distributor.regs + GICD_IGROUPR, 0);
	mmio_write32(distributor.regs + GICD_ISENABLER, GIC_SGIS);
	mmio_write32(interface.regs + GICC_APR, 0); /* nothing that firmware left active */
	mmio_write32(interface.regs + GICC_PMR, GIC_PMR_ALL);
	mmio_write32(interface.regs + GICC_BPR, 0);
	mmio_write32(interface.regs + GICC_CTLR, GICC_CTLR_ON);
	WRITE_ONCE(cpu_at[ilog2(target)], affinity | TAKEN);
	return 0;
}

static void gicv2_cpu_exit(void)
{
	mmio_write32(interface.regs + GICC_CTLR, 0);
}

static int gicv2_enable(unsigned intid)
{
	return gic_enable_local(distributor.regs, intid);
}

static int gicv2_disable(unsigned intid)
{
	mmio_write32(distributor.regs + GICD_ICENABLER, 1u << intid);
	/* The read is answered after the write took effect: GICv2 has no RWP to ask. */
	return mmio_read32(distributor.regs + GICD_ISENABLER) >> intid & 1 ? -EPERM : 0;
}

static int gicv2_send_sgi(uint64_t affinity, unsigned sgi)
{
	for (unsigned i = 0; i < INTERFACES; i++) {
		if (READ_ONCE(cpu_at[i]) != (affinity | TAKEN))
			continue;
		mmio_write32(distributor.regs + GICD_SGIR, SGIR_TARGETS(1u << i) | sgi);
		return 0;
	}
	return -ESRCH;
}

static uint32_t gicv2_acknowledge(void)
{
	return mmio_read32(interface.regs + GICC_IAR);
}

static void gicv2_end(uint32_t acknowledged)
{
	mmio_write32(interface.regs + GICC_EOIR, acknowledged);
}

int gicv2_init(const struct fdt *fdt, int node, gic_map *map, const struct irq_controller **gic)
{
	static const struct irq_controller gicv2 = {
		.name = "GICv2",
		.intid_mask = IAR_INTID,
		.cpu_init = gicv2_cpu_init,
		.cpu_exit = gicv2_cpu_exit,
		.enable = gicv2_enable,
		.disable = gicv2_disable,
		.send_sgi = gicv2_send_sgi,
		.acknowledge = gicv2_acknowledge,
		.end = gicv2_end,
	};
	int error = gic_map_window(fdt, node, 0, GICD_BYTES, map, &distributor);

	if (!error)
		error = gic_map_window(fdt, node, 1, GICC_BYTES, map, &interface);
	if (error)
		return error;
	mmio_write32(distributor.regs + GICD_CTLR, 0);
	gic_disable_spis(distributor.regs);
	mmio_write32(distributor.regs + GICD_CTLR, GICD_CTLR_ON);
	*gic = &gicv2;
	return 0;
}
