// SPDX-License-Identifier: MIT
/*
 * `check`: the command line may say which of the two images it is meant for. And what the
 * checked one refuses: its instructions are not those that anybody else will run.
 */
#include <stdio.h>

#include "boot/check.h"
#include "lib/cmdline/options.h"
#include "lib/platform.h"

static bool check;

OPTION_FLAG(check, "check", &check, "  only for Image.check, whose locks are followed");

bool is_wrong_image(char *error, size_t size)
{
	if (check && !IS_CHECKED) {
		snprintf(error, size, "check=1 needs Image.check, this is Image");
		return true;
	}
	if (options.bench[0] && IS_CHECKED) {
		snprintf(error, size, "bench= needs Image, this is Image.check: no figure is its");
		return true;
	}
	return false;
}
