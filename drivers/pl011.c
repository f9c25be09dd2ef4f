// SPDX-License-Identifier: MIT
/*
 * PL011 console: polled, both ways. The line settings are the firmware's.
 */
#include "drivers/pl011.h"

#include "drivers/driver.h"

static uintptr_t pl011_regs;

static void pl011_write(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		pl011_send(pl011_regs, bytes[i]);
}

/* DR[11:8] say what went wrong with a byte. Dropped: noise is for the reader to recognise. */
static int pl011_read_byte(void)
{
	if (pl011_read(pl011_regs, PL011_FR) & PL011_FR_RXFE)
		return -1;
	return pl011_read(pl011_regs, PL011_DR) & 0xff;
}

static void pl011_drain(void)
{
	pl011_wait_clear(pl011_regs, PL011_FR_BUSY);
}

static const struct console pl011_console = { .write = pl011_write,
					      .read = pl011_read_byte,
					      .drain = pl011_drain };

static const struct console *pl011_probe(const struct fdt *fdt, int node, void *regs)
{
	(void)fdt;
	(void)node;
	pl011_regs = (uintptr_t)regs;
	return &pl011_console;
}

CONSOLE_DRIVER(pl011, .compatible = "arm,pl011", .probe = pl011_probe);
CONSOLE_DRIVER(sbsa_uart, .compatible = "arm,sbsa-uart", .probe = pl011_probe);
