// SPDX-License-Identifier: MIT
/*
 * PMU events and the state of the clock, in the tables and in the records. Nothing is written
 * where no `events=` was given and no clock drifted.
 */
#pragma once

#include "bench/measure.h"
#include "lib/json.h"

/* Before the rows: how many events in how many rounds, and why which are not counted. */
void report_events_method(void);

/* Under a row: its counts, and whether the clock was another one. */
void report_events_row(const struct result *result);

/* context.absent's part, one key an absent event; and the context's own fields. */
void json_events_absent(struct json *json);
void json_events_context(struct json *json);

/* A record's part. */
void json_events_record(struct json *json, const struct result *result);
