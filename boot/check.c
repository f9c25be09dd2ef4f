// SPDX-License-Identifier: MIT
/*
 * `check` and `fail_nth`: the command line may say which of the two images it is meant for. And
 * what the checked one refuses: its instructions are not those that anybody else will run.
 */
#include <stdio.h>

#include "boot/check.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "lib/platform.h"
#include "mm/phys/fail.h"

static bool check;
static uint64_t nth; /* 0: not given */

OPTION_FLAG(check, "check", &check, "  only for Image.check, whose locks are followed");

OPTION_UNSIGNED(fail_nth, "fail_nth", &nth, 1, UINT64_MAX,
		"=N  of each test and of the CPUs' start the Nth allocation fails (Image.check)");

bool is_wrong_image(char *error, size_t size)
{
	if (check && !IS_CHECKED) {
		snprintf(error, size, "check=1 needs Image.check, this is Image");
		return true;
	}
	if (nth && !IS_CHECKED) {
		snprintf(error, size, "fail_nth=%lu needs Image.check, this is Image", nth);
		return true;
	}
	if (options.bench[0] && IS_CHECKED) {
		snprintf(error, size, "bench= needs Image, this is Image.check: no figure is its");
		return true;
	}
	return false;
}

#if HAVE_FAIL_NTH
static uint64_t all_failed;

void fail_as_asked(void)
{
	if (!nth)
		return;
	all_failed += fail_nth_end();
	fail_nth_begin(nth, nth);
}

void fail_no_more(void)
{
	if (!nth)
		return;
	all_failed += fail_nth_end();
	log_printf("fail_nth=%lu: %lu allocations failed\n", nth, all_failed);
	all_failed = 0;
}
#else
void fail_as_asked(void)
{
}

void fail_no_more(void)
{
}
#endif
