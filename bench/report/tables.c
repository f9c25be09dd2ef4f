// SPDX-License-Identifier: MIT
/*
 * Tables for people, 100 columns: every row, each as soon as it is measured, and after them the
 * three claims, side by side. Each figure that was not measured by this run is named for
 * what it is.
 */
#include <stdio.h>
#include <string.h>

#include "bench/records.h"
#include "bench/report/census.h"
#include "bench/report/closing.h"
#include "bench/report/events.h"
#include "bench/report/judge.h"
#include "bench/report/reference.h"
#include "bench/selfcheck.h"
#include "bench/report/text.h"
#include "drivers/pmu/clock.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "mm/arm64/prims.h"

/* The last two columns are this machine's own time, not comparisons of instructions. */
static bool has_times(void)
{
	return !counters.no_cycles || !counters.no_time;
}

/* A figure of one record; NULL record or no such figure: "-". */
typedef const char *cell_t(char text[TEXT_MAX], const struct result *result);

static const char *cell_instructions(char text[TEXT_MAX], const struct result *r)
{
	if (!r || !counters.instructions)
		return "-";
	return text_number(text, r->instructions.median);
}

static const char *cell_ns(char text[TEXT_MAX], const struct result *r)
{
	char number[TEXT_MAX];

	if (!r || counters.no_time)
		return "-";
	snprintf(text, TEXT_MAX, "%s ns", text_number(number, r->ns.median));
	return text;
}

static const char *cell_stores(char text[TEXT_MAX], const struct result *r)
{
	return r ? text_number(text, r->work.pte_writes) : "-";
}

static const char *cell_tlbi(char text[TEXT_MAX], const struct result *r)
{
	return r ? text_number(text, r->work.tlbi) : "-";
}

static const char *cell_barriers(char text[TEXT_MAX], const struct result *r)
{
	if (!r)
		return "-";
	snprintf(text, TEXT_MAX, "%lu/%lu/%lu", r->work.dmb, r->work.dsb, r->work.isb);
	return text;
}

/* --- the three claims ---------------------------------------------------------------------- */

/* Before, after, ours, and their two ratios. */
static void claim_line(const char *what, const char *before, const char *after, const char *ours,
		       const char *before_after, const char *before_ours)
{
	char text[128];
	size_t n = snprintf(text, sizeof(text), "%-44s %11s %11s %11s %9s %9s", what, before, after,
			    ours, before_after, before_ours);

	while (n && text[n - 1] == ' ')
		n--;
	log_printf("%.*s\n", (int)n, text);
}

static void claim_cells(const char *what, const struct result *const r[RUNG_COUNT], cell_t *cell)
{
	char before[TEXT_MAX], after[TEXT_MAX], ours[TEXT_MAX];

	claim_line(what, cell(before, r[RUNG_LINUX]), cell(after, r[RUNG_SERIES]),
		   cell(ours, r[RUNG_TLBED]), "", "");
}

static uint64_t headline(const struct result *r)
{
	if (!r)
		return 0;
	return counters.no_time ? r->instructions.median : r->ns.median;
}

/* What the claim is about on this machine: time, or under the emulator instructions. */
static void claim_headline(const char *title, const struct result *const r[RUNG_COUNT])
{
	cell_t *cell = counters.no_time ? cell_instructions : cell_ns;
	char before[TEXT_MAX], after[TEXT_MAX], ours[TEXT_MAX], ratio[2][TEXT_MAX];
	uint64_t linux_cost = headline(r[RUNG_LINUX]);

	claim_line(title, cell(before, r[RUNG_LINUX]), cell(after, r[RUNG_SERIES]),
		   cell(ours, r[RUNG_TLBED]),
		   text_ratio(ratio[0], linux_cost, headline(r[RUNG_SERIES])),
		   text_ratio(ratio[1], linux_cost, headline(r[RUNG_TLBED])));
}

static void claim_real_linux(const struct claim *claim, const struct result *ours)
{
	const struct reference *ref = find_reference(claim->name);
	uint64_t instructions = ours && counters.instructions ? ours->instructions.median : 0;
	char before[TEXT_MAX], after[TEXT_MAX], ratio[2][TEXT_MAX];

	if (!ref)
		return;
	claim_line("  real Linux 7.2, lean / with the series [1]", text_number(before, ref->lean),
		   text_number(after, ref->series), "",
		   text_ratio(ratio[0], ref->lean, ref->series),
		   text_ratio(ratio[1], ref->lean, instructions));
}

static void claim_mail(const struct claim *claim)
{
	char number[TEXT_MAX], before[TEXT_MAX], after[TEXT_MAX], ratio[TEXT_MAX];

	snprintf(before, sizeof(before), "%s ns", text_number(number, claim->before_ns));
	snprintf(after, sizeof(after), "%s ns", text_number(number, claim->after_ns));
	claim_line("  the series' mail, RK3588 little core [2]", before, after, "",
		   text_ratio(ratio, claim->before_ns, claim->after_ns), "");
}

/* The rungs of a claim that were measured, into @r. Returns how many, the pages not counted. */
static unsigned find_claim(const struct results *results, const struct claim *claim,
			   const struct result *r[RUNG_COUNT])
{
	unsigned n = 0;

	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		r[rung] = find_result(results, claim->name, rung);
		n += r[rung] && rung != RUNG_PAGES;
	}
	return n;
}

/* Why a claim that was to run has no figures; NULL: it was not to run. */
static const char *why_missing(const struct results *results, const struct claim *claim)
{
	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->rung != RUNG_PAGES && !strcmp(r->bench->name, claim->name))
			return r->failed ? r->failed : r->skipped;
	}
	return NULL;
}

static void report_claim(const struct results *results, const struct claim *claim)
{
	const struct result *r[RUNG_COUNT];
	const char *why = NULL;

	if (!find_claim(results, claim, r)) {
		why = why_missing(results, claim);
		if (!why)
			return;
	}
	text_rule('-');
	if (why) {
		log_printf("%s\n  not measured: %s\n", claim->title, why);
		return;
	}
	claim_headline(claim->title, r);
	if (!counters.no_time)
		claim_cells("  instructions retired", r, cell_instructions);
	claim_cells("  descriptors stored", r, cell_stores);
	claim_cells("  DMB/DSB/ISB", r, cell_barriers);
	claim_cells("  TLBI", r, cell_tlbi);
	claim_real_linux(claim, r[RUNG_TLBED]);
	if (have_references())
		claim_mail(claim);
}

static bool selects_a_claim(const struct results *results)
{
	const struct result *r[RUNG_COUNT];

	for (unsigned i = 0; i < NR_CLAIMS; i++)
		if (find_claim(results, &claims[i], r) || why_missing(results, &claims[i]))
			return true;
	return false;
}

static void claims_foot(void)
{
	log_printf("linux, series: Linux's code before and after, restated (docs/rungs.md); "
		   "tlbed: our engine.\n"
		   "linux to series is a smaller step here than in real Linux, as our checks and "
		   "setter are\nlighter (docs/rungs.md).\n");
	if (!have_references()) {
		log_printf("Figures of real Linux and of the series' mail are for 4K pages and "
			   "not shown beside %s ones.\n",
			   GRANULE_NAME);
		return;
	}
	log_printf("[1] Measured elsewhere in the same emulator: instructions of Linux "
		   "7.2.13, and of it with the\n    series rebuilt in. Its before/ours is "
		   "against our tlbed.\n");
	log_printf("[2] Published by the series' authors: time on silicon, not comparable with "
		   "instructions.\n");
}

static void report_claims(const struct results *results)
{
	if (!selects_a_claim(results))
		return;
	log_printf(
		"\nTHE SERIES' THREE CLAIMS, in one boot: %s of one call, median of %lu samples\n",
		counters.no_time ? "instructions retired" : "time", options.samples);
	text_rule('=');
	claim_line("", "before", "after", "ours", "before/", "before/");
	claim_line("", "(linux)", series_patches == SERIES_ALL ? "(series)" : "(in part)",
		   "(tlbed)", "after", "ours");
	for (unsigned i = 0; i < NR_CLAIMS; i++)
		report_claim(results, &claims[i]);
	text_rule('=');
	claims_foot();
}

/* --- every row ----------------------------------------------------------------------------- */

static void rows_head(void)
{
	log_printf("  %-6s %12s %8s %6s %5s %6s %4s %3s %4s %7s", "rung", "instructions",
		   "per page", "stores", "links", "TLBI", "DSB", "DMB", "ISB", "tables");
	if (has_times())
		log_printf(" %13s %13s\n", "cycles", "ns");
	else
		log_printf(" %7s %8s %10s\n", "lean/", "+series/", "target met");
}

static void row_title(const struct bench *bench, uint64_t pages)
{
	const struct reference *ref = find_reference(bench->name);
	char number[TEXT_MAX], text[64];

	snprintf(text, sizeof(text), "%s, %s page%s", bench->name, text_number(number, pages),
		 pages == 1 ? "" : "s");
	log_printf(ref ? "%-42s" : "%s", text);
	if (ref) {
		log_printf("  Linux: lean %9s", text_number(number, ref->lean + ref->lean_flush));
		log_printf(", series %9s", text_number(number, ref->series + ref->series_flush));
		log_printf(", target %7s", text_number(number, ref->target));
	}
	log_printf("\n");
}

static const char *cell_met(const struct result *r)
{
	struct verdict verdict;

	if (!target_of(r))
		return "";
	verdict = judge_result(r);
	return verdict.instructions && verdict.work ? "yes" : "no";
}

/* The last columns: how many of this call one of real Linux would buy, and the target; or time. */
static void row_end(const struct result *r)
{
	const struct reference *ref = find_reference(r->bench->name);
	uint64_t own = counters.instructions ? r->instructions.median : 0;
	char a[TEXT_MAX], b[TEXT_MAX];

	if (has_times())
		log_printf(" %13s %13s\n",
			   counters.no_cycles ? "-" : text_number(a, r->cycles.median),
			   counters.no_time ? "-" : text_number(b, r->ns.median));
	else
		log_printf(" %7s %8s%s%s\n",
			   text_ratio(a, ref ? ref->lean + ref->lean_flush : 0, own),
			   text_ratio(b, ref ? ref->series + ref->series_flush : 0, own),
			   *cell_met(r) ? "        " : "", cell_met(r));
}

/* The table of rows as far as it got: it has no head yet, or the bench of its last row. */
static struct {
	bool headed;
	const struct bench *bench;
} rows;

static void row_figures(const struct result *r)
{
	char n[2][TEXT_MAX], w[3][TEXT_MAX], tables[TEXT_MAX];
	const struct door_counts *work = &r->work;

	snprintf(tables, sizeof(tables), "+%lu -%lu", work->tables_allocated, work->tables_freed);
	log_printf("  %-7s %11s %8s %6s %5s %6s %4lu %3lu %4lu %7s", rung_names[r->rung],
		   cell_instructions(n[0], r),
		   counters.instructions ? text_quotient(n[1], r->instructions.median, r->pages)
					 : "-",
		   text_number(w[0], work->pte_writes), text_number(w[1], work->table_writes),
		   text_number(w[2], work->tlbi), work->dsb, work->dmb, work->isb, tables);
	row_end(r);
	if (counters.instructions && r->instructions.min != r->instructions.max)
		log_printf("          %12s to %s over the samples\n",
			   text_number(n[0], r->instructions.min),
			   text_number(n[1], r->instructions.max));
	if (r->mismapped || r->bench->counts_mismapped)
		log_printf("          %12s of the pages are mapped to a frame that is not theirs\n",
			   text_number(n[0], r->mismapped));
	report_events_row(r);
}

static void rows_foot(void)
{
	log_printf("stores: leaf descriptors. links: tables linked and unlinked. tables: pages for "
		   "leaf tables,\ntaken and given back.\n");
	if (!have_references())
		return;
	log_printf("Linux: real Linux 7.2, measured elsewhere in the same emulator; with its "
		   "deferred TLB flush\nwhere ours is in the call.");
	log_printf("%s\n",
		   !has_times() ? " lean/, +series/: its instructions divided by the row's." : "");
}

void report_row(const struct result *result)
{
	if (!rows.headed) {
		log_printf("\nEVERY ROW: one whole call; X-map is its mapping half alone\n");
		text_rule('=');
		rows_head();
		text_rule('-');
	}
	rows.headed = true;
	if (result->bench != rows.bench)
		row_title(result->bench, result->pages);
	rows.bench = result->bench;
	row_figures(result);
}

static void report_method(void)
{
	char mhz[24], patches[PATCHES_TEXT_MAX];

	log_printf("\nclock: %s\n", counters.clock_source);
	if (counters.instructions)
		log_printf("INST_RETIRED is exact on loops of known length; %lu instructions of an "
			   "empty sample are subtracted\n",
			   bench_overhead.instructions);
	else
		log_printf("no instruction counts: %s\n", counters.no_instructions);
	if (counters.no_time)
		log_printf("no times: %s\n", counters.no_time);
	if (counters.no_cycles && counters.no_cycles != counters.no_time)
		log_printf("no cycles: %s\n", counters.no_cycles);
	if (strcmp(PRIMS_NAME, "simd"))
		log_printf("the engine's bulk primitives are those without SIMD (PRIMS=%s)\n",
			   PRIMS_NAME);
	if (series_patches != SERIES_ALL)
		log_printf("the rung series has patches %s of the series only (series=)\n",
			   patches_text(patches, series_patches));
	report_events_method();
	clock_mhz(mhz, counters.core_hz);
	if (counters.core_hz)
		log_printf("core clock, measured: %s MHz\n", mhz);
}

void report_begin(void)
{
	memset(&rows, 0, sizeof(rows));
	report_method();
}

/* Benches of many points show them side by side. */
static void report_points(const struct results *results)
{
	const struct bench *of = NULL;

	for (unsigned i = 0; i < results->count; i++) {
		const struct bench *bench = results->results[i].bench;

		if (bench->of && bench->of != of && bench->points->report)
			bench->points->report(results);
		of = bench->of;
	}
}

void report_end(const struct results *results)
{
	if (rows.headed) {
		text_rule('=');
		rows_foot();
	}
	report_census(results);
	report_points(results);
	report_ladder(results);
	report_claims(results);
	report_fairness(results);
	report_targets(results);
}
