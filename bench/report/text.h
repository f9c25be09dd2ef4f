// SPDX-License-Identifier: MIT
/*
 * Numbers as people read them. Each returns its buffer.
 */
#pragma once

#include "lib/compiler.h"

/* Room for any of them. */
#define TEXT_MAX 32

/* 2210547 as "2,210,547". */
const char *text_number(char text[TEXT_MAX], uint64_t value);

/* @a / @b as "1.43x" (two decimals, rounded); "-" if either is 0. */
const char *text_ratio(char text[TEXT_MAX], uint64_t a, uint64_t b);

/* Logs a line of 100 times @c. */
void text_rule(char c);

/* @a / @b as "86.35" (two decimals, rounded); "-" if @b is 0. */
const char *text_quotient(char text[TEXT_MAX], uint64_t a, uint64_t b);
