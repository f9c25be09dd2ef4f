// SPDX-License-Identifier: MIT
/*
 * Last words with the MMU off: for a core or an exception level that the image cannot
 * run on. Linked with its own copy of the FDT reader and of the string functions, all
 * built for strict alignment, under the prefix early_ (see the Makefile).
 */
#include "drivers/8250.h"
#include "drivers/driver.h"
#include "drivers/pl011.h"
#include "drivers/psci-call.h"
#include "lib/fdt/fdt.h"
#include "mm/arm64/layout.h"

#define FDT_SIZE_MAX (2 * MiB)

/*
 * Prints @reason and the exit line on the tree's console, powers off, stays. @tree: the
 * FDT's physical address or NULL. MMU off, any exception level, a stack but no BSS.
 */
_Noreturn void refuse(const void *tree, const char *reason);

/* The one console, of either kind. */
struct uart {
	uintptr_t pl011;	  /* 0: none */
	struct uart_8250 ns16550; /* regs is 0: none */
};

static void print(const struct uart *uart, const char *text)
{
	for (; *text; text++) {
		if (uart->pl011)
			pl011_send(uart->pl011, *text);
		else if (uart->ns16550.regs &&
			 uart_wait(&uart->ns16550, UART_LSR_THRE, UART_SPIN_LIMIT))
			uart_write(&uart->ns16550, UART_THR, (uint8_t)*text);
	}
}

/* The switch that follows would cut off what a FIFO still holds. */
static void drain(const struct uart *uart)
{
	if (uart->pl011)
		pl011_wait_clear(uart->pl011, PL011_FR_BUSY);
	else if (uart->ns16550.regs)
		uart_wait(&uart->ns16550, UART_LSR_TEMT, UART_SPIN_LIMIT);
}

/* Whether @node is a UART that can be driven; then @uart is it. No table: it would have addresses.
 */
static bool is_uart(const struct fdt *fdt, int node, struct uart *uart)
{
	uint64_t base, size;

	uart->pl011 = uart->ns16550.regs = 0;
	if (fdt_get_reg(fdt, node, 0, &base, &size) || !is_console_address(base, PHYS_END))
		return false;
	if (fdt_is_compatible(fdt, node, "arm,pl011") ||
	    fdt_is_compatible(fdt, node, "arm,sbsa-uart"))
		uart->pl011 = base;
	else if (fdt_is_compatible(fdt, node, "snps,dw-apb-uart") ||
		 fdt_is_compatible(fdt, node, "ns16550a") ||
		 fdt_is_compatible(fdt, node, "ns16550"))
		uart_8250_layout(fdt, node, base, &uart->ns16550);
	return uart->pl011 || uart->ns16550.regs;
}

/* As find_console(): what stdout-path names, else the first that is okay. */
static void find_uart(const struct fdt *fdt, struct uart *uart)
{
	int node = fdt->root, depth = 0;

	if (is_uart(fdt, fdt_stdout(fdt, NULL), uart))
		return;
	while ((node = fdt_walk(fdt, node, &depth)) > 0)
		if (fdt_get_status(fdt, node) == FDT_OKAY && is_uart(fdt, node, uart))
			return;
}

_Noreturn void refuse(const void *tree, const char *reason)
{
	struct fdt_psci psci;
	struct uart uart;
	uint64_t level;
	struct fdt fdt;

	fdt_open(&fdt, tree, tree ? FDT_SIZE_MAX : 0);
	find_uart(&fdt, &uart);
	print(&uart, "\r\n");
	print(&uart, reason);
	print(&uart, "\r\ntlbed: exit status 3\r\n");
	drain(&uart);
	asm volatile("mrs %0, CurrentEL" : "=r"(level));
	/* At EL3 there is no firmware below to call. */
	if (level >> 2 < 3 && fdt_get_psci(&fdt, &psci) == 0)
		psci_call(psci.smc, PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		asm volatile("wfi");
}
