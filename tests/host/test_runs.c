// SPDX-License-Identifier: MIT
/*
 * The runs of a record, with scripted passes: how many there are, which are prepared and what is
 * subtracted; what a preparation does, in which order; memory that is not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* --- caches: an RK3588's, as its registers say them ------------------------------------------- */

static struct model_cache {
	unsigned type; /* CLIDR_EL1.Ctype */
	unsigned sets, ways;
	bool *gone; /* by way and set */
} caches[7];
static unsigned coherent_at, selected, level_of_last;
static bool wide, selection_synced, incomplete;
static const char *wrong_op;

static void new_cache(unsigned level, unsigned type, unsigned sets, unsigned ways)
{
	free(caches[level].gone);
	caches[level] = (struct model_cache){ type, sets, ways, calloc(sets * ways, 1) };
}

uint64_t host_read_sysreg(const char *name)
{
	const struct model_cache *cache = &caches[selected];
	uint64_t value = (uint64_t)coherent_at << 24;

	if (!strcmp(name, "id_aa64mmfr2_el1"))
		return wide ? 1UL << 20 : 0;
	if (!strcmp(name, "ccsidr_el1")) {
		if (!selection_synced || cache->type < 2)
			wrong_op = "CCSIDR_EL1 of no cache";
		if (wide)
			return (cache->sets - 1UL) << 32 | (cache->ways - 1) << 3 | 2;
		return (cache->sets - 1UL) << 13 | (cache->ways - 1) << 3 | 2;
	}
	for (unsigned i = 0; i < 7; i++)
		value |= (uint64_t)caches[i].type << 3 * i;
	return value; /* CLIDR_EL1 */
}

void host_write_sysreg(const char *name, uint64_t value)
{
	if (strcmp(name, "csselr_el1") || value & 1)
		wrong_op = "a register that is not CSSELR_EL1, or an instruction cache";
	selected = (unsigned)(value >> 1);
	selection_synced = false;
}

void host_barrier(const char *name)
{
	selection_synced |= !strcmp(name, "isb");
	if (!strcmp(name, "dsb"))
		incomplete = false;
}

/* DDI 0487, DC CISW: the way ends at bit 31, the set begins above the line's 64 bytes. */
void dc_cisw(uint64_t op)
{
	unsigned level = op >> 1 & 7, bits = 0, set, way;
	struct model_cache *cache = &caches[level];

	while (1u << bits < cache->ways)
		bits++;
	way = bits ? (unsigned)(op >> (32 - bits)) : 0;
	set = (unsigned)((op & ((1UL << (32 - bits)) - 1)) >> 6);
	if (op >> 32 || op & 1 || cache->type < 2 || way >= cache->ways || set >= cache->sets) {
		wrong_op = "no such line";
		return;
	}
	if (cache->gone[way * cache->sets + set])
		wrong_op = "a line twice";
	if (level < level_of_last || (level > level_of_last && incomplete))
		wrong_op = "a level before what is nearer is complete";
	cache->gone[way * cache->sets + set] = true;
	level_of_last = level;
	incomplete = true;
}

/* Whether all lines before the point of coherency, and none behind, were emptied. */
static bool all_gone(void)
{
	for (unsigned i = 0; i < 7; i++)
		for (unsigned line = 0; line < caches[i].sets * caches[i].ways; line++)
			if (caches[i].gone[line] != (i < coherent_at))
				return false;
	return true;
}

/* An A76's, with the L3 behind it, and one more that coherency does not need. */
static void rk3588_caches(void)
{
	new_cache(0, 3, 256, 4);
	new_cache(1, 4, 1024, 8);
	new_cache(2, 4, 4096, 12);
	new_cache(3, 4, 16, 2);
	coherent_at = 3;
	level_of_last = 0;
	wrong_op = NULL;
	incomplete = false;
}

/* --- memory ----------------------------------------------------------------------------------- */

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
	if (cold) {
		rk3588_caches();
		pass->prepare();
	}
	ran_cold += cold;
	subtracted[cold] = overhead->cycles;
	result->cycles.median = (cold ? 9000 : 1000) + ran;
	result->ns.median = (cold ? 900 : 100) + ran;
	return 0;
}

static struct bench bench;
static struct pass pass = { .bench = &bench };
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
		   result.runs->cold.lines == RUNS * (1024 + 8192 + 49152) &&
		   result.runs->cold.tlbi == RUNS && result.runs->cold.ic == RUNS,
	   "the preparations are counted: %lu lines", result.runs->cold.lines);
	forget();
	measure();
	ok(result.runs->cold.preparations == RUNS, "record by record");
	forget();
}

static void test_preparation(void)
{
	rk3588_caches();
	cold_counts = (struct cold_counts){ 0 };
	door_counts = (struct door_counts){ .tlbi = 5, .dsb = 6 };
	memset(order, 0, sizeof(order));
	cold_prepare();
	ok(!strcmp(order, "sTdidCdi"), "stores, TLBI, complete; IC, complete: %s", order);
	ok(cold_counts.tlbi == 1 && cold_counts.ic == 1 && cold_counts.lines == 58368,
	   "counted: %lu lines", cold_counts.lines);
	ok(all_gone() && !wrong_op && !incomplete, "each line of each level, outwards: %s",
	   wrong_op ? wrong_op : "good");
	ok(door_counts.tlbi == 5 && door_counts.dsb == 6 && !door_counting,
	   "the record's own work counters are as before");
}

/* Caches as no RK3588 has them. */
static void test_caches(void)
{
	rk3588_caches();
	wide = true;
	cold_prepare();
	ok(all_gone() && !wrong_op, "FEAT_CCIDX: %s", wrong_op ? wrong_op : "good");
	rk3588_caches();
	new_cache(0, 1, 64, 2);
	new_cache(1, 4, 32, 1);
	new_cache(2, 4, 7, 5);
	memset(caches[0].gone, 1, 64 * 2); /* instructions alone: not to be touched */
	cold_prepare();
	ok(all_gone() && !wrong_op, "one way, five ways, no data: %s",
	   wrong_op ? wrong_op : "good");
	coherent_at = 0;
	cold_counts.lines = 0;
	cold_prepare();
	ok(!cold_counts.lines && !wrong_op, "coherent without any");
	wide = false;
}

static void test_no_memory(void)
{
	no_kmalloc = true;
	ok(measure() == -ENOMEM && !result.runs && !ran, "no memory for the runs");
	no_kmalloc = false;
}

/* A board's memory is not enough for ten times as many passes. */
static void test_used_up(void)
{
	bench.keeps = 1;
	ok(measure() == 0 && !ran && !result.runs && runs_use_up(&bench), "one run alone");
	ok(result.cycles.median == 1000 && result.ns.median == 100, "whose figures stay");
	bench.keeps = 0;
	ok(!runs_use_up(&bench), "of others all");
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
}

static void test_no_times(void)
{
	counters.no_cycles = counters.no_time = "emulated";
	runs_start();
	ok(measure() == 0 && !ran && !result.runs, "an emulator has no runs");
	counters = (struct counters){ 0 };
}

int main(void)
{
	test_no_times();
	test_runs();
	test_preparation();
	test_caches();
	test_no_memory();
	test_used_up();
	test_errors();
	return tap_done();
}
