// SPDX-License-Identifier: MIT
/*
 * Exceptions: what the CPU reported, in words.
 */
#pragma once

#include "lib/arm64/frame-offsets.h"
#include "lib/compiler.h"

/* What vectors.S saved; what is changed here is what the exception returns with. */
struct exception_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr, spsr;
	uint64_t esr, far;
};

static_assert(offsetof(struct exception_frame, elr) == FRAME_ELR, "vectors.S");
static_assert(offsetof(struct exception_frame, esr) == FRAME_ESR, "vectors.S");
static_assert(sizeof(struct exception_frame) == FRAME_SIZE, "vectors.S");

enum fault_class {
	FAULT_NONE,
	FAULT_TRANSLATION,
	FAULT_ACCESS_FLAG,
	FAULT_PERMISSION,
	FAULT_ADDRESS_SIZE,
	FAULT_ALIGNMENT,
	FAULT_EXTERNAL,
	FAULT_TLB_CONFLICT,
	FAULT_OTHER, /* not an abort of this level, or a status that has no class here */
};

/* Class of an abort by its fault status (ESR_EL1.ISS of data aborts). */
enum fault_class fault_class(uint64_t esr);
const char *fault_class_name(enum fault_class class);

/* Entry from vectors.S; @vector is its number, 0 to 15. IRQs masked, own frame on the stack. */
void exception(struct exception_frame *frame, unsigned vector);

/*
 * @entry handles IRQs taken at EL1: IRQs masked, on the stack of what was interrupted, whose
 * SIMD registers are not saved: neither libc nor SIMD. Until then an IRQ ends the run. Once.
 */
void set_irq_entry(void (*entry)(void));

/* What the IRQ that this CPU handles interrupted; NULL: it handles none. */
const struct exception_frame *interrupted_frame(void);

/* Translation faults in TTBR1 space that were stale (no FEAT_ETS) and went away on retry. */
extern uint64_t stale_faults_retried;
