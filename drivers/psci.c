// SPDX-License-Identifier: MIT
/*
 * PSCI. Without a node nothing is called: SMC and HVC trap where no firmware listens.
 */
#include "drivers/psci.h"

#include "drivers/board.h"
#include "drivers/psci-call.h"
#include "lib/arm64/barrier.h"
#include "lib/exit.h"
#include "lib/log.h"

static bool present;
static struct fdt_psci psci;

static void call(uint64_t function)
{
	io_complete(); /* the last characters have reached the UART */
	psci_call(psci.smc, function, 0, 0, 0);
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
	static struct power psci_power = { .off = psci_system_off, .reset = psci_system_reset };
	const struct board *board = find_board(fdt);
	int error = fdt_get_psci(fdt, &psci);

	psci_power.off_note = board ? board->off_note : NULL;
	present = error == 0;
	if (present)
		set_power(&psci_power);
	else if (error != -ENOENT)
		log_printf("psci: the tree's method is neither smc nor hvc: not used\n");
}

const char *psci_method(void)
{
	return !present ? NULL : psci.smc ? "smc" : "hvc";
}

bool psci_by_smc(void)
{
	return present && psci.smc;
}

int psci_version(void)
{
	if (!present)
		return PSCI_NOT_SUPPORTED;
	return (int)psci_call(psci.smc, PSCI_VERSION, 0, 0, 0);
}

int psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	if (!present)
		return PSCI_NOT_SUPPORTED;
	io_complete(); /* what the new CPU will read is written */
	return (int)psci_call(psci.smc, PSCI_CPU_ON, mpidr, entry, context);
}

int psci_cpu_off(void)
{
	if (!present)
		return PSCI_NOT_SUPPORTED;
	io_complete();
	return (int)psci_call(psci.smc, PSCI_CPU_OFF, 0, 0, 0);
}

int psci_affinity_info(uint64_t mpidr)
{
	if (!present)
		return PSCI_NOT_SUPPORTED;
	return (int)psci_call(psci.smc, PSCI_AFFINITY_INFO, mpidr, 0, 0);
}

const char *psci_error_text(int error)
{
	switch (error) {
	case PSCI_NOT_SUPPORTED:
		return "not supported";
	case PSCI_INVALID:
		return "invalid parameters";
	case PSCI_DENIED:
		return "denied";
	case PSCI_ALREADY_ON:
		return "already on";
	case PSCI_ON_PENDING:
		return "on pending";
	case PSCI_INTERNAL:
		return "internal failure";
	case PSCI_DISABLED:
		return "disabled";
	case PSCI_BAD_ADDRESS:
		return "invalid address";
	}
	return "unknown error";
}
