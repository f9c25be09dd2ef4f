// SPDX-License-Identifier: MIT
/*
 * Between the files of this folder.
 */
#pragma once

#include "drivers/smp/cpus.h"
#include "drivers/timer.h"

/* SGIs, taken by every CPU; 8 to 15 are the Secure state's by convention (DEN 0022). */
enum smp_sgi { SGI_WAKE, SGI_CALL, SGI_STOP, SGI_WHERE, SGI_HALT };

/* Takes the SGIs. */
void smp_init_calls(void);

/*
 * One CPU at a time asks others to do something in an interrupt, or changes which CPUs there
 * are; whoever waits for its turn does what it is asked meanwhile. No lock held.
 */
void smp_begin_asking(void);
void smp_end_asking(void);

/* On SGI_WHERE: prints where this CPU was, and stays here. */
_Noreturn void hang_tell(void);

/* What @cpu is doing: the function of its work slot, NULL: nothing. */
cpu_work *smp_work_of(unsigned cpu);

/* SGI @sgi for @cpu; a failure ends the run, as the CPU has been reached before. */
void smp_send(unsigned cpu, enum smp_sgi sgi);

/* This CPU waits for work, for ever. IRQs masked at first. */
_Noreturn void smp_idle(struct cpu *self);

/* Whether every CPU is known to run our code or to be off; if not, one line. */
bool smp_none_lost(void);

/* Its work slot is empty again: the CPU went off while it worked. */
void smp_forget_work(unsigned cpu);

/* This CPU goes off; its state is set already. */
_Noreturn void smp_switch_off(void);

/* "smp: CPU 3 (MPIDR 300) @what: @why", @why may be NULL. */
void smp_complain(const struct cpu *cpu, const char *what, const char *why);

/* CNTVCT's frequency by the boot CPU's CNTFRQ: another CPU's firmware may have forgotten its own.
 */
extern uint64_t smp_hz;

/* CNTVCT in @ms from now. */
static __always_inline uint64_t smp_deadline_ms(unsigned ms)
{
	return timer_ticks() + smp_hz * ms / 1000;
}

/* When smp_patience_ms from now are over, and whether they are: CNTVCT ticks. */
static __always_inline uint64_t smp_deadline(void)
{
	return smp_deadline_ms(smp_patience_ms);
}

static __always_inline bool smp_expired(uint64_t deadline)
{
	return timer_ticks() > deadline;
}
