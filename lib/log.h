// SPDX-License-Identifier: MIT
/*
 * Text to the console. Printing never happens inside a measured region.
 */
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

struct console {
	/*
	 * Writes @len > 0 bytes as they are, waiting a bounded time for the device.
	 * The log has already turned "\n" into CR LF. IRQs are masked, one CPU at a time.
	 */
	void (*write)(const char *bytes, size_t len);

	/* The next byte that came in, or -1; never waits. NULL: this console cannot be read. */
	int (*read)(void);

	/*
	 * Waits, a bounded time, until the last byte is on the line: a reset would cut off what a
	 * FIFO still holds. NULL: what is written is out.
	 */
	void (*drain)(void);
};

/*
 * Names the console; what was logged before (the first 4 KiB of it, with a note of
 * how much more there was) is written then. Boot CPU, once.
 */
void log_set_console(const struct console *console);

/*
 * printf to the console (integers and strings only, 512 bytes a call, longer is cut
 * and ends in " [cut]\n"). What one call prints is never mixed with what another
 * CPU prints. MMU on (there is a lock), any context.
 */
void log_printf(const char *fmt, ...) __printf_like(1, 2);
void log_vprintf(const char *fmt, va_list ap) __printf_like(1, 0);

/* @len bytes, any length, "\n" turned into CR LF. Otherwise as log_printf(). */
void log_write(const char *bytes, size_t len);

/*
 * The next byte from the console, 0 to 255, without waiting for one:
 *	-EAGAIN	none has come
 *	-ENODEV	there is no console, or it cannot be read
 * Takes no lock, as nobody else reads: boot CPU.
 */
int log_read(void);

/* Returns once all that was logged has left the machine, or a bounded time later. */
void log_drain(void);

/*
 * From here on no lock is taken: the panic path prints even if the holder died in
 * the console, be it another CPU or this one. There is no way back.
 */
void log_break_lock(void);
