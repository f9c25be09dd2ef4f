// SPDX-License-Identifier: MIT
/*
 * PSCI. Without a node nothing is called: SMC and HVC trap where no firmware listens.
 */
#include "drivers/psci.h"

#include "drivers/psci-call.h"
#include "lib/arm64/barrier.h"
#include "lib/exit.h"

static bool present;
static struct fdt_psci psci;

static void call(uint64_t function)
{
	io_complete(); /* the last characters have reached the UART */
	psci_call(psci.smc, function);
}

static void psci_system_off(void)
{
	call(PSCI_SYSTEM_OFF);
}

static void psci_system_reset(void)
{
	call(PSCI_SYSTEM_RESET);
}

void psci_init(const struct fdt *fdt)
{
	static const struct power psci_power = { .off = psci_system_off,
						 .reset = psci_system_reset };

	present = fdt_get_psci(fdt, &psci) == 0;
	if (present)
		set_power(&psci_power);
}

const char *psci_method(void)
{
	return !present ? NULL : psci.smc ? "smc" : "hvc";
}
