// SPDX-License-Identifier: MIT
/*
 * The door's counters, and the workaround that it applies.
 */
#include "mm/arm64/door.h"

bool door_counting;
struct door_counts door_counts;
bool door_tlbi_twice;
