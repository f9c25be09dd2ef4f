// SPDX-License-Identifier: MIT
/*
 * On-target tests and their report in KTAP version 1 (kernel.org, dev-tools/ktap).
 * A test registers itself:
 *
 *	TEST(vmap_guard, "vmap/guard-page")
 *	{
 *		if (!CHECK(area))
 *			return;
 *		CHECK_EQ(probe_read(area->end), PROBE_TRANSLATION);
 *	}
 *
 * A test passes if it made a check and none failed. Checks are for the body, the
 * functions that it calls, and other CPUs that work for it until it returns.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/registry.h"

struct test {
	const char *name; /* suite/what, unique, without '#' (it would start a directive) */
	void (*run)(void);
};

REGISTRY(struct test, tests);

#define TEST(ident, test_name)                                                                 \
	static void test_body_##ident(void);                                                   \
	REGISTER(struct test, tests, ident) = { .name = test_name, .run = test_body_##ident }; \
	static void test_body_##ident(void)

/* Notes a failure with place and expression, and goes on. The value is whether @cond holds. */
#define CHECK(cond) ktap_check((cond), __FILE__, __LINE__, #cond)

/*
 * The same for two integers or pointers, whose values it prints. Both are widened to
 * 64 bits by their own sign, so -1 of int is not 0xffffffff of unsigned.
 */
#define CHECK_EQ(a, b) \
	ktap_check_equal((uint64_t)(a), (uint64_t)(b), __FILE__, __LINE__, #a " == " #b)

/* Leaves the test's body; printf arguments say why. A check that failed before still counts. */
#define SKIP(...)                       \
	do {                            \
		ktap_skip(__VA_ARGS__); \
		return;                 \
	} while (0)

bool ktap_check(bool good, const char *file, int line, const char *what);
bool ktap_check_equal(uint64_t a, uint64_t b, const char *file, int line, const char *what);
void ktap_skip(const char *fmt, ...) __printf_like(1, 2);

/* A diagnostic line of the running test: `# ...`; no newline in it. */
void ktap_note(const char *fmt, ...) __printf_like(1, 2);

/*
 * Called around the body of every test that runs, @before with its name; either may be NULL.
 * They audit what no test may leave behind. Their failed checks fail the test, their good ones
 * do not count.
 */
void ktap_set_audit(void (*before)(const char *name), void (*after)(void));

struct ktap_counts {
	unsigned passed, failed, skipped;
};

/*
 * Runs and reports, in the order of their names, the tests that @globs selects (all if
 * NULL or ""). Those that @skip matches (none if NULL or "") are reported as skipped.
 * Returns the number of failures; to select no test at all is one. Boot CPU.
 */
int ktap_run(const char *globs, const char *skip, struct ktap_counts *counts);

/* Logs every test's name, one a line, in the order of ktap_run(). */
void ktap_list(void);

/* The names as select_unmatched() wants them, in no particular order; @context is unused. */
const char *ktap_name_at(void *context, size_t index);
