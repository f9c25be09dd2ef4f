// SPDX-License-Identifier: MIT
/*
 * Drivers bind by FDT `compatible` and register themselves.
 */
#pragma once

#include "lib/fdt/fdt.h"
#include "lib/log.h"
#include "lib/registry.h"

/* A console: boot maps its registers as Device and hands them over. */
struct console_driver {
	const char *compatible;
	/* Whether what @node says of its registers can be driven; NULL: whatever it says. */
	bool (*accepts)(const struct fdt *fdt, int node);
	/* @regs: virtual address of the registers. Inherits the firmware's line settings. */
	const struct console *(*probe)(const struct fdt *fdt, int node, void *regs);
};

REGISTRY(struct console_driver, drivers);

#define CONSOLE_DRIVER(ident, ...) REGISTER(struct console_driver, drivers, ident) = { __VA_ARGS__ }

/*
 * The console of the machine: what stdout-path names, else the first device of the tree that is
 * okay, in the order of the drivers; of those that a driver knows and that have registers below
 * @phys_end. *@base is their physical address. -ENOENT: there is none.
 */
int find_console(const struct fdt *fdt, uint64_t phys_end, const struct console_driver **driver,
		 uint64_t *base);

/*
 * The same of a tree that fdt_open() refused, whose @size bytes are at @bytes: the driver, for a
 * node that is none; NULL: no console can be seen in it.
 */
const struct console_driver *guess_console(const void *bytes, uint64_t size, uint64_t phys_end,
					   uint64_t *base);

/* Registers of a console: within so many bytes, which may cross a page. */
#define CONSOLE_BYTES 256

/* Whether registers may be at @base: aligned, and below @phys_end. */
static inline bool is_console_address(uint64_t base, uint64_t phys_end)
{
	return base % 4 == 0 && base < phys_end - CONSOLE_BYTES;
}
