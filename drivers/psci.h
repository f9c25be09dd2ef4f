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

/* PSCI's error codes (DEN 0022 5.2.2), which the calls below return as they are. */
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID	   (-2)
#define PSCI_DENIED	   (-3)
#define PSCI_ALREADY_ON	   (-4)
#define PSCI_ON_PENDING	   (-5)
#define PSCI_INTERNAL	   (-6)
#define PSCI_DISABLED	   (-8)
#define PSCI_BAD_ADDRESS   (-9)

/* What psci_affinity_info() says of a CPU. */
#define PSCI_IS_ON	   0
#define PSCI_IS_OFF	   1
#define PSCI_IS_ON_PENDING 2

/*
 * The CPU named @mpidr (its affinity fields) starts at the physical address @entry, MMU off,
 * with @context in x0. 0: accepted, the CPU may come up later; or an error. Any context.
 */
int psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

/* Switches this CPU off; returns only with an error. IRQs masked. */
int psci_cpu_off(void);

/* PSCI_IS_ON, ... or an error. */
int psci_affinity_info(uint64_t mpidr);

/* Major in 30:16, minor in 15:0 (DEN 0022 5.1.1), or an error. Any context. */
int psci_version(void);

/* Whether the conduit is SMC (else HVC, or there is no PSCI). */
bool psci_by_smc(void);

/* "invalid parameters", ...: the error code's name in DEN 0022, in words. */
const char *psci_error_text(int error);
