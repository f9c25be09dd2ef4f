// SPDX-License-Identifier: MIT
/*
 * Sizes as names have them.
 */
#pragma once

#include "lib/compiler.h"

#define SIZE_TEXT_MAX 24

/* @bytes as "64K", "100M", "1G": the largest unit that leaves no rest. Returns @text. */
const char *size_text(char text[SIZE_TEXT_MAX], uint64_t bytes);
