// SPDX-License-Identifier: MIT
/*
 * Optimising and restoring huge pages at run time, in steady state: the vmemmap's block was split
 * and the shared page made before, as where Linux was measured. One a call, many a call, and one
 * while the other CPUs are online; by each strategy.
 *
 * Two rows are of the default set and use the strategy in force; the others set theirs.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/hvo/family.h"
#include "bench/hvo/pages.h"
#include "bench/report/text.h"
#include "drivers/smp/cpus.h"
#include "lib/log.h"
#include "mm/pages/hvo.h"
#include "mm/phys/kmalloc.h"

#define BULK 64

enum op { OP_OPTIMIZE, OP_RESTORE, NR_OPS };
enum mode { MODE_SINGLE, MODE_BULK, MODE_ONLINE, NR_MODES };

#define POINT_OF(size, mode, strategy, op) \
	((((size)*NR_MODES + (mode)) * HVO_STRATEGIES + (strategy)) * NR_OPS + (op))
#define NR_POINTS POINT_OF(NR_HUGE_SHIFTS, 0, 0, 0)

static struct page *heads[BULK * BENCH_TURNS];
static unsigned per, sets; /* a call's, and how many calls' there are */
static unsigned strategy_before;
static bool cpu_started[NR_CPUS];

static enum mode mode_of(const struct bench *bench)
{
	return bench->of ? bench->kind / NR_OPS / HVO_STRATEGIES % NR_MODES : MODE_SINGLE;
}

/* --- steps -------------------------------------------------------------------------------- */

static int set_strategy(struct pass *pass)
{
	enum hvo_strategy strategy = pass->bench->kind / NR_OPS % HVO_STRATEGIES;

	strategy_before = hvo_strategy;
	if (!pass->bench->of)
		return 0;
	pass->why = hvo_strategy_refused(strategy);
	return pass->why ? -EOPNOTSUPP : hvo_set_strategy(strategy);
}

static int start_others(struct pass *pass)
{
	if (nr_cpus == 1) {
		pass->why = "this machine has one CPU (--smp)";
		return -ENODEV;
	}
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (!cpus[cpu].unusable && !cpu_online(cpu)) {
			cpu_started[cpu] = !cpu_up(cpu);
			pass->why = cpu_started[cpu] ? NULL : "a CPU did not start";
			if (pass->why)
				return -EIO;
		}
	return 0;
}

static void stop_started(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu_started[cpu]) {
			work_on_cpu(cpu, drain_cpu_caches, NULL);
			cpu_down(cpu);
			cpu_started[cpu] = false;
		}
}

/* Both ways once, so that no later call splits, or makes the shared page. */
static int make_steady(struct pass *pass)
{
	int error = hugetlb_vmemmap_optimize_pages(heads, sets * per, NULL);

	if (!error)
		error = hugetlb_vmemmap_restore_pages(heads, sets * per, NULL);
	if (error)
		pass->why = "a huge page could not be optimised and restored";
	return error;
}

static int prepare(struct pass *pass)
{
	const struct bench *bench = pass->bench;
	int error = mode_of(bench) == MODE_ONLINE ? start_others(pass) : 0;

	sets = 0;
	per = mode_of(bench) == MODE_BULK ? BULK : 1;
	error = error ?: set_strategy(pass);
	if (error)
		return error;
	sets = huge_take(pass, bench->order, per, BENCH_TURNS, heads);
	return sets ? make_steady(pass) : -ENOMEM;
}

static void finish(struct pass *pass)
{
	(void)pass;
	huge_give(heads, sets * per);
	hvo_set_strategy(strategy_before);
	stop_started();
}

static struct page *const *set_of(const struct pass *pass)
{
	return heads + pass->turn % sets * per;
}

static void optimize_body(struct pass *pass)
{
	struct page *const *set = set_of(pass);

	pass->error = per == 1 ? hugetlb_vmemmap_optimize(*set)
			       : hugetlb_vmemmap_optimize_pages(set, per, NULL);
}

static void restore_body(struct pass *pass)
{
	struct page *const *set = set_of(pass);

	pass->error = per == 1 ? hugetlb_vmemmap_restore(*set)
			       : hugetlb_vmemmap_restore_pages(set, per, NULL);
}

static int optimize(struct pass *pass)
{
	optimize_body(pass);
	return pass->error;
}

static int restore(struct pass *pass)
{
	restore_body(pass);
	return pass->error;
}

static int check(struct pass *pass, bool optimized)
{
	pass->structs = (struct vmemmap_use){ 0 };
	for (unsigned i = 0; i < per; i++)
		if (!huge_is(pass, set_of(pass)[i], optimized, &pass->structs))
			return -EFAULT;
	return 0;
}

static int check_optimized(struct pass *pass)
{
	return check(pass, true);
}

static int check_restored(struct pass *pass)
{
	return check(pass, false);
}

/* --- rows --------------------------------------------------------------------------------- */

#define OPTIMIZE .body = optimize_body, .check = check_optimized, .after = restore
#define RESTORE	 .before = optimize, .body = restore_body, .check = check_restored

#define STEADY(ident, label, ...)                                           \
	BENCH(ident, .name = label, .rungs = RUNGS_TLBED, .bytes = 2 * MiB, \
	      .order = 21 - PAGE_SHIFT, .prepare = prepare, .finish = finish, __VA_ARGS__)

STEADY(optimize_2m, "hvo-optimize/2M", OPTIMIZE);
STEADY(restore_2m, "hvo-restore/2M", RESTORE);

static bool make(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	static const char *const modes[] = { "", "/bulk-64", "/online" };
	const struct bench ops[] = { { OPTIMIZE }, { RESTORE } };
	const struct bench *op = &ops[i % NR_OPS];
	unsigned strategy = i / NR_OPS % HVO_STRATEGIES,
		 mode = i / NR_OPS / HVO_STRATEGIES % NR_MODES;
	unsigned size = i / NR_OPS / HVO_STRATEGIES / NR_MODES, shift = huge_shifts[size];
	char text[SIZE_TEXT_MAX];

	if (!shift || (mode != MODE_SINGLE && size))
		return false;
	snprintf(name, BENCH_NAME_MAX, "hvo-%s/%s%s/%s", i % NR_OPS ? "restore" : "optimize",
		 text_size(text, 1UL << shift), modes[mode], hvo_strategy_names[strategy]);
	bench->order = shift - PAGE_SHIFT;
	bench->bytes = (mode == MODE_BULK ? BULK : 1UL) << shift;
	bench->prepare = prepare;
	bench->finish = finish;
	bench->before = op->before;
	bench->body = op->body;
	bench->check = op->check;
	bench->after = op->after;
	return true;
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct result *find(const struct results *results, unsigned size, unsigned mode,
				 unsigned strategy, enum op op)
{
	const struct result *r = hvo_find(results, op == OP_OPTIMIZE ? optimize_body : restore_body,
					  POINT_OF(size, mode, strategy, op));

	return r && !r->failed && !r->skipped ? r : NULL;
}

/* Of one huge page; DSBs of the call. */
static void cells(const struct result *r, unsigned pages)
{
	char text[3][TEXT_MAX];

	if (!r) {
		log_printf(" %12s %8s %9s %4s", "-", "-", "-", "-");
		return;
	}
	log_printf(" %12s %8s %9s %4lu",
		   counters.instructions ? text_number(text[0], r->instructions.median / pages)
					 : "-",
		   text_number(text[1], r->work.pte_writes / pages),
		   text_quotient(text[2], r->work.tlbi, pages), r->work.dsb);
}

static void line(const struct results *results, unsigned size, unsigned mode, unsigned strategy)
{
	static const char *const modes[] = { "", " x 64", ", online" };
	const struct result *there = find(results, size, mode, strategy, OP_OPTIMIZE);
	const struct result *back = find(results, size, mode, strategy, OP_RESTORE);
	char text[SIZE_TEXT_MAX], name[40];

	snprintf(name, sizeof(name), "%s%s", text_size(text, 1UL << huge_shifts[size]),
		 modes[mode]);
	log_printf("  %-12s %-4s", name, hvo_strategy_names[strategy]);
	cells(there, mode == MODE_BULK ? BULK : 1);
	log_printf(" |");
	cells(back, mode == MODE_BULK ? BULK : 1);
	log_printf("\n");
}

static void head(void)
{
	log_printf("\nHVO AT RUN TIME: of one huge page, its vmemmap split before; DSB: of the "
		   "call\n");
	text_rule('=');
	log_printf("  %-12s %-4s %12s %8s %9s %4s | %12s %8s %9s %4s\n", "", "hvo=", "optimise",
		   "stores", "TLBI", "DSB", "restore", "stores", "TLBI", "DSB");
	text_rule('-');
}

static void foot(void)
{
	text_rule('=');
	log_printf("ro: read-only first, nobody held. bbm: break-before-make, the other CPUs held. "
		   "af: access flag\ncleared, then compare-and-swap. x 64: as many in one call. "
		   "online: the other CPUs are; under icount\nINST_RETIRED counts them all.\n");
}

static void report(const struct results *results)
{
	bool headed = false;

	for (unsigned i = 0; i < NR_POINTS; i += NR_OPS) {
		unsigned strategy = i / NR_OPS % HVO_STRATEGIES;
		unsigned mode = i / NR_OPS / HVO_STRATEGIES % NR_MODES;
		unsigned size = i / NR_OPS / HVO_STRATEGIES / NR_MODES;

		if (!find(results, size, mode, strategy, OP_OPTIMIZE) &&
		    !find(results, size, mode, strategy, OP_RESTORE))
			continue;
		if (!headed)
			head();
		headed = true;
		line(results, size, mode, strategy);
	}
	if (headed)
		foot();
}

const struct hvo_family hvo_runtime = { NR_POINTS, make, report };
