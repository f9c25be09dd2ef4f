// SPDX-License-Identifier: MIT
/*
 * Probes: an access that may fault, with the fault as its result.
 *
 * Any CPU, any context but an exception handler; one probe at a time a CPU.
 */
#pragma once

#include "lib/arm64/exception.h"

struct fault {
	enum fault_class class; /* FAULT_NONE: the access went through */
	bool write;		/* the faulting access was a store */
	bool exec;		/* it was an instruction fetch */
	int level;		/* of the walk, where the class has one, else -1 */
	uint64_t far, esr;
};

/* Loads 64 bits from @addr; *@value is written only if that worked. */
struct fault probe_read(const void *addr, uint64_t *value);

/* Stores 64 bits. */
struct fault probe_write(void *addr, uint64_t value);

/* Calls @addr, which must be code that returns (or a place that must not be executable). */
struct fault probe_exec(const void *addr);
