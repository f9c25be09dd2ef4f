// SPDX-License-Identifier: MIT
/*
 * Finding somebody to talk to.
 */
#pragma once

#include "lib/fdt/fdt.h"

/*
 * The console that the tree's stdout-path names, else its first device that a console
 * driver knows. Of one that is malformed (@fdt is empty then) the @size bytes that are
 * mapped at @tree are searched for it, so that the one line about that is seen. Without any, output
 * goes nowhere. Boot CPU, MMU on, once.
 */
void start_console(const struct fdt *fdt, const void *tree, uint64_t size);

/*
 * Without a UART, and with `exit=semihosting`, which says that a debugger listens: that one is the
 * console, for what was said before too (as far as the log kept it). Once the options are read.
 */
void console_without_uart(void);
