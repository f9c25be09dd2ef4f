/* SPDX-License-Identifier: MIT */
/*
 * The primitives with SIMD. v0-v7 and v16-v31 are the caller's to lose (AAPCS64), and no
 * code here keeps anything in SIMD registers across calls: nothing is saved.
 *
 * Stores are ST1 of .2D registers (64-bit elements) and STR: see prims.h for the rule.
 */
#include "lib/arm64/asm.inc"
#include "mm/arm64/prims-asm.h"

	.text

/* v0-v7 = {start, +step, ... +15 step}, v16 = 16 step; \start, \step kept; \tmp used. */
	.macro	iota16, start, step, tmp
	add	\tmp, \start, \step
	fmov	d0, \start
	mov	v0.d[1], \tmp
	lsl	\tmp, \step, #1
	dup	v16.2d, \tmp
	add	v1.2d, v0.2d, v16.2d
	add	v17.2d, v16.2d, v16.2d		// 4 step
	add	v2.2d, v0.2d, v17.2d
	add	v3.2d, v1.2d, v17.2d
	add	v16.2d, v17.2d, v17.2d		// 8 step
	add	v4.2d, v0.2d, v16.2d
	add	v5.2d, v1.2d, v16.2d
	add	v6.2d, v2.2d, v16.2d
	add	v7.2d, v3.2d, v16.2d
	add	v16.2d, v16.2d, v16.2d		// 16 step
	.endm

/* void desc_fill(slot, first, step, n) */
	.global	desc_fill
desc_fill:
	subs	x3, x3, #16
	b.lo	2f
	iota16	x1, x2, x4
1:	st1	{v0.2d-v3.2d}, [x0], #64
	st1	{v4.2d-v7.2d}, [x0], #64
	add	v0.2d, v0.2d, v16.2d
	add	v1.2d, v1.2d, v16.2d
	add	v2.2d, v2.2d, v16.2d
	add	v3.2d, v3.2d, v16.2d
	add	v4.2d, v4.2d, v16.2d
	add	v5.2d, v5.2d, v16.2d
	add	v6.2d, v6.2d, v16.2d
	add	v7.2d, v7.2d, v16.2d
	subs	x3, x3, #16
	b.hs	1b
	fmov	x1, d0				// where the rest goes on
2:	adds	x3, x3, #16
	b.eq	4f
3:	str	x1, [x0], #8
	add	x1, x1, x2
	subs	x3, x3, #1
	b.ne	3b
4:	ret

	// v17 = descriptor of the next block's first page, in both lanes
	.macro	block_start
	ld1r	{v17.2d}, [x1], x2
	shl	v17.2d, v17.2d, #(PAGE_SHIFT_ASM - 6)	// struct page is 64 bytes
	add	v17.2d, v17.2d, v18.2d
	.endm

	// v20-v27 = v17 plus the offsets of 16 pages
	.macro	block_offsets
	add	v20.2d, v0.2d, v17.2d
	add	v21.2d, v1.2d, v17.2d
	add	v22.2d, v2.2d, v17.2d
	add	v23.2d, v3.2d, v17.2d
	add	v24.2d, v4.2d, v17.2d
	add	v25.2d, v5.2d, v17.2d
	add	v26.2d, v6.2d, v17.2d
	add	v27.2d, v7.2d, v17.2d
	.endm

/* void desc_fill_blocks(slot, blocks, stride, nr_blocks, per_block, bits); per_block % 16 == 0 */
	.global	desc_fill_blocks
desc_fill_blocks:
	cbz	x3, 4f
	mov	x9, #1 << PAGE_SHIFT_ASM
	iota16	xzr, x9, x10			// offsets inside 16 pages; v16 = 16 pages
	// page << n, plus what turns the vmemmap's address into the descriptor's
	mov_q	x11, ((-VMEMMAP_START_ASM) << (PAGE_SHIFT_ASM - 6))
	add	x5, x5, x11
	dup	v18.2d, x5
	lsl	x2, x2, #3
	cmp	x4, #16
	b.ne	1f
0:	block_start				// the commonest length, with one test less a block
	block_offsets
	st1	{v20.2d-v23.2d}, [x0], #64
	st1	{v24.2d-v27.2d}, [x0], #64
	subs	x3, x3, #1
	b.ne	0b
	ret
1:	block_start
	subs	x7, x4, #16
2:	block_offsets
	st1	{v20.2d-v23.2d}, [x0], #64
	st1	{v24.2d-v27.2d}, [x0], #64
	b.ne	3f
	subs	x3, x3, #1
	b.ne	1b
4:	ret
3:	add	v17.2d, v17.2d, v16.2d		// the block goes on
	subs	x7, x7, #16
	b	2b

/* bool desc_fill_pages(slot, pages, n, bits, lo, span_bytes) */
	.global	desc_fill_pages
desc_fill_pages:
	mov_q	x9, VMEMMAP_START_ASM
	sub	x10, x4, x9
	lsl	x10, x10, #(PAGE_SHIFT_ASM - 6)
	add	x10, x10, x3			// descriptor of lo
	sub	x5, x5, #1			// largest good offset
	mov	x11, xzr			// all offsets together: alignment
	mov	x12, xzr			// what is past the span
	subs	x2, x2, #8
	b.lo	2f
	dup	v16.2d, x4
	dup	v17.2d, x5
	dup	v18.2d, x10
	movi	v19.2d, #0			// offsets
	movi	v20.2d, #0			// excess
1:	ld1	{v0.2d-v3.2d}, [x1], #64
	sub	v0.2d, v0.2d, v16.2d
	sub	v1.2d, v1.2d, v16.2d
	sub	v2.2d, v2.2d, v16.2d
	sub	v3.2d, v3.2d, v16.2d
	uqsub	v21.2d, v0.2d, v17.2d
	uqsub	v22.2d, v1.2d, v17.2d
	uqsub	v23.2d, v2.2d, v17.2d
	uqsub	v24.2d, v3.2d, v17.2d
	orr	v19.16b, v19.16b, v0.16b
	orr	v20.16b, v20.16b, v21.16b
	orr	v19.16b, v19.16b, v1.16b
	orr	v20.16b, v20.16b, v22.16b
	orr	v19.16b, v19.16b, v2.16b
	orr	v20.16b, v20.16b, v23.16b
	orr	v19.16b, v19.16b, v3.16b
	orr	v20.16b, v20.16b, v24.16b
	shl	v0.2d, v0.2d, #(PAGE_SHIFT_ASM - 6)
	shl	v1.2d, v1.2d, #(PAGE_SHIFT_ASM - 6)
	shl	v2.2d, v2.2d, #(PAGE_SHIFT_ASM - 6)
	shl	v3.2d, v3.2d, #(PAGE_SHIFT_ASM - 6)
	add	v0.2d, v0.2d, v18.2d
	add	v1.2d, v1.2d, v18.2d
	add	v2.2d, v2.2d, v18.2d
	add	v3.2d, v3.2d, v18.2d
	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x2, x2, #8
	b.hs	1b
	mov	x11, v19.d[1]
	fmov	x6, d19
	orr	x11, x11, x6
	mov	x12, v20.d[1]
	fmov	x6, d20
	orr	x12, x12, x6
2:	adds	x2, x2, #8
	b.eq	4f
3:	ldr	x6, [x1], #8
	sub	x6, x6, x4
	orr	x11, x11, x6
	cmp	x6, x5
	csinc	x12, x12, xzr, ls		// past the span: x12 = 1
	add	x6, x10, x6, lsl #(PAGE_SHIFT_ASM - 6)
	str	x6, [x0], #8
	subs	x2, x2, #1
	b.ne	3b
4:	and	x11, x11, #63
	orr	x11, x11, x12
	cmp	x11, #0
	cset	w0, eq
	ret

/* void desc_clear(slot, n) */
	.global	desc_clear
desc_clear:
	movi	v0.2d, #0
	movi	v1.2d, #0
	movi	v2.2d, #0
	movi	v3.2d, #0
	subs	x1, x1, #32
	b.lo	2f
1:	st1	{v0.2d-v3.2d}, [x0], #64
	st1	{v0.2d-v3.2d}, [x0], #64
	st1	{v0.2d-v3.2d}, [x0], #64
	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x1, x1, #32
	b.hs	1b
2:	adds	x1, x1, #24			// 32 less 8
	b.mi	4f
3:	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x1, x1, #8
	b.pl	3b
4:	adds	x1, x1, #8
	b.eq	6f
5:	str	xzr, [x0], #8
	subs	x1, x1, #1
	b.ne	5b
6:	ret

/* void desc_copy(to, from, n) */
	.global	desc_copy
desc_copy:
	subs	x2, x2, #8
	b.lo	2f
1:	ld1	{v0.2d-v3.2d}, [x1], #64
	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x2, x2, #8
	b.hs	1b
2:	adds	x2, x2, #8
	b.eq	4f
3:	ldr	x3, [x1], #8
	str	x3, [x0], #8
	subs	x2, x2, #1
	b.ne	3b
4:	ret

/* unsigned long page_groups(pages, max_groups, lo, span_bytes) */
	.global	page_groups
page_groups:
	mov	x4, x1				// groups left
	cbz	x1, 5f
	subs	x3, x3, #GROUP_BYTES_ASM	// largest offset of a group's first page
	b.lo	5f
	mov	x9, #STRUCT_PAGE_SIZE_ASM
	iota16	xzr, x9, x10			// v16 = 16 struct pages
1:	ldr	x5, [x0]
	sub	x6, x5, x2
	cmp	x6, x3
	b.hi	5f				// outside
	tst	x5, #(GROUP_BYTES_ASM - 1)	// the vmemmap begins at a multiple of it
	b.ne	5f				// misaligned
	dup	v17.2d, x5
#if CONT_PTES_ASM > 16
	mov	x7, #CONT_PTES_ASM
	movi	v28.2d, #0
#endif
2:	ld1	{v20.2d-v23.2d}, [x0], #64
	ld1	{v24.2d-v27.2d}, [x0], #64
	add	v18.2d, v0.2d, v17.2d
	add	v19.2d, v1.2d, v17.2d
	add	v29.2d, v2.2d, v17.2d
	add	v30.2d, v3.2d, v17.2d
	eor	v20.16b, v20.16b, v18.16b
	eor	v21.16b, v21.16b, v19.16b
	eor	v22.16b, v22.16b, v29.16b
	eor	v23.16b, v23.16b, v30.16b
	add	v18.2d, v4.2d, v17.2d
	add	v19.2d, v5.2d, v17.2d
	add	v29.2d, v6.2d, v17.2d
	add	v30.2d, v7.2d, v17.2d
	eor	v24.16b, v24.16b, v18.16b
	eor	v25.16b, v25.16b, v19.16b
	eor	v26.16b, v26.16b, v29.16b
	eor	v27.16b, v27.16b, v30.16b
	orr	v20.16b, v20.16b, v21.16b
	orr	v22.16b, v22.16b, v23.16b
	orr	v24.16b, v24.16b, v25.16b
	orr	v26.16b, v26.16b, v27.16b
	orr	v20.16b, v20.16b, v22.16b
	orr	v24.16b, v24.16b, v26.16b
	orr	v20.16b, v20.16b, v24.16b
#if CONT_PTES_ASM > 16
	orr	v28.16b, v28.16b, v20.16b
	add	v17.2d, v17.2d, v16.2d
	subs	x7, x7, #16
	b.ne	2b
	mov	v20.16b, v28.16b
#endif
	umaxp	v20.4s, v20.4s, v20.4s		// any bit left, in 64 bits
	fmov	x6, d20
	cbnz	x6, 5f
	subs	x4, x4, #1
	b.ne	1b
5:	sub	x0, x1, x4
	ret

/* unsigned long page_run(pages, max) */
	.global	page_run
page_run:
	ldr	x2, [x0]			// what pages[i] has to be
	mov	x3, xzr				// i
	mov	x4, #STRUCT_PAGE_SIZE_ASM
	subs	x5, x1, #16
	b.lo	4f
	iota16	x2, x4, x6
1:	ld1	{v20.2d-v23.2d}, [x0], #64
	ld1	{v24.2d-v27.2d}, [x0], #64
	eor	v20.16b, v20.16b, v0.16b
	eor	v21.16b, v21.16b, v1.16b
	eor	v22.16b, v22.16b, v2.16b
	eor	v23.16b, v23.16b, v3.16b
	eor	v24.16b, v24.16b, v4.16b
	eor	v25.16b, v25.16b, v5.16b
	eor	v26.16b, v26.16b, v6.16b
	eor	v27.16b, v27.16b, v7.16b
	orr	v20.16b, v20.16b, v21.16b
	orr	v22.16b, v22.16b, v23.16b
	orr	v24.16b, v24.16b, v25.16b
	orr	v26.16b, v26.16b, v27.16b
	orr	v20.16b, v20.16b, v22.16b
	orr	v24.16b, v24.16b, v26.16b
	orr	v20.16b, v20.16b, v24.16b
	umaxp	v20.4s, v20.4s, v20.4s		// any bit left, in 64 bits
	fmov	x6, d20
	cbnz	x6, 3f
	add	v0.2d, v0.2d, v16.2d
	add	v1.2d, v1.2d, v16.2d
	add	v2.2d, v2.2d, v16.2d
	add	v3.2d, v3.2d, v16.2d
	add	v4.2d, v4.2d, v16.2d
	add	v5.2d, v5.2d, v16.2d
	add	v6.2d, v6.2d, v16.2d
	add	v7.2d, v7.2d, v16.2d
	add	x3, x3, #16
	subs	x5, x5, #16
	b.hs	1b
	b	2f
3:	sub	x0, x0, #128			// the mismatch is in this chunk
2:	fmov	x2, d0
4:	cmp	x3, x1
	b.eq	5f
	ldr	x6, [x0], #8
	cmp	x6, x2
	b.ne	5f
	add	x2, x2, x4
	add	x3, x3, #1
	b	4b
5:	mov	x0, x3
	ret
