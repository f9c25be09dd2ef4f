// SPDX-License-Identifier: MIT
/*
 * `flush=` and `tlbi=`: how translations are forgotten, and the workaround for cores that are too
 * quick to say that they have been.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Puts both in force, by the options and by what CPUs the tree has. Boot CPU, nobody unmaps. */
void apply_tlbi_options(const struct fdt *fdt);

/* The banner's line about them. After apply_tlbi_options(). */
void print_tlbi(void);
