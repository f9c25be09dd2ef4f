// SPDX-License-Identifier: MIT
/*
 * Last words with the MMU off: for a core or an exception level that the image cannot
 * run on. Linked with its own copy of the FDT reader and of the string functions, all
 * built for strict alignment, under the prefix early_ (see the Makefile).
 */
#include "drivers/pl011.h"
#include "drivers/psci-call.h"
#include "lib/fdt/fdt.h"

#define FDT_SIZE_MAX (2 * MiB)

/*
 * Prints @reason and the exit line on the tree's console, powers off, stays. @tree: the
 * FDT's physical address or NULL. MMU off, any exception level, a stack but no BSS.
 */
_Noreturn void refuse(const void *tree, const char *reason);

static void print(uintptr_t uart, const char *text)
{
	if (!uart)
		return;
	while (*text)
		pl011_send(uart, *text++);
}

static uintptr_t find_uart(const struct fdt *fdt)
{
	int node = fdt_stdout(fdt, NULL);
	uint64_t base, size;

	if (!fdt_is_compatible(fdt, node, "arm,pl011") || fdt_get_reg(fdt, node, 0, &base, &size))
		return 0;
	return base;
}

_Noreturn void refuse(const void *tree, const char *reason)
{
	struct fdt_psci psci;
	uint64_t level;
	struct fdt fdt;
	uintptr_t uart;

	fdt_open(&fdt, tree, tree ? FDT_SIZE_MAX : 0);
	uart = find_uart(&fdt);
	print(uart, "\r\n");
	print(uart, reason);
	print(uart, "\r\ntlbed: exit status 3\r\n");
	asm volatile("mrs %0, CurrentEL" : "=r"(level));
	/* At EL3 there is no firmware below to call. */
	if (level >> 2 < 3 && fdt_get_psci(&fdt, &psci) == 0)
		psci_call(psci.smc, PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		asm volatile("wfi");
}
