// SPDX-License-Identifier: MIT
/*
 * Between the exception handler and the probes.
 */
#pragma once

#include "lib/arm64/exception.h"

#define ESR_EC_INSTRUCTION_ABORT 0x21UL /* from this exception level */
#define ESR_EC_DATA_ABORT	 0x25UL
#define ESR_WNR			 (1UL << 6)

/* ESR_EL1.EC; above it later architectures have ISS2. */
static __always_inline uint64_t esr_class(uint64_t esr)
{
	return (esr >> 26) & 0x3f;
}

/* If a probe is armed on this CPU: notes the fault, sends @frame to the probe's end, true. */
bool probe_take_fault(struct exception_frame *frame);
