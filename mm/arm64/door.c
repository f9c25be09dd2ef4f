// SPDX-License-Identifier: MIT
/*
 * The door's counters.
 */
#include "mm/arm64/door.h"

bool door_counting;
struct door_counts door_counts;
