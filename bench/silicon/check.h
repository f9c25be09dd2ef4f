// SPDX-License-Identifier: MIT
/*
 * `silicon-check`: what only a board can answer, as one block that can be pasted
 * (docs/rk3588-reference.md).
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Whether the word was given, and silicon_check() has not run since. */
bool silicon_check_asked(void);

/*
 * Gathers the facts of the machine and, one at a time, of every CPU, as they were handed over; does
 * what `clk=` says, which is then left to it; measures; and prints the block. The other CPUs are
 * off meanwhile. Each takes bounded time. Returns how often one should have answered and did not.
 * Boot CPU.
 */
int silicon_check(const struct fdt *fdt);
