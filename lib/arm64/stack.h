// SPDX-License-Identifier: MIT
/*
 * Where a CPU's stacks are. Each is the odd half of an aligned pair of which the even half is
 * its guard, mapped nowhere: boot/vectors.S tells a good SP by one bit.
 */
#pragma once

#include "lib/percpu.h"

#define STACK_BYTES	 (64 * KiB)
#define STACK_PAIR_BYTES (2 * STACK_BYTES)

/* One past this CPU's stack, and past the one that reports an overflow of the first. */
DECLARE_PER_CPU(uint64_t, stack_top);
DECLARE_PER_CPU(uint64_t, emergency_top);
