// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: the model of the PMU runs the loop.
 */
#pragma once

#include "tests/host/pmu-model.h"

#define KNOWN_LOOP_INSNS 2UL

static __always_inline void known_loop(uint64_t rounds)
{
	model_run(rounds * KNOWN_LOOP_INSNS);
}
