// SPDX-License-Identifier: MIT
/*
 * The options about TLBIs (tlbi.h). What they ask for depends on every CPU that may run: those that
 * have not started are known by their names in the device tree, and what their errata ask for is
 * asked again as they come up.
 */
#include "boot/tlbi.h"

#include <stdio.h>
#include <string.h>

#include "drivers/smp/cpus.h"
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

/* The kinds of CPUs that there are: by MIDR_EL1 once one ran, else by what the tree calls it. */
struct kind {
	uint64_t midr;
	const char *compatible;
};

static struct kind kinds[8];
static unsigned nr_kinds;
static bool needs_twice; /* any of them */

static bool is_known(uint64_t midr, const char *compatible)
{
	for (unsigned i = 0; i < nr_kinds; i++) {
		if (midr && kinds[i].midr == midr)
			return true;
		if (!midr && compatible && kinds[i].compatible &&
		    !strcmp(kinds[i].compatible, compatible))
			return true;
	}
	return false;
}

/* NULL: that kind is known. */
static const struct kind *learn_kind(uint64_t midr, const char *compatible)
{
	const struct erratum *e = NULL;

	if (is_known(midr, compatible) || nr_kinds == ARRAY_SIZE(kinds))
		return NULL;
	while ((e = next_erratum(e, midr, compatible)))
		needs_twice |= e->tlbi;
	kinds[nr_kinds] = (struct kind){ midr, compatible };
	return &kinds[nr_kinds++];
}

/* This CPU's kind first, then those of the tree, whose order cpus[] has. */
static void learn_kinds(const struct fdt *fdt)
{
	const char *own = NULL;
	struct fdt_cpu cpu = { 0 };
	unsigned i;

	for (i = 0; i < nr_cpus && fdt_next_cpu(fdt, &cpu); i++)
		if (i == boot_cpu)
			own = cpu.compatible;
	learn_kind(read_sysreg(midr_el1), own);
	cpu = (struct fdt_cpu){ 0 };
	for (i = 0; i < nr_cpus && fdt_next_cpu(fdt, &cpu); i++)
		if (cpu.status != FDT_FAIL)
			learn_kind(cpus[i].midr, cpu.compatible);
}

static void print_kind(const struct kind *kind)
{
	const struct erratum *e = NULL;
	char line[256];
	int len;

	if (kind->midr)
		len = snprintf(line, sizeof(line), "%s r%lup%lu:", core_name(kind->midr),
			       field(kind->midr, 23, 20), field(kind->midr, 3, 0));
	else
		len = snprintf(line, sizeof(line), "%s, which has not run yet:",
			       kind->compatible ? kind->compatible : "a CPU without a name");
	if (!next_erratum(NULL, kind->midr, kind->compatible))
		len += snprintf(line + len, sizeof(line) - len, " none known");
	while ((e = next_erratum(e, kind->midr, kind->compatible)))
		len += snprintf(line + len, sizeof(line) - len, " %s (%s)", e->number, e->answer);
	log_printf("  errata    %s\n", line);
}

/* A CPU came up: what it calls itself may be another core, or revision, than its name said. */
static void learn_cpu(const struct cpu *cpu)
{
	const struct kind *kind = learn_kind(cpu->midr, NULL);

	if (!kind)
		return;
	print_kind(kind);
	if (repeat == TLBI_AUTO && needs_twice)
		WRITE_ONCE(door_tlbi_twice, true);
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

	/* 2: TLBIs by range too. One CPU without them must not be sent any. */
	flush_has_ranges = tlb >= 2 && is_one_kind(fdt);
	learn_kinds(fdt);
	cpu_came_up = learn_cpu;
	door_tlbi_twice = repeat == TLBI_TWICE || (repeat == TLBI_AUTO && needs_twice);
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
	log_printf("  tlb       flush=%s, TLBI %s (tlbi=%s)\n", flush_policy_names[flush_policy],
		   door_tlbi_twice ? "twice" : "once", repeats[repeat]);
	for (unsigned i = 0; i < nr_kinds; i++)
		print_kind(&kinds[i]);
}
