// SPDX-License-Identifier: MIT
/*
 * Sweep: vmap()'s mapping half over the order of the blocks, the size and the phase of the
 * virtual address, which the call itself always chooses well.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/records.h"
#include "bench/report/text.h"
#include "bench/rows/arrays.h"
#include "bench/rows/readback.h"
#include "lib/log.h"
#include "mm/map/map.h"
#include "mm/map/view/census.h"

#define ORDERS 11

static const uint64_t sizes[] = { 64 * KiB, 1 * MiB, 16 * MiB, 100 * MiB };

/* Where the range begins, past a multiple of PMD_SIZE. */
static const struct phase {
	const char *name;
	uint64_t offset;
} phases[] = {
	{ "va-pmd", 0 },
	{ "va-cont", CONT_PTE_SIZE },
	{ "va-page", PAGE_SIZE },
};

/* Size by size, order by order, the phases of each together. */
static unsigned point_of(unsigned size, unsigned order, unsigned phase)
{
	return (size * ORDERS + order) * ARRAY_SIZE(phases) + phase;
}

static bool vmap_point(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	const struct phase *phase = &phases[i % ARRAY_SIZE(phases)];
	char size[SIZE_TEXT_MAX];

	bench->order = i / ARRAY_SIZE(phases) % ORDERS;
	bench->bytes = sizes[i / ARRAY_SIZE(phases) / ORDERS];
	snprintf(name, BENCH_NAME_MAX, "sweep/vmap-map/%s/order%u/%s",
		 text_size(size, bench->bytes), bench->order, phase->name);
	/* Whole blocks only; one alone has no neighbour to be apart from. */
	return IS_ALIGNED(bench->bytes, PAGE_SIZE << bench->order);
}

static const struct phase *phase_of(const struct pass *pass)
{
	return &phases[pass->bench->point % ARRAY_SIZE(phases)];
}

static uint64_t start_of(const struct pass *pass)
{
	return (uint64_t)pass->area->addr + phase_of(pass)->offset;
}

static int vmap_prepare(struct pass *pass)
{
	int error = arrays_make(pass);

	if (error)
		return error;
	pass->area = __get_vm_area(pass->bytes + phase_of(pass)->offset, PMD_SIZE, VMALLOC_START,
				   VMALLOC_END, VM_MAP);
	if (!pass->area)
		return -ENOMEM;
	return map_populate_upper(start_of(pass), start_of(pass) + pass->bytes);
}

static int vmap_before(struct pass *pass)
{
	pass->pages = array_pages(pass->turn);
	return 0;
}

static void vmap_body(struct pass *pass)
{
	uint64_t va = start_of(pass);

	pass->error = map_pages(va, va + pass->bytes, pass->pages, PAGE_KERNEL, MAP_SHIFT_ANY);
	pass->va = (void *)va;
}

static void vmap_rung_body(struct pass *pass)
{
	uint64_t va = start_of(pass);

	pass->error =
		pass->rung->map_array(pass->rung, va, va + pass->bytes, pass->pages, PAGE_KERNEL);
	pass->va = (void *)va;
}

/*
 * The series as of v4 trusts the order of the first block for all of a window, and goes past its
 * end where a window begins inside a block (docs/sweeps.md). vmap() there never asks for such
 * an address; a sweep does, and says what comes of it.
 */
static int vmap_check(struct pass *pass)
{
	int error = check_pages(pass, pass->pages);
	bool batches = pass->rung && pass->rung->patches & SERIES_VMAP_BATCHES;

	if (error && batches && phase_of(pass)->offset) {
		pass->why = "the restated v4 maps a wrong page at this phase";
		return -EOPNOTSUPP;
	}
	return error;
}

static int vmap_after(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->va;

	(pass->rung ? rung_unmap : unmap_range)(va, va + pass->bytes);
	pass->va = NULL;
	return 0;
}

static void vmap_finish(struct pass *pass)
{
	free_vm_area(pass->area);
	arrays_free();
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct result *find_point(const struct results *results, unsigned point,
				       enum bench_rung rung)
{
	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->rung == rung && r->bench->body == vmap_body && r->bench->point == point)
			return r;
	}
	return NULL;
}

static const char *cell(char text[TEXT_MAX], const struct result *r)
{
	if (r && r->wrong)
		return "wrong";
	if (!r || r->failed || r->skipped || !counters.instructions)
		return "-";
	return text_quotient(text, r->instructions.median, r->pages);
}

/* An order's line; nothing if none of it was measured. */
static void report_order(const struct results *results, unsigned size, unsigned order)
{
	const struct result *found = NULL;
	char line[128], number[TEXT_MAX];
	size_t len = snprintf(line, sizeof(line), "  %5u ", order);

	for (unsigned phase = 0; phase < ARRAY_SIZE(phases); phase++)
		for (unsigned rung = RUNG_LINUX; rung <= RUNG_TLBED; rung++) {
			const struct result *r =
				find_point(results, point_of(size, order, phase), rung);

			len += snprintf(line + len, sizeof(line) - len, "%10s", cell(number, r));
			found = r ?: found;
		}
	if (found)
		log_printf("%s\n", line);
}

static bool has_size(const struct results *results, uint64_t bytes)
{
	for (unsigned i = 0; i < results->count; i++)
		if (results->results[i].bench->body == vmap_body &&
		    results->results[i].bench->bytes == bytes)
			return true;
	return false;
}

static void report_vmap(const struct results *results)
{
	char text[SIZE_TEXT_MAX], cont[64], size[SIZE_TEXT_MAX];

	snprintf(cont, sizeof(cont), "%s past it", text_size(text, CONT_PTE_SIZE));
	log_printf("\nSWEEP: vmap()'s mapping half of blocks of each order, no two neighbours: "
		   "instructions a page\n");
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!has_size(results, sizes[i]))
			continue;
		text_rule(i ? '-' : '=');
		log_printf("  %-6sVA a multiple of %-13s%-30s%s\n", text_size(size, sizes[i]),
			   text_size(text, PMD_SIZE), cont, "a page past it");
		log_printf("  %5s %10s%10s%10s%10s%10s%10s%10s%10s%10s\n", "order", "linux",
			   "series", "tlbed", "linux", "series", "tlbed", "linux", "series",
			   "tlbed");
		for (unsigned order = 0; order < ORDERS; order++)
			report_order(results, i, order);
	}
	text_rule('=');
	log_printf("wrong: read back, the mapping has a wrong page (docs/sweeps.md).\n");
}

static const struct bench_points points = {
	.count = ARRAY_SIZE(sizes) * ORDERS * ARRAY_SIZE(phases),
	.make = vmap_point,
	.report = report_vmap,
};

BENCH(sweep_vmap, .name = "sweep/vmap-map", .rungs = RUNGS_BEFORE_AFTER_OURS, .only_named = true,
      .kind = ARRAY_APART, .points = &points, .prepare = vmap_prepare, .before = vmap_before,
      .body = vmap_body, .rung_body = vmap_rung_body, .check = vmap_check, .after = vmap_after,
      .finish = vmap_finish);
