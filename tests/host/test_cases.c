// SPDX-License-Identifier: MIT
/*
 * test_vmalloc's parameters as words, its lines, the order of its cases, its count of
 * instructions; and the arithmetic and names of the sweeps.
 */
// sources: lib/cmdline/glob.c bench/cases/summary.c bench/sweeps/growth.c
#include <string.h>

#include "bench/cases/params.c"
#include "bench/cases/summary.h"
#include "bench/sweeps/growth.h"
#include "lib/cmdline/cmdline.c"
#include "tests/host/tap.h"

/* A machine of four CPUs, one of which is not usable. */
struct cpu cpus[NR_CPUS] = { [2] = { .unusable = "status is not okay" } };
unsigned nr_cpus = 4, boot_cpu;

static char error[CMDLINE_MAX + 64];

/* Back to the defaults, then what @line says. */
static int parse(const char *line)
{
	test_vmalloc = (struct test_vmalloc){ .test_repeat_count = 1,
					      .test_loop_count = LOOPS,
					      .nr_pcpu_objects = PCPU_OBJECTS };
	error[0] = '\0';
	return cmdline_parse(line, error, sizeof(error));
}

static void refused(const char *line, const char *want)
{
	bool valid = !parse(line) && cases_valid(error, sizeof(error));

	ok(!valid && !strcmp(error, want), "%s: %s", line, error);
}

static void test_words(void)
{
	struct test_vmalloc p;

	ok(!parse("nr_threads=3 sequential_test_order test_repeat_count=7 test_loop_count=1000000 "
		  "nr_pages=16 use_huge=1 run_test_mask=0x1fff nr_pcpu_objects=5") &&
		   cases_valid(error, sizeof(error)),
	   "all of Linux's parameters %s", error);
	p = cases_params();
	ok(p.nr_threads == 3 && p.sequential_test_order && p.test_repeat_count == 7 &&
		   p.test_loop_count == 1000000 && p.nr_pages == 16 && p.use_huge &&
		   p.run_test_mask == ALL_CASES && p.nr_pcpu_objects == 5,
	   "are taken as given");
	parse("");
	p = cases_params();
	ok(p.nr_threads == 1 && !p.sequential_test_order && p.test_repeat_count == 1 &&
		   p.test_loop_count == 10000 && p.nr_pages == 1 && !p.use_huge &&
		   !p.run_test_mask && p.nr_pcpu_objects == 35000,
	   "defaults");
	parse("nr_threads=0 test_repeat_count=0 test_loop_count=0 nr_pages=0");
	p = cases_params();
	ok(p.nr_threads == 1 && p.test_repeat_count == 1 && p.test_loop_count == 1 &&
		   p.nr_pages == 1,
	   "0 is 1, as in Linux");
	ok(!parse("run_test_mask=0x7fffffff") && cases_valid(error, sizeof(error)),
	   "INT_MAX, which older kernels have as the default mask");
}

static void test_bad_words(void)
{
	refused("test_loop_count=many", "malformed value 'many'");
	refused("test_loop_count=-1", "malformed value '-1'");
	refused("test_loop_count=2147483648", "malformed value '2147483648'");
	refused("test_repeat_count=1001", "malformed value '1001'");
	refused("nr_threads=65536", "malformed value '65536'");
	refused("nr_threads=4", "malformed value '4': nr_threads= is a CPU each, of 3");
	refused("run_test_mask=0", "malformed value '0'");
	refused("run_test_mask=8192", "malformed value '8192': run_test_mask= has bits up to 4096");
	refused("use_huge=2", "malformed value '2'");
	refused("sequential_test_order=yes", "malformed value 'yes'");
	refused("nr_pcpu_objects=0", "malformed value '0'");
	refused("test_loops=3", "unknown option 'test_loops'");
}

static void line_is(const char *text, const char *want)
{
	ok(!strcmp(text, want), "%s", text);
}

static void test_lines(void)
{
	struct case_outcome o = { .passed = 2, .failed = 1, .xfailed = 0, .cost = 3002 };
	struct test_vmalloc p = { .test_repeat_count = 3, .test_loop_count = 500 };
	char text[SUMMARY_MAX];

	summary_line(text, "fix_size_alloc", &o, &p, "instructions");
	line_is(text, "Summary: fix_size_alloc_test passed: 2 failed: 1 xfailed: 0 repeat: 3 "
		      "loops: 500 avg: 1000 instructions");
	summary_line(text, "vrealloc", &o, &p, NULL);
	line_is(text, "Summary: vrealloc_test passed: 2 failed: 1 xfailed: 0 repeat: 3 loops: 500 "
		      "avg: -");
	total_line(text, 3, 12345, "usec");
	line_is(text, "All test took worker3=12345 usec");
	total_line(text, 0, 1, NULL);
	line_is(text, "All test took worker0=-");
	o = (struct case_outcome){ .passed = UINT32_MAX,
				   .failed = UINT32_MAX,
				   .xfailed = UINT32_MAX,
				   .cost = UINT64_MAX };
	p = (struct test_vmalloc){ .test_repeat_count = 1, .test_loop_count = INT32_MAX };
	summary_line(text, "kvfree_rcu_2_arg_vmalloc", &o, &p, "instructions");
	ok(!strcmp(text + strlen(text) - 13, " instructions"), "the longest line fits: %zu",
	   strlen(text));
}

static void test_outcomes(void)
{
	struct case_outcome o = { 0 };

	count_outcome(&o, 0, false);
	ok(o.passed == 1 && !o.failed && !o.xfailed, "good, as it should be");
	count_outcome(&o, -1, false);
	ok(o.passed == 1 && o.failed == 1 && !o.xfailed, "bad");
	count_outcome(&o, -1, true);
	ok(o.passed == 1 && o.failed == 1 && o.xfailed == 1, "bad, as it should be");
	count_outcome(&o, 0, true);
	ok(o.passed == 1 && o.failed == 2 && o.xfailed == 1, "good where it should be bad");
}

static bool is_permutation(const unsigned *order)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
		seen |= 1u << order[i];
	return seen == ALL_CASES;
}

static void test_order(void)
{
	unsigned first[NR_VMALLOC_CASES][NR_VMALLOC_CASES] = { { 0 } };
	unsigned a[NR_VMALLOC_CASES], b[NR_VMALLOC_CASES];
	bool good = true, different = false;
	unsigned never = 0;

	order_cases(a, true, 9);
	for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
		good = good && a[i] == i;
	ok(good, "sequential");
	for (uint64_t seed = 0; seed < 1000; seed++) {
		order_cases(a, false, seed);
		order_cases(b, false, seed);
		good = good && is_permutation(a) && !memcmp(a, b, sizeof(a));
		order_cases(b, false, seed + 1);
		different = different || memcmp(a, b, sizeof(a));
		for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
			first[i][a[i]]++;
	}
	ok(good && different, "shuffled: all cases, the same for a seed, others for another");
	for (unsigned i = 0; i < NR_VMALLOC_CASES; i++)
		for (unsigned j = 0; j < NR_VMALLOC_CASES; j++)
			never += !first[i][j];
	ok(!never, "every case comes in every place");
}

static void test_widen(void)
{
	static const uint64_t exact[] = { 0,	      1,	   0x7fffffff,	0x80000000,
					  0xffffffff, 0x100000000, 0x180000000, 0x123456789abc };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(exact); i++)
		for (int off = -3000; off <= 3000; off += 100) {
			uint64_t about = exact[i] + off;

			if (off < 0 && exact[i] < 3000)
				about = exact[i];
			good = good && widen_count((uint32_t)exact[i], about) == exact[i];
		}
	ok(good, "32 bits of a count and a neighbour of it give the count");
}

static void test_growth(void)
{
	static const uint64_t n[] = { 1, 10, 100, 1000, 10000 };
	static const uint64_t flat[] = { 250, 260, 260, 260, 260 };
	static const uint64_t logarithmic[] = { 250, 400, 520, 650, 780 };
	static const uint64_t steep[] = { 20, 40, 80, 120, 160 };
	static const uint64_t root[] = { 200, 300, 400, 632, 2000 };
	static const uint64_t linear[] = { 110, 200, 1100, 10100, 100100 };
	bool good = true;

	ok(!log2_hundredths(1) && log2_hundredths(2) == 100 && log2_hundredths(1UL << 63) == 6300,
	   "log2 of powers of two");
	ok(log2_hundredths(10) == 332 && log2_hundredths(1000) == 996 &&
		   log2_hundredths(1000000) == 1992,
	   "log2 of powers of ten: %lu %lu %lu", log2_hundredths(10), log2_hundredths(1000),
	   log2_hundredths(1000000));
	for (uint64_t i = 1; i < 100000; i++)
		good = good && log2_hundredths(i) <= log2_hundredths(i + 1);
	ok(good, "log2 never falls");
	ok(!cost_by_log2(100, 1) && cost_by_log2(400, 16) == 10000, "cost by log2");
	ok(!first_faster_than_log(n, flat, 5) && !first_faster_than_log(n, logarithmic, 5) &&
		   !first_faster_than_log(n, steep, 5),
	   "constant and logarithmic costs");
	ok(first_faster_than_log(n, root, 5) == 4, "the square root is found");
	ok(first_faster_than_log(n, linear, 5) == 3, "and a line at once");
	ok(!first_faster_than_log(n, linear, 2) && !first_faster_than_log(n, linear, 0),
	   "not from one point");
}

int main(void)
{
	test_words();
	test_bad_words();
	test_lines();
	test_outcomes();
	test_order();
	test_widen();
	test_growth();
	return tap_done();
}
