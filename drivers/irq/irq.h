// SPDX-License-Identifier: MIT
/*
 * Interrupts of a CPU: who handles which, and what happens from the exception to the end
 * of the interrupt. The controller (gic.h) is behind struct irq_controller.
 *
 * An INTID is the GIC's number: 0 to 15 SGIs (sent by software), 16 to 31 PPIs (one device
 * a CPU), 32 to 1019 SPIs. SGIs and PPIs are handled; SPIs stay off, no driver wants one.
 */
#pragma once

#include "lib/compiler.h"

#define IRQ_SGIS  16u
#define IRQ_LOCAL 32u /* SGIs and PPIs */

#define IRQ_AFFINITY 0xff00ffffffUL /* what names a CPU in MPIDR_EL1 */

/*
 * Runs in the exception, IRQs masked, on the CPU that was interrupted and on its stack, with
 * that code's SIMD registers unsaved: neither libc nor a SIMD primitive nor the log. ELR_EL1
 * is where it was interrupted; frame pointers lead back through it.
 */
typedef void irq_handler(void *arg);

/* What a controller can do; all for the CPU that calls, any context. */
struct irq_controller {
	const char *name;
	uint32_t intid_mask; /* the INTID in what acknowledge() returned */
	int (*cpu_init)(void);
	void (*cpu_exit)(void);
	int (*enable)(unsigned intid);
	int (*disable)(unsigned intid);
	int (*send_sgi)(uint64_t affinity, unsigned sgi);
	uint32_t (*acknowledge)(void);
	void (*end)(uint32_t acknowledged);
};

/* Of one CPU. */
struct irq_counts {
	uint64_t handled;
	uint64_t spurious;   /* gone before it was acknowledged, or not ours: INTIDs 1020 to 1023 */
	uint64_t unexpected; /* without a handler; a PPI is then disabled on this CPU */
	unsigned last_unexpected;
};

/* From gic_init(): boot CPU, before any other call here. */
void irq_set_controller(const struct irq_controller *new_controller);

/*
 * @fn(@arg) handles @intid, on every CPU; NULL takes the handler away. Before irq_enable(),
 * or while no CPU can take @intid. -EINVAL: @intid is not below IRQ_LOCAL.
 */
int irq_set_handler(unsigned intid, irq_handler *fn, void *arg);

/*
 * Lets @intid interrupt this CPU, or no longer: then it is not taken after the call, even if
 * it is pending. gic_cpu_init() has enabled the SGIs: for one of them irq_enable() asks
 * whether that worked.
 *	-EINVAL		@intid is not below IRQ_LOCAL
 *	-ENODEV		no controller
 *	-ENXIO		GICv3: gic_cpu_init() has not succeeded on this CPU
 *	-EPERM		firmware keeps @intid for the Secure state
 *	-ETIMEDOUT	GICv3: the redistributor does not confirm
 */
int irq_enable(unsigned intid);
int irq_disable(unsigned intid);

/*
 * SGI @sgi for the CPU whose MPIDR_EL1 has the affinity fields of @target_mpidr; its other
 * bits are ignored. The sender's own CPU may be the target. What was written to memory
 * before the call is seen by the handler.
 *	-EINVAL		@sgi is not below IRQ_SGIS
 *	-ENODEV		no controller
 *	-ESRCH		GICv2: no CPU of that affinity has run gic_cpu_init()
 *	-ERANGE		GICv3: Aff0 above 15, and the controller has no range selector
 */
int irq_send_sgi(uint64_t target_mpidr, unsigned sgi);

/*
 * From the IRQ vector, everything saved but SIMD: acknowledges one interrupt, runs its
 * handler, ends it. More that are pending come by exceptions of their own.
 */
void irq_dispatch(void);

/* This CPU's. */
const struct irq_counts *irq_counts(void);

/* "GICv2", "GICv3"; NULL: no controller. */
const char *irq_controller_name(void);
