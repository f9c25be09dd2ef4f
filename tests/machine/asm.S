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

/* void call_on_stack(fn, arg, top): calls fn(arg) on the stack that ends at @top. */
	.global	call_on_stack
call_on_stack:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mov	sp, x2
	mov	x9, x0
	mov	x0, x1
	blr	x9
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

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

/* An exclusive load across a 16-byte boundary, which no CPU allows. */
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

/* \changed gets bit \bit if \a is not \b; \a and the flags are used up. */
	.macro	unequal, changed, bit, a, b
	sub	\a, \a, \b
	cmp	\a, #0
	cset	\a, ne
	orr	\changed, \changed, \a, lsl #\bit
	.endm

/*
 * uint64_t lock_and_compare(arch_spinlock_t *lock): draws a ticket and waits, every register
 * known. x1 is the ticket, x2 what was stored, x3 the result of that. See tests/machine/locks.c.
 */
	.text
	.global	lock_and_compare
	.type	lock_and_compare, %function
lock_and_compare:
	prologue
	str	x0, [sp, #-16]!
	.irp	n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28
	mov	x\n, #\n << 8
	.endr
	mov	x1, #0x50000000		// Z and V
	msr	nzcv, x1
1:	ldaxr	w1, [x0]
	add	w2, w1, #0x10000
	stxr	w3, w2, [x0]
	cbnz	w3, 1b
	mov	x30, #30 << 8
	stp	x29, x30, [sp, #-32]!
	adr	x30, 1b
	str	x30, [sp, #16]
	bl	spin_wait_saving
	ldp	x29, x30, [sp], #32
	stp	x29, x30, [sp, #-16]!
	mrs	x29, nzcv
	mov	x30, x3			// what has changed
	ubfx	x29, x29, #28, #4
	stp	x29, x4, [sp, #-16]!
	mov	x4, #5
	unequal	x30, 31, x29, x4
	ldp	x29, x4, [sp], #16
	sub	x2, x2, #0x10, lsl #12
	unequal	x30, 1, x1, x2
	.irp	n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28
	mov	x2, #\n << 8
	unequal	x30, \n, x\n, x2
	.endr
	ldp	x29, x3, [sp], #16
	mov	x2, #30 << 8
	unequal	x30, 30, x3, x2
	ldr	x2, [sp], #16
	unequal	x30, 0, x0, x2
	mov	x2, sp
	mov	x3, x29
	unequal	x30, 32, x2, x3		// the prologue left them equal
	mov	x0, x30
	epilogue
	.size	lock_and_compare, . - lock_and_compare
