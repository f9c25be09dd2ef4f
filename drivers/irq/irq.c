// SPDX-License-Identifier: MIT
/*
 * The table of handlers, and the way of one interrupt through it. No libc: the exception
 * returns to code whose SIMD registers nobody saved.
 */
#include <errno.h>

#include "drivers/irq/irq.h"
#include "lib/arm64/barrier.h"
#include "lib/percpu.h"

#define INTID_SPECIAL	   1020u /* to 1023: there is nothing to handle, nothing to end */
#define INTID_SPECIAL_LAST 1023u

static const struct irq_controller *controller;
static struct {
	irq_handler *fn;
	void *arg;
} handlers[IRQ_LOCAL];

static DEFINE_PER_CPU(struct irq_counts, counts);

void irq_set_controller(const struct irq_controller *new_controller)
{
	controller = new_controller;
}

const char *irq_controller_name(void)
{
	return controller ? controller->name : NULL;
}

const struct irq_counts *irq_counts(void)
{
	return &this_cpu(counts);
}

int irq_set_handler(unsigned intid, irq_handler *fn, void *arg)
{
	if (intid >= IRQ_LOCAL)
		return -EINVAL;
	handlers[intid].arg = arg;
	handlers[intid].fn = fn;
	return 0;
}

int irq_enable(unsigned intid)
{
	if (intid >= IRQ_LOCAL)
		return -EINVAL;
	if (!controller)
		return -ENODEV;
	io_complete(); /* the handler is in the table before it can be looked for */
	return controller->enable(intid);
}

int irq_disable(unsigned intid)
{
	if (intid >= IRQ_LOCAL)
		return -EINVAL;
	return controller ? controller->disable(intid) : -ENODEV;
}

int irq_send_sgi(uint64_t target_mpidr, unsigned sgi)
{
	if (sgi >= IRQ_SGIS)
		return -EINVAL;
	if (!controller)
		return -ENODEV;
	/*
	 * All earlier stores are seen before the SGI is. DSB, not DMB: GICv3 sends by a system
	 * register, which no DMB orders (Arm ARM K13.4, "Using a mailbox to send an interrupt";
	 * IHI 0069, "Observability of the effects of accesses to the GIC registers").
	 */
	io_complete();
	return controller->send_sgi(target_mpidr & IRQ_AFFINITY, sgi);
}

/* A device that nobody listens to would interrupt for ever. */
static void take_unexpected(unsigned intid)
{
	struct irq_counts *mine = &this_cpu(counts);

	mine->unexpected++;
	mine->last_unexpected = intid;
	if (intid >= IRQ_SGIS && intid < IRQ_LOCAL)
		controller->disable(intid);
}

static void handle(unsigned intid)
{
	/*
	 * DSB: the controller sees the acknowledgement before the handler quiets the device (IHI
	 * 0069, "Observability ..."). ISB: the handler's loads come after it, so they read what
	 * the sender of an SGI wrote before.
	 */
	io_complete();
	sysreg_sync();
	if (intid < IRQ_LOCAL && handlers[intid].fn) {
		this_cpu(counts).handled++;
		handlers[intid].fn(handlers[intid].arg);
	} else {
		take_unexpected(intid);
	}
	/* ISB, DSB: by register or memory, the device was told before the interrupt ends. */
	sysreg_sync();
	io_complete();
}

void irq_dispatch(void)
{
	uint32_t acknowledged, intid;

	if (!controller) {
		this_cpu(counts).spurious++;
		return;
	}
	acknowledged = controller->acknowledge();
	intid = acknowledged & controller->intid_mask;
	if (intid >= INTID_SPECIAL && intid <= INTID_SPECIAL_LAST) {
		this_cpu(counts).spurious++;
		return;
	}
	handle(intid);
	controller->end(acknowledged);
}
