// SPDX-License-Identifier: MIT
/*
 * The log: one lock, one console, and a buffer for what is said before there is one.
 */
#include "lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/lock.h"

#define LINE_BYTES  512
#define EARLY_BYTES (4 * KiB)

static spinlock_t log_lock = SPINLOCK(LOCK_LOG);
static bool log_lock_broken;
static const struct console *log_console;

/* The beginning is kept, not the end: the banner and the first complaint are there. */
static char early[EARLY_BYTES];
static size_t early_bytes, early_lost_bytes;

/* Returns whether the lock was taken, thus whether end() must give it back. */
static bool begin(uint64_t *flags)
{
	*flags = local_irq_save();
	if (READ_ONCE(log_lock_broken))
		return false;
	raw_spin_lock(&log_lock);
	return true;
}

static void end(bool locked, uint64_t flags)
{
	if (locked)
		raw_spin_unlock(&log_lock);
	local_irq_restore(flags);
}

static void keep_early(const char *bytes, size_t len)
{
	size_t kept = MIN(len, EARLY_BYTES - early_bytes);

	memcpy(early + early_bytes, bytes, kept);
	early_bytes += kept;
	early_lost_bytes += len - kept;
}

/* Terminals and UART loggers want CR LF; doing it here keeps every driver to bytes. */
static void to_console(const char *bytes, size_t len)
{
	while (len) {
		const char *newline = memchr(bytes, '\n', len);
		size_t text = newline ? (size_t)(newline - bytes) : len;

		if (text)
			log_console->write(bytes, text);
		if (!newline)
			return;
		log_console->write("\r\n", 2);
		bytes = newline + 1;
		len -= text + 1;
	}
}

void log_write(const char *bytes, size_t len)
{
	uint64_t flags;
	bool locked = begin(&flags);

	if (log_console)
		to_console(bytes, len);
	else
		keep_early(bytes, len);
	end(locked, flags);
}

void log_vprintf(const char *fmt, va_list ap)
{
	static const char cut[] = " [cut]\n";
	char line[LINE_BYTES];
	int len = vsnprintf(line, sizeof(line), fmt, ap);

	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line)) {
		len = sizeof(line) - 1;
		memcpy(line + sizeof(line) - sizeof(cut), cut, sizeof(cut));
	}
	log_write(line, len);
}

void log_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(fmt, ap);
	va_end(ap);
}

void log_set_console(const struct console *console)
{
	uint64_t flags;
	bool locked = begin(&flags);

	log_console = console;
	to_console(early, early_bytes);
	end(locked, flags);
	if (early_lost_bytes)
		log_printf("\n[%lu bytes logged before the console were lost]\n",
			   (unsigned long)early_lost_bytes);
	early_bytes = early_lost_bytes = 0;
}

int log_read(void)
{
	int byte;

	if (!log_console || !log_console->read)
		return -ENODEV;
	byte = log_console->read();
	return byte < 0 ? -EAGAIN : byte;
}

void log_drain(void)
{
	uint64_t flags;
	bool locked = begin(&flags);

	if (log_console && log_console->drain)
		log_console->drain();
	end(locked, flags);
}

void log_break_lock(void)
{
	WRITE_ONCE(log_lock_broken, true);
}
