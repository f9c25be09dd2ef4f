// SPDX-License-Identifier: MIT
/*
 * Sweep: ioremap() by size, every power of two from 4K to 1G that devmem= has room for.
 */
#include <stdio.h>

#include "bench/records.h"
#include "bench/report/text.h"
#include "bench/rows/ioremap.h"
#include "bench/rows/readback.h"
#include "lib/log.h"
#include "mm/map/view/census.h"

#define SMALLEST_SHIFT 12
#define LARGEST_SHIFT  30

static bool ioremap_point(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	char size[SIZE_TEXT_MAX];

	bench->bytes = 1UL << (SMALLEST_SHIFT + i);
	snprintf(name, BENCH_NAME_MAX, "sweep/ioremap/%s", text_size(size, bench->bytes));
	return bench->bytes >= PAGE_SIZE;
}

/* The largest leaf that the engine used, by the census. */
static const char *largest_leaf(const struct result *r)
{
	static const char *const names[NR_LEAF_KINDS] = { "page", "cont. pages", "block",
							  "cont. blocks", "1G block" };
	int kind = NR_LEAF_KINDS - 1;

	while (kind > LEAF_PAGE && !census_of_kind(&r->census, kind))
		kind--;
	return names[kind];
}

static void report_size(const struct result *const r[RUNG_COUNT])
{
	char n[4][TEXT_MAX], size[SIZE_TEXT_MAX];
	const struct result *ours = r[RUNG_TLBED];

	log_printf("  %-8s", text_size(size, ours->bench->bytes));
	for (unsigned rung = RUNG_LINUX; rung <= RUNG_TLBED; rung++)
		log_printf(" %12s", r[rung] && counters.instructions
					    ? text_number(n[0], r[rung]->instructions.median)
					    : "-");
	log_printf(" %10s %10s  %s\n",
		   r[RUNG_LINUX] ? text_number(n[1], r[RUNG_LINUX]->work.pte_writes) : "-",
		   text_number(n[2], ours->work.pte_writes), largest_leaf(ours));
}

static void report_ioremap(const struct results *results)
{
	const struct result *r[RUNG_COUNT];

	log_printf("\nSWEEP: ioremap() by size, the whole call: instructions, and descriptors "
		   "stored\n");
	text_rule('=');
	log_printf("  %-8s %12s %12s %12s %10s %10s  %s\n", "size", "linux", "series", "tlbed",
		   "linux", "tlbed", "tlbed's largest leaf");
	text_rule('-');
	for (unsigned shift = SMALLEST_SHIFT; shift <= LARGEST_SHIFT; shift++) {
		char size[SIZE_TEXT_MAX], name[BENCH_NAME_MAX];

		snprintf(name, sizeof(name), "sweep/ioremap/%s", text_size(size, 1UL << shift));
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			r[rung] = find_result(results, name, rung);
		if (r[RUNG_TLBED])
			report_size(r);
	}
	text_rule('=');
}

static const struct bench_points sizes = {
	.count = LARGEST_SHIFT - SMALLEST_SHIFT + 1,
	.make = ioremap_point,
	.report = report_ioremap,
};

BENCH(sweep_ioremap, .name = "sweep/ioremap", .rungs = RUNGS_BEFORE_AFTER_OURS, .only_named = true,
      .points = &sizes, .prepare = ioremap_prepare, .before = ioremap_before, .body = ioremap_body,
      .rung_body = ioremap_rung_body, .check = check_device, .after = ioremap_after);
