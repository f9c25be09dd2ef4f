// SPDX-License-Identifier: MIT
/*
 * The caches that a CPU names, and whether cold_prepare() empties them: what a load costs when its
 * line was just read, and when the preparation came in between.
 */
#include <stdio.h>

#include "bench/silicon/check-internal.h"
#include "bench/silicon/cold.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"
#include "mm/phys/buddy.h"

#define LINE_BYTES 64u
#define LOADS	   4096u /* 256 KiB: past an A55's L2, within an A76's, well within the L3 */
#define STEP	   1657u /* odd, so that each line has its turn; no prefetcher sees a stride */

void geometry_facts(struct core *core)
{
	struct facts *f = core->facts;
	char key[FACT_KEY_MAX];
	struct cache cache;

	fact(f, "clidr", "0x%lx", read_sysreg(clidr_el1));
	for (unsigned level = 0; level < CACHE_LEVELS_MAX; level++) {
		if (!find_cache(level, &cache))
			continue;
		snprintf(key, sizeof(key), "cache%u", level + 1);
		fact(f, key, "%lu bytes: %u ways, %u sets, lines of %u",
		     (uint64_t)cache.ways * cache.sets << cache.line_shift, cache.ways, cache.sets,
		     1u << cache.line_shift);
	}
}

/* Loads of LOADS lines, none of which begins before the last has ended. @none is 0. */
static noinline uint64_t read_lines(const char *block, uint64_t none)
{
	uint64_t value = 0, cycles = pmu_cycles();

	for (unsigned i = 0, line = 0; i < LOADS; i++, line = (line + STEP) % LOADS)
		value = *(const volatile uint64_t *)(block + line * LINE_BYTES + (value & none));
	return pmu_cycles() - cycles;
}

static void load_figure(struct core *core, const char *key, uint64_t cycles)
{
	uint64_t hundredths = (cycles * 100 + LOADS / 2) / LOADS;

	figure(core->facts, key, "%lu.%02lu cycles", hundredths / 100, hundredths % 100);
}

static void measure_loads(struct core *core, const char *block)
{
	uint64_t none = opaque_zero(), irq = local_irq_save(), warm, cold;

	read_lines(block, none);
	warm = read_lines(block, none);
	cold_prepare();
	cold = read_lines(block, none);
	local_irq_restore(irq);
	load_figure(core, "load_warm", warm);
	load_figure(core, "load_cold", cold);
}

void cache_facts(struct core *core)
{
	unsigned order = get_order(LOADS * LINE_BYTES);
	const char *why = core->no_cycles;
	struct page *block = why ? NULL : alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

	if (!block) {
		fact_absent(core->facts, "load_warm", why ?: "no memory");
		fact_absent(core->facts, "load_cold", why ?: "no memory");
		return;
	}
	measure_loads(core, page_address(block));
	__free_pages(block, order);
}
