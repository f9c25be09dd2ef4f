// SPDX-License-Identifier: MIT
/*
 * What the measured calls left mapped, in the tables and in the records.
 */
#pragma once

#include "bench/records.h"
#include "lib/json.h"

/* A record's part: bytes a leaf, bytes a reason, and the main reason of each leaf (docs/census.md).
 */
void json_census(struct json *json, const struct map_census *census);

/* The table after all rows: one line a record of tlbed's that left a mapping, and totals. */
void report_census(const struct results *results);
