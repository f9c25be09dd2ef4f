// SPDX-License-Identifier: MIT
/*
 * Cores on which a broadcast TLBI and its DSB may be over before what they wait for is: Arm's
 * workaround is one more TLBI and DSB at the end of each batch (door_after_tlbi()).
 */
#pragma once

#include "lib/compiler.h"

/*
 * The errata of the core that calls itself @midr (MIDR_EL1), as text; NULL: none known. Fixed
 * revisions are none.
 */
const char *tlbi_errata_of_midr(uint64_t midr);

/*
 * The same for a CPU that has not run yet, by its `compatible` in the device tree: of its revision
 * nothing is known. NULL: none known, or no name.
 */
const char *tlbi_errata_of_compatible(const char *compatible);
