// SPDX-License-Identifier: MIT
/*
 * Every bench on every rung it has, by name and in order.
 */
#include "bench/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/report/reference.h"
#include "lib/cmdline/glob.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "lib/panic.h"

static struct row rows[ROWS_MAX];
static struct bench points[POINTS_MAX];
static char point_names[POINTS_MAX][BENCH_NAME_MAX];
static unsigned nr_rows, nr_points;

/* The place of a ladder's step among its kin. */
static int step_of(const struct row *row)
{
	int step = 0;

	while (row->patches != SERIES_EXACTLY(ladder_steps[step].patches))
		step++;
	return step;
}

/* Points stay together, under the name that was registered. */
static const char *sort_name(const struct bench *bench)
{
	return bench->of ? bench->of->name : bench->name;
}

/*
 * Equal rank only without a reference: by name then, so that link order never shows; points by
 * number.
 */
static int by_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	unsigned rank_x = reference_rank(x->bench->name), rank_y = reference_rank(y->bench->name);

	if (rank_x != rank_y)
		return rank_x < rank_y ? -1 : 1;
	if (x->bench == y->bench && x->bench->ladder)
		return step_of(x) - step_of(y);
	return strcmp(sort_name(x->bench), sort_name(y->bench))
		       ?: (int)x->bench->point - (int)y->bench->point
		       ?: (int)x->rung - (int)y->rung;
}

static void add_row(const struct bench *bench, enum bench_rung rung, unsigned patches)
{
	panic_unless(nr_rows < ROWS_MAX, "index_benches: too many");
	rows[nr_rows++] = (struct row){ .bench = bench, .rung = rung, .patches = patches };
}

static void add_rows(const struct bench *bench)
{
	if (bench->ladder) {
		for (unsigned i = 0; i < LADDER_STEPS; i++)
			add_row(bench, RUNG_SERIES, SERIES_EXACTLY(ladder_steps[i].patches));
		return;
	}
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
		if (bench->rungs & 1u << rung)
			add_row(bench, rung, bench->patches);
}

static void add_points(const struct bench *bench)
{
	for (unsigned i = 0; i < bench->points->count; i++) {
		struct bench *point = &points[nr_points];

		panic_unless(nr_points < POINTS_MAX, "index_benches: too many points");
		*point = *bench;
		point->of = bench;
		point->point = i;
		point->name = point_names[nr_points];
		if (!bench->points->make(point, point_names[nr_points], i))
			continue;
		nr_points++;
		add_rows(point);
	}
}

static void name_row(struct row *row)
{
	const char *name = row->bench->name, *rung = rung_names[row->rung];

	if (row->bench->ladder)
		snprintf(row->name, BENCH_NAME_MAX, "%s/%s/%s", name,
			 ladder_steps[step_of(row)].name, rung);
	else
		snprintf(row->name, BENCH_NAME_MAX, "%s/%s", name, rung);
}

unsigned row_patches(const struct row *row)
{
	if (row->rung != RUNG_SERIES)
		return 0;
	return row->patches ? row->patches & ~SERIES_EXACTLY(0) : series_patches;
}

static void index_benches(void)
{
	const struct bench *bench;

	if (nr_rows)
		return;
	for_each_registered (bench, benches)
		(bench->points ? add_points : add_rows)(bench);
	qsort(rows, nr_rows, sizeof(*rows), by_order);
	for (unsigned i = 0; i < nr_rows; i++)
		name_row(&rows[i]);
}

const char *bench_name_at(void *context, size_t index)
{
	(void)context;
	index_benches();
	return index < nr_rows ? rows[index].name : NULL;
}

static enum point_wish wish_of(const struct bench *bench)
{
	return bench->points && bench->points->wish ? bench->points->wish(bench) : POINT_AS_NAMED;
}

static bool is_any_wanted(void)
{
	for (unsigned i = 0; i < nr_rows; i++)
		if (wish_of(rows[i].bench) == POINT_WANTED)
			return true;
	return false;
}

static bool is_selected(const struct row *row)
{
	enum point_wish wish = wish_of(row->bench);

	if (glob_list_match(options.skip, row->name) || wish == POINT_UNWANTED)
		return false;
	if (options.bench[0])
		return glob_list_match(options.bench, row->name);
	if (is_any_wanted())
		return wish == POINT_WANTED;
	return !row->bench->only_named || options.list;
}

const struct row *next_row(const struct row *last)
{
	index_benches();
	for (const struct row *row = last ? last + 1 : rows; row < rows + nr_rows; row++)
		if (is_selected(row))
			return row;
	return NULL;
}

void bench_list(void)
{
	for (const struct row *row = next_row(NULL); row; row = next_row(row))
		log_printf("%s\n", row->name);
}
