// SPDX-License-Identifier: MIT
/*
 * The early console: one page of device registers in a fixed slot.
 */
#define _GNU_SOURCE /* memmem() */
#include "boot/console.h"

#include <string.h>

#include "boot/memory.h"
#include "boot/tables.h"
#include "drivers/driver.h"
#include "lib/arm64/semihosting.h"
#include "lib/cmdline/options.h"
#include "mm/arm64/layout.h"
#include "mm/map/map.h"

static bool have_console;

static void use_console(const struct console_driver *driver, const struct fdt *fdt, int node,
			uint64_t base)
{
	uint64_t start = ALIGN_DOWN(base, PAGE_SIZE);

	boot_map(swapper_pg_dir, FIXED_CONSOLE, start,
		 ALIGN_UP(base + CONSOLE_BYTES, PAGE_SIZE) - start, PROT_DEVICE_nGnRE);
	have_console = true;
	log_set_console(driver->probe(fdt, node, (void *)(FIXED_CONSOLE + base % PAGE_SIZE)));
}

/* "pl011@9000000", "serial@ff000000", "uart@..." at @name, terminated before @end: its address. */
static bool uart_name(const char *name, const char *end, uint64_t *base)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const kinds[] = { "pl011@", "serial@", "uart@" };

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i]);
		uint64_t value = 0;
		const char *p;

		if (end - name < (long)len || memcmp(name, kinds[i], len))
			continue;
		for (p = name + len; p < end && *p; p++) {
			const char *digit = strchr(digits, *p);

			if (!digit || value >> 44)
				return false;
			value = value << 4 | (uint64_t)(digit - digits);
		}
		*base = value;
		return p < end && p > name + len && is_console_address(value, cpu_phys_end());
	}
	return false;
}

/* Bytes of a broken tree: a node's token (0, 0, 0, 1) and then a UART's name. */
static void try_bytes(const struct fdt *fdt, const char *bytes, uint64_t size)
{
	const struct console_driver *d;
	uint64_t base;

	for (uint64_t at = 0; at + 8 <= size; at += 4) {
		if (memcmp(bytes + at, "\0\0\0\1", 4) ||
		    !uart_name(bytes + at + 4, bytes + size, &base))
			continue;
		for_each_registered (d, drivers) {
			if (memmem(bytes, size, d->compatible, strlen(d->compatible) + 1)) {
				use_console(d, fdt, -ENOENT, base);
				return;
			}
		}
	}
}

/* As long as it likes, in pieces that end in NUL. */
static void semihosting_write(const char *bytes, size_t len)
{
	char piece[128];

	while (len) {
		size_t n = MIN(len, sizeof(piece) - 1);

		memcpy(piece, bytes, n);
		piece[n] = '\0';
		semihosting_call(SYS_WRITE0, piece);
		bytes += n;
		len -= n;
	}
}

void console_without_uart(void)
{
	static const struct console semihosting = { .write = semihosting_write };

	if (have_console || options.exit != EXIT_BY_SEMIHOSTING)
		return;
	have_console = true;
	log_printf("boot: no UART that is known here: whoever listens by semihosting reads this\n");
	log_set_console(&semihosting);
}

void start_console(const struct fdt *fdt, const void *bytes, uint64_t size)
{
	const struct console_driver *driver;
	uint64_t base;
	int node = find_console(fdt, cpu_phys_end(), &driver, &base);

	if (node > 0)
		use_console(driver, fdt, node, base);
	else
		try_bytes(fdt, bytes, size);
}
