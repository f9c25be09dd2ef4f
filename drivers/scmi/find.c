// SPDX-License-Identifier: MIT
/*
 * The tree's word: a node arm,scmi-smc with the call's number and the shared memory, below it the
 * clock protocol, and CPUs whose clocks are that protocol's (Linux's bindings of those names).
 */
#include <string.h>

#include "drivers/scmi/cpu-clocks.h"

#define FAST_CALL (1u << 31) /* DEN 0028: it is done when it returns */

/* The node that has this phandle; negative: none. */
static int find_phandle(const struct fdt *fdt, uint32_t phandle)
{
	int depth = 0;
	uint32_t own;

	for (int node = fdt->root; node >= 0; node = fdt_walk(fdt, node, &depth))
		if (!fdt_get_u32(fdt, node, "phandle", &own) && own == phandle)
			return node;
	return -ENOENT;
}

static int find_scmi(const struct fdt *fdt)
{
	int node = fdt_next_compatible(fdt, fdt->root, "arm,scmi-smc");

	while (node >= 0 && fdt_get_status(fdt, node) != FDT_OKAY)
		node = fdt_next_compatible(fdt, node, "arm,scmi-smc");
	return node;
}

/* Fills the channel but for the mapping; NULL, or what is wrong. */
static const char *read_channel(const struct fdt *fdt, int node, struct scmi_channel *channel,
				uint64_t *pa)
{
	struct fdt_psci psci;
	uint32_t phandle;
	int area;

	if (fdt_get_u32(fdt, node, "arm,smc-id", &channel->function) ||
	    !(channel->function & FAST_CALL))
		return "SCMI's arm,smc-id is missing, or no fast call's";
	if (fdt_get_u32(fdt, node, "shmem", &phandle))
		return "SCMI's shmem is missing or malformed";
	area = find_phandle(fdt, phandle);
	if (!fdt_is_compatible(fdt, area, "arm,scmi-shmem") ||
	    fdt_get_reg(fdt, area, 0, pa, &channel->size))
		return "SCMI's shmem names no arm,scmi-shmem with a reg";
	if (*pa % 4 || channel->size < SCMI_AREA_MIN)
		return "SCMI's shared memory is too small, or not aligned";
	if (fdt_get_psci(fdt, &psci) || !psci.smc)
		return "SCMI is by SMC, and PSCI is not: no SMC is tried";
	return NULL;
}

/* The phandle of the clock protocol below @scmi; 0: there is none. */
static uint32_t clock_protocol(const struct fdt *fdt, int scmi)
{
	uint32_t reg, phandle;
	int child;

	fdt_for_each_child (fdt, scmi, child)
		if (!fdt_get_u32(fdt, child, "reg", &reg) && reg == SCMI_PROTOCOL_CLOCK &&
		    fdt_get_status(fdt, child) == FDT_OKAY &&
		    !fdt_get_u32(fdt, child, "phandle", &phandle))
			return phandle;
	return 0;
}

/* The place of clock @id, a new one if it has none yet; -1: no room. */
static int place_of(struct cpu_clocks *clocks, uint32_t id, const struct cpu_rates *rates)
{
	for (unsigned i = 0; i < clocks->count; i++) {
		struct cpu_clock *clock = &clocks->clocks[i];

		if (clock->id != id)
			continue;
		/* CPUs of two kinds on one clock: no rate is known to suit both. */
		if (clock->rates != rates)
			clock->rates = NULL;
		return (int)i;
	}
	if (clocks->count == CPU_CLOCKS_MAX)
		return -1;
	clocks->clocks[clocks->count] = (struct cpu_clock){ .id = id, .rates = rates };
	return (int)clocks->count++;
}

static void find_cpus(struct cpu_clocks *clocks, const struct fdt *fdt, uint32_t protocol)
{
	struct fdt_cpu cpu = { 0 };

	for (unsigned i = 0; i < NR_CPUS && fdt_next_cpu(fdt, &cpu); i++) {
		uint64_t phandle, id;
		struct fdt_prop prop;
		uint32_t at = 0;

		if (cpu.status == FDT_FAIL || fdt_get_prop(fdt, cpu.node, "clocks", &prop) ||
		    fdt_read_cells(&prop, &at, 1, &phandle) || fdt_read_cells(&prop, &at, 1, &id) ||
		    phandle != protocol)
			continue;
		clocks->of_cpu[i] =
			(int8_t)place_of(clocks, (uint32_t)id, find_cpu_rates(fdt, cpu.compatible));
	}
}

static const char *find(struct cpu_clocks *clocks, const struct fdt *fdt, scmi_map *map)
{
	int node = find_scmi(fdt);
	uint32_t protocol;
	const char *error;
	uint64_t pa;

	if (node < 0)
		return "no SCMI (arm,scmi-smc) in the device tree";
	error = read_channel(fdt, node, &clocks->channel, &pa);
	if (error)
		return error;
	protocol = clock_protocol(fdt, node);
	if (protocol)
		find_cpus(clocks, fdt, protocol);
	if (!clocks->count)
		return "no CPU's clock is SCMI's";
	clocks->channel.area = (uintptr_t)map(pa, clocks->channel.size);
	return clocks->channel.area ? NULL : "SCMI's shared memory cannot be mapped";
}

void cpu_clocks_find(struct cpu_clocks *clocks, const struct fdt *fdt, scmi_map *map,
		     scmi_call *call)
{
	*clocks = (struct cpu_clocks){ .channel.call = call };
	memset(clocks->of_cpu, -1, sizeof(clocks->of_cpu));
	clocks->none = find(clocks, fdt, map);
	if (clocks->none)
		clocks->count = 0;
	cpu_clocks_read(clocks);
}
