// SPDX-License-Identifier: MIT
/*
 * Between the files of the sweep.
 */
#pragma once

#include "tests/sweep.h"

/* Pages of the largest bulk call. */
#define SWEEP_BULK_MOST 300

/* Bytes that may be in use at a time, so that nothing fails but by injection. */
bool sweep_has_room(uint64_t bytes);
bool sweep_has_room_for_bytes(const struct sweep_call *c);

bool sweep_is_zero(const void *start, uint64_t bytes);

extern const struct sweep_kind sweep_by_kmalloc, sweep_by_kzalloc, sweep_by_pages, sweep_by_bulk;
extern const struct sweep_kind sweep_by_set_memory;
extern const struct sweep_kind sweep_by_vrealloc, sweep_by_split, sweep_by_sg, sweep_by_pfn,
	sweep_by_map_ram, sweep_by_sparse, sweep_by_page_range, sweep_by_percpu;
