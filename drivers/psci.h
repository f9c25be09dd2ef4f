// SPDX-License-Identifier: MIT
/*
 * PSCI: power through firmware, over HVC or SMC as the FDT says. Source: Arm DEN 0022.
 */
#pragma once

#include "lib/fdt.h"

/* Reads the psci node. Without one (or with a bad method) the calls below do nothing. */
void psci_init(const struct fdt *fdt);

/* "hvc", "smc", or NULL without PSCI. */
const char *psci_method(void);

/* Return only if there is no PSCI or firmware refused. Any CPU, IRQs masked. */
void psci_system_off(void);
void psci_system_reset(void);
