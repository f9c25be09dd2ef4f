// SPDX-License-Identifier: MIT
/*
 * The generic timer's virtual timer: one interrupt a CPU, once, at a time from now. Its
 * clock is timer_ticks() (timer.h).
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Runs as an irq_handler (irq.h): IRQs masked, no libc, no SIMD. May start the timer again. */
typedef void timer_irq_handler(void);

/*
 * Learns the interrupt from the tree and takes it; after gic_init(). Boot CPU, once.
 * -ENODEV: no generic timer in the tree; -ENOENT: it has no virtual timer; -EINVAL, -ENXIO:
 * what it has is no PPI of the GIC.
 */
int timer_irq_init(const struct fdt *fdt);

/*
 * @fn runs on this CPU, once, @ticks from now or a little later (0: as soon as IRQs are not
 * masked); what was started before is off. After gic_cpu_init(). -ENODEV: no timer_irq_init();
 * else as irq_enable().
 */
int timer_irq_start(uint64_t ticks, timer_irq_handler *fn);

/* This CPU's timer is off, @fn will not run. Without an effect if it was not started. */
void timer_irq_stop(void);

/* Ticks that last at least @ns; UINT64_MAX, which is never: too long, or timer_hz() is 0. */
uint64_t timer_irq_ticks(uint64_t ns);
