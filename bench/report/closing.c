// SPDX-License-Identifier: MIT
/*
 * Closing tables, 100 columns: the ladder of patches, the rungs beside real Linux, the targets.
 */
#include <stdio.h>
#include <string.h>

#include "bench/report/closing.h"
#include "bench/report/judge.h"
#include "bench/report/text.h"
#include "bench/selfcheck.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"

/* --- the ladder ---------------------------------------------------------------------------- */

/* What this machine measures best; 0: nothing, or no such record. */
static uint64_t cost(const struct result *r)
{
	if (!r)
		return 0;
	if (!counters.no_time)
		return r->ns.median;
	return counters.instructions ? r->instructions.median : 0;
}

/* @now, and what it is more or less than @before: "320,994   -786,902". */
static void ladder_cell(uint64_t now, uint64_t before)
{
	char number[TEXT_MAX], change[TEXT_MAX] = "-";

	if (now && before && now != before)
		snprintf(change, sizeof(change), "%c%s", now < before ? '-' : '+',
			 text_number(number, now < before ? before - now : now - before));
	else if (now && before)
		strcpy(change, "=");
	log_printf(" %11s %9s", now ? text_number(number, now) : "-", change);
}

static uint64_t step_cost(const struct results *results, unsigned claim, unsigned patches)
{
	return cost(find_step(results, claims[claim].ladder, patches));
}

/* @compared: the patches of the step that this one is compared with. */
static void ladder_line(const struct results *results, const char *title, unsigned patches,
			unsigned compared)
{
	log_printf("%-33s", title);
	for (unsigned i = 0; i < NR_CLAIMS; i++)
		ladder_cell(step_cost(results, i, patches),
			    compared == patches ? 0 : step_cost(results, i, compared));
	log_printf("\n");
}

static bool has_ladder(const struct results *results)
{
	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->bench->ladder && cost(r))
			return true;
	}
	return false;
}

static void ladder_head(void)
{
	log_printf("\nTHE SERIES PATCH BY PATCH: %s of one call, and what the step changes\n",
		   counters.no_time ? "instructions" : "ns");
	text_rule('=');
	log_printf("%-33s", "patches of v4");
	for (unsigned i = 0; i < NR_CLAIMS; i++)
		log_printf(" %21s", claims[i].name);
	log_printf("\n");
	text_rule('-');
}

void report_ladder(const struct results *results)
{
	const struct ladder_step *step = ladder_steps;

	if (!has_ladder(results))
		return;
	ladder_head();
	for (; step < ladder_steps + LADDER_UP; step++)
		ladder_line(results, step->title, step->patches,
			    step == ladder_steps ? step->patches : step[-1].patches);
	text_rule('-');
	for (; step < ladder_steps + LADDER_STEPS; step++)
		ladder_line(results, step->title, step->patches, SERIES_ALL);
	ladder_line(results, "all but 6: 1-5", SERIES_ALL & ~SERIES_VMAP_ALIGN, SERIES_ALL);
	text_rule('=');
	log_printf("Above: with one patch more than in the line before. Below: with all but one, "
		   "and against 1-6.\n");
}

/* --- real Linux ---------------------------------------------------------------------------- */

static void fairness_cells(const struct result *r, uint64_t real, int width)
{
	char own[TEXT_MAX], number[TEXT_MAX], ratio[TEXT_MAX];

	log_printf(" %11s %11s %*s", r ? text_number(own, r->instructions.median) : "-",
		   text_number(number, real), width,
		   text_ratio(ratio, r ? r->instructions.median : 0, real));
}

/* One row; false: neither rung was measured. */
static bool fairness_line(const struct results *results, const struct reference *ref, bool headed)
{
	const struct result *before = find_result(results, ref->name, RUNG_LINUX);
	const struct result *after = find_result(results, ref->name, RUNG_SERIES);

	if (after && after->patches != SERIES_ALL)
		after = NULL;
	if (!before && !after)
		return false;
	if (!headed) {
		log_printf("\nTHE RUNGS BESIDE REAL LINUX: instructions; past 1.15x a rung is a "
			   "straw man, and fails\n");
		text_rule('=');
		log_printf("%-33s %11s %11s %9s %11s %11s %8s\n", "", "linux", "lean", "linux/",
			   "series", "+series", "series/");
	}
	log_printf("%-33s", ref->name);
	fairness_cells(before, ref->lean, 9);
	fairness_cells(after, ref->series, 8);
	log_printf("\n");
	return true;
}

void report_fairness(const struct results *results)
{
	bool headed = false;

	for (unsigned i = 0; i < NR_HELD && counts_as_linux_did(); i++) {
		const struct reference *ref = find_reference(held_against_linux[i]);

		if (ref)
			headed |= fairness_line(results, ref, headed);
	}
	if (headed)
		text_rule('=');
}

/* --- targets ------------------------------------------------------------------------------- */

static void targets_head(void)
{
	log_printf("\nTARGETS of the rung tlbed: instructions, and where it says so at most so "
		   "much work\n");
	text_rule('=');
	log_printf("%-29s %9s %9s %15s %9s %5s %5s %5s  %s\n", "", "target", "ours", "stores",
		   "TLBI", "DMB", "DSB", "ISB", "met");
	text_rule('-');
}

/* "256/256": what was done, of what may be; "256" where nothing limits it. */
static const char *text_of(char text[TEXT_MAX], uint64_t done, bool limited, uint64_t limit)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	if (limited && limit != NO_LIMIT)
		snprintf(text, TEXT_MAX, "%s/%s", text_number(a, done), text_number(b, limit));
	else
		text_number(text, done);
	return text;
}

static void target_line(const struct result *r, const struct reference *ref)
{
	const struct work_budget *b = ref->budget ?: &(struct work_budget){ 0 };
	struct verdict verdict = judge_result(r);
	char n[7][TEXT_MAX];

	log_printf("%-29s %9s %9s %15s %9s %5s %5s %5s  %s\n", ref->name,
		   text_number(n[0], ref->target), text_number(n[1], r->instructions.median),
		   text_of(n[2], r->work.pte_writes, ref->budget, b->stores),
		   text_of(n[3], r->work.tlbi, ref->budget, b->tlbi),
		   text_of(n[4], r->work.dmb, ref->budget, b->dmb),
		   text_of(n[5], r->work.dsb, ref->budget, b->dsb),
		   text_of(n[6], r->work.isb, ref->budget, b->isb),
		   !verdict.instructions ? "no"
		   : !verdict.work	 ? "no: work"
					 : "yes");
}

void report_targets(const struct results *results)
{
	unsigned shown = 0, met = 0;
	const char *note = NULL;

	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];
		const struct reference *ref = target_of(r);
		struct verdict verdict;

		if (!ref)
			continue;
		if (!shown++)
			targets_head();
		target_line(r, ref);
		note = reference_note(ref->name) ?: note;
		verdict = judge_result(r);
		met += verdict.instructions && verdict.work;
	}
	if (!shown)
		return;
	text_rule('=');
	log_printf("%u of %u targets met. stores: leaf descriptors.%s\n", met, shown,
		   door_tlbi_twice ? " The TLBI that repeats a batch is free." : "");
	if (note)
		log_printf("%s", note);
}
