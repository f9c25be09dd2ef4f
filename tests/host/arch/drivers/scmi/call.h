// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: the test's model of firmware is called.
 */
#pragma once

#include "lib/compiler.h"

int64_t scmi_smc(uint32_t function);
