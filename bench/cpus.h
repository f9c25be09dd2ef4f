// SPDX-License-Identifier: MIT
/*
 * Where the benches run: `cpu=`, `cpus=`, or the boot CPU.
 */
#pragma once

#include "drivers/smp/cpus.h"

/*
 * Whether the words that speak of CPUs mean some that exist. False: one line in @error. After
 * cpus_init().
 */
bool bench_cpus_valid(char *error, size_t size);

/* Whether CPUs were named, so that records name theirs: `@cpuN`. */
bool bench_cpus_named(void);

/*
 * Fills @list with those to measure on, in order; returns how many. `cpus=all` starts each CPU
 * once, to learn its MIDR, and takes the first of each kind; one that does not start is named.
 * *@failures counts those that should have and did not. Boot CPU.
 */
unsigned bench_cpus_select(unsigned list[NR_CPUS], int *failures);

/*
 * All CPUs but the boot CPU off, what they kept given back: nobody else runs while one measures.
 * Returns how many stayed on, which are named.
 */
int bench_cpus_off(void);
