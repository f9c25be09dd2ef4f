// SPDX-License-Identifier: MIT
/*
 * A fuzzer's input as a row of choices. For a program's one source that has
 * LLVMFuzzerTestOneInput().
 */
#pragma once

#include "tests/host/tap.h"

static const uint8_t *input;
static size_t left;
static unsigned long long rest;

static inline void fuzz_input(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	rest = size;
}

/* As many bytes as the range needs; when the input is used up, numbers that it seeds. */
static inline uint64_t pick_input(uint64_t below)
{
	uint64_t value = 0;

	if (!left)
		return tap_random(&rest) % below;
	for (uint64_t top = below - 1; top && left; top >>= 8, left--) {
		value = value << 8 | *input++;
		rest = rest * 31 + value;
	}
	return value % below;
}
