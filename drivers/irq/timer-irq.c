// SPDX-License-Identifier: MIT
/*
 * CNTV_CTL and CNTV_CVAL (Arm ARM D12): the compare value is 64 bits, so that no span is too
 * long. The interrupt is a level: it ends when the timer is off.
 */
#include "drivers/irq/timer-irq.h"

#include <string.h>

#include "drivers/irq/gic.h"
#include "drivers/irq/irq.h"
#include "drivers/timer.h"
#include "lib/percpu.h"

#define CTL_ENABLE  (1UL << 0)
#define CTL_ISTATUS (1UL << 2)
#define NS_PER_S    1000000000UL

/* The binding's order where there are no names: secure, physical, virtual, ... */
#define VIRTUAL_INDEX 2u

static unsigned timer_intid; /* 0, an SGI: not known yet */
static DEFINE_PER_CPU(timer_irq_handler *, timer_fn);

static void set_control(uint64_t control)
{
	write_sysreg(control, cntv_ctl_el0);
	sysreg_sync(); /* the level has changed before the interrupt ends, or IRQs are unmasked */
}

static void timer_expired(void *arg)
{
	uint64_t control = read_sysreg(cntv_ctl_el0);
	timer_irq_handler *fn = this_cpu(timer_fn);

	(void)arg;
	/* Off, or started anew, since the level was sampled. */
	if ((control & (CTL_ENABLE | CTL_ISTATUS)) != (CTL_ENABLE | CTL_ISTATUS))
		return;
	set_control(0);
	fn();
}

static unsigned virtual_index(const struct fdt *fdt, int node)
{
	const char *name = NULL;
	struct fdt_prop names;
	unsigned index = 0;

	if (fdt_get_prop(fdt, node, "interrupt-names", &names))
		return VIRTUAL_INDEX;
	while ((name = fdt_next_str(&names, name)) && strcmp(name, "virt"))
		index++;
	return name ? index : UINT16_MAX;
}

int timer_irq_init(const struct fdt *fdt)
{
	int node = fdt_next_compatible(fdt, fdt->root, "arm,armv8-timer");
	struct gic_interrupt interrupt;
	int error;

	if (fdt_get_status(fdt, node) != FDT_OKAY)
		return -ENODEV;
	error = gic_interrupt(fdt, node, virtual_index(fdt, node), &interrupt);
	if (error)
		return error;
	error = irq_set_handler(interrupt.intid, timer_expired, NULL);
	if (!error)
		timer_intid = interrupt.intid;
	return error;
}

int timer_irq_start(uint64_t ticks, timer_irq_handler *fn)
{
	uint64_t flags, now;
	int error;

	if (!timer_intid)
		return -ENODEV;
	flags = local_irq_save();
	set_control(0);
	this_cpu(timer_fn) = fn;
	error = irq_enable(timer_intid);
	if (!error) {
		now = timer_ticks();
		write_sysreg(ticks < UINT64_MAX - now ? now + ticks : UINT64_MAX, cntv_cval_el0);
		set_control(CTL_ENABLE);
	}
	local_irq_restore(flags);
	return error;
}

void timer_irq_stop(void)
{
	set_control(0);
}

uint64_t timer_irq_ticks(uint64_t ns)
{
	uint64_t hz = timer_hz(), whole, rest;

	if (!hz || __builtin_mul_overflow(ns / NS_PER_S, hz, &whole))
		return UINT64_MAX;
	/* Below 10^9 * 2^32: no overflow. */
	rest = DIV_ROUND_UP(ns % NS_PER_S * hz, NS_PER_S);
	return __builtin_add_overflow(whole, rest, &whole) ? UINT64_MAX : whole;
}
