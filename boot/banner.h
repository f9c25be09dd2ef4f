// SPDX-License-Identifier: MIT
/*
 * What a reader of a log needs to trust its figures.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Build, board, CPU and translation regime. After `platform` is filled. */
void print_banner(void);

/* How fast this CPU runs, or what its clock is. Takes the PMU. Boot CPU, once. */
void print_clock(const struct fdt *fdt);

/*
 * RAM and what was made of it. After boot_memory(), which took @instructions, modulo 2^32; 0: this
 * machine does not count them.
 */
void print_memory(uint32_t instructions);
