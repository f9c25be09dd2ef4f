// SPDX-License-Identifier: MIT
/*
 * Limits, and who keeps them.
 */
#include <string.h>

#include "bench/report/judge.h"
#include "bench/report/text.h"
#include "bench/selfcheck.h"
#include "lib/log.h"

static bool within(const struct work_budget *budget, const struct door_counts *work,
		   bool tlbi_twice)
{
	uint64_t repeats = tlbi_twice ? MIN(budget->batches, work->tlbi) : 0;
	uint64_t tlbi = work->tlbi - repeats;

	return work->pte_writes <= budget->stores && work->dmb <= budget->dmb &&
	       work->dsb <= budget->dsb && work->isb <= budget->isb && tlbi >= budget->tlbi_least &&
	       tlbi <= budget->tlbi;
}

struct verdict judge(const struct reference *ref, uint64_t instructions,
		     const struct door_counts *work, bool tlbi_twice)
{
	return (struct verdict){
		.instructions = instructions <= ref->target,
		.work = !ref->budget || within(ref->budget, work, tlbi_twice),
	};
}

bool counts_as_linux_did(void)
{
	return counters.emulated && counters.instructions;
}

const struct reference *target_of(const struct result *r)
{
	if (r->rung != RUNG_TLBED || r->failed || r->skipped || !counts_as_linux_did())
		return NULL;
	return find_reference(r->bench->name);
}

struct verdict judge_result(const struct result *r)
{
	return judge(target_of(r), r->instructions.median, &r->work, door_tlbi_twice);
}

bool is_fair(uint64_t cost, uint64_t real)
{
	return cost * 100 <= real * 115;
}

#define LADDER_SLACK	  32  /* instructions, to ask which patches there are */
#define LADDER_SLACK_PART 200 /* 0.5 %: with its pages elsewhere, a rung costs that much more */

static bool same_work(const struct door_counts *a, const struct door_counts *b)
{
	return a->pte_writes == b->pte_writes && a->table_writes == b->table_writes &&
	       a->dmb == b->dmb && a->dsb == b->dsb && a->isb == b->isb && a->tlbi == b->tlbi;
}

bool same_rung(const struct result *step, const struct result *rung)
{
	uint64_t slack = LADDER_SLACK + rung->instructions.median / LADDER_SLACK_PART;

	return same_work(&step->work, &rung->work) &&
	       step->instructions.min <= rung->instructions.max + slack &&
	       rung->instructions.min <= step->instructions.max + slack;
}

/* One end of a ladder. */
static int judge_end(const struct results *results, const struct claim *claim, unsigned patches,
		     enum bench_rung rung)
{
	const struct result *there = find_result(results, claim->name, rung);
	const struct result *step = find_step(results, claim->ladder, patches);

	if (!there || !step || there->patches != (rung == RUNG_SERIES ? patches : 0))
		return 0;
	if (same_rung(step, there))
		return 0;
	log_printf("FAILED  %s: it is not the rung %s\n", step->name, rung_names[rung]);
	return 1;
}

static int judge_fairness(const struct results *results, const struct reference *ref)
{
	const struct result *before = find_result(results, ref->name, RUNG_LINUX);
	const struct result *after = find_result(results, ref->name, RUNG_SERIES);
	int unfair = 0;

	if (before && !is_fair(before->instructions.median, ref->lean)) {
		log_printf("FAILED  %s: dearer than the Linux that it restates\n", before->name);
		unfair++;
	}
	if (after && after->patches == SERIES_ALL &&
	    !is_fair(after->instructions.median, ref->series)) {
		log_printf("FAILED  %s: dearer than the Linux that it restates\n", after->name);
		unfair++;
	}
	return unfair;
}

int judge_rungs(const struct results *results)
{
	int failures = 0;

	for (unsigned i = 0; i < NR_CLAIMS; i++) {
		failures += judge_end(results, &claims[i], 0, RUNG_LINUX);
		failures += judge_end(results, &claims[i], SERIES_ALL, RUNG_SERIES);
	}
	for (unsigned i = 0; i < NR_HELD && counts_as_linux_did(); i++)
		if (find_reference(held_against_linux[i]))
			failures += judge_fairness(results, find_reference(held_against_linux[i]));
	return failures;
}
