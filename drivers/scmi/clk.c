// SPDX-License-Identifier: MIT
/*
 * The option, and this machine's clocks.
 */
#include "drivers/scmi/clk.h"

#include <stdio.h>
#include <string.h>

#include "drivers/scmi/call.h"
#include "lib/cmdline/cmdline.h"
#include "lib/exit.h"
#include "lib/log.h"

#define KEEP  UINT64_MAX
#define FORCE (1UL << 32)

struct cpu_clocks cpu_clocks;

static uint64_t wanted; /* MHz, with FORCE or not; KEEP; 0: not given */
static uint64_t by_default = KEEP;

static bool read_clk(const struct option *option, const char *value, bool store)
{
	static const char force[] = "force:";
	bool forced = !strncmp(value, force, strlen(force));
	const char *number = value + (forced ? strlen(force) : 0);
	uint64_t mhz = KEEP;

	if (strcmp(value, "keep") &&
	    (*number < '0' || *number > '9' || !option_next_number(&number, &mhz) || *number ||
	     !is_any_cpu_rate(mhz)))
		return false;
	if (store)
		*option->number = mhz | (forced ? FORCE : 0);
	return true;
}

OPTION(clk, .name = "clk", .read = read_clk, .number = &wanted,
       .help = "=MHZ|force:MHZ|keep  CPU clocks by SCMI (600 on RK3588, else keep)");

void clk_init(const struct fdt *fdt, scmi_map *map)
{
	by_default = has_cpu_rates(fdt) ? CRYSTAL_MHZ : KEEP;
	cpu_clocks_find(&cpu_clocks, fdt, map, scmi_smc);
}

static void put_back(void)
{
	cpu_clocks_put_back(&cpu_clocks);
}

static uint64_t effective(void)
{
	return wanted ?: by_default;
}

void clk_text(char *text, size_t size)
{
	uint64_t clk = effective();

	if (clk == KEEP)
		snprintf(text, size, "keep");
	else
		snprintf(text, size, "%s%u", clk & FORCE ? "force:" : "", (uint32_t)clk);
}

void apply_clk(void)
{
	uint64_t clk = effective();

	if (clk == KEEP || cpu_clocks.none)
		return;
	set_last_act(put_back);
	cpu_clocks_set(&cpu_clocks, (uint32_t)clk, clk & FORCE);
}
