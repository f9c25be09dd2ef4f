// SPDX-License-Identifier: MIT
/*
 * All families as one bench.
 */
#include "bench/hvo/family.h"

#include <string.h>

#include "bench/report/text.h"
#include "mm/arm64/geometry.h"

const unsigned huge_shifts[NR_HUGE_SHIFTS] = { PMD_SHIFT, CONT_PMD_SHIFT,
					       HAVE_PUD_BLOCK ? PUD_SHIFT : 0 };

/* Room for each: POINTS_EACH numbers, of which a family uses the first. */
#define POINTS_EACH 64
/* The first of all has blocks of the vmemmap split, which the others then need not. */
static const struct hvo_family *const families[] = { &hvo_first, &hvo_runtime, &hvo_populate,
						     &hvo_walk };

const struct result *hvo_find(const struct results *results, body_t *body, unsigned i)
{
	for (const struct result *r = results->results; r < results->results + results->count; r++)
		if (r->bench->of && r->bench->body == body && r->bench->kind == i)
			return r;
	return NULL;
}

const char *hvo_cell(char *text, const struct result *r)
{
	return hvo_measured(r) ? text_number(text, r->instructions.median) : "-";
}

static bool make_point(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	const struct hvo_family *family = families[i / POINTS_EACH];

	bench->kind = i % POINTS_EACH;
	return bench->kind < family->count && family->make(bench, name, bench->kind);
}

static void report_families(const struct results *results)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		families[i]->report(results);
}

static const struct bench_points points = {
	.count = ARRAY_SIZE(families) * POINTS_EACH,
	.make = make_point,
	.report = report_families,
};

BENCH(hvo, .name = "hvo", .rungs = RUNGS_TLBED, .only_named = true, .points = &points);
