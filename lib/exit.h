// SPDX-License-Identifier: MIT
/*
 * The end of a run.
 */
#pragma once

#include "lib/panic.h"

/* How the machine is switched off; a call returns if it cannot be done. */
struct power {
	void (*off)(void);
	void (*reset)(void);
	const char *off_note; /* said before off() is called, after which nothing can be; or NULL */
};

/* Whoever can switch the machine off says so, once, at boot. */
void set_power(const struct power *power);

/*
 * @halt makes the other CPUs stop for good, without waiting for those that do not listen, so
 * that nothing is printed into a report or after the exit line. Any context. Once, at boot.
 */
void set_halt_others(void (*halt)(void));

/*
 * @act puts something of the machine back as it must be before a reset or a power-off: called once,
 * before the exit line, if there is one, by whichever CPU ends the run, IRQs masked, maybe in a
 * panic. It may print.
 */
void set_last_act(void (*act)(void));

/*
 * For whoever reports what went wrong: the other CPUs are halted and the log's lock is broken.
 * Of two CPUs that come here the second stays here. Once the exit line is out (a semihosting
 * call that nobody answers is an exception), switches off. Returns whether this CPU has begun
 * its last words before: then the report itself went wrong.
 */
bool begin_last_words(void);

/* The last act, if it is not done, and off, without a word: nothing can be said any more. */
_Noreturn void end_silently(void);

/*
 * Prints `tlbed: exit status N`, the last line, and does what `exit=` says: power off,
 * reset, halt, or a semihosting exit with N (only when asked for: elsewhere it traps).
 * What cannot be done falls back to waiting for ever.
 */
_Noreturn void exit_run(int status);
