/* SPDX-License-Identifier: MIT */
/*
 * From arch_spin_lock() of a CPU that has to wait, in the middle of code that expects every
 * register and the flags back. C does the waiting: spin_wait(LDAXR, registers).
 */

#define REGS	16		/* x0-x30, sp */
#define NZCV	(REGS + 32 * 8)
#define FRAME	(NZCV + 16)

	.text

/* On the stack: what x29 and x30 were before, and where the LDAXR is. */
	.global	spin_wait_saving
	.type	spin_wait_saving, %function
spin_wait_saving:
	sub	sp, sp, #FRAME
	stp	x0, x1, [sp, #REGS]
	stp	x2, x3, [sp, #REGS + 16]
	stp	x4, x5, [sp, #REGS + 32]
	stp	x6, x7, [sp, #REGS + 48]
	stp	x8, x9, [sp, #REGS + 64]
	stp	x10, x11, [sp, #REGS + 80]
	stp	x12, x13, [sp, #REGS + 96]
	stp	x14, x15, [sp, #REGS + 112]
	stp	x16, x17, [sp, #REGS + 128]
	stp	x18, x19, [sp, #REGS + 144]
	stp	x20, x21, [sp, #REGS + 160]
	stp	x22, x23, [sp, #REGS + 176]
	stp	x24, x25, [sp, #REGS + 192]
	stp	x26, x27, [sp, #REGS + 208]
	stp	x28, x29, [sp, #REGS + 224]
	ldp	x2, x0, [sp, #FRAME + 8]
	add	x3, sp, #FRAME + 32
	stp	x2, x3, [sp, #REGS + 240]
	mrs	x4, nzcv
	str	x4, [sp, #NZCV]
	add	x1, sp, #REGS
	stp	x29, x30, [sp]
	mov	x29, sp
	bl	spin_wait
	ldr	x0, [sp, #NZCV]
	msr	nzcv, x0
	ldp	x29, x30, [sp]		// x19-x28 are as C kept them
	ldr	x18, [sp, #REGS + 144]
	ldp	x16, x17, [sp, #REGS + 128]
	ldp	x14, x15, [sp, #REGS + 112]
	ldp	x12, x13, [sp, #REGS + 96]
	ldp	x10, x11, [sp, #REGS + 80]
	ldp	x8, x9, [sp, #REGS + 64]
	ldp	x6, x7, [sp, #REGS + 48]
	ldp	x4, x5, [sp, #REGS + 32]
	ldp	x2, x3, [sp, #REGS + 16]
	ldp	x0, x1, [sp, #REGS]
	add	sp, sp, #FRAME
	ret
	.size	spin_wait_saving, . - spin_wait_saving
