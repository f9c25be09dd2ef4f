// SPDX-License-Identifier: MIT
/*
 * What an RK3588's firmware takes for its CPUs' clocks, and what they may run at on the voltages
 * that they are given at boot. Pure, any context.
 */
#pragma once

#include "lib/fdt/fdt.h"

struct cpu_rates {
	const char *cpu;     /* compatible of the CPUs */
	const uint16_t *mhz; /* ascending, 0 at the end */
	unsigned boot_mhz;   /* the most at boot's voltages */
};

/* What is put back before a reset is no more: Linux's tree asks for it at boot too. */
#define RESET_MHZ 816

/* Divided down from a PLL on the crystal, so the same at each run (docs/rk3588-reference.md). */
#define CRYSTAL_MHZ 600

/* For the CPUs called @cpu (NULL: none) of @fdt's board; NULL: nothing is known. */
const struct cpu_rates *find_cpu_rates(const struct fdt *fdt, const char *cpu);

/* Whether this is such a board at all: `clk=` has a default there. */
bool has_cpu_rates(const struct fdt *fdt);

bool is_cpu_rate(const struct cpu_rates *rates, uint64_t mhz);

/* Whether @mhz is a rate of any CPUs. */
bool is_any_cpu_rate(uint64_t mhz);

/*
 * In MHz, what is put back where firmware said @handed_hz at hand-over: the highest rate that is
 * neither above that nor above RESET_MHZ, else the lowest (the crystal's 24 MHz is no rate).
 */
unsigned put_back_mhz(const struct cpu_rates *rates, uint64_t handed_hz);
