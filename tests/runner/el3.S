// SPDX-License-Identifier: MIT
/*
 * Firmware at EL3 for a boot of `virt` with secure=on: it knows SCMI's clocks as an RK3588's does,
 * by an SMC and shared memory at 0x50000000, and says on the UART what is set. The GIC has two
 * security states here, as a board's has. Of PSCI it knows nothing: the runner ends the boot. tools/runner/starts.py, `el3`.
 */
#define SHMEM	0x50000000	/* and the rates behind it, 8 bytes a clock */
#define RATES	0x800
#define UART	0x09000000
#define IMAGE	0x40200000
#define TREE	0x48000000
#define SMC_ID	0x82000010
#define GICD	0x08000000
#define GICR	0x080a0000
#define EC_SMC	0x17		/* SMC from AArch64 */

	.globl	_start
_start:
	mrs	x1, mpidr_el1		// one CPU: without PSCI the others are never asked for
	and	x1, x1, #0xff
	cbnz	x1, park
	mov	x1, #0x531		// SCR_EL3: RW, HCE, RES1, NS
	msr	scr_el3, x1
	msr	cptr_el3, xzr		// nothing traps
	mov	x1, #0x20000		// MDCR_EL3.SPME
	msr	mdcr_el3, x1
	mov	x1, #0xf		// the GIC's system registers, below too
	msr	S3_6_C12_C12_5, x1	// ICC_SRE_EL3
	ldr	x2, =GICD		// interrupts are the image's: group 1, non-secure (IHI 0069)
	mov	w3, #0x37		// GICD_CTLR: ARE_S, ARE_NS, all groups on
	str	w3, [x2]
	mov	w3, #-1
	ldr	x2, =GICR + 0x10080	// GICR_IGROUPR0, of this CPU's SGIs and PPIs
	str	w3, [x2]
	ldr	x1, =62500000
	msr	cntfrq_el0, x1
	adr	x1, vectors
	msr	vbar_el3, x1
	ldr	x2, =SHMEM
	mov	w3, #1			// the channel is free
	str	w3, [x2, #4]
	ldr	x3, =24000000		// what a boot loader leaves
	add	x2, x2, #RATES
	stp	x3, x3, [x2]
	stp	x3, x3, [x2, #16]
	mov	x1, #0x3c9		// EL2h, all masked
	msr	spsr_el3, x1
	ldr	x1, =IMAGE
	msr	elr_el3, x1
	ldr	x0, =TREE
	mov	x1, xzr
	eret

park:	wfe
	b	park

/* x0 to x17 are this side's, DEN 0028. */
call:
	mrs	x9, esr_el3
	lsr	x9, x9, #26
	cmp	x9, #EC_SMC
	b.ne	.			// no call: hangs, which the runner reports
	ldr	w10, =SMC_ID
	cmp	w0, w10
	mov	x0, #-1			// not supported
	b.ne	back
	orr	x9, x1, x2		// a caller that leaves garbage in x1 to x7 gets no answer
	orr	x9, x9, x3
	orr	x9, x9, x4
	orr	x9, x9, x5
	orr	x9, x9, x6
	orr	x9, x9, x7
	cbnz	x9, back
	mov	x0, xzr
	ldr	x9, =SHMEM
	add	x14, x9, #RATES
	ldr	w10, [x9, #0x18]
	ldr	w11, =0x5006
	cmp	w10, w11
	b.eq	rate_get
	mov	w15, #12
	mov	w13, #0x10000		// PROTOCOL_VERSION: 1.0
	sub	w11, w11, #6
	cmp	w10, w11
	b.eq	word
	mov	w13, #4			// PROTOCOL_ATTRIBUTES: clocks
	add	w11, w11, #1
	cmp	w10, w11
	b.eq	word
	add	w11, w11, #4
	cmp	w10, w11
	b.ne	unknown
	ldr	w12, [x9, #0x20]	// RATE_SET: flags, clock, low, high
	ldr	w13, [x9, #0x24]
	str	x13, [x14, x12, lsl #3]
	mov	w15, #8
	mov	x16, x30		// the caller's
	adr	x1, said
	bl	text
	bl	number
	mov	x30, x16
	b	answer
rate_get:
	ldr	w12, [x9, #0x1c]
	ldr	x13, [x14, x12, lsl #3]
	mov	w15, #16
	stp	w13, wzr, [x9, #0x20]
	b	answer
word:	str	w13, [x9, #0x20]
answer:	mov	w14, wzr		// success
status:	str	w15, [x9, #0x14]
	str	w14, [x9, #0x1c]
	mov	w15, #1
	str	w15, [x9, #4]
	b	back
unknown:
	mov	w15, #8
	mov	w14, #-1		// not supported
	b	status
back:	mov	x1, #0xdead		// what a caller may not rely on
	mov	x8, x1
	mov	x17, x1
	eret

text:	ldr	x2, =UART
1:	ldrb	w3, [x1], #1
	cbz	w3, 2f
	str	w3, [x2]
	b	1b
2:	add	w3, w12, #'0'
	str	w3, [x2]
	mov	w3, #' '
	str	w3, [x2]
	ret

/* w13, eight digits. */
number:	mov	w4, #8
1:	ror	w13, w13, #28
	and	w3, w13, #15
	add	w5, w3, #'0'
	add	w6, w3, #'a' - 10
	cmp	w3, #10
	csel	w3, w5, w6, lt
	str	w3, [x2]
	subs	w4, w4, #1
	b.ne	1b
	mov	w3, #'\n'
	str	w3, [x2]
	ret

said:	.asciz	"firmware: clock "
	.ltorg

	.balign	2048
vectors:
	.skip	0x400			// from this level: nothing comes
	b	call			// from a lower one, AArch64, synchronous
