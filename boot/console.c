// SPDX-License-Identifier: MIT
/*
 * The early console: one page of device registers in a fixed slot.
 */
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

void start_console(const struct fdt *fdt, const void *tree, uint64_t size)
{
	const struct console_driver *driver;
	uint64_t base;
	int node = find_console(fdt, cpu_phys_end(), &driver, &base);

	if (node < 0)
		driver = fdt->error ? guess_console(tree, size, cpu_phys_end(), &base) : NULL;
	if (driver)
		use_console(driver, fdt, node, base);
}
