// SPDX-License-Identifier: MIT
/*
 * The runs of a record. Warm: each pass finds what the one before left, after warm-up passes of
 * its own. Cold: cold_prepare() comes right before each pass, the null body's too.
 */
#include "bench/silicon/runs.h"

#include <errno.h>

#include "bench/selfcheck.h"
#include "mm/phys/kmalloc.h"

static struct overhead cold_overhead;

static bool has_times(void)
{
	return !counters.no_cycles || !counters.no_time;
}

bool runs_use_up(const struct bench *bench)
{
	return has_times() && bench->keeps;
}

void runs_start(void)
{
	if (has_times())
		cold_overhead = bench_overhead_of(cold_prepare);
}

static void take(struct run_set *set, unsigned run, const struct result *result)
{
	set->cycles[run] = result->cycles.median;
	set->ns[run] = result->ns.median;
}

static void judge_runs(struct run_set *set)
{
	set->cycles_spread = spread_of(set->cycles, RUNS);
	set->ns_spread = spread_of(set->ns, RUNS);
}

static int run_warm(struct pass *pass, struct run_set *set, const struct result *first)
{
	struct result again = *first;
	int error = 0;

	take(set, 0, first);
	for (unsigned i = 1; i < RUNS && !error; i++) {
		error = bench_run_again(pass, &bench_overhead, &again);
		take(set, i, &again);
	}
	judge_runs(set);
	return error;
}

static int run_cold(struct pass *pass, struct runs *runs, const struct result *first)
{
	struct run_set *set = &runs->of[PREPARED_COLD];
	struct result again = *first;
	int error = 0;

	cold_counts = (struct cold_counts){ 0 };
	pass->prepare = cold_prepare;
	for (unsigned i = 0; i < RUNS && !error; i++) {
		error = bench_run_again(pass, &cold_overhead, &again);
		take(set, i, &again);
	}
	pass->prepare = NULL;
	runs->cold = cold_counts;
	judge_runs(set);
	return error;
}

int runs_measure(struct pass *pass, struct result *result)
{
	struct runs *runs;
	int error;

	if (!has_times() || runs_use_up(pass->bench))
		return 0;
	runs = kmalloc(sizeof(*runs), GFP_KERNEL);
	if (!runs)
		return -ENOMEM;
	*runs = (struct runs){ 0 };
	result->runs = runs;
	core_text(runs->core, sizeof(runs->core));
	error = run_warm(pass, &runs->of[PREPARED_WARM], result);
	if (!error)
		error = run_cold(pass, runs, result);
	result->cycles.median = runs->of[PREPARED_WARM].cycles_spread.median;
	result->ns.median = runs->of[PREPARED_WARM].ns_spread.median;
	return error;
}
