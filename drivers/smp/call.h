// SPDX-License-Identifier: MIT
/*
 * Interrupting other CPUs: a call in their interrupt context, and holding them all still.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Runs in an interrupt on another CPU, IRQs masked, that code's SIMD registers unsaved:
 * neither libc nor a SIMD primitive nor the log.
 */
typedef void smp_call_fn(void *arg);

/*
 * @fn(@arg) on @cpu, by an SGI, and waits until it returned. On the own CPU: at once, IRQs
 * masked. One call runs in the machine at a time; while it waits, a CPU serves calls to itself,
 * so two may call each other. No lock held; not from within @fn.
 *	-EINVAL		not online
 *	-ETIMEDOUT	it was not taken, or @fn did not return, within smp_patience_ms; one line
 *			says which. A call that was not taken will not be any more; one that did
 *			not return may still use @arg.
 */
int smp_call(unsigned cpu, smp_call_fn *fn, void *arg);

/* The same on every other online CPU, together. The first error, all others having been tried. */
int smp_call_others(smp_call_fn *fn, void *arg);

/*
 * Holds all other online CPUs: each acknowledges, then waits with IRQs masked in a loop that
 * touches nothing but its registers and one word of the kernel image, until resume_others().
 * They hold no lock then. IRQs are masked on this CPU until resume_others(), which leaves them
 * as they were. What is between the two neither waits for another CPU nor takes long.
 * No lock held. Returns 0, or, nobody held:
 *	-ETIMEDOUT	a CPU did not acknowledge within smp_patience_ms, or may run unheld as it
 *			came up or went off too late; one line names it
 */
int stop_others(void);
void resume_others(void);
