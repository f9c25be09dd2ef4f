/* SPDX-License-Identifier: MIT */
/*
 * What tools/profile/plugin.c counts, with a count that can be done by hand: the guest of
 * test_profile.py. As bench/measure.c does: time_body() reads the counter, calls a body, reads
 * it again, and stores a sample. Its RAM is Normal memory, for the access across a line's end;
 * no UART; PSCI ends it.
 */
#define BLOCK_NORMAL 0x40000701		/* 1G at 0x40000000: AF, inner shareable, MAIR 0 */
#define TCR	     0x803519		/* 39 bits below, write-back, inner shareable; nothing above */
#define SCTLR	     0x30d01805		/* M, C, I, and what is RES1 */

	.macro	pass body, sample
	adr	x0, \body
	mov	x1, \sample
	bl	time_body
	.endm

	.text
	.global	_start, time_body, null_body, body, fill_q, fill_four, scan, straddle, exclusive, zero
_start:
	mov	x0, #3 << 20		/* CPACR_EL1.FPEN: no trap of SIMD */
	msr	cpacr_el1, x0
	adr	x0, table
	ldr	x1, =BLOCK_NORMAL
	str	x1, [x0, #8]
	dsb	sy			/* the descriptor, before a walk can read it */
	msr	ttbr0_el1, x0
	mov	x0, #0xff		/* MAIR 0: write-back */
	msr	mair_el1, x0
	ldr	x0, =TCR
	msr	tcr_el1, x0
	ldr	x0, =SCTLR
	isb				/* all of them, before the MMU is on */
	msr	sctlr_el1, x0
	isb				/* what follows is translated */
	adr	x0, stack_end
	mov	sp, x0
	pass	null_body, 0
	pass	null_body, 0
	pass	null_body, 1
	pass	warm_up, 0		/* more than a sample has: none of it may be left */
	pass	body, 0
	pass	body, 1
	bl	fill_q			/* outside of a sample: counts nothing */
	mov	w0, #8			/* PSCI SYSTEM_OFF, 0x84000008 */
	movk	w0, #0x8400, lsl #16
	hvc	#0
1:	wfi
	b	1b

time_body:
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, x1
	mrs	x2, pmevcntr0_el0
	blr	x0
	mrs	x3, pmevcntr0_el0
	adr	x4, instructions
	str	x3, [x4, x19, lsl #3]
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

null_body:
	ret

warm_up:
	adr	x0, warm
	str	x0, [x0]
	b	body

body:					/* 2 + 6 + 2 instructions, 16 bytes out, 16 in */
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	fill_q
	bl	fill_four
	bl	scan
	bl	straddle
	bl	exclusive
	bl	zero
	ldp	x29, x30, [sp], #16
	ret

fill_q:					/* 2 + 64 * 3 + 1; 2,048 bytes, 32 lines */
	adr	x0, buffer
	mov	x1, #64
1:	stp	q0, q0, [x0], #32
	subs	x1, x1, #1
	b.ne	1b
	ret

fill_four:				/* 2 + 32 * 3 + 1; the same 32 lines */
	adr	x0, buffer
	mov	x1, #32
1:	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x1, x1, #1
	b.ne	1b
	ret

scan:					/* 2 + 8 * 3 + 1; 512 bytes of 8 lines, in */
	adr	x0, buffer
	mov	x1, #8
1:	ld1	{v0.2d-v3.2d}, [x0], #64
	subs	x1, x1, #1
	b.ne	1b
	ret

straddle:				/* 3; 8 bytes of two lines, out */
	adr	x0, buffer + 60
	str	x1, [x0]
	ret

exclusive:				/* 7; 8 bytes in, 8 out; a lock's ticket, and what is none */
	adr	x0, word
	ldaxr	w1, [x0]
	add	w2, w1, #0x10000
	stxr	w3, w2, [x0]
	ldaxr	w1, [x0]
	stxr	w3, w1, [x0]
	ret

zero:					/* 5; two lines that nothing else touches, whole */
	adr	x0, zeroed
	dc	zva, x0
	add	x0, x0, #64
	dc	zva, x0
	ret

	.bss
	.balign	4096
table:	.skip	4096
buffer:	.skip	2048
zeroed:	.skip	128
	.type	word, %object
	.size	word, 4
word:	.skip	64
warm:	.skip	64
	.skip	4096
stack_end:
	.balign	64
	.type	instructions, %object
	.size	instructions, 16
instructions:
	.skip	16
