/* SPDX-License-Identifier: MIT */
/*
 * Exception vectors: save everything a reader of the report wants, call C, return
 * from what a probe expected. Handlers use neither libc nor SIMD before they return.
 */
#include "lib/arm64/frame-offsets.h"

	.macro	entry, kind
	.balign	128
	// TPIDRRO_EL0 and SP_EL0 are nobody's: room to look at SP before it is trusted.
	msr	tpidrro_el0, x0
	mov	x0, sp
	msr	sp_el0, x0
	sub	x0, x0, #FRAME_SIZE
	tbnz	x0, #16, 1f		// a stack is the odd half of its pair, its guard the even
	b	overflow_\kind
1:	mov	sp, x0
back_\kind:
	stp	x1, x2, [sp, #FRAME_X + 8]
	mov	x1, #\kind
	b	save_frame
	.endm

	.text
	.balign	2048
	.global vectors
vectors:
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	entry	\kind
	.endr

/* SP is in a guard: on with this CPU's emergency stack. Only x0 is free, and SP itself. */
	.macro	overflow, kind
overflow_\kind:
	mrs	x0, tpidr_el1
	mov	sp, x0
	adrp	x0, emergency_top
	add	x0, x0, :lo12:emergency_top
	add	x0, sp, x0
	ldr	x0, [x0]
	sub	x0, x0, #FRAME_SIZE
	mov	sp, x0
	b	back_\kind
	.endm
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	overflow \kind
	.endr

	.balign	128
save_frame:
	mrs	x0, tpidrro_el0
	str	x0, [sp, #FRAME_X]
	str	x3, [sp, #FRAME_X + 24]
	stp	x4, x5, [sp, #FRAME_X + 32]
	stp	x6, x7, [sp, #FRAME_X + 48]
	stp	x8, x9, [sp, #FRAME_X + 64]
	stp	x10, x11, [sp, #FRAME_X + 80]
	stp	x12, x13, [sp, #FRAME_X + 96]
	stp	x14, x15, [sp, #FRAME_X + 112]
	stp	x16, x17, [sp, #FRAME_X + 128]
	stp	x18, x19, [sp, #FRAME_X + 144]
	stp	x20, x21, [sp, #FRAME_X + 160]
	stp	x22, x23, [sp, #FRAME_X + 176]
	stp	x24, x25, [sp, #FRAME_X + 192]
	stp	x26, x27, [sp, #FRAME_X + 208]
	stp	x28, x29, [sp, #FRAME_X + 224]
	mrs	x0, sp_el0
	stp	x30, x0, [sp, #FRAME_X + 240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_ELR]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #FRAME_ESR]
	mov	x0, sp
	bl	exception

	// It returned: an interrupt, a probe's fault, or a retried walk. Put everything back.
	ldp	x2, x3, [sp, #FRAME_ELR]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x30, x0, [sp, #FRAME_X + 240]
	msr	sp_el0, x0		// where SP was, or where the probe wants it
	ldp	x28, x29, [sp, #FRAME_X + 224]
	ldp	x26, x27, [sp, #FRAME_X + 208]
	ldp	x24, x25, [sp, #FRAME_X + 192]
	ldp	x22, x23, [sp, #FRAME_X + 176]
	ldp	x20, x21, [sp, #FRAME_X + 160]
	ldp	x18, x19, [sp, #FRAME_X + 144]
	ldp	x16, x17, [sp, #FRAME_X + 128]
	ldp	x14, x15, [sp, #FRAME_X + 112]
	ldp	x12, x13, [sp, #FRAME_X + 96]
	ldp	x10, x11, [sp, #FRAME_X + 80]
	ldp	x8, x9, [sp, #FRAME_X + 64]
	ldp	x6, x7, [sp, #FRAME_X + 48]
	ldp	x4, x5, [sp, #FRAME_X + 32]
	ldp	x2, x3, [sp, #FRAME_X + 16]
	ldp	x0, x1, [sp, #FRAME_X]
	msr	tpidrro_el0, x0
	mrs	x0, sp_el0
	mov	sp, x0
	mrs	x0, tpidrro_el0
	eret

/* With the MMU off there is nothing to print with: stay where a debugger can see it. */
	.balign	2048
	.global early_vectors
early_vectors:
	.rept	16
	.balign	128
	b	.
	.endr

/*
 * struct fault probe in C (lib/arm64/probe.c) calls these. A fault lands at probe_landing
 * with the stack of the call: x0 = 1. Without one they return 0.
 *
 * uint64_t probe_try(enum op, address, value *, sp_slot *)
 */
	.global probe_try
probe_try:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x29, sp
	mov	x4, sp
	str	x4, [x3]
	cmp	x0, #1
	b.lo	1f
	b.eq	2f
	blr	x1
	b	3f
1:	ldr	x5, [x1]
	str	x5, [x2]
	b	3f
2:	ldr	x5, [x2]
	str	x5, [x1]
3:	dsb	sy			// an asynchronous error of the access belongs to the probe
	mov	x0, xzr
	b	probe_out
	.global probe_landing
probe_landing:				// the handler has put the saved SP back
	mov	x0, #1
probe_out:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
