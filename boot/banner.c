// SPDX-License-Identifier: MIT
/*
 * The banner: full provenance, a line a subject.
 */
#include "boot/banner.h"

#include "boot/tables.h"
#include "lib/log.h"
#include "lib/platform.h"
#include "mm/arm64/geometry.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"

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

static const char *core_name(uint64_t midr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(core_names); i++)
		if ((midr & 0xff00fff0) == core_names[i].part)
			return core_names[i].name;
	return "unnamed core";
}

void print_banner(void)
{
	log_printf("\ntlbed %s, %s granule%s\n", build_git, GRANULE_NAME,
		   IS_CHECKED ? ", Image.check" : "");
	log_printf("  compiler  %s\n", build_compiler);
	log_printf("  board     %s (%s)\n", platform.model, platform.compatible);
	log_printf("  cpu       %s r%lup%lu, MIDR %08lx, MPIDR %lx\n", core_name(platform.midr),
		   (platform.midr >> 20) & 0xf, platform.midr & 0xf, platform.midr, platform.mpidr);
	log_printf("  entry     EL%u, image at 0x%lx, PSCI by %s\n", platform.entry_el,
		   platform.image_pa, platform.psci_method ? platform.psci_method : "nothing");
	log_printf("  mmu       TCR %lx, MAIR %lx, SCTLR %lx, TLBI %s\n", platform.tcr,
		   platform.mair, platform.sctlr, platform.tlbi_twice ? "twice" : "once");
	log_printf("  timer     CNTFRQ %lu Hz\n", platform.cntfrq_hz);
}

void print_memory(void)
{
	struct phys_range r;

	for_each_ram_range (&r)
		log_printf("  ram       0x%lx-0x%lx\n", r.first_pfn << PAGE_SHIFT,
			   (r.first_pfn + r.pages) << PAGE_SHIFT);
	if (devmem_size)
		log_printf("  devmem    0x%lx-0x%lx\n", devmem_base, devmem_base + devmem_size);
	log_printf("  free      %lu pages of %lu KiB; %lu pages of tables made at boot\n\n",
		   nr_free_pages(), PAGE_SIZE >> 10, boot_table_pages());
}
