// SPDX-License-Identifier: MIT
/*
 * What a core calls itself.
 */
#include <stdio.h>

#include "drivers/smp/cpus.h"
#include "lib/arm64/sysreg.h"

struct core_name {
	uint64_t part; /* MIDR_EL1 implementer and part number */
	const char *name;
};

/* Arm's part numbers; QEMU's "max" calls itself implementer 0. */
static const struct core_name core_names[] = {
	{ 0x4100d030, "Cortex-A53" },  { 0x4100d040, "Cortex-A35" }, { 0x4100d050, "Cortex-A55" },
	{ 0x4100d070, "Cortex-A57" },  { 0x4100d080, "Cortex-A72" }, { 0x4100d0b0, "Cortex-A76" },
	{ 0x4100d0c0, "Neoverse-N1" }, { 0x000f0510, "QEMU max" },
};

const char *core_name(uint64_t midr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(core_names); i++)
		if ((midr & 0xff00fff0) == core_names[i].part)
			return core_names[i].name;
	return "unnamed core";
}

void core_text(char *text, size_t size)
{
	uint64_t midr = read_sysreg(midr_el1);

	snprintf(text, size, "%s r%lup%lu, MIDR %08lx, MPIDR %lx", core_name(midr),
		 field(midr, 23, 20), field(midr, 3, 0), midr, read_sysreg(mpidr_el1));
}
