// SPDX-License-Identifier: MIT
/*
 * What the mapping engine's test programs have in common: their numbers, their places in
 * the oracle's window, their test points.
 */
#pragma once

#include "tests/host/map-random.h"
#include "tests/host/tap.h"

#define MIDDLE	       (WINDOW_PAGES / 2)
#define PMD_PAGES      PTRS_PER_TABLE
#define CONT_PMD_PAGES (CONT_PMD_SIZE >> PAGE_SHIFT)
#define PUD_PAGES      (PUD_SIZE >> PAGE_SHIFT)

static unsigned long long seed = 2026;

uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

/* Ends a part of the test. */
__attribute__((unused)) static void report(const char *what)
{
	static unsigned reported;

	oracle_audit();
	ok(mistakes == reported, "%s", what);
	reported = mistakes;
}

__attribute__((unused)) static void expect_error(int got, int want, const char *what)
{
	if (got != want)
		mistake("%s: %d, not %d", what, got, want);
}
