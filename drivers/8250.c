// SPDX-License-Identifier: MIT
/*
 * 8250 console: polled, both ways. Only RBR, THR and LSR are touched: the line settings are the
 * boot loader's. A DesignWare UART ignores a write of LCR while it is busy, and LCR opens the way
 * to the divisor, so that neither is ever written, nor FCR, which would empty the FIFOs. IER is
 * as boot loaders leave it, 0: with its PTIME a DesignWare's THRE would mean that the FIFO is full.
 */
#include "drivers/8250.h"

#include "drivers/driver.h"

static struct uart_8250 uart;

/* It did not take a byte in time: no byte waits for it until it is seen to take one. */
static bool stuck;

static void uart_send(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/*
		 * THRE says that the whole FIFO is empty. One byte a time still keeps the line
		 * busy: it moves on to the shift register while the next one is fetched.
		 */
		stuck = !uart_wait(&uart, UART_LSR_THRE, stuck ? 1 : UART_SPIN_LIMIT);
		if (!stuck)
			uart_write(&uart, UART_THR, (uint8_t)bytes[i]);
	}
}

/* LSR[4:1] say what went wrong with a byte. Dropped: noise is for the reader to recognise. */
static int uart_receive(void)
{
	return uart_read(&uart, UART_LSR) & UART_LSR_DR ? (int)uart_read(&uart, UART_RBR) : -1;
}

/* TEMT, not USR's busy bit, which a byte that nobody fetched keeps up. */
static void uart_drain(void)
{
	uart_wait(&uart, UART_LSR_TEMT, stuck ? 1 : UART_SPIN_LIMIT);
}

static const struct console uart_console = { .write = uart_send,
					     .read = uart_receive,
					     .drain = uart_drain };

static bool uart_accepts(const struct fdt *fdt, int node)
{
	struct uart_8250 layout;

	return !uart_8250_layout(fdt, node, 0, &layout);
}

static const struct console *uart_probe(const struct fdt *fdt, int node, void *regs)
{
	stuck = false;
	return uart_8250_layout(fdt, node, (uintptr_t)regs, &uart) ? NULL : &uart_console;
}

/*
 * DesignWare's: of a tree that is broken (no @node) the usual layout. A busy detect that the boot
 * loader left pending, by writing LCR too early, is an interrupt for whoever lets any through;
 * reading USR clears it.
 */
static const struct console *dw_probe(const struct fdt *fdt, int node, void *regs)
{
	const struct console *console = uart_probe(fdt, node, regs);

	if (console && node < 0) {
		uart.shift = 2;
		uart.width = 4;
	}
	if (console && (uart_read(&uart, UART_IIR) & UART_IIR_ID) == UART_IIR_BUSY_DETECT)
		uart_read(&uart, UART_USR);
	return console;
}

CONSOLE_DRIVER(dw_apb_uart, .compatible = "snps,dw-apb-uart", .accepts = uart_accepts,
	       .probe = dw_probe);
CONSOLE_DRIVER(ns16550a, .compatible = "ns16550a", .accepts = uart_accepts, .probe = uart_probe);
CONSOLE_DRIVER(ns16550, .compatible = "ns16550", .accepts = uart_accepts, .probe = uart_probe);
