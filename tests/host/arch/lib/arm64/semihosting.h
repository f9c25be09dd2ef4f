// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: the test is who would answer.
 */
#pragma once

#include "lib/compiler.h"

#define SYS_EXIT_EXTENDED	     0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026UL

/* The test's, if a source of it calls. */
void semihosting_call(uint64_t operation, const void *block);
