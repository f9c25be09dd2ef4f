// SPDX-License-Identifier: MIT
/*
 * `silicon-check`: what only a board can answer, as one block that can be pasted
 * (docs/rk3588.md).
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Whether the word was given. */
bool silicon_check_asked(void);

/*
 * Gathers the facts of the machine and, one at a time, of every CPU, and prints the block. The
 * others are off meanwhile. Each CPU takes bounded time. Returns how many CPUs should have
 * answered and did not. Boot CPU.
 */
int silicon_check(const struct fdt *fdt);
