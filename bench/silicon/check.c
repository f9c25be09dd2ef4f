// SPDX-License-Identifier: MIT
/*
 * The block of `silicon-check`: the machine, then each CPU by itself.
 */
#include "bench/silicon/check.h"

#include "bench/cpus.h"
#include "bench/silicon/check-internal.h"
#include "drivers/pmu/pmu.h"
#include "drivers/scmi/clk.h"
#include "lib/cmdline/cmdline.h"
#include "lib/log.h"
#include "mm/areas/vmalloc.h"

#define BEGIN_CHECK "--- BEGIN SILICON CHECK ---"
#define END_CHECK   "--- END SILICON CHECK ---"

/* A CPU says some 140 lines of about 100 bytes, the machine some 50 and its tree's regions. */
#define CPU_BYTES     (20 * KiB)
#define MACHINE_BYTES (32 * KiB)

#define FORCED_MARK "forced: "

static bool asked;

OPTION_FLAG(silicon_check, "silicon-check", &asked,
	    "  print what only silicon can answer, as one block");

bool silicon_check_asked(void)
{
	return asked;
}

/* On the CPU that the facts are of: as it was handed over. */
static void look_here(void *arg)
{
	struct core core = { .facts = arg };
	bool started = !pmu_start();

	core_facts(&core);
	if (started)
		pmu_stop();
}

/* The same with its clock set. */
static void measure_here(void *arg)
{
	struct core core = { .facts = arg };
	bool started = !pmu_start();

	clock_facts(&core);
	cache_facts(&core);
	tlb_facts(&core);
	tlbi_facts(&core);
	if (started)
		pmu_stop();
}

/* Returns whether it answered; if it does not, @key is what is absent. */
static bool check_cpu(unsigned cpu, struct facts *facts, cpu_work *look, const char *key)
{
	facts_of(facts, cpu);
	if (cpus[cpu].unusable) {
		fact_absent(facts, key, cpus[cpu].unusable);
		return true;
	}
	if (cpu_up(cpu) || work_on_cpu(cpu, look, facts)) {
		fact_absent(facts, key, "it did not start; the console says why");
		return false;
	}
	return !bench_cpus_off();
}

static int check_cpus(struct facts *facts, cpu_work *look, const char *key)
{
	int failures = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		failures += !check_cpu(cpu, facts, look, key);
	return failures;
}

/* As boot would have: what was measured there was the clocks as handed over. */
static void set_clocks(void)
{
	apply_clk();
	if (cpu_clocks.none)
		return;
	clk_measure();
	print_clk();
}

/* Returns how many CPUs did not answer. */
static int gather(struct facts *facts, const struct fdt *fdt, bool forced)
{
	char clk[CLK_TEXT_MAX];
	int failures;

	if (forced)
		fact(facts, "forced", "silicon: an emulator's, nothing measured here is a figure");
	machine_facts(facts, fdt);
	failures = check_cpus(facts, look_here, "core");
	facts_of(facts, FACTS_OF_MACHINE);
	set_clocks();
	clk_text(clk, sizeof(clk));
	fact(facts, "clk", "%s", clk);
	scmi_facts(facts, "_set");
	return failures + check_cpus(facts, measure_here, "clock_scmi_hz");
}

int silicon_check(const struct fdt *fdt)
{
	size_t bytes = MACHINE_BYTES + nr_cpus * CPU_BYTES;
	int failures = bench_cpus_off();
	bool forced = clock_forced && pmu_is_emulated();
	char *text = vmalloc(bytes);
	struct facts facts;

	asked = false; /* it is boot's: no line of the shell repeats it */
	if (!text) {
		log_printf("silicon-check: no memory for the block\n");
		return failures + 1;
	}
	facts_begin(&facts, text, bytes, forced ? FORCED_MARK : "");
	failures += gather(&facts, fdt, forced);
	facts_print(&facts, BEGIN_CHECK, END_CHECK);
	vfree(text);
	return failures;
}
