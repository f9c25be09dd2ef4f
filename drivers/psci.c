// SPDX-License-Identifier: MIT
/*
 * PSCI. Without a node nothing is called: SMC and HVC trap where no firmware listens.
 */
#include "drivers/psci.h"

#include "drivers/psci-call.h"
#include "lib/arm64/barrier.h"

static bool present;
static struct fdt_psci psci;

void psci_init(const struct fdt *fdt)
{
	present = fdt_get_psci(fdt, &psci) == 0;
}

const char *psci_method(void)
{
	return !present ? NULL : psci.smc ? "smc" : "hvc";
}

static void call(uint64_t function)
{
	if (!present)
		return;
	io_complete(); /* the last characters have reached the UART */
	psci_call(psci.smc, function);
}

void psci_system_off(void)
{
	call(PSCI_SYSTEM_OFF);
}

void psci_system_reset(void)
{
	call(PSCI_SYSTEM_RESET);
}
