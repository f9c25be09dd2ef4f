// SPDX-License-Identifier: MIT
/*
 * The 8250 family's registers, for the driver and for boot's last words before the MMU is on.
 * Sources: TI PC16550D data sheet; DesignWare DW_apb_uart databook (USR, busy detect); what a
 * node says of their layout: the devicetree bindings serial/8250 and snps,dw-apb-uart.
 */
#pragma once

#include "lib/fdt/fdt.h"
#include "lib/mmio.h"

/* Numbers of registers; bytes apart are 1 << shift. */
#define UART_RBR 0 /* read: the next byte that came */
#define UART_THR 0 /* write: the next byte to send */
#define UART_IIR 2
#define UART_LSR 5
#define UART_USR 31 /* DesignWare only */

#define UART_LSR_DR   (1u << 0) /* RBR has a byte */
#define UART_LSR_THRE (1u << 5) /* THR, or the FIFO behind it, is empty */
#define UART_LSR_TEMT (1u << 6) /* and so is the shift register: nothing is left to send */

#define UART_IIR_ID	     0xfu
#define UART_IIR_BUSY_DETECT 7u

/* Registers are within so many bytes of the node's address. */
#define UART_BYTES 256

/* 64 bytes at 9600 baud take 67 ms, and a read some 100 ns; a dead UART must not hang the run. */
#define UART_SPIN_LIMIT (1u << 22)

struct uart_8250 {
	uintptr_t regs; /* of register 0 */
	uint32_t shift; /* log2 of the bytes from one register to the next */
	uint32_t width; /* of an access, in bytes: 1, 2 or 4 */
};

/* The cell @name of @node; @otherwise where there is none. False: it is not one cell. */
static __always_inline bool uart_cell(const struct fdt *fdt, int node, const char *name,
				      uint32_t otherwise, uint32_t *value)
{
	int error = fdt_get_u32(fdt, node, name, value);

	if (error == -ENOENT)
		*value = otherwise;
	return !error || error == -ENOENT;
}

/*
 * Fills @uart from what @node says: reg-shift (0), reg-io-width (1), reg-offset (0). @base: where
 * the node's registers are seen. -EINVAL: a layout that is malformed, or that no such UART has.
 */
static __always_inline int uart_8250_layout(const struct fdt *fdt, int node, uintptr_t base,
					    struct uart_8250 *uart)
{
	uint32_t offset;

	if (!uart_cell(fdt, node, "reg-shift", 0, &uart->shift) ||
	    !uart_cell(fdt, node, "reg-io-width", 1, &uart->width) ||
	    !uart_cell(fdt, node, "reg-offset", 0, &offset))
		return -EINVAL;
	if (uart->width != 1 && uart->width != 2 && uart->width != 4)
		return -EINVAL;
	/* An access that is wider than the step would take two registers. */
	if (uart->shift > 2 || uart->width > 1u << uart->shift || offset % uart->width)
		return -EINVAL;
	if (offset > UART_BYTES - (32u << uart->shift))
		return -EINVAL;
	uart->regs = base + offset;
	return 0;
}

static __always_inline uint32_t uart_read(const struct uart_8250 *uart, unsigned reg)
{
	uintptr_t address = uart->regs + ((uintptr_t)reg << uart->shift);

	if (uart->width == 4)
		return mmio_read32(address) & 0xff;
	return (uart->width == 2 ? mmio_read16(address) : mmio_read8(address)) & 0xff;
}

static __always_inline void uart_write(const struct uart_8250 *uart, unsigned reg, uint8_t value)
{
	uintptr_t address = uart->regs + ((uintptr_t)reg << uart->shift);

	if (uart->width == 4)
		mmio_write32(address, value);
	else if (uart->width == 2)
		mmio_write16(address, value);
	else
		mmio_write8(address, value);
}

/* Whether @bit of LSR is there within @reads reads, at least one. */
static __always_inline bool uart_wait(const struct uart_8250 *uart, uint32_t bit, unsigned reads)
{
	do
		if (uart_read(uart, UART_LSR) & bit)
			return true;
	while (--reads);
	return false;
}
