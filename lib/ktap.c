// SPDX-License-Identifier: MIT
/*
 * The test runner: sorts by scanning, since there is no heap and there are few tests.
 */
#include "lib/ktap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/cmdline/glob.h"
#include "lib/log.h"

/* A check that fails in a loop must not drown the log. */
#define FAILURES_SHOWN 10

/* The test that runs. The counts are atomic, for checks made on other CPUs. */
static struct {
	unsigned checks, failures;
	bool skipped;
	char reason[128];
} current;

static void (*audit_before)(const char *name);
static void (*audit_after)(void);

void ktap_set_audit(void (*before)(const char *name), void (*after)(void))
{
	audit_before = before;
	audit_after = after;
}

void ktap_note(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_printf("# %s\n", text);
}

/* Counts a failure; true if it is one of those that are shown. */
static bool count_failure(void)
{
	return __atomic_fetch_add(&current.failures, 1, __ATOMIC_RELAXED) < FAILURES_SHOWN;
}

static void count_check(void)
{
	__atomic_fetch_add(&current.checks, 1, __ATOMIC_RELAXED);
}

bool ktap_check(bool good, const char *file, int line, const char *what)
{
	count_check();
	if (!good && count_failure())
		ktap_note("%s:%d: failed: %s", file, line, what);
	return good;
}

bool ktap_check_equal(uint64_t a, uint64_t b, const char *file, int line, const char *what)
{
	count_check();
	if (a != b && count_failure())
		ktap_note("%s:%d: failed: %s: %ld (0x%lx) is not %ld (0x%lx)", file, line, what,
			  (long)a, (unsigned long)a, (long)b, (unsigned long)b);
	return a == b;
}

void ktap_skip(const char *fmt, ...)
{
	va_list ap;

	current.skipped = true;
	va_start(ap, fmt);
	vsnprintf(current.reason, sizeof(current.reason), fmt, ap);
	va_end(ap);
}

/* By name; the linker's order settles what should not happen, two of one name. */
static bool sorts_after(const struct test *a, const struct test *b)
{
	int order = strcmp(a->name, b->name);

	return order > 0 || (order == 0 && a > b);
}

/* The test that follows @last, or the first if that is NULL; NULL after the last. */
static const struct test *next_test(const struct test *last)
{
	const struct test *test, *best = NULL;

	for_each_registered (test, tests)
		if ((!last || sorts_after(test, last)) && (!best || sorts_after(best, test)))
			best = test;
	return best;
}

static bool selected(const struct test *test, const char *globs)
{
	return !globs || !*globs || glob_list_match(globs, test->name);
}

static void run_body(const struct test *test)
{
	if (audit_before)
		audit_before(test->name);
	__atomic_store_n(&current.checks, 0, __ATOMIC_RELAXED);
	test->run();
	if (!current.skipped && !current.checks && count_failure())
		ktap_note("%s: no checks", test->name);
	if (audit_after)
		audit_after();
	if (current.failures > FAILURES_SHOWN)
		ktap_note("%s: %u more failed checks", test->name,
			  current.failures - FAILURES_SHOWN);
}

static void run_one(const struct test *test, unsigned number, const char *skip,
		    struct ktap_counts *counts)
{
	memset(&current, 0, sizeof(current));
	if (glob_list_match(skip, test->name))
		ktap_skip("skip= on the command line");
	else
		run_body(test);

	if (current.failures) {
		log_printf("not ok %u %s\n", number, test->name);
		counts->failed++;
	} else if (current.skipped) {
		log_printf("ok %u %s # SKIP %s\n", number, test->name, current.reason);
		counts->skipped++;
	} else {
		log_printf("ok %u %s\n", number, test->name);
		counts->passed++;
	}
}

int ktap_run(const char *globs, const char *skip, struct ktap_counts *counts)
{
	const struct test *test;
	unsigned planned = 0, number = 0;

	memset(counts, 0, sizeof(*counts));
	for_each_registered (test, tests)
		planned += selected(test, globs);
	log_printf("KTAP version 1\n1..%u\n", planned);
	for (test = next_test(NULL); test; test = next_test(test))
		if (selected(test, globs))
			run_one(test, ++number, skip, counts);
	if (!planned) {
		ktap_note("no test is selected");
		counts->failed = 1;
	}
	ktap_note("%u passed, %u failed, %u skipped", counts->passed, counts->failed,
		  counts->skipped);
	return counts->failed;
}

void ktap_list(void)
{
	const struct test *test;

	for (test = next_test(NULL); test; test = next_test(test))
		log_printf("%s\n", test->name);
}

const char *ktap_name_at(void *context, size_t index)
{
	(void)context;
	return index < (size_t)(__stop_tests - __start_tests) ? __start_tests[index].name : NULL;
}
