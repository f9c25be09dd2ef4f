// SPDX-License-Identifier: MIT
/*
 * The runs of a record, with scripted passes: how many there are, which are prepared and what is
 * subtracted; what a preparation does, in which order; memory that is not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mm/phys/buddy.h"

/* Blocks of this process, wherever they are. */
static void *block_address(const struct page *page);
#define page_address block_address

#include "bench/silicon/cold.c"
#include "bench/silicon/runs.c"
#include "bench/silicon/spread.c"
#include "tests/host/tap.h"

struct counters counters;
struct overhead bench_overhead = { .cycles = 1 };
bool door_counting, door_tlbi_twice;
struct door_counts door_counts;

/* --- the door's order ------------------------------------------------------------------------- */

static char order[64];

static void happened(char what)
{
	size_t len = strlen(order);

	if (len + 1 < sizeof(order))
		order[len] = what;
}

void mmu_model_dsb_ishst(void)
{
	happened('s');
}

void mmu_model_dsb_ish(void)
{
	happened('d');
}

void mmu_model_isb(void)
{
	happened('i');
}

void mmu_model_tlbi_vmalle1is(void)
{
	happened('T');
}

void mmu_model_ic_ialluis(void)
{
	happened('C');
}

/* --- memory ----------------------------------------------------------------------------------- */

static unsigned allocated, fail_at = UINT32_MAX, allocations;
static void *memory[8];
static struct page pages[8];

struct page *alloc_pages(gfp_t gfp, unsigned order_of_block)
{
	(void)gfp;
	if (allocations++ == fail_at)
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++) {
		if (memory[i])
			continue;
		memory[i] = calloc(1, PAGE_SIZE << order_of_block);
		allocated++;
		return &pages[i];
	}
	abort();
}

void __free_pages(struct page *page, unsigned order_of_block)
{
	(void)order_of_block;
	free(memory[page - pages]);
	memory[page - pages] = NULL;
	allocated--;
}

static void *block_address(const struct page *page)
{
	return memory[page - pages];
}

static bool no_kmalloc;

void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return no_kmalloc ? NULL : malloc(size);
}

void core_text(char *text, size_t size)
{
	snprintf(text, size, "core");
}

/* --- passes ----------------------------------------------------------------------------------- */

static unsigned ran, ran_cold, fails_at = UINT32_MAX;
static uint64_t subtracted[2];

struct overhead bench_overhead_of(void (*prepare)(void))
{
	ok(prepare == cold_prepare, "the null body is prepared as the passes are");
	return (struct overhead){ .cycles = 77 };
}

int bench_run_again(struct pass *pass, const struct overhead *overhead, struct result *result)
{
	bool cold = pass->prepare != NULL;

	if (ran++ == fails_at)
		return -EIO;
	if (cold)
		pass->prepare();
	ran_cold += cold;
	subtracted[cold] = overhead->cycles;
	result->cycles.median = (cold ? 9000 : 1000) + ran;
	result->ns.median = (cold ? 900 : 100) + ran;
	return 0;
}

static struct pass pass;
static struct result result;

static int measure(void)
{
	ran = ran_cold = 0;
	result = (struct result){ .cycles.median = 1000, .ns.median = 100 };
	return runs_measure(&pass, &result);
}

static void forget(void)
{
	free(result.runs);
	result.runs = NULL;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_runs(void)
{
	static const uint64_t warm[RUNS] = { 1000, 1001, 1002, 1003, 1004 };
	static const uint64_t cold[RUNS] = { 9005, 9006, 9007, 9008, 9009 };

	runs_start();
	ok(measure() == 0 && ran == 2 * RUNS - 1 && ran_cold == RUNS,
	   "the first run, four more, five cold: %u, %u", ran, ran_cold);
	ok(!memcmp(result.runs->of[PREPARED_WARM].cycles, warm, sizeof(warm)), "warm runs");
	ok(!memcmp(result.runs->of[PREPARED_COLD].cycles, cold, sizeof(cold)), "cold runs");
	ok(result.runs->of[PREPARED_COLD].ns[4] == 909, "their times");
	ok(result.cycles.median == 1002 && result.ns.median == 102,
	   "the record's are warm medians");
	ok(subtracted[0] == 1 && subtracted[1] == 77, "each less its own null body");
	ok(!pass.prepare, "later passes are not prepared");
	ok(result.runs->cold.preparations == RUNS &&
		   result.runs->cold.lines == RUNS * COLD_BYTES / COLD_LINE_BYTES &&
		   result.runs->cold.tlbi == RUNS && result.runs->cold.ic == RUNS,
	   "the preparations are counted: %lu lines", result.runs->cold.lines);
	forget();
	measure();
	ok(result.runs->cold.preparations == RUNS, "record by record");
	forget();
	runs_stop();
	ok(!allocated, "the memory is back");
}

static void test_preparation(void)
{
	ok(cold_start(), "started");
	cold_counts = (struct cold_counts){ 0 };
	door_counts = (struct door_counts){ .tlbi = 5, .dsb = 6 };
	memset(order, 0, sizeof(order));
	cold_prepare();
	ok(!strcmp(order, "sTdidCdi"), "stores, TLBI, complete; IC, complete: %s", order);
	ok(cold_counts.tlbi == 1 && cold_counts.ic == 1 && cold_counts.lines == 131072,
	   "counted: %lu lines", cold_counts.lines);
	ok(door_counts.tlbi == 5 && door_counts.dsb == 6 && !door_counting,
	   "the record's own work counters are as before");
	cold_stop();
	cold_stop();
	ok(!allocated, "stopping twice is fine");
}

static void test_no_memory(void)
{
	for (fail_at = 0; fail_at < NR_BLOCKS; fail_at++) {
		allocations = 0;
		runs_start();
		ok(!allocated, "block %u fails: nothing is kept", fail_at);
		ok(measure() == 0 && ran == RUNS - 1 && !ran_cold && result.runs->no_cold,
		   "warm runs alone: %s", result.runs->no_cold);
		forget();
		runs_stop();
	}
	fail_at = UINT32_MAX;
	runs_start();
	no_kmalloc = true;
	ok(measure() == -ENOMEM && !result.runs && !ran, "no memory for the runs");
	no_kmalloc = false;
	runs_stop();
}

static void test_errors(void)
{
	runs_start();
	for (fails_at = 0; fails_at < 2 * RUNS - 1; fails_at++) {
		ok(measure() == -EIO && ran == fails_at + 1, "run %u fails: none after it",
		   fails_at);
		ok(!pass.prepare, "and the next rung is not prepared");
		forget();
	}
	fails_at = UINT32_MAX;
	runs_stop();
}

static void test_no_times(void)
{
	counters.no_cycles = counters.no_time = "emulated";
	runs_start();
	ok(measure() == 0 && !ran && !result.runs && !allocated, "an emulator has no runs");
	counters = (struct counters){ 0 };
}

int main(void)
{
	test_no_times();
	test_runs();
	test_preparation();
	test_no_memory();
	test_errors();
	return tap_done();
}
