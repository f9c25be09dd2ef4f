// SPDX-License-Identifier: MIT
/*
 * What interrupts and other CPUs need from boot: mappings and memory.
 */
#pragma once

#include "lib/fdt/fdt.h"

/*
 * Maps the GIC's registers, starts it and the timer's interrupt, and unmasks IRQs; what does
 * not work is said in one line, and the run goes on without. Boot CPU, before boot_memory():
 * the mapping is boot's, and no call that is measured finds the vmalloc region changed.
 */
void start_interrupts(const struct fdt *fdt);

/*
 * Finds the CPUs' clocks (drivers/scmi/clk.h), whose registers boot maps as it does the GIC's.
 * After psci_init(). Boot CPU, before boot_memory().
 */
void find_clocks(const struct fdt *fdt);

/* Who there is (drivers/smp/cpus.h); others can be started after boot_memory(). Boot CPU. */
void prepare_cpus(const struct fdt *fdt, uint64_t image_pa);
