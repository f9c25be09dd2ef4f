// SPDX-License-Identifier: MIT
/*
 * Sweep: get_vm_area() and free_vm_area() with 1 to 1,000,000 live areas, nothing mapped, in
 * several patterns of gaps. The cost must not grow faster than the tree gets deeper.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/records.h"
#include "bench/report/text.h"
#include "bench/sweeps/crowd.h"
#include "bench/sweeps/growth.h"
#include "lib/log.h"

#define BAR 36

enum op { OP_GET, OP_FREE, NR_OPS };

static const char *const ops[NR_OPS] = { "get_vm_area", "free_vm_area" };
static const uint64_t counts[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
#define NR_COUNTS ARRAY_SIZE(counts)

static const struct crowd_pattern *pattern_of(unsigned point)
{
	return &crowd_patterns[point / NR_OPS / NR_COUNTS];
}

static uint64_t count_of(unsigned point)
{
	return counts[point / NR_OPS % NR_COUNTS];
}

static int areas_prepare(struct pass *pass)
{
	unsigned point = pass->bench->point;

	if (crowd_make(pattern_of(point), count_of(point)))
		return 0;
	pass->why = "not enough memory for so many areas";
	return -ENOMEM;
}

/* Both bodies find all they need in the pass: the alignment in its `pa`. */
static void get_body(struct pass *pass)
{
	pass->area = __get_vm_area(pass->bytes, pass->pa, VMALLOC_START, VMALLOC_END, CROWD_FLAGS);
}

static void free_body(struct pass *pass)
{
	free_vm_area(pass->area);
}

/* The place in the crowd of the area that comes and goes; NULL: it is none of the crowd. */
static struct vm_struct **place;

static int choose(struct pass *pass)
{
	const struct crowd_pattern *pattern = pattern_of(pass->bench->point);

	pass->pa = pattern->align;
	place = pattern->in_crowd ? crowd_pick() : NULL;
	return 0;
}

static int get_before(struct pass *pass)
{
	choose(pass);
	if (place)
		free_vm_area(*place);
	return 0;
}

/* No other area has those addresses: it is what is found there. */
static int areas_check(struct pass *pass)
{
	struct vm_struct *area = pass->area;

	if (area && IS_ALIGNED((uint64_t)area->addr, pass->pa) &&
	    get_vm_area_size(area) == pass->bytes) {
		bool found;

		publish_vm_area(area);
		found = find_vm_area(area->addr) == area;
		area->flags = CROWD_FLAGS;
		if (found)
			return 0;
	}
	pass->why = "the area is not one";
	return -EFAULT;
}

static int get_after(struct pass *pass)
{
	if (!pass->area)
		return -ENOMEM;
	if (place)
		*place = pass->area;
	else
		free_vm_area(pass->area);
	return 0;
}

static int free_before(struct pass *pass)
{
	choose(pass);
	if (place)
		pass->area = *place;
	else
		get_body(pass);
	return areas_check(pass);
}

static int free_after(struct pass *pass)
{
	if (!place)
		return 0;
	get_body(pass);
	*place = pass->area;
	return pass->area ? 0 : -ENOMEM;
}

/* Pattern by pattern, and within one the crowd only grows. */
static bool areas_point(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	enum op op = i % NR_OPS;

	bench->bytes = pattern_of(i)->pages * PAGE_SIZE;
	bench->before = op == OP_GET ? get_before : free_before;
	bench->body = op == OP_GET ? get_body : free_body;
	bench->check = op == OP_GET ? areas_check : NULL;
	bench->after = op == OP_GET ? get_after : free_after;
	snprintf(name, BENCH_NAME_MAX, "sweep/areas/%s/%s/%lu", ops[op], pattern_of(i)->name,
		 count_of(i));
	return true;
}

/* --- the curve ---------------------------------------------------------------------------- */

static uint64_t cost_of(const struct results *results, unsigned pattern, unsigned count, enum op op)
{
	unsigned point = (pattern * NR_COUNTS + count) * NR_OPS + op;

	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (r->bench->prepare == areas_prepare && r->bench->point == point)
			return r->failed || r->skipped ? 0 : r->instructions.median;
	}
	return 0;
}

/* One line of a pattern's curve; @most is what the longest bar stands for. */
static void report_count(uint64_t n, uint64_t get, uint64_t free, uint64_t most)
{
	char text[5][TEXT_MAX], bar[BAR + 1];
	unsigned length = (get + free) * BAR / most;
	uint64_t ratio = cost_by_log2(get + free, n);

	memset(bar, '#', length);
	bar[length] = '\0';
	log_printf("  %10s %12s %12s %12s %12s  %s\n", text_number(text[0], n),
		   text_number(text[1], get), text_number(text[2], free),
		   text_number(text[3], get + free),
		   ratio ? text_quotient(text[4], ratio, 100) : "-", bar);
}

static void report_pattern(const struct results *results, unsigned pattern)
{
	uint64_t n[NR_COUNTS], get[NR_COUNTS], free[NR_COUNTS], sum[NR_COUNTS], most = 0;
	unsigned points = 0, bad;

	for (unsigned i = 0; i < NR_COUNTS; i++) {
		get[points] = cost_of(results, pattern, i, OP_GET);
		free[points] = cost_of(results, pattern, i, OP_FREE);
		if (!get[points] || !free[points])
			continue;
		n[points] = counts[i];
		sum[points] = get[points] + free[points];
		most = MAX(most, sum[points]);
		points++;
	}
	if (!points)
		return;
	text_rule('-');
	log_printf("  %s: %s\n", crowd_patterns[pattern].name, crowd_patterns[pattern].what);
	for (unsigned i = 0; i < points; i++)
		report_count(n[i], get[i], free[i], most);
	bad = first_faster_than_log(n, sum, points);
	if (bad)
		log_printf("  grows FASTER than log n: from %lu to %lu areas\n", n[bad - 1],
			   n[bad]);
	else if (points > 1)
		log_printf("  grows no faster than log n\n");
}

static void report_areas(const struct results *results)
{
	if (!counters.instructions)
		return;
	log_printf("\nSWEEP: get_vm_area() and free_vm_area() with n live areas: instructions\n");
	text_rule('=');
	log_printf("  %10s %12s %12s %12s %12s\n", "n", "get", "free", "both", "by log2(n)");
	for (unsigned i = 0; i < NR_CROWD_PATTERNS; i++)
		report_pattern(results, i);
	text_rule('=');
}

static const struct bench_points points = {
	.count = NR_CROWD_PATTERNS * NR_COUNTS * NR_OPS,
	.make = areas_point,
	.done = crowd_free,
	.report = report_areas,
};

BENCH(sweep_areas, .name = "sweep/areas", .rungs = RUNGS_TLBED, .only_named = true, .alone = true,
      .points = &points, .prepare = areas_prepare, .body = get_body);
