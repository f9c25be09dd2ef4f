// SPDX-License-Identifier: MIT
/*
 * Ends on purpose.
 */
#pragma once

#include "lib/compiler.h"

/* Does what `crash=` says; returns if it says nothing. After the memory is up, boot CPU. */
void crash_if_asked(void);

/* Whether what is asked for is an end that only Image.check comes to. After cmdline_parse(). */
bool crash_needs_checker(void);
