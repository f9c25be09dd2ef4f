// SPDX-License-Identifier: MIT
/*
 * RAM that plays a device: carved out at boot by `devmem=`, mapped nowhere, without
 * struct pages. What ioremap() is measured and tested on: no bench touches real MMIO.
 */
#pragma once

#include "lib/compiler.h"

/* Bytes; both 0 if there is none. Constant after boot. */
extern uint64_t devmem_base, devmem_size;
