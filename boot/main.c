// SPDX-License-Identifier: MIT
/*
 * The top of the house: brings up each room once, runs what was asked for, ends the run.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/cpus.h"
#include "bench/selfcheck.h"
#include "bench/shell.h"
#include "bench/silicon/check.h"
#include "boot/banner.h"
#include "boot/check.h"
#include "boot/console.h"
#include "boot/crash.h"
#include "boot/memory.h"
#include "boot/smp.h"
#include "boot/tables.h"
#include "boot/tlbi.h"
#include "drivers/driver.h"
#include "drivers/scmi/clk.h"
#include "drivers/smp/cpus.h"
#include "drivers/smp/hang.h"
#include "lib/exit.h"
#include "drivers/psci.h"
#include "lib/arm64/atomic.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/probe.h"
#include "lib/arm64/stack.h"
#include "lib/arm64/sysreg.h"
#include "lib/cmdline/cmdline.h"
#include "lib/cmdline/glob.h"
#include "lib/ktap.h"
#include "lib/cmdline/options.h"
#include "lib/percpu.h"
#include "lib/sections.h"
#include "lib/platform.h"
#include "mm/areas/view/vmallocinfo.h"
#include "mm/arm64/layout.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/map/view/ptdump.h"
#include "mm/pages/hvo.h"
#include "tests/audit.h"

/* picolibc's errno lives here; head.S points TPIDR_EL0 at it. */
DEFINE_PER_CPU(uint64_t, tls_area[8]) __attribute__((aligned(16)));

struct platform platform;
extern const struct el2_state entry_el2; /* head.S */

/* The arm64 booting protocol allows a tree 2 MiB. */
#define FDT_SIZE_MAX (2 * MiB)

static_assert(FDT_SIZE_MAX + PAGE_SIZE <= FIXED_FDT_SIZE, "any tree fits in its slot");

static struct fdt fdt;

/*
 * Maps the tree read-only in its slot, page by page as far as there is memory: its size is
 * not to be believed before there is a console to complain on. Returns the bytes mapped.
 */
static uint64_t map_fdt(uint64_t pa)
{
	uint64_t start = ALIGN_DOWN(pa, PAGE_SIZE), size = PAGE_SIZE, mapped, word;
	long tree;

	for (mapped = 0; mapped < size; mapped += PAGE_SIZE) {
		boot_map(swapper_pg_dir, FIXED_FDT + mapped, start + mapped, PAGE_SIZE,
			 PAGE_KERNEL_RO);
		if (probe_read((void *)(FIXED_FDT + mapped), &word).class != FAULT_NONE)
			break;
		if (mapped)
			continue;
		tree = fdt_check_header((void *)(FIXED_FDT + pa - start), FDT_SIZE_MAX);
		/* A size that cannot be: enough to find the console by. */
		size = tree > 0 ? ALIGN_UP(pa + tree, PAGE_SIZE) - start
				: ALIGN_DOWN(start, 2 * MiB) + 2 * MiB - start;
	}
	return mapped;
}

static void learn_platform(unsigned entry_el, uint64_t image_pa)
{
	const char *model = fdt_get_str(&fdt, fdt.root, "model");
	const char *compatible = fdt_get_str(&fdt, fdt.root, "compatible");

	snprintf(platform.model, sizeof(platform.model), "%s", model ? model : "unknown");
	snprintf(platform.compatible, sizeof(platform.compatible), "%s",
		 compatible ? compatible : "unknown");
	platform.tcr = read_sysreg(tcr_el1);
	platform.mair = read_sysreg(mair_el1);
	platform.sctlr = read_sysreg(sctlr_el1);
	platform.cntfrq_hz = read_sysreg(cntfrq_el0);
	platform.entry_el = entry_el;
	platform.psci_method = psci_method();
	platform.image_pa = image_pa;
	platform.el2 = entry_el2;
}

static void start_machine(uint64_t fdt_pa, unsigned entry_el, uint64_t image_pa)
{
	uint64_t window = 0, offset = fdt_pa % PAGE_SIZE;
	const void *tree = (void *)(FIXED_FDT + offset);
	char line[128];
	int error;

	this_cpu(stack_top) = (uint64_t)_stack_top;
	this_cpu(emergency_top) = (uint64_t)_emergency_top;
	boot_tables_moved(image_pa);
	if (fdt_pa)
		window = map_fdt(fdt_pa);
	error = fdt_open(&fdt, tree, window ? window - offset : 0);
	start_console(&fdt, tree, window ? window - offset : 0);
	psci_init(&fdt);
	learn_platform(entry_el, image_pa);
	cpus_have_lse = cpu_has_lse();
	/* External aborts are reported where they happen; IRQs stay masked till there is a GIC. */
	local_serror_enable();
	print_banner();
	print_clock(&fdt);
	if (error) {
		fdt_explain(&fdt, line, sizeof(line));
		log_printf("boot: malformed %s\n", line);
		exit_run(EXIT_PANIC);
	}
	start_interrupts(&fdt);
	find_clocks(&fdt);
	prepare_cpus(&fdt, image_pa);
}

/* What `skip=` chooses from: tests, then benches. */
static const char *any_name_at(void *context, size_t index)
{
	size_t tests = __stop_tests - __start_tests;

	return index < tests ? ktap_name_at(context, index) : bench_name_at(context, index - tests);
}

/* Fills the options from @line. False: an error, of which one line is logged. */
static bool read_options(const char *line)
{
	char error[CMDLINE_MAX + 64];

	if (!cmdline_parse(line, error, sizeof(error)) && !is_wrong_image(error, sizeof(error)) &&
	    bench_cpus_valid(error, sizeof(error)) &&
	    !select_unmatched(options.test, ktap_name_at, NULL, error, sizeof(error)) &&
	    !select_unmatched(options.bench, bench_name_at, NULL, error, sizeof(error)) &&
	    !select_unmatched(options.skip, any_name_at, NULL, error, sizeof(error))) {
		apply_tlbi_options(&fdt);
		apply_hvo_options();
		return true;
	}
	log_printf("%s\n", error);
	return false;
}

static void before_test(const char *name)
{
	hang_watch(name);
	audit_before();
	fail_as_asked();
}

/* What `test=`, `bench=`, `list`, `ptdump`, `vmallocinfo` and their absence select. */
static int run(void)
{
	bool asked = options.test[0] || options.bench[0] || options.ptdump || options.vmallocinfo ||
		     silicon_check_asked();
	bool tests = options.test[0] || (IS_CHECKED && !asked);
	bool benches = options.bench[0] || (!IS_CHECKED && !asked);
	struct ktap_counts counts;
	int failures = 0;

	if (options.list) {
		ktap_list();
		if (!IS_CHECKED)
			bench_list();
		return EXIT_OK;
	}
	if (silicon_check_asked())
		failures += silicon_check(&fdt);
	if (tests) {
		fail_as_asked();
		cpus_up(NR_CPUS);
		ktap_set_audit(before_test, audit_after);
		failures += ktap_run(options.test, options.skip, &counts);
		hang_unwatch();
		fail_no_more();
	}
	if (benches)
		failures += bench_run();
	else if (options.vmallocinfo)
		vmallocinfo_log();
	if (options.ptdump)
		ptdump_log();
	return failures ? EXIT_FAILURES : EXIT_OK;
}

/* boot_memory(). *@instructions: how many it took; 0 where none are counted. */
static int start_memory(uint64_t fdt_pa, uint64_t image_pa, uint32_t *instructions)
{
	uint32_t start = 0;
	int error;

	bench_selfcheck();
	if (counters.instructions)
		start = pmu_instructions();
	error = boot_memory(&fdt, fdt_pa, image_pa);
	*instructions = counters.instructions ? pmu_instructions() - start : 0;
	if (counters.pmu)
		pmu_stop();
	return error;
}

/* From head.S: MMU on, own stack, @fdt_pa 0 or a tree's address. Does not return. */
_Noreturn void boot_main(uint64_t fdt_pa, unsigned entry_el, uint64_t image_pa);

_Noreturn void boot_main(uint64_t fdt_pa, unsigned entry_el, uint64_t image_pa)
{
	static const struct shell_calls calls = { .read = read_options, .run = run };
	uint32_t instructions;
	int status;

	start_machine(fdt_pa, entry_el, image_pa);
	log_printf("command line: %s\n", fdt_bootargs(&fdt));
	if (!read_options(fdt_bootargs(&fdt)))
		exit_run(EXIT_BAD_OPTION);
	/* The check does so itself, once it has seen what was handed over. */
	if (!silicon_check_asked())
		apply_clk();
	console_without_uart();
	if (start_memory(fdt_pa, image_pa, &instructions))
		exit_run(EXIT_PANIC);
	start_checker();
	print_tlbi();
	clk_measure();
	print_clk();
	print_memory(instructions);
	crash_if_asked();
	status = run();
	if (options.exit == EXIT_TO_SHELL)
		status = shell(&calls, status);
	live_check_end();
	exit_run(status);
}
