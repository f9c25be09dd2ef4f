// SPDX-License-Identifier: MIT
/*
 * Two images from the same sources, and a command line that is for the other one.
 */
#pragma once

#include "lib/compiler.h"

/* After cmdline_parse(). True: one line in @error says which image the options are for. */
bool is_wrong_image(char *error, size_t size);
