// SPDX-License-Identifier: MIT
/*
 * The machine's facts: how it was entered, what the tree says of memory beside what is used of
 * it, and what firmware may do.
 */
#include <stdio.h>
#include <string.h>

#include "bench/silicon/check-internal.h"
#include "drivers/board.h"
#include "drivers/psci.h"
#include "drivers/scmi/clk.h"
#include "drivers/smp/cpus.h"
#include "lib/platform.h"
#include "mm/arm64/door.h"
#include "mm/phys/ranges.h"

static void el2_facts(struct facts *f)
{
	const struct el2_state *el2 = &platform.el2;

	if (platform.entry_el != 2)
		fact_absent(f, "entry_el2_state", "not entered at EL2");
	else
		fact(f, "entry_el2_state",
		     "sctlr %lx hcr %lx cptr %lx mdcr %lx cnthctl %lx cntvoff %lx tcr %lx vttbr "
		     "%lx",
		     el2->sctlr, el2->hcr, el2->cptr, el2->mdcr, el2->cnthctl, el2->cntvoff,
		     el2->tcr, el2->vttbr);
}

static void boot_facts(struct facts *f)
{
	/* Without the banner's own label. */
	fact(f, "git", "%s", build_git + (strncmp(build_git, "git: ", 5) ? 0 : 5));
	fact(f, "granule", "%s", GRANULE_NAME);
	fact(f, "model", "%s", platform.model);
	fact(f, "compatible", "%s", platform.compatible);
	fact(f, "entry_el", "%u", platform.entry_el);
	el2_facts(f);
	fact(f, "image", "0x%lx", platform.image_pa);
	fact(f, "cntfrq_hz", "%lu", platform.cntfrq_hz);
	fact(f, "tlbi", "%s", door_tlbi_twice ? "twice" : "once");
	fact(f, "cpus", "%u", nr_cpus);
}

/* Which U-Boot it was; from where it came, only its own first lines say. */
static void loader_facts(struct facts *f, const struct fdt *fdt)
{
	const char *version = fdt_get_str(fdt, fdt_find_path(fdt, "/chosen"), "u-boot,version");

	if (version)
		fact(f, "boot_loader", "U-Boot %s", version);
	else
		fact_absent(f, "boot_loader", "the tree's /chosen names no U-Boot");
	fact_absent(f, "spi_flash", "not read: U-Boot's first lines say where it was loaded from");
}

typedef bool next_region(const struct fdt *fdt, struct fdt_region *region);

/* Each region of one kind, as the tree has it: KIND0, KIND1, ... */
static void region_facts(struct facts *f, const struct fdt *fdt, const char *kind,
			 next_region *next)
{
	struct fdt_region r = { 0 };
	char key[FACT_KEY_MAX];
	unsigned count = 0;

	while (next(fdt, &r)) {
		snprintf(key, sizeof(key), "tree.%s%u", kind, count++);
		if (r.skipped)
			fact(f, key, "%s skipped: %s", r.name, r.skipped);
		else
			fact(f, key, "0x%lx-0x%lx%s%s%s", r.base, r.base + r.size,
			     r.name[0] ? " " : "", r.name, r.no_map ? " no-map" : "");
	}
	snprintf(key, sizeof(key), "tree.%s", kind);
	if (!count)
		fact_absent(f, key, "the tree has none");
}

typedef bool next_range(struct phys_range *r);

static void range_facts(struct facts *f, const char *kind, next_range *next)
{
	struct phys_range r = { 0 };
	char key[FACT_KEY_MAX];

	for (unsigned i = 0; next(&r); i++) {
		snprintf(key, sizeof(key), "used.%s%u", kind, i);
		fact(f, key, "0x%lx-0x%lx", r.first_pfn << PAGE_SHIFT,
		     (r.first_pfn + r.pages) << PAGE_SHIFT);
	}
}

static void memory_facts(struct facts *f, const struct fdt *fdt)
{
	region_facts(f, fdt, "memory", fdt_next_ram);
	region_facts(f, fdt, "reserved", fdt_next_reserved);
	region_facts(f, fdt, "memreserve", fdt_next_memreserve);
	range_facts(f, "ram", next_ram_range);
	range_facts(f, "linear", next_linear_range);
}

/* Clock ids of an RK3588: A55s, DSU, A76s 4-5, A76s 6-7. */
#define SCMI_CLOCKS 4

void scmi_facts(struct facts *f, const char *when)
{
	char key[FACT_KEY_MAX];
	uint64_t hz;
	int error;

	for (unsigned id = 0; id < SCMI_CLOCKS; id++) {
		snprintf(key, sizeof(key), "scmi.rate%u%s", id, when);
		if (cpu_clocks.none) {
			fact_absent(f, key, cpu_clocks.none);
			continue;
		}
		error = scmi_get_rate(&cpu_clocks.channel, id, &hz);
		if (error)
			fact_absent(f, key, scmi_error_text(error));
		else
			fact(f, key, "%lu", hz);
	}
}

/* Who answers, as far as it says. Nothing is set by it. */
static void scmi_protocol_facts(struct facts *f)
{
	uint32_t version, attributes;
	int error;

	if (cpu_clocks.none) {
		fact_absent(f, "scmi.version", cpu_clocks.none);
		fact_absent(f, "scmi.clocks", cpu_clocks.none);
		return;
	}
	error = scmi_get_word(&cpu_clocks.channel, SCMI_PROTOCOL_VERSION, &version);
	if (error)
		fact_absent(f, "scmi.version", scmi_error_text(error));
	else
		fact(f, "scmi.version", "%u.%u", version >> 16, version & 0xffff);
	error = scmi_get_word(&cpu_clocks.channel, SCMI_PROTOCOL_ATTRIBUTES, &attributes);
	if (error)
		fact_absent(f, "scmi.clocks", scmi_error_text(error));
	else
		fact(f, "scmi.clocks", "%u", attributes & 0xffff);
}

static void psci_version_fact(struct facts *f)
{
	int version;

	if (!platform.psci_method) {
		fact_absent(f, "psci_version", "no PSCI");
		return;
	}
	version = psci_version();
	if (version < 0)
		fact_absent(f, "psci_version", psci_error_text(version));
	else
		fact(f, "psci_version", "%d.%d", version >> 16, version & 0xffff);
}

static void power_facts(struct facts *f, const struct fdt *fdt)
{
	const struct board *board = find_board(fdt);

	fact(f, "psci", "%s", platform.psci_method ? platform.psci_method : "none");
	psci_version_fact(f);
	if (!platform.psci_method)
		fact_absent(f, "power_off", "no PSCI: the run ends in WFI");
	else if (board && board->off_note)
		fact(f, "power_off", "%s", board->off_note);
	else
		fact(f, "power_off", "by SYSTEM_OFF");
}

void machine_facts(struct facts *f, const struct fdt *fdt)
{
	boot_facts(f);
	memory_facts(f, fdt);
	loader_facts(f, fdt);
	scmi_facts(f, "");
	scmi_protocol_facts(f);
	power_facts(f, fdt);
}
