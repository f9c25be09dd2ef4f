// SPDX-License-Identifier: MIT
/*
 * The options about TLBIs (tlbi.h). What they ask for depends on every CPU that may run: those that
 * have not started are known by their names in the device tree.
 */
#include "boot/tlbi.h"

#include <string.h>

#include "lib/arm64/sysreg.h"
#include "lib/cmdline/cmdline.h"
#include "lib/log.h"
#include "mm/areas/lazy.h"
#include "mm/arm64/errata.h"

enum { TLBI_AUTO, TLBI_ONCE, TLBI_TWICE };
static const char *const repeats[] = { "auto", "once", "twice", NULL };

static unsigned policy, repeat;

OPTION_CHOICE(flush, "flush", &policy, flush_policy_names,
	      "=each|range|full|lazy  how unmapping flushes (each)");
OPTION_CHOICE(tlbi, "tlbi", &repeat, repeats,
	      "=auto|once|twice  the workaround for cores that complete a TLBI early (auto)");

static const char *errata; /* of a CPU of this machine; NULL: of none */

/* This CPU's, else that of the first which has any. */
static const char *find_errata(const struct fdt *fdt)
{
	const char *found = tlbi_errata_of_midr(read_sysreg(midr_el1));
	struct fdt_cpu cpu = { 0 };

	while (!found && fdt_next_cpu(fdt, &cpu))
		if (cpu.status != FDT_FAIL)
			found = tlbi_errata_of_compatible(cpu.compatible);
	return found;
}

/* Every CPU is of the kind of this one, as far as the tree says. */
static bool is_one_kind(const struct fdt *fdt)
{
	struct fdt_cpu cpu = { 0 };
	const char *first = NULL;

	while (fdt_next_cpu(fdt, &cpu)) {
		if (cpu.status == FDT_FAIL)
			continue;
		if (!cpu.compatible || (first && strcmp(first, cpu.compatible)))
			return false;
		first = cpu.compatible;
	}
	return true;
}

void apply_tlbi_options(const struct fdt *fdt)
{
	uint64_t tlb = field(read_sysreg(id_aa64isar0_el1), 59, 56);

	/* 2: TLBIs by range too (D17.2.61). One CPU without them must not be sent any. */
	flush_has_ranges = tlb >= 2 && is_one_kind(fdt);
	errata = find_errata(fdt);
	door_tlbi_twice = repeat == TLBI_TWICE || (repeat == TLBI_AUTO && errata);
	if (policy != FLUSH_LAZY)
		vm_unmap_aliases();
	flush_set_policy(policy);
	if (policy != flush_policy)
		log_printf("boot: flush=%s: %s: flush=%s\n", flush_policy_names[policy],
			   tlb < 2 ? "this CPU has no FEAT_TLBIRANGE"
				   : "CPUs of other kinds may have no FEAT_TLBIRANGE",
			   flush_policy_names[flush_policy]);
}

void print_tlbi(void)
{
	log_printf("  tlb       flush=%s, TLBI %s", flush_policy_names[flush_policy],
		   door_tlbi_twice ? "twice" : "once");
	if (errata)
		log_printf(" (tlbi=%s; errata %s)", repeats[repeat], errata);
	log_printf("\n");
}
