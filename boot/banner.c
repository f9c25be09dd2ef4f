// SPDX-License-Identifier: MIT
/*
 * The banner: full provenance, a line a subject.
 */
#include "boot/banner.h"

#include "boot/tables.h"
#include "drivers/pmu/clock.h"
#include "drivers/smp/cpus.h"
#include "lib/log.h"
#include "lib/platform.h"
#include "mm/arm64/geometry.h"
#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"

void print_banner(void)
{
	char core[CORE_TEXT_MAX];

	log_printf("\ntlbed %s, %s granule%s\n", build_git, GRANULE_NAME,
		   IS_CHECKED ? ", Image.check" : "");
	log_printf("  compiler  %s\n", build_compiler);
	log_printf("  board     %s (%s)\n", platform.model, platform.compatible);
	core_text(core, sizeof(core));
	log_printf("  cpu       %s\n", core);
	log_printf("  entry     EL%u, image at 0x%lx, PSCI by %s\n", platform.entry_el,
		   platform.image_pa, platform.psci_method ? platform.psci_method : "nothing");
	log_printf("  mmu       TCR %lx, MAIR %lx, SCTLR %lx\n", platform.tcr, platform.mair,
		   platform.sctlr);
	log_printf("  timer     CNTFRQ %lu Hz\n", platform.cntfrq_hz);
}

void print_clock(const struct fdt *fdt)
{
	char text[CLOCK_TEXT_MAX];

	clock_init(fdt);
	clock_text(text, sizeof(text));
	log_printf("  clock     %s\n", text);
}

void print_memory(uint32_t instructions)
{
	struct phys_range r;

	for_each_ram_range (&r)
		log_printf("  ram       0x%lx-0x%lx\n", r.first_pfn << PAGE_SHIFT,
			   (r.first_pfn + r.pages) << PAGE_SHIFT);
	if (devmem_size)
		log_printf("  devmem    0x%lx-0x%lx\n", devmem_base, devmem_base + devmem_size);
	if (dax_size)
		log_printf("  dax       0x%lx-0x%lx\n", dax_base, dax_base + dax_size);
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		if (nr_huge_pages(huge_orders[i]))
			log_printf("  hugepages %lu of %lu KiB\n", nr_huge_pages(huge_orders[i]),
				   PAGE_SIZE << huge_orders[i] >> 10);
	log_printf("  vmemmap   %lu KiB, %lu pages shared by %lu leaves, %lu pages of tables\n",
		   vmemmap_counts.own * PAGE_SIZE >> 10, vmemmap_counts.tails,
		   vmemmap_counts.shared, vmemmap_counts.tables);
	log_printf("  free      %lu pages of %lu KiB; %lu pages of tables made at boot\n",
		   nr_free_pages(), PAGE_SIZE >> 10, boot_table_pages());
	if (instructions)
		log_printf("  boot      memory set up in %u instructions\n", instructions);
	log_printf("\n");
}
