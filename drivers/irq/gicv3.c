// SPDX-License-Identifier: MIT
/*
 * GICv3 (IHI 0069H): a Distributor, a redistributor a CPU, and system registers. We are in the
 * Non-secure state, or in the only one; what the tree's firmware keeps Secure stays its own.
 */
#include "drivers/irq/gic-internal.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/percpu.h"

#define FRAME_BYTES 0x10000UL

#define GICD_CTLR_GRP0	  (1u << 0) /* seen from the Non-secure state: Group 1 without affinity */
#define GICD_CTLR_GRP1	  (1u << 1) /* Non-secure Group 1, in either view */
#define GICD_CTLR_ARE	  (1u << 4) /* affinity routing, in either view */
#define GICD_CTLR_RWP	  (1u << 31)
#define GICD_TYPER_RSS	  (1u << 26)
#define PIDR2		  0xffe8 /* of the Distributor and of each redistributor */
#define PIDR2_REVISION(v) ((v) >> 4 & 0xf)

/* Redistributor: RD_base, then SGI_base, whose registers are a Distributor's of one CPU. */
#define GICR_CTLR	      0x0000
#define GICR_TYPER	      0x0008
#define GICR_WAKER	      0x0014
#define GICR_IGRPMODR	      0x0d00 /* in SGI_base */
#define GICR_CTLR_RWP	      (1u << 3)
#define GICR_TYPER_VLPIS      (1UL << 1) /* two more frames */
#define GICR_TYPER_LAST	      (1UL << 4)
#define GICR_TYPER_AFFINITY   32
#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)
#define REDISTRIBUTOR_BYTES   (2 * FRAME_BYTES)

#define SRE_SRE	  (1UL << 0)
#define CTLR_CBPR (1UL << 0)
#define CTLR_EOI  (1UL << 1) /* EOImode: dropping the priority and deactivating apart */
#define CTLR_RSS  (1UL << 18)
#define IAR_INTID 0xffffffu

#define REGIONS_MAX 16

static struct gic_window distributor, regions[REGIONS_MAX];
static unsigned region_count;
static uint64_t stride; /* bytes from one redistributor to the next; 0: as each says */

static DEFINE_PER_CPU(uintptr_t, redistributor); /* RD_base of this CPU's */

/* GICR_TYPER has the affinity fields side by side, MPIDR_EL1 has Aff3 apart. */
static uint32_t packed_affinity(uint64_t mpidr)
{
	return (uint32_t)(field(mpidr, 39, 32) << 24 | field(mpidr, 23, 0));
}

static bool is_gicv3(uintptr_t frame)
{
	unsigned revision = PIDR2_REVISION(mmio_read32(frame + PIDR2));

	return revision == 3 || revision == 4;
}

static uint64_t step_after(uint64_t typer)
{
	if (stride)
		return stride;
	return typer & GICR_TYPER_VLPIS ? 2 * REDISTRIBUTOR_BYTES : REDISTRIBUTOR_BYTES;
}

/* RD_base of the redistributor of @affinity in @region, 0 if it is not there. */
static uintptr_t find_in(const struct gic_window *region, uint32_t affinity)
{
	uint64_t typer;

	for (uint64_t at = 0; at + REDISTRIBUTOR_BYTES <= region->size; at += step_after(typer)) {
		if (!is_gicv3(region->regs + at))
			return 0;
		typer = mmio_read64(region->regs + at + GICR_TYPER);
		if (typer >> GICR_TYPER_AFFINITY == affinity)
			return region->regs + at;
		if (typer & GICR_TYPER_LAST)
			return 0;
	}
	return 0;
}

static uintptr_t find_redistributor(uint32_t affinity)
{
	uintptr_t found = 0;

	for (unsigned i = 0; i < region_count && !found; i++)
		found = find_in(&regions[i], affinity);
	return found;
}

static int start_redistributor(uintptr_t rd)
{
	uintptr_t sgi = rd + FRAME_BYTES;
	int error;

	/* With two Security states WAKER is firmware's and reads as 0, awake. */
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~WAKER_PROCESSOR_SLEEP);
	error = gic_wait_clear(rd + GICR_WAKER, WAKER_CHILDREN_ASLEEP);
	if (error)
		return error;
	gic_reset_local(sgi);
	/* Non-secure Group 1; with two Security states these are firmware's too. */
	mmio_write32(sgi + GICD_IGROUPR, GIC_ALL_32);
	mmio_write32(sgi + GICR_IGRPMODR, 0);
	error = gic_wait_clear(rd + GICR_CTLR, GICR_CTLR_RWP); /* all off, before any is on */
	if (!error)
		mmio_write32(sgi + GICD_ISENABLER, GIC_SGIS);
	return error;
}

static int start_interface(void)
{
	write_sysreg(read_sysreg(icc_sre_el1) | SRE_SRE, icc_sre_el1);
	sysreg_sync(); /* the registers below exist only with SRE in force */
	if (!(read_sysreg(icc_sre_el1) & SRE_SRE))
		return -EPERM;
	write_sysreg(0, icc_igrpen1_el1);
	write_sysreg(GIC_PMR_ALL, icc_pmr_el1);
	write_sysreg(0, icc_bpr1_el1);
	write_sysreg(read_sysreg(icc_ctlr_el1) & ~(CTLR_CBPR | CTLR_EOI), icc_ctlr_el1);
	write_sysreg(0, icc_ap1r0_el1); /* nothing that firmware left active */
	sysreg_sync();			/* all that in force before the first interrupt */
	write_sysreg(1, icc_igrpen1_el1);
	sysreg_sync();
	return 0;
}

static int gicv3_cpu_init(void)
{
	uint64_t mpidr = read_sysreg(mpidr_el1);
	uintptr_t rd;
	int error;

	if (!field(read_sysreg(id_aa64pfr0_el1), 27, 24)) {
		log_printf("gicv3: CPU %lx has no GIC system registers\n", mpidr);
		return -ENXIO;
	}
	rd = find_redistributor(packed_affinity(mpidr));
	if (!rd) {
		log_printf("gicv3: no redistributor for CPU %lx\n", mpidr);
		return -ENXIO;
	}
	error = start_redistributor(rd);
	if (!error)
		error = start_interface();
	if (error)
		log_printf("gicv3: CPU %lx: %s\n", mpidr,
			   error == -EPERM ? "firmware keeps the system registers"
					   : "the redistributor does not answer");
	else
		this_cpu(redistributor) = rd;
	return error;
}

/* IHI 0069 11.1: the interface off, then the redistributor asleep, before power goes. */
static void gicv3_cpu_exit(void)
{
	uintptr_t rd = this_cpu(redistributor);

	if (!rd)
		return;
	write_sysreg(0, icc_igrpen1_el1);
	sysreg_sync();
	io_complete(); /* the interface is off before the redistributor is told to sleep */
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) | WAKER_PROCESSOR_SLEEP);
	/* Where WAKER is the Secure state's it stays as it is, and firmware does this. */
	if (mmio_read32(rd + GICR_WAKER) & WAKER_PROCESSOR_SLEEP)
		gic_wait_set(rd + GICR_WAKER, WAKER_CHILDREN_ASLEEP);
}

static int gicv3_enable(unsigned intid)
{
	uintptr_t rd = this_cpu(redistributor);

	return rd ? gic_enable_local(rd + FRAME_BYTES, intid) : -ENXIO;
}

static int gicv3_disable(unsigned intid)
{
	uintptr_t rd = this_cpu(redistributor);

	if (!rd)
		return -ENXIO;
	mmio_write32(rd + FRAME_BYTES + GICD_ICENABLER, 1u << intid);
	return gic_wait_clear(rd + GICR_CTLR, GICR_CTLR_RWP);
}

/* Affinities above 15 are reached by ranges of 16, where both ends can (ICC_SGI1R_EL1.RS). */
static bool reaches_range(uint64_t range)
{
	return !range || (read_sysreg(icc_ctlr_el1) & CTLR_RSS &&
			  mmio_read32(distributor.regs + GICD_TYPER) & GICD_TYPER_RSS);
}

static int gicv3_send_sgi(uint64_t affinity, unsigned sgi)
{
	uint64_t range = field(affinity, 7, 4);

	if (!reaches_range(range))
		return -ERANGE;
	write_sysreg(field(affinity, 39, 32) << 48 | range << 44 | field(affinity, 23, 16) << 32 |
			     (uint64_t)sgi << 24 | field(affinity, 15, 8) << 16 |
			     1UL << field(affinity, 3, 0),
		     icc_sgi1r_el1);
	sysreg_sync(); /* sent now: the caller may wait for the answer */
	return 0;
}

static uint32_t gicv3_acknowledge(void)
{
	return (uint32_t)read_sysreg(icc_iar1_el1);
}

static void gicv3_end(uint32_t acknowledged)
{
	write_sysreg(acknowledged, icc_eoir1_el1); /* in force by the exception's return */
}

/* Off, then affinity routing, then on: routing may not change while a group is enabled. */
static int start_distributor(void)
{
	uintptr_t ctlr = distributor.regs + GICD_CTLR;
	uint32_t off = mmio_read32(ctlr) & ~(GICD_CTLR_GRP0 | GICD_CTLR_GRP1 | GICD_CTLR_RWP);
	int error;

	mmio_write32(ctlr, off);
	error = gic_wait_clear(ctlr, GICD_CTLR_RWP);
	if (error)
		return error;
	gic_disable_spis(distributor.regs);
	mmio_write32(ctlr, off | GICD_CTLR_ARE);
	error = gic_wait_clear(ctlr, GICD_CTLR_RWP);
	if (error)
		return error;
	mmio_write32(ctlr, off | GICD_CTLR_ARE | GICD_CTLR_GRP1);
	return gic_wait_clear(ctlr, GICD_CTLR_RWP);
}

/* One cell or two, by whom the tree was written. 0 if there is none. */
static int read_stride(const struct fdt *fdt, int node)
{
	struct fdt_prop prop;
	uint32_t at = 0;

	stride = 0;
	if (fdt_get_prop(fdt, node, "redistributor-stride", &prop))
		return 0;
	if (prop.len % 4 || fdt_read_cells(&prop, &at, prop.len / 4, &stride))
		return -EINVAL;
	return stride < REDISTRIBUTOR_BYTES || stride > UINT32_MAX || stride % FRAME_BYTES ? -EINVAL
											   : 0;
}

static int map_regions(const struct fdt *fdt, int node, gic_map *map)
{
	uint32_t count = 1;
	int error = fdt_get_u32(fdt, node, "#redistributor-regions", &count);

	if (error == -EINVAL || !count || count > REGIONS_MAX)
		return -EINVAL;
	for (error = 0, region_count = 0; region_count < count && !error; region_count++)
		error = gic_map_window(fdt, node, 1 + region_count, REDISTRIBUTOR_BYTES, map,
				       &regions[region_count]);
	return error;
}

int gicv3_init(const struct fdt *fdt, int node, gic_map *map, const struct irq_controller **gic)
{
	static const struct irq_controller gicv3 = {
		.name = "GICv3",
		.intid_mask = IAR_INTID,
		.cpu_init = gicv3_cpu_init,
		.cpu_exit = gicv3_cpu_exit,
		.enable = gicv3_enable,
		.disable = gicv3_disable,
		.send_sgi = gicv3_send_sgi,
		.acknowledge = gicv3_acknowledge,
		.end = gicv3_end,
	};
	int error = gic_map_window(fdt, node, 0, FRAME_BYTES, map, &distributor);

	if (!error)
		error = read_stride(fdt, node);
	if (!error)
		error = map_regions(fdt, node, map);
	if (error)
		return error;
	if (!is_gicv3(distributor.regs))
		return -ENXIO;
	*gic = &gicv3;
	return start_distributor();
}
