// SPDX-License-Identifier: MIT
// sources: bench/report/reference.c bench/report/text.c
/*
 * What is demanded of figures: targets and budgets of work, rungs beside real Linux, the ends of
 * the ladder. Each limit is met exactly, and missed by one.
 */
#include <string.h>

#include "bench/report/judge.c"
#include "tests/host/tap.h"

struct counters counters;
bool door_tlbi_twice;

static struct result results[8];
static unsigned nr_results;

/* As bench/bench.c has them. */
const struct result *find_result(const struct results *all, const char *bench, enum bench_rung rung)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->results[i].rung == rung && !all->results[i].bench->ladder &&
		    !strcmp(all->results[i].bench->name, bench))
			return &all->results[i];
	return NULL;
}

const struct result *find_step(const struct results *all, const char *ladder, unsigned patches)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->results[i].bench->ladder && all->results[i].patches == patches &&
		    !strcmp(all->results[i].bench->name, ladder))
			return &all->results[i];
	return NULL;
}

const char *const rung_names[RUNG_COUNT] = { "pages", "linux", "series", "tlbed" };

static const struct reference *ref_of(const char *name)
{
	return find_reference(name);
}

static bool met(const char *name, uint64_t instructions, struct door_counts work)
{
	struct verdict verdict = judge(ref_of(name), instructions, &work, door_tlbi_twice);

	return verdict.instructions && verdict.work;
}

/* --- targets ------------------------------------------------------------------------------- */

static void test_instructions(void)
{
	bool sharp = true;

	for (unsigned i = 0; i < nr_references; i++) {
		const struct reference *ref = &references[i];

		sharp &= ref->target && ref->target < ref->series + ref->series_flush;
		sharp &= judge(ref, ref->target, &(struct door_counts){ 0 }, false).instructions;
		sharp &= !judge(ref, ref->target + 1, &(struct door_counts){ 0 }, false)
				  .instructions;
	}
	ok(sharp && nr_references == 32, "each row has a target, met at it and missed above");
}

static void test_mapping_budget(void)
{
	const struct door_counts good = { .pte_writes = 256, .dmb = 1, .dsb = 1, .isb = 1 };
	struct door_counts w = good;

	ok(met("ioremap/1M", 680, good), "a mapping within its budget");
	w.pte_writes = 257;
	ok(!met("ioremap/1M", 680, w), "one descriptor too many");
	w = good;
	w.table_writes = 3;
	ok(met("ioremap/1M", 680, w), "links of tables are free");
	w.dmb = 2;
	ok(!met("ioremap/1M", 680, w), "a DMB too many");
	w = good;
	w.dsb = 2;
	ok(!met("ioremap/1M", 680, w), "a DSB too many");
	w = good;
	w.isb = 2;
	ok(!met("ioremap/1M", 680, w), "an ISB too many");
	w = good;
	w.tlbi = 1;
	ok(!met("ioremap/1M", 680, w), "a TLBI where none belongs");
	ok(met("vmap/100M/order9-apart", 60000,
	       (struct door_counts){ .pte_writes = 50, .dsb = 1, .isb = 1 }) &&
		   !met("vmap/100M/order9-apart", 60000, (struct door_counts){ .pte_writes = 51 }),
	   "50 blocks");
	ok(met("vmap/100M/order8-apart", 80000, (struct door_counts){ .pte_writes = 25600 }) &&
		   !met("vmap/100M/order8-apart", 80000,
			(struct door_counts){ .pte_writes = 25601 }),
	   "25,600 pages");
	ok(met("vmalloc_huge/1M", 2000,
	       (struct door_counts){ .pte_writes = 9999, .dsb = 9, .dmb = 9, .isb = 9, .tlbi = 9 }),
	   "no budget, no limit");
}

static void test_unmapping_budget(void)
{
	struct door_counts w = { .table_writes = 1, .dsb = 2, .isb = 1, .tlbi = 256 };

	ok(met("iounmap/1M", 1300, w), "one unlink and 256 TLBIs");
	w.tlbi = 1;
	ok(!met("iounmap/1M", 1300, w), "not by flushing everything");
	w.tlbi = 257;
	ok(!met("iounmap/1M", 1300, w), "a TLBI too many");
	door_tlbi_twice = true;
	ok(met("iounmap/1M", 1300, w), "which is the workaround's");
	door_tlbi_twice = false;
	w.tlbi = 256;
	w.dsb = 4;
	ok(!met("iounmap/1M", 1300, w), "a fourth DSB");
	ok(met("vunmap/100M/order9-apart", 700,
	       (struct door_counts){ .pte_writes = 50, .dsb = 2, .tlbi = 50 }) &&
		   !met("vunmap/100M/order9-apart", 700,
			(struct door_counts){ .pte_writes = 50, .dsb = 2, .tlbi = 1 }),
	   "50 blocks, each with its TLBI");
	ok(met("vfree/1M", 6500, (struct door_counts){ .pte_writes = 85, .dsb = 2, .tlbi = 256 }) &&
		   !met("vfree/1M", 6500,
			(struct door_counts){ .pte_writes = 85, .dsb = 2, .tlbi = 1 }),
	   "vfree of 1M flushes by address");
}

static void test_sharing_budget(void)
{
	const struct door_counts there = { .pte_writes = 14, .dsb = 4, .isb = 2, .tlbi = 14 };
	struct door_counts w = there;

	ok(met("hvo-optimize/2M", 900, w), "two flushes of seven pages");
	w.pte_writes = 15;
	ok(!met("hvo-optimize/2M", 900, w), "each leaf is stored twice, no more");
	w = there;
	w.dmb = 1;
	ok(!met("hvo-optimize/2M", 900, w) && met("hvo-restore/2M", 2100, w),
	   "a DMB belongs to new contents, on the way back");
	w = there;
	w.tlbi = 13;
	ok(!met("hvo-optimize/2M", 900, w), "not with a TLBI left out");
	w.tlbi = 16;
	w.dsb = 6;
	ok(!met("hvo-optimize/2M", 900, w), "two TLBIs too many");
	door_tlbi_twice = true;
	ok(met("hvo-optimize/2M", 900, w), "which are the workaround's, of two batches");
	w.tlbi = 17;
	ok(!met("hvo-optimize/2M", 900, w), "a third is not");
	door_tlbi_twice = false;
}

static void test_notes(void)
{
	unsigned noted = 0;

	for (unsigned i = 0; i < nr_references; i++)
		noted += reference_note(references[i].name) != NULL;
	ok(noted == 2 && reference_note("hvo-restore/2M") && reference_note("hvo-optimize/2M"),
	   "of Linux's HVO, and of nothing else, it is said that it is unsafe");
}

/* --- records ------------------------------------------------------------------------------- */

static struct results *all(void)
{
	static struct results r;

	r = (struct results){ results, nr_results };
	return &r;
}

static struct result *add(const struct bench *bench, enum bench_rung rung, unsigned patches,
			  uint64_t instructions)
{
	struct result *r = &results[nr_results++];

	*r = (struct result){ .name = bench->name,
			      .bench = bench,
			      .rung = rung,
			      .patches = patches,
			      .instructions = { instructions, instructions, instructions } };
	return r;
}

static const struct bench ioremap_1m = { .name = "ioremap/1M" };
static const struct bench ladder_1m = { .name = "ladder/ioremap-1M", .ladder = true };
static const struct bench unknown = { .name = "review/order0" };

static void test_target_of(void)
{
	struct result *r;

	nr_results = 0;
	counters = (struct counters){ .emulated = true, .instructions = true };
	r = add(&ioremap_1m, RUNG_TLBED, 0, 681);
	r->work.tlbi = 1;
	ok(target_of(r) && target_of(r)->target == 680 && !judge_result(r).instructions &&
		   !judge_result(r).work,
	   "a record of tlbed has its target: missed by one, and by a TLBI");
	r->rung = RUNG_LINUX;
	ok(!target_of(r), "the rung linux has none");
	r->rung = RUNG_TLBED;
	counters.emulated = false;
	ok(!target_of(r), "none on silicon");
	counters.emulated = true;
	counters.instructions = false;
	ok(!target_of(r), "none without the instruction unit");
	counters.instructions = true;
	r->failed = "it maps a wrong page";
	ok(!target_of(r), "none of a record that failed");
	r->failed = NULL;
	r->bench = &unknown;
	ok(!target_of(r), "none of a row that Linux was not measured on");
}

static void test_fairness(void)
{
	nr_results = 0;
	add(&ioremap_1m, RUNG_LINUX, 0, 5093 * 115 / 100);
	add(&ioremap_1m, RUNG_SERIES, SERIES_ALL, 3557 * 115 / 100);
	ok(judge_rungs(all()) == 0, "rungs at 1.15 of real Linux are fair");
	results[0].instructions.median++;
	ok(judge_rungs(all()) == 1, "linux above it is a straw man");
	results[1].instructions.median++;
	ok(judge_rungs(all()) == 2, "and so is series");
	results[1].patches = SERIES_ALL & ~1u;
	ok(judge_rungs(all()) == 1, "which is not held against it with a patch left out");
	counters.emulated = false;
	ok(judge_rungs(all()) == 0, "nor are figures of another machine");
	counters.emulated = true;
}

static void test_ends(void)
{
	struct result *none, *full;

	nr_results = 0;
	add(&ioremap_1m, RUNG_LINUX, 0, 2000);
	add(&ioremap_1m, RUNG_SERIES, SERIES_ALL, 1900);
	none = add(&ladder_1m, RUNG_SERIES, 0, 2042);
	full = add(&ladder_1m, RUNG_SERIES, SERIES_ALL, 1859);
	ok(judge_rungs(all()) == 0, "both ends of the ladder are their rungs");
	none->instructions.min = 2043;
	ok(judge_rungs(all()) == 1, "one that costs more is not");
	none->instructions.min = 2042;
	full->instructions.max = 1858;
	ok(judge_rungs(all()) == 1, "nor one that costs less");
	full->instructions.max = 1859;
	full->work.dsb = 1;
	ok(judge_rungs(all()) == 1, "nor one with another barrier");
	results[1].patches = 3;
	ok(judge_rungs(all()) == 0, "of series= with some patches there is no such end");
	none->work.pte_writes = 1;
	ok(judge_rungs(all()) == 1, "the other end stays");
}

int main(void)
{
	test_instructions();
	test_mapping_budget();
	test_unmapping_budget();
	test_sharing_budget();
	test_notes();
	test_target_of();
	test_fairness();
	test_ends();
	return tap_done();
}
