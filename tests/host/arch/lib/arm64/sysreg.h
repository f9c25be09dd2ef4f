// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: system registers are asked of the test's model, by name.
 */
#pragma once

#include "lib/compiler.h"

/* The test's, if a source of it touches system registers. */
uint64_t host_read_sysreg(const char *name);
void host_write_sysreg(const char *name, uint64_t value);

#define read_sysreg(reg)     host_read_sysreg(#reg)
#define write_sysreg(v, reg) host_write_sysreg(#reg, (uint64_t)(v))

static __always_inline uint64_t field(uint64_t v, unsigned hi, unsigned lo)
{
	return (v >> lo) & ((2UL << (hi - lo)) - 1);
}
