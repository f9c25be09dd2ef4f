// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: the test's model is told of each line.
 */
#pragma once

#include "lib/arm64/sysreg.h"

/* The test's, if a source of it empties caches. */
void dc_cisw(uint64_t set_way);
