// SPDX-License-Identifier: MIT
/*
 * The way of an interrupt from its acknowledgement to its end, in order, whatever its
 * number; and the timer's, from the tree to its handler.
 */
// sources: drivers/irq/irq.c drivers/irq/gic.c drivers/irq/gicv2.c drivers/irq/gicv3.c drivers/timer.c drivers/irq/timer-irq.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c tests/host/gic-model.c
// libs: -lfdt
#include <errno.h>

#include "drivers/irq/irq.h"
#include "drivers/irq/timer-irq.h"
#include "lib/arm64/sysreg.h"
#include "tests/host/gic-tree.h"

#define TIMER_INTID 27u

static void test_before_init(void)
{
	model_reset(3);
	ok(gic_cpu_init() == -ENODEV && irq_enable(3) == -ENODEV && irq_disable(3) == -ENODEV &&
		   irq_send_sgi(0, 1) == -ENODEV && !irq_controller_name(),
	   "without a controller: -ENODEV");
	irq_dispatch();
	ok(irq_counts()->spurious == 1, "without a controller: spurious");
	ok(timer_irq_start(1, NULL) == -ENODEV, "without a timer: -ENODEV");
	plant(&v3);
	ok(timer_irq_init(&fdt) == -ENOENT, "the timer's interrupt needs the GIC first");
}

static unsigned handled;

static void handler(void *arg)
{
	handled += *(unsigned *)arg;
	write_sysreg(0, icc_sgi1r_el1); /* leaves its word in the events */
}

static void dispatch(uint32_t acknowledge)
{
	model.acknowledge = acknowledge;
	model.ended = UINT32_MAX;
	model.events[0] = '\0';
	irq_dispatch();
}

static void test_dispatch(void)
{
	unsigned one = 1;
	struct irq_counts was;

	init_fresh(3, &v3);
	gic_cpu_init();
	was = *irq_counts();
	for (unsigned intid = 0; intid < IRQ_LOCAL; intid++)
		irq_set_handler(intid, handler, &one);
	for (unsigned intid = 0; intid < IRQ_LOCAL; intid++) {
		dispatch(intid);
		if (handled != intid + 1 || model.ended != intid)
			break;
	}
	ok(handled == IRQ_LOCAL && irq_counts()->handled == was.handled + IRQ_LOCAL,
	   "all SGIs and PPIs reach their handlers and are ended");
	ok(model_events("acknowledge dsb isb sgi isb dsb end "), "barriers around the handler");
	ok(irq_set_handler(IRQ_LOCAL, handler, &one) == -EINVAL &&
		   irq_set_handler(UINT32_MAX, handler, &one) == -EINVAL &&
		   irq_enable(IRQ_LOCAL) == -EINVAL && irq_disable(UINT32_MAX) == -EINVAL,
	   "the table ends at the PPIs: -EINVAL");
	for (unsigned special = 1020; special < 1024; special++)
		dispatch(special);
	ok(model_events("acknowledge ") && model.ended == UINT32_MAX &&
		   irq_counts()->spurious == was.spurious + 4,
	   "spurious ones are not ended");
	dispatch(40);
	ok(model.ended == 40 && irq_counts()->last_unexpected == 40, "an SPI is unexpected, ended");
	dispatch(8192);
	ok(model.ended == 8192 && irq_counts()->unexpected == was.unexpected + 2, "so is an LPI");
	irq_set_handler(20, NULL, NULL);
	irq_set_handler(2, NULL, NULL);
	irq_enable(20);
	dispatch(2);
	dispatch(20);
	ok(model.redistributor[0].enabled == 0xffff && model.ended == 20 && handled == IRQ_LOCAL,
	   "a PPI that nobody handles is off then, an SGI stays on");
	unbroken("dispatch");
	for (unsigned intid = 0; intid < IRQ_LOCAL; intid++)
		irq_set_handler(intid, NULL, NULL);
	init_fresh(2, &v2);
	gic_cpu_init();
	model.sre = 1; /* only for the handler's word */
	irq_set_handler(3, handler, &one);
	dispatch(0x1c03);
	ok(handled == IRQ_LOCAL + 1 && model.ended == 0x1c03, "GICv2 gets the SGI's sender back");
	irq_set_handler(3, NULL, NULL);
}

static void test_timer_tree(void)
{
	static const struct {
		struct tree t;
		int error;
		const char *what;
	} cases[] = {
		{ { .timer_names = NULL }, 0, "third without names" },
		{ { .interrupt_cells = 4 }, 0, "third, four cells" },
		{ { .timer_names = "sec-phys|phys|virt|hyp-phys|hyp-virt" }, 0, "by name" },
		{ { .timer_names = "phys|hyp-phys|virt" }, 0, "by name, others missing" },
		{ { .timer_names = "phys|virtual" }, -ENOENT, "no name fits" },
		{ { .timer_parent = 9 }, -ENXIO, "of another controller" },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		int error;

		init_fresh(3, &cases[n].t);
		error = timer_irq_init(&fdt);
		ok(error == cases[n].error, "the timer's interrupt: %s: %d", cases[n].what, error);
	}
}

static void fired(void)
{
	handled++;
}

static void test_timer(void)
{
	init_fresh(3, &v3);
	gic_cpu_init();
	timer_irq_init(&fdt);
	handled = 0;
	model.cntvct = 1000;
	ok(!timer_irq_start(500, fired) && model.cntv_ctl == 1 && model.cntv_cval == 1500 &&
		   model.redistributor[0].enabled >> TIMER_INTID & 1,
	   "started: compare value, PPI %u on", TIMER_INTID);
	dispatch(TIMER_INTID);
	ok(!handled && model.cntv_ctl == 1, "an interrupt before the time is not it");
	model.cntvct = 1500;
	dispatch(TIMER_INTID);
	ok(handled == 1 && !model.cntv_ctl, "at its time, once, off after it");
	ok(model_events("acknowledge dsb isb isb isb dsb end "), "off before the end");
	dispatch(TIMER_INTID);
	ok(handled == 1, "not again");
	timer_irq_start(0, fired);
	timer_irq_stop();
	dispatch(TIMER_INTID);
	ok(handled == 1 && !model.cntv_ctl, "stopped: never");
	timer_irq_start(UINT64_MAX, fired);
	ok(model.cntv_cval == UINT64_MAX, "too long is for ever, not at once");
	model.secure = 1u << TIMER_INTID;
	irq_disable(TIMER_INTID);
	ok(timer_irq_start(0, fired) == -EPERM && !model.cntv_ctl, "a PPI that firmware keeps");
	unbroken("timer");
}

static void test_ticks(void)
{
	static const struct {
		uint64_t hz, ns, ticks;
	} cases[] = {
		{ 1000000000, 0, 0 },
		{ 1000000000, 123, 123 },
		{ 1000000000, UINT64_MAX, UINT64_MAX },
		{ 24000000, 1, 1 },
		{ 24000000, 41, 1 },
		{ 24000000, 42, 2 },
		{ 24000000, 1000000000, 24000000 },
		{ 24000000, 1000000001, 24000001 },
		{ 4000000000, UINT64_MAX, UINT64_MAX },
		{ 0, 1, UINT64_MAX },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		model.cntfrq = cases[n].hz;
		ok(timer_irq_ticks(cases[n].ns) == cases[n].ticks, "%lu ns at %lu Hz: %lu ticks",
		   cases[n].ns, cases[n].hz, timer_irq_ticks(cases[n].ns));
	}
}

int main(void)
{
	test_before_init();
	test_dispatch();
	test_timer_tree();
	test_timer();
	test_ticks();
	return tap_done();
}
