// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: device registers are the test's model.
 */
#pragma once

#include "lib/compiler.h"

uint32_t mmio_read32(uintptr_t address);
uint64_t mmio_read64(uintptr_t address);
void mmio_write32(uintptr_t address, uint32_t value);
