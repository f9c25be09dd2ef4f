// SPDX-License-Identifier: MIT
/*
 * What is portable of silicon's part: the block of facts to the byte and its CRC, also without
 * room; the spread of runs at its border; what a record says of them.
 */
// sources: lib/crc32.c bench/report/text.c
#include "tests/host/capture.h"
#include "lib/json.c"
#include "bench/silicon/facts.c"
#include "bench/silicon/record.c"
#include "bench/silicon/spread.c"

struct counters counters;

#define BEGIN "--- BEGIN X ---"
#define END   "--- END X ---"

static char room[4096];

/* --- facts ------------------------------------------------------------------------------------ */

/* The CRCs are Python's: zlib.crc32() of the lines between. */
static void test_block(void)
{
	struct facts facts;

	facts_begin(&facts, room, sizeof(room), "");
	fact(&facts, "cpus", "%u", 8);
	facts_of(&facts, 3);
	fact(&facts, "midr", "0x%lx", 0x412fd050UL);
	fact_absent(&facts, "clock_hz", "why");
	facts_of(&facts, FACTS_OF_MACHINE);
	figure(&facts, "last", "%d cycles", -1);
	facts_print(&facts, BEGIN, END);
	same_text(capture_text(),
		  BEGIN "\ncpus: 8\ncpu3.midr: 0x412fd050\ncpu3.clock_hz: absent: why\n"
			"last: -1 cycles\ncrc: 99b6e40d\n" END "\n",
		  "a block, its keys by CPU");
}

static void test_forced(void)
{
	struct facts facts;

	facts_begin(&facts, room, sizeof(room), "forced: ");
	fact(&facts, "a", "b");
	figure(&facts, "c", "7 cycles");
	facts_print(&facts, BEGIN, END);
	same_text(capture_text(), BEGIN "\na: b\nc: forced: 7 cycles\ncrc: 5746ba34\n" END "\n",
		  "a forced figure is marked, a fact is not");
}

/* A tree's strings are anybody's: no line of their own, nothing that a terminal obeys. */
static void test_bytes(void)
{
	struct facts facts;
	char lengthy[300];

	memset(lengthy, 'x', sizeof(lengthy));
	lengthy[299] = '\0';
	facts_begin(&facts, room, sizeof(room), "");
	fact(&facts, "model", "a\nb\r\x1b[2J\xff\x7f");
	fact(&facts, "long", "%s", lengthy);
	ok(!strncmp(room, "model: a?b??[2J??\nlong: xxx", 27), "bytes that do not print");
	ok(facts.len == 18 + 6 + FACT_VALUE_MAX - 1 + 1, "a long value is cut: %zu", facts.len);
	ok(!facts.lost, "and not lost");
}

static void test_no_room(void)
{
	static char guarded[128 + 16];
	struct facts facts;

	memset(guarded, '#', sizeof(guarded));
	facts_begin(&facts, guarded, 128, "");
	for (int i = 0; i < 100; i++)
		fact(&facts, "key", "0123456789");
	ok(facts.lost == 94 && facts.len == 96, "what fits: %u lost, %zu bytes", facts.lost,
	   facts.len);
	facts_print(&facts, BEGIN, END);
	ok(strstr(capture_text(), "key: 0123456789\nlost: 94\ncrc: ") != NULL, "losses are said");
	for (size_t i = 128; i < sizeof(guarded); i++)
		if (guarded[i] != '#') {
			ok(false, "byte %zu past the room was written", i);
			return;
		}
	ok(true, "nothing past the room was written");
}

/* --- spread ----------------------------------------------------------------------------------- */

static void spread_is(uint64_t a, uint64_t b, uint64_t c, uint64_t median, unsigned hundredths,
		      bool unstable)
{
	uint64_t values[3] = { a, b, c };
	struct spread s = spread_of(values, 3);

	ok(s.median == median && s.hundredths == hundredths && s.unstable == unstable,
	   "%lu %lu %lu: median %lu, %u hundredths, %s", a, b, c, s.median, s.hundredths,
	   s.unstable ? "unstable" : "stable");
	ok(values[0] == a && values[1] == b && values[2] == c, "the runs keep their order");
}

static void test_spread(void)
{
	uint64_t one = 42;

	spread_is(1000, 1000, 1000, 1000, 0, false);
	spread_is(1010, 1000, 1000, 1000, 100, false);
	spread_is(1000, 1011, 1000, 1000, 110, true);
	spread_is(99999, 100000, 101000, 100000, 100,
		  true); /* 1.001 %: said as 1.00, judged exactly */
	spread_is(100000, 100000, 101000, 100000, 100, false);
	spread_is(3, 1, 2, 2, 10000, true);
	spread_is(0, 0, 0, 0, 0, false);
	spread_is(0, 0, 1, 0, SPREAD_MAX, true);
	spread_is(1, 1, UINT64_MAX, 1, SPREAD_MAX, true);
	spread_is(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, 0, false);
	spread_is(UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX, UINT64_MAX / 2, 10000, true);
	ok(spread_of(&one, 1).median == 42 && !spread_of(&one, 1).unstable, "one run is stable");
}

/* --- records ---------------------------------------------------------------------------------- */

static struct runs runs;
static bool used_up;

bool runs_use_up(const struct bench *bench)
{
	return used_up && !bench;
}

static struct result result;

static void set_runs(struct run_set *set, uint64_t cycles, uint64_t last, uint64_t ns)
{
	for (unsigned i = 0; i < RUNS; i++) {
		set->cycles[i] = i == RUNS - 1 ? last : cycles;
		set->ns[i] = ns;
	}
	set->cycles_spread = spread_of(set->cycles, RUNS);
	set->ns_spread = spread_of(set->ns, RUNS);
}

static void record_is(const char *want, const char *what)
{
	char line[2048], whole[2048];
	struct json json;

	json_begin(&json, line, sizeof(line));
	json_string(&json, "name", "x");
	json_runs(&json, &result);
	json_emit(&json);
	snprintf(whole, sizeof(whole), "{\"name\":\"x\"%s,\"crc\"", want);
	ok(!strncmp(capture_text(), whole, strlen(whole)), "%s", what);
}

static void test_records(void)
{
	char text[UNSTABLE_TEXT_MAX];

	counters = (struct counters){ .core_hz = 594000000 };
	record_is(",\"no_runs\":\"measured once, in the bench's own way\"", "no runs, and why");
	counters.no_cycles = counters.no_time = "emulated";
	record_is("", "an emulator's have no such field");
	counters.no_cycles = counters.no_time = NULL;
	used_up = true;
	record_is(",\"no_runs\":\"each pass uses up what the next would need\"", "or why");
	used_up = false;
	ok(!unstable_text(text, &result, PREPARED_WARM), "nor is it unstable");
	result.runs = &runs;
	strcpy(runs.core, "Cortex-A55 r2p0");
	set_runs(&runs.of[PREPARED_WARM], 1000, 1010, 500);
	set_runs(&runs.of[PREPARED_COLD], 9000, 9100, 4000);
	runs.cold = (struct cold_counts){ .preparations = 55, .lines = 7, .tlbi = 110, .ic = 5 };
	record_is(
		",\"runs\":5,\"warm_cycles\":1000,\"warm_cycles_runs\":[1000,1000,1000,1000,1010],"
		"\"warm_ns\":500,\"warm_ns_runs\":[500,500,500,500,500],"
		"\"warm_spread_percent\":1.00,\"cold_cycles\":9000,"
		"\"cold_cycles_runs\":[9000,9000,9000,9000,9100],\"cold_ns\":4000,"
		"\"cold_ns_runs\":[4000,4000,4000,4000,4000],\"cold_spread_percent\":1.11,"
		"\"cold_preparations\":55,\"cold_lines\":7,\"cold_tlbi\":110,\"cold_ic\":5,"
		"\"unstable\":true,\"core\":\"Cortex-A55 r2p0\",\"core_hz\":594000000",
		"warm and cold");
	ok(!unstable_text(text, &result, PREPARED_WARM), "one percent is stable");
	ok(unstable_text(text, &result, PREPARED_COLD) &&
		   !strcmp(text, "unstable: cycles spread 1.11 % over 5 cold runs"),
	   "more is not: %s", text);
	report_runs_row(&result);
	same_text(capture_text(),
		  "          cold: 9,000 cycles, 4,000 ns\n"
		  "          ! unstable: cycles spread 1.11 % over 5 cold runs\n",
		  "the lines below a row");
	counters.no_cycles = "PMCCNTR_EL0 stands still";
	record_is(",\"runs\":5,\"warm_ns\":500,\"warm_ns_runs\":[500,500,500,500,500],"
		  "\"warm_spread_percent\":0.00,\"cold_ns\":4000,"
		  "\"cold_ns_runs\":[4000,4000,4000,4000,4000],\"cold_spread_percent\":0.00,"
		  "\"cold_preparations\":55,\"cold_lines\":7,\"cold_tlbi\":110,\"cold_ic\":5,"
		  "\"unstable\":false,"
		  "\"core\":\"Cortex-A55 r2p0\",\"core_hz\":594000000",
		  "without cycles");
	runs.of[PREPARED_WARM].ns[0] = 600;
	runs.of[PREPARED_WARM].ns_spread = spread_of(runs.of[PREPARED_WARM].ns, RUNS);
	ok(unstable_text(text, &result, PREPARED_WARM) &&
		   !strcmp(text, "unstable: ns spread 20.00 % over 5 warm runs"),
	   "times judge where there are no cycles: %s", text);
}

int main(void)
{
	log_set_console(&capture_console);
	test_block();
	test_forced();
	test_bytes();
	test_no_room();
	test_spread();
	test_records();
	return tap_done();
}
