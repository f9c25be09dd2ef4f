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

/* \v0-\v3 = {start, +step, ... +7 step}, \by8 = 8 step; \start, \step kept; \tmp, v31 used. */
	.macro	iota8, v0, v1, v2, v3, by8, start, step, tmp
	add	\tmp, \start, \step
	fmov	d\v0, \start
	mov	v\v0\().d[1], \tmp
	dup	v31.2d, \step
	add	v31.2d, v31.2d, v31.2d			// 2 step
	add	v\v1\().2d, v\v0\().2d, v31.2d
	add	v31.2d, v31.2d, v31.2d			// 4 step
	add	v\v2\().2d, v\v0\().2d, v31.2d
	add	v\v3\().2d, v\v1\().2d, v31.2d
	add	v\by8\().2d, v31.2d, v31.2d		// 8 step
	.endm

	// v\a-v\d += v\by
	.macro	advance, a, b, c, d, by
	add	v\a\().2d, v\a\().2d, v\by\().2d
	add	v\b\().2d, v\b\().2d, v\by\().2d
	add	v\c\().2d, v\c\().2d, v\by\().2d
	add	v\d\().2d, v\d\().2d, v\by\().2d
	.endm

	// Eight descriptors, and on to the next eight
	.macro	fill8
	st1	{v0.2d-v3.2d}, [x0], #64
	advance	0, 1, 2, 3, 16
	.endm

/* void desc_fill(slot, first, step, n) */
	.global	desc_fill
desc_fill:
	iota8	0, 1, 2, 3, 16, x1, x2, x4
	lsr	x5, x3, #7			// 128 at a time
	cbz	x5, 2f
1:	.rept	16
	fill8
	.endr
	subs	x5, x5, #1
	b.ne	1b
	ands	x3, x3, #127
	b.eq	6f
2:	subs	x3, x3, #8
	b.mi	4f
3:	fill8
	subs	x3, x3, #8
	b.pl	3b
4:	adds	x3, x3, #8
	b.eq	6f
	fmov	x1, d0				// where the rest goes on
5:	str	x1, [x0], #8
	add	x1, x1, x2
	subs	x3, x3, #1
	b.ne	5b
6:	ret

	// v17 = descriptor of the next block's first page, in both lanes
	.macro	block_start
	ld1r	{v17.2d}, [x1], x2
	shl	v17.2d, v17.2d, #(PAGE_SHIFT_ASM - 6)	// struct page is 64 bytes
	add	v17.2d, v17.2d, v18.2d
	add	v20.2d, v0.2d, v17.2d
	add	v21.2d, v1.2d, v17.2d
	add	v22.2d, v2.2d, v17.2d
	add	v23.2d, v3.2d, v17.2d
	.endm

/* void desc_fill_blocks(slot, blocks, stride, nr_blocks, per_block, bits); per_block % 16 == 0 */
	.global	desc_fill_blocks
desc_fill_blocks:
	cbz	x3, 4f
	mov	x9, #1 << PAGE_SHIFT_ASM
	iota8	0, 1, 2, 3, 16, xzr, x9, x10	// offsets inside 8 pages; v16 = 8 pages
	// page << n, plus what turns the vmemmap's address into the descriptor's
	mov_q	x11, ((-VMEMMAP_START_ASM) << (PAGE_SHIFT_ASM - 6))
	add	x5, x5, x11
	dup	v18.2d, x5
	lsl	x2, x2, #3
	cmp	x4, #16
	b.ne	1f
0:	block_start				// the commonest length, with one test less a block
	st1	{v20.2d-v23.2d}, [x0], #64
	advance	20, 21, 22, 23, 16
	st1	{v20.2d-v23.2d}, [x0], #64
	subs	x3, x3, #1
	b.ne	0b
	ret
1:	block_start
	subs	x7, x4, #16
2:	st1	{v20.2d-v23.2d}, [x0], #64
	advance	20, 21, 22, 23, 16
	st1	{v20.2d-v23.2d}, [x0], #64
	b.ne	3f
	subs	x3, x3, #1
	b.ne	1b
4:	ret
3:	advance	20, 21, 22, 23, 16		// the block goes on
	subs	x7, x7, #16
	b	2b

	// Eight pages: what differs from v18-v21 goes into v30; v22-v25 are their descriptors
	.macro	check_and_fill8
	ld1	{v26.2d-v29.2d}, [x1], #64
	eor	v26.16b, v26.16b, v18.16b
	eor	v27.16b, v27.16b, v19.16b
	eor	v28.16b, v28.16b, v20.16b
	eor	v29.16b, v29.16b, v21.16b
	orr	v30.16b, v30.16b, v26.16b
	orr	v30.16b, v30.16b, v27.16b
	orr	v30.16b, v30.16b, v28.16b
	orr	v30.16b, v30.16b, v29.16b
	st1	{v22.2d-v25.2d}, [x0], #64
	.endm

	.macro	next8
	advance	18, 19, 20, 21, 16
	advance	22, 23, 24, 25, 17
	.endm

/*
 * unsigned long desc_fill_groups(slot, pages, max_groups, bits, lo, span_bytes)
 *
 * Sixteen groups at a time where the last of them begins where it would in one run, else one.
 * What is tried as a run is stored before it is known to be one, and judged at its end.
 */
	.global	desc_fill_groups
desc_fill_groups:
	mov	x6, x2				// groups left
	cbz	x2, 9f
	subs	x5, x5, #GROUP_BYTES_ASM	// largest offset of a group's first page
	b.lo	9f
	mov	x9, #STRUCT_PAGE_SIZE_ASM
	iota8	0, 1, 2, 3, 16, xzr, x9, x10	// v16 = 8 struct pages
	mov	x9, #1 << PAGE_SHIFT_ASM
	iota8	4, 5, 6, 7, 17, xzr, x9, x10	// v17 = 8 pages
	mov_q	x11, ((-VMEMMAP_START_ASM) << (PAGE_SHIFT_ASM - 6))
	add	x3, x3, x11
	mov	x12, #(15 * GROUP_BYTES_ASM)
	mov	x13, xzr			// groups to try one by one before the next batch
1:	ldr	x7, [x1]
	mov	x9, #1				// groups of this batch
	sub	x8, x7, x4
	cmp	x8, x5
	b.hi	9f				// outside
	tst	x7, #(GROUP_BYTES_ASM - 1)	// the vmemmap begins at a multiple of it
	b.ne	9f				// misaligned
	cbnz	x13, 2f
	cmp	x6, #16
	b.lo	3f
	ldr	x10, [x1, #(15 * CONT_PTES_ASM * 8)]
	add	x8, x8, x12			// offset of the sixteenth group
	sub	x10, x10, x7
	mov	x13, #3
	cmp	x10, x12
	ccmp	x8, x5, #2, eq			// #2: as if higher
	b.hi	3f
	mov	x9, #16
	mov	x13, xzr
	b	3f
2:	sub	x13, x13, #1
3:	dup	v30.2d, x7
	lsl	x10, x7, #(PAGE_SHIFT_ASM - 6)
	add	x10, x10, x3
	dup	v31.2d, x10
	add	v18.2d, v0.2d, v30.2d
	add	v19.2d, v1.2d, v30.2d
	add	v20.2d, v2.2d, v30.2d
	add	v21.2d, v3.2d, v30.2d
	add	v22.2d, v4.2d, v31.2d
	add	v23.2d, v5.2d, v31.2d
	add	v24.2d, v6.2d, v31.2d
	add	v25.2d, v7.2d, v31.2d
	movi	v30.2d, #0
	lsl	x10, x9, #(CONT_PTES_SHIFT_ASM - 4)	// chunks of 16 pages
	b	5f
4:	next8
5:	check_and_fill8
	next8
	check_and_fill8
	subs	x10, x10, #1
	b.ne	4b
	umaxp	v30.4s, v30.4s, v30.4s		// any bit left, in 64 bits
	fmov	x10, d30
	cbnz	x10, 6f
	subs	x6, x6, x9
	b.ne	1b
	b	9f
6:	cmp	x9, #1
	b.eq	9f				// no group
	mov	x13, #16			// from its start again, one by one
	sub	x1, x1, #(16 * CONT_PTES_ASM * 8)
	sub	x0, x0, #(16 * CONT_PTES_ASM * 8)
	b	1b
9:	sub	x0, x2, x6
	ret

/*
 * bool desc_fill_pages(slot, pages, n, bits, lo, span_bytes)
 *
 * An offset from lo is good if its upper word is 0 and its lower one at most the limit: the
 * largest of all words of each kind tell, and all offsets together whether one is misaligned.
 */
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
	dup	v18.2d, x10
	movi	v19.2d, #0			// all offsets
	movi	v20.2d, #0			// largest words
1:	ld1	{v0.2d-v3.2d}, [x1], #64
	sub	v0.2d, v0.2d, v16.2d
	sub	v1.2d, v1.2d, v16.2d
	sub	v2.2d, v2.2d, v16.2d
	sub	v3.2d, v3.2d, v16.2d
	orr	v19.16b, v19.16b, v0.16b
	umax	v20.4s, v20.4s, v0.4s
	orr	v19.16b, v19.16b, v1.16b
	umax	v20.4s, v20.4s, v1.4s
	orr	v19.16b, v19.16b, v2.16b
	umax	v20.4s, v20.4s, v2.4s
	orr	v19.16b, v19.16b, v3.16b
	umax	v20.4s, v20.4s, v3.4s
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
	ext	v19.16b, v20.16b, v20.16b, #8
	umax	v20.2s, v20.2s, v19.2s
	fmov	x6, d20				// of both lanes
	cmp	x6, x5
	cset	x12, hi
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

	// Sixteen pages: what differs from v0-v7 goes into v30
	.macro	check16
	ld1	{v20.2d-v23.2d}, [x0], #64
	ld1	{v24.2d-v27.2d}, [x0], #64
	eor	v20.16b, v20.16b, v0.16b
	eor	v21.16b, v21.16b, v1.16b
	eor	v22.16b, v22.16b, v2.16b
	eor	v23.16b, v23.16b, v3.16b
	eor	v24.16b, v24.16b, v4.16b
	eor	v25.16b, v25.16b, v5.16b
	eor	v26.16b, v26.16b, v6.16b
	eor	v27.16b, v27.16b, v7.16b
	orr	v30.16b, v30.16b, v20.16b
	orr	v30.16b, v30.16b, v21.16b
	orr	v30.16b, v30.16b, v22.16b
	orr	v30.16b, v30.16b, v23.16b
	orr	v30.16b, v30.16b, v24.16b
	orr	v30.16b, v30.16b, v25.16b
	orr	v30.16b, v30.16b, v26.16b
	orr	v30.16b, v30.16b, v27.16b
	advance	0, 1, 2, 3, 17
	advance	4, 5, 6, 7, 17
	.endm

/* unsigned long page_run(pages, max) */
	.global	page_run
page_run:
	ldr	x2, [x0]			// what pages[i] has to be
	mov	x3, xzr				// i
	mov	x4, #STRUCT_PAGE_SIZE_ASM
	subs	x5, x1, #64
	b.lo	3f
	iota8	0, 1, 2, 3, 16, x2, x4, x6
	add	v4.2d, v0.2d, v16.2d
	add	v5.2d, v1.2d, v16.2d
	add	v6.2d, v2.2d, v16.2d
	add	v7.2d, v3.2d, v16.2d
	add	v17.2d, v16.2d, v16.2d		// 16 struct pages
1:	ldr	x6, [x0]			// most runs end where a chunk does
	cmp	x6, x2
	b.ne	4f
	movi	v30.2d, #0
	.rept	4
	check16
	.endr
	umaxp	v30.4s, v30.4s, v30.4s		// any bit left, in 64 bits
	fmov	x6, d30
	cbnz	x6, 2f
	add	x2, x2, #(64 * STRUCT_PAGE_SIZE_ASM)
	add	x3, x3, #64
	subs	x5, x5, #64
	b.hs	1b
	b	3f
2:	sub	x0, x0, #512			// the mismatch is among these 64
3:	cmp	x3, x1
	b.eq	4f
	ldr	x6, [x0], #8
	cmp	x6, x2
	b.ne	4f
	add	x2, x2, x4
	add	x3, x3, #1
	b	3b
4:	mov	x0, x3
	ret

/* void page_fill(page, state, info, n) */
	.global	page_fill
page_fill:
	fmov	d0, x1				// {state, 0}, {info, 0}, zeros
	fmov	d1, x2
	movi	v2.2d, #0
	movi	v3.2d, #0
	subs	x3, x3, #16
	b.mi	2f
1:	.rept	16
	st1	{v0.2d-v3.2d}, [x0], #64
	.endr
	subs	x3, x3, #16
	b.pl	1b
2:	adds	x3, x3, #16
	b.eq	4f
3:	st1	{v0.2d-v3.2d}, [x0], #64
	subs	x3, x3, #1
	b.ne	3b
4:	ret
