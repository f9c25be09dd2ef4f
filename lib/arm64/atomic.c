// SPDX-License-Identifier: MIT
/*
 * Which compare-and-swap the CPUs have in common (atomic.h).
 */
#include "lib/arm64/atomic.h"

bool cpus_have_lse;
