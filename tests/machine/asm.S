/* SPDX-License-Identifier: MIT */
/*
 * What the suites exception and probe cannot say in C: registers that a call may not
 * lose, and code that faults in ways of its own.
 */
	.text

	.macro	prologue
	stp	x29, x30, [sp, #-160]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x29, sp
	.endm

	.macro	epilogue
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #160
	ret
	.endm

/*
 * uint64_t registers_lost(fn, a0, a1, result *): calls fn(a0, a1) with x8 = result; bit n
 * of the return value: fn did not keep xn (19 to 29), bit 31: SP.
 */
	.global	registers_lost
registers_lost:
	prologue
	adrp	x9, kept_sp
	str	x29, [x9, :lo12:kept_sp]
	mov	x9, x0
	mov	x0, x1
	mov	x1, x2
	mov	x8, x3
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	mov	x\n, #\n * 0x101
	.endr
	blr	x9
	mov	x0, xzr
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	mov	x9, #\n * 0x101
	cmp	x\n, x9
	cset	x9, ne
	orr	x0, x0, x9, lsl #\n
	.endr
	adrp	x9, kept_sp
	ldr	x9, [x9, :lo12:kept_sp]
	cmp	x29, x9
	cset	x10, ne
	orr	x0, x0, x10, lsl #29
	mov	x10, sp
	cmp	x10, x9
	cset	x10, ne
	orr	x0, x0, x10, lsl #31
	mov	sp, x9			// whatever happened to it
	epilogue

/* uint64_t simd_lost(fn, a0, a1, result *): bit n: vn was changed, in any of its 128 bits. */
	.global	simd_lost
simd_lost:
	prologue
	mov	x9, x0
	mov	x0, x1
	mov	x1, x2
	mov	x8, x3
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	mov	x10, #\n * 0x101 + 1
	dup	v\n\().2d, x10
	.endr
	blr	x9
	mov	x0, xzr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	mov	x10, #\n * 0x101 + 1
	mov	x11, v\n\().d[0]
	mov	x12, v\n\().d[1]
	cmp	x11, x10
	ccmp	x12, x10, #0, eq
	cset	x11, ne
	orr	x0, x0, x11, lsl #\n
	.endr
	epilogue

/* For probe_exec(): each takes no argument and would return. */

/* Runs off the low end of the stack: the handler has to find another one. */
	.global	overflow_stack
overflow_stack:
	mov	x9, sp
	and	x10, x9, #~0xffff	// a stack is 64 KiB, aligned: its lowest address
	mov	sp, x10
	str	xzr, [sp, #-16]!
	mov	sp, x9
	ret

/* An exclusive load across a 16-byte boundary, which no CPU allows (Arm ARM B2.5.2). */
	.global	load_misaligned, misaligned_word
load_misaligned:
	adrp	x9, misaligned_word
	add	x9, x9, :lo12:misaligned_word
	ldxr	x10, [x9]
	clrex
	ret

	.global	run_brk, run_undefined, run_svc
run_brk:
	brk	#1
	ret
run_undefined:
	.inst	0
	ret
run_svc:
	svc	#0
	ret

	.bss
	.balign	16
kept_sp:
	.skip	8
	.balign	16
	.skip	12
misaligned_word:
	.skip	20
