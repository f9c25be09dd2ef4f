/* SPDX-License-Identifier: MIT */
/*
 * The primitives with pairs of general registers (prims.h): what the SIMD ones are measured
 * beside. In the image they are called by benches and a test alone; PRIMS=stp builds one whose
 * engine uses them.
 */
#include "lib/arm64/asm.inc"
#include "mm/arm64/prims-asm.h"

	.text

	// Eight descriptors \a, \b = \a + step, ...; \by = 2 step
	.macro	fill8_pairs, a, b, by
	.rept	4
	stp	\a, \b, [x0], #16
	add	\a, \a, \by
	add	\b, \b, \by
	.endr
	.endm

/* void desc_fill_stp(slot, first, step, n) */
	.global	desc_fill_stp
desc_fill_stp:
	add	x4, x1, x2
	lsl	x5, x2, #1
	subs	x3, x3, #8
	b.lo	2f
1:	fill8_pairs x1, x4, x5
	subs	x3, x3, #8
	b.hs	1b
2:	adds	x3, x3, #8
	b.eq	4f
3:	str	x1, [x0], #8
	add	x1, x1, x2
	subs	x3, x3, #1
	b.ne	3b
4:	ret

/* void desc_fill_blocks_stp(slot, blocks, stride, nr_blocks, per_block, bits); per_block % 16 == 0 */
	.global	desc_fill_blocks_stp
desc_fill_blocks_stp:
	cbz	x3, 3f
	// page << n, plus what turns the vmemmap's address into the descriptor's
	mov_q	x11, ((-VMEMMAP_START_ASM) << (PAGE_SHIFT_ASM - 6))
	add	x5, x5, x11
	mov	x9, #1 << PAGE_SHIFT_ASM
	lsl	x10, x9, #1
	lsl	x2, x2, #3
1:	ldr	x6, [x1]
	add	x1, x1, x2
	add	x6, x5, x6, lsl #(PAGE_SHIFT_ASM - 6)
	add	x7, x6, x9
	mov	x8, x4
2:	fill8_pairs x6, x7, x10
	fill8_pairs x6, x7, x10
	subs	x8, x8, #16
	b.ne	2b
	subs	x3, x3, #1
	b.ne	1b
3:	ret

	// \page's offset from lo into the sums; then its descriptor
	.macro	check_and_convert, page
	sub	\page, \page, x4
	orr	x11, x11, \page
	cmp	\page, x5
	csinc	x12, x12, xzr, ls		// past the span: x12 = 1
	add	\page, x10, \page, lsl #(PAGE_SHIFT_ASM - 6)
	.endm

/* bool desc_fill_pages_stp(slot, pages, n, bits, lo, span_bytes) */
	.global	desc_fill_pages_stp
desc_fill_pages_stp:
	mov_q	x9, VMEMMAP_START_ASM
	sub	x10, x4, x9
	lsl	x10, x10, #(PAGE_SHIFT_ASM - 6)
	add	x10, x10, x3			// descriptor of lo
	sub	x5, x5, #1			// largest good offset
	mov	x11, xzr			// all offsets together: alignment
	mov	x12, xzr			// whether one is past the span
	subs	x2, x2, #4
	b.lo	2f
1:	ldp	x6, x7, [x1], #16
	ldp	x8, x9, [x1], #16
	check_and_convert x6
	check_and_convert x7
	check_and_convert x8
	check_and_convert x9
	stp	x6, x7, [x0], #16
	stp	x8, x9, [x0], #16
	subs	x2, x2, #4
	b.hs	1b
2:	adds	x2, x2, #4
	b.eq	4f
3:	ldr	x6, [x1], #8
	check_and_convert x6
	str	x6, [x0], #8
	subs	x2, x2, #1
	b.ne	3b
4:	and	x11, x11, #63
	orr	x11, x11, x12
	cmp	x11, #0
	cset	w0, eq
	ret

/* void desc_clear_stp(slot, n) */
	.global	desc_clear_stp
desc_clear_stp:
	subs	x1, x1, #16
	b.lo	2f
1:	.rept	8
	stp	xzr, xzr, [x0], #16
	.endr
	subs	x1, x1, #16
	b.hs	1b
2:	adds	x1, x1, #16
	b.eq	4f
3:	str	xzr, [x0], #8
	subs	x1, x1, #1
	b.ne	3b
4:	ret

/* void desc_copy_stp(to, from, n) */
	.global	desc_copy_stp
desc_copy_stp:
	subs	x2, x2, #8
	b.lo	2f
1:	.rept	4
	ldp	x3, x4, [x1], #16
	stp	x3, x4, [x0], #16
	.endr
	subs	x2, x2, #8
	b.hs	1b
2:	adds	x2, x2, #8
	b.eq	4f
3:	ldr	x3, [x1], #8
	str	x3, [x0], #8
	subs	x2, x2, #1
	b.ne	3b
4:	ret

	// Four pages at \at: \diff = 0 if they are x2, x2 + 64, ...; x6-x9 used
	.macro	differ4, diff, at
	ldp	x6, x7, [\at], #16
	ldp	x8, x9, [\at], #16
	sub	x6, x6, x2
	sub	x7, x7, x2
	sub	x8, x8, x2
	sub	x9, x9, x2
	eor	x7, x7, #STRUCT_PAGE_SIZE_ASM
	eor	x8, x8, #(2 * STRUCT_PAGE_SIZE_ASM)
	eor	x9, x9, #(3 * STRUCT_PAGE_SIZE_ASM)
	orr	x6, x6, x7
	orr	x8, x8, x9
	orr	\diff, x6, x8
	.endm

/* unsigned long page_run_stp(pages, max): nothing is stored, pairs are loaded */
	.global	page_run_stp
page_run_stp:
	ldr	x2, [x0]			// what pages[i] has to be
	mov	x3, xzr				// i
	subs	x5, x1, #4
	b.lo	3f
1:	differ4	x10, x0
	cbnz	x10, 2f
	add	x2, x2, #(4 * STRUCT_PAGE_SIZE_ASM)
	add	x3, x3, #4
	subs	x5, x5, #4
	b.hs	1b
	b	3f
2:	sub	x0, x0, #32			// the mismatch is among these four
3:	cmp	x3, x1
	b.eq	4f
	ldr	x6, [x0], #8
	cmp	x6, x2
	b.ne	4f
	add	x2, x2, #STRUCT_PAGE_SIZE_ASM
	add	x3, x3, #1
	b	3b
4:	mov	x0, x3
	ret

/* unsigned long desc_fill_groups_stp(slot, pages, max_groups, bits, lo, span_bytes) */
	.global	desc_fill_groups_stp
desc_fill_groups_stp:
	mov	x15, x2				// groups left
	mov	x17, x2
	cbz	x2, 3f
	subs	x5, x5, #GROUP_BYTES_ASM	// largest offset of a group's first page
	b.lo	3f
	mov_q	x11, ((-VMEMMAP_START_ASM) << (PAGE_SHIFT_ASM - 6))
	add	x3, x3, x11
	mov	x13, #1 << PAGE_SHIFT_ASM
	lsl	x14, x13, #1
1:	ldr	x2, [x1]
	sub	x6, x2, x4
	cmp	x6, x5
	b.hi	3f				// outside
	tst	x2, #(GROUP_BYTES_ASM - 1)	// the vmemmap begins at a multiple of it
	b.ne	3f				// misaligned
	add	x11, x3, x2, lsl #(PAGE_SHIFT_ASM - 6)
	add	x12, x11, x13
	mov	x16, #CONT_PTES_ASM
2:	differ4	x10, x1
	cbnz	x10, 3f				// no run
	stp	x11, x12, [x0], #16
	add	x11, x11, x14
	add	x12, x12, x14
	stp	x11, x12, [x0], #16
	add	x11, x11, x14
	add	x12, x12, x14
	add	x2, x2, #(4 * STRUCT_PAGE_SIZE_ASM)
	subs	x16, x16, #4
	b.ne	2b
	subs	x15, x15, #1
	b.ne	1b
3:	sub	x0, x17, x15
	ret

/* void page_fill_stp(page, state, info, n) */
	.global	page_fill_stp
page_fill_stp:
	cbz	x3, 2f
1:	stp	x1, xzr, [x0], #64
	stp	x2, xzr, [x0, #-48]
	stp	xzr, xzr, [x0, #-32]
	stp	xzr, xzr, [x0, #-16]
	subs	x3, x3, #1
	b.ne	1b
2:	ret
