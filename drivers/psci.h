// SPDX-License-Identifier: MIT
/*
 * PSCI: power through firmware, over HVC or SMC as the FDT says. Source: Arm DEN 0022.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* Reads the psci node; with one, it is how exit_run() switches off and resets. */
void psci_init(const struct fdt *fdt);

/* "hvc", "smc", or NULL without PSCI. */
const char *psci_method(void);
