// SPDX-License-Identifier: MIT
/*
 * Records for programs: Google Benchmark's fields first, then ours. A field that this
 * machine cannot measure is left out, and the context says why.
 */
#include <stdio.h>
#include <string.h>

#include "bench/records.h"
#include "bench/report/census.h"
#include "bench/report/clocks.h"
#include "bench/report/events.h"
#include "bench/report/judge.h"
#include "bench/selfcheck.h"
#include "bench/silicon/runs.h"
#include "drivers/timer.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "lib/platform.h"
#include "mm/arm64/prims.h"
#include "mm/map/flush.h"
#include "mm/pages/hvo.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/ranges.h"

#define SCHEMA 1

/* 1,000 samples of 20 digits, or 512 skipped records with their reasons; and the rest. */
static char line[80 * KiB];

/*
 * Ties the lines of a block together: the ticks since power-on at its begin, which no other
 * boot's block has. A gap in a log may reach from one boot's records into the next one's.
 */
static uint64_t block_id;

static void json_hex(struct json *json, const char *key, uint64_t value)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%lx", value);
	json_string(json, key, text);
}

static void emit_line(struct json *json)
{
	json_hex(json, "block_id", block_id);
	json_emit(json);
}

static void json_ram(struct json *json)
{
	struct phys_range r;
	char text[40];

	json_open_array(json, "ram");
	for_each_ram_range (&r) {
		snprintf(text, sizeof(text), "0x%lx-0x%lx", r.first_pfn << PAGE_SHIFT,
			 (r.first_pfn + r.pages) << PAGE_SHIFT);
		json_string(json, NULL, text);
	}
	json_close(json);
}

static void json_absent(struct json *json)
{
	const char *no_real_time = NULL;

	if (counters.no_time && counters.no_instructions)
		no_real_time = counters.no_instructions;
	json_open_object(json, "absent");
	if (counters.no_instructions) {
		json_string(json, "instructions", counters.no_instructions);
		json_string(json, "instructions_per_page", counters.no_instructions);
	}
	if (counters.no_cycles)
		json_string(json, "cycles", counters.no_cycles);
	if (counters.no_time)
		json_string(json, "ns", counters.no_time);
	if (no_real_time) {
		json_string(json, "real_time", no_real_time);
		json_string(json, "cpu_time", no_real_time);
	}
	if (cpu_clocks.none)
		json_string(json, "cpu_clocks", cpu_clocks.none);
	json_events_absent(json);
	json_close(json);
}

/* What real_time and cpu_time are on this machine. */
static const char *time_means(void)
{
	if (!counters.no_time)
		return "nanoseconds";
	return counters.instructions ? "instructions" : "nothing";
}

static void json_machine(struct json *json, const struct bench_cpu *cpu)
{
	json_string(json, "model", platform.model);
	json_hex(json, "midr", cpu->midr);
	json_hex(json, "mpidr", cpu->mpidr);
	json_unsigned(json, "entry_el", platform.entry_el);
	json_unsigned(json, "cntfrq_hz", platform.cntfrq_hz);
	json_ram(json);
	json_string(json, "granule", GRANULE_NAME);
	json_string(json, "prims", PRIMS_NAME);
	json_hex(json, "tcr", platform.tcr);
	json_hex(json, "mair", platform.mair);
	json_hex(json, "sctlr", platform.sctlr);
	json_string(json, "tlbi", door_tlbi_twice ? "twice" : "once");
	json_string(json, "flush", flush_policy_names[flush_policy]);
	json_string(json, "vmemmap", vmemmap_max_shift > PAGE_SHIFT ? "blocks" : "pages");
	json_string(json, "hvo", hvo_strategy_names[hvo_strategy]);
	json_string(json, "hvo_split", hvo_split_names[hvo_split]);
	json_clocks(json);
	if (counters.core_hz)
		json_unsigned(json, "core_hz", counters.core_hz);
}

/* What has no record since this machine or granule cannot run it. */
static void json_skipped(struct json *json, const struct bench_cpu *list, unsigned count)
{
	char text[128];

	json_open_array(json, "skipped");
	for (; count--; list++)
		for (unsigned i = 0; i < list->results.count; i++) {
			const struct result *r = &list->results.results[i];

			if (!r->skipped)
				continue;
			snprintf(text, sizeof(text), "%s: %s", r->name, r->skipped);
			json_string(json, NULL, text);
		}
	json_close(json);
}

/* From here on what is written is @cpu's. */
static void recall(const struct bench_cpu *cpu)
{
	counters = cpu->counters;
	bench_overhead = cpu->overhead;
	bench_events = cpu->events;
}

static void json_overhead(struct json *json)
{
	if (counters.instructions)
		json_unsigned(json, "overhead_instructions", bench_overhead.instructions);
	if (!counters.no_cycles)
		json_unsigned(json, "overhead_cycles", bench_overhead.cycles);
}

/* What differs from CPU to CPU, of those that `@cpuN` in the names means. */
static void json_cpus(struct json *json, const struct bench_cpu *list, unsigned count)
{
	json_open_array(json, "cpus");
	for (unsigned i = 0; i < count; i++) {
		recall(&list[i]);
		json_open_object(json, NULL);
		json_unsigned(json, "cpu", list[i].cpu);
		json_hex(json, "midr", list[i].midr);
		json_hex(json, "mpidr", list[i].mpidr);
		json_string(json, "clock_source", counters.clock_source);
		if (counters.core_hz)
			json_unsigned(json, "core_hz", counters.core_hz);
		json_overhead(json);
		json_absent(json);
		json_close(json);
	}
	json_close(json);
}

static bool has_record(const struct result *r)
{
	return !r->failed && !r->skipped;
}

/* How many records follow: a serial line may lose one whole, with its CRC. */
static unsigned count_records(const struct bench_cpu *list, unsigned count)
{
	unsigned records = 0;

	for (; count--; list++)
		for (unsigned i = 0; i < list->results.count; i++)
			records += has_record(&list->results.results[i]);
	return records;
}

static void emit_context(const struct bench_cpu *list, unsigned count)
{
	char patches[PATCHES_TEXT_MAX];
	struct json json;

	recall(list);
	json_begin(&json, line, sizeof(line));
	json_unsigned(&json, "schema", SCHEMA);
	/* Without the banner's own label. */
	json_string(&json, "git", build_git + (strncmp(build_git, "git: ", 5) ? 0 : 5));
	json_string(&json, "compiler", build_compiler);
	json_machine(&json, list);
	json_string(&json, "clock_source", counters.clock_source);
	json_string(&json, "time_means", time_means());
	json_bool(&json, "emulated", counters.emulated);
	if (counters.forced)
		json_bool(&json, "forced", true);
	json_runs_context(&json);
	json_unsigned(&json, "seed", options.seed);
	json_unsigned(&json, "samples", options.samples);
	json_unsigned(&json, "warmup", options.warmup);
	json_string(&json, "series", patches_text(patches, series_patches));
	json_overhead(&json);
	json_events_context(&json);
	json_absent(&json);
	json_cpus(&json, list, count);
	json_skipped(&json, list, count);
	json_unsigned(&json, "records", count_records(list, count));
	emit_line(&json);
}

static void json_times(struct json *json, const struct result *r)
{
	uint64_t time = counters.no_time ? r->instructions.median : r->ns.median;

	json_unsigned(json, "iterations", r->samples);
	if (!counters.no_time || counters.instructions) {
		json_unsigned(json, "real_time", time);
		json_unsigned(json, "cpu_time", time);
	}
	json_string(json, "time_unit", "ns");
}

static void json_counts(struct json *json, const struct result *r)
{
	if (counters.instructions) {
		json_unsigned(json, "instructions", r->instructions.median);
		json_unsigned(json, "instructions_min", r->instructions.min);
		json_unsigned(json, "instructions_max", r->instructions.max);
	}
	if (!counters.no_cycles)
		json_unsigned(json, "cycles", r->cycles.median);
	if (!counters.no_time)
		json_unsigned(json, "ns", r->ns.median);
	if (r->sample_cycles)
		json_numbers(json, "samples", r->sample_cycles, r->samples);
	json_unsigned(json, "pages", r->pages);
	if (counters.instructions)
		json_fixed(json, "instructions_per_page",
			   (r->instructions.median * 100 + r->pages / 2) / r->pages, 2);
}

static void json_work(struct json *json, const struct door_counts *work)
{
	json_unsigned(json, "pte_writes", work->pte_writes);
	json_unsigned(json, "table_writes", work->table_writes);
	json_unsigned(json, "dsb", work->dsb);
	json_unsigned(json, "dmb", work->dmb);
	json_unsigned(json, "isb", work->isb);
	json_unsigned(json, "tlbi", work->tlbi);
	json_unsigned(json, "tables_allocated", work->tables_allocated);
	json_unsigned(json, "tables_freed", work->tables_freed);
}

/* Of the rung series, what it has; of any rung whose check goes on, what that found. */
static void json_series(struct json *json, const struct result *r)
{
	char text[PATCHES_TEXT_MAX];

	if (r->rung == RUNG_SERIES)
		json_string(json, "series_patches", patches_text(text, r->patches));
	if (r->bench->counts_mismapped || r->mismapped)
		json_unsigned(json, "mismapped_pages", r->mismapped);
}

/* Of rows of HVO: what the struct pages take that the row is about. */
static void json_vmemmap(struct json *json, const struct vmemmap_use *use)
{
	if (!use->known)
		return;
	json_unsigned(json, "vmemmap_own_bytes", use->own_bytes);
	json_unsigned(json, "vmemmap_shared_bytes", use->shared_bytes);
	json_unsigned(json, "vmemmap_table_bytes", use->table_bytes);
}

static void json_target(struct json *json, const struct result *r)
{
	struct verdict verdict;

	if (!target_of(r))
		return;
	verdict = judge_result(r);
	json_unsigned(json, "target_instructions", target_of(r)->target);
	json_bool(json, "target_met", verdict.instructions && verdict.work);
	json_bool(json, "work_budget_met", verdict.work);
}

static void emit_record(const struct result *r)
{
	struct json json;

	json_begin(&json, line, sizeof(line));
	json_string(&json, "name", r->name);
	if (counters.forced)
		json_bool(&json, "forced", true);
	json_times(&json, r);
	json_counts(&json, r);
	json_work(&json, &r->work);
	if (r->has_census)
		json_census(&json, &r->census);
	json_series(&json, r);
	json_vmemmap(&json, &r->structs);
	json_target(&json, r);
	json_runs(&json, r);
	json_events_record(&json, r);
	emit_line(&json);
}

void report_json(const struct bench_cpu *list, unsigned count)
{
	block_id = timer_ticks();
	log_printf("--- BEGIN RESULTS ---\n");
	emit_context(list, count);
	for (; count--; list++) {
		recall(list);
		for (unsigned i = 0; i < list->results.count; i++)
			if (has_record(&list->results.results[i]))
				emit_record(&list->results.results[i]);
	}
	log_printf("--- END RESULTS ---\n");
}
