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
	/* @regs: virtual address of the registers. Inherits the firmware's line settings. */
	const struct console *(*probe)(const struct fdt *fdt, int node, void *regs);
};

REGISTRY(struct console_driver, drivers);

#define CONSOLE_DRIVER(ident, ...) REGISTER(struct console_driver, drivers, ident) = { __VA_ARGS__ }

/* The driver for @node, NULL if none here knows it. */
const struct console_driver *find_console_driver(const struct fdt *fdt, int node);
