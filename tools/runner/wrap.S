/* SPDX-License-Identifier: MIT */
/*
 * An Image that carries a tree and another Image: QEMU rewrites /memory of the tree that it is
 * given, of this one it knows nothing. Does a boot loader's work, MMU off: writes registers, puts
 * the inner Image where the booting protocol wants it, enters it with x0 = the tree.
 *
 * From the command line (standin.py): TREE, IMAGE, STORES name files; BEFORE is where IMAGE
 * lies, in bytes from here; IMAGE_SIZE are its bytes in memory; TEXT_OFFSET is where this is
 * loaded, from the start of RAM.
 */
	.equ	BLOCK, 0x200000

head:
	b	start
	.long	0
	.quad	TEXT_OFFSET
	.quad	BEFORE + IMAGE_SIZE + BLOCK // the inner Image moves by less than a block
	.quad	0xa			// little-endian, 4K-agnostic, anywhere in memory
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	// Pairs of an address and a value of 32 bits
	adr	x9, stores
	adr	x10, stores_end
1:	cmp	x9, x10
	b.hs	2f
	ldp	x11, x12, [x9], #16
	str	w12, [x11]
	b	1b

	// As U-Boot's booti does it (arch/arm/lib/image.c): the base, text_offset below the
	// Image, goes up to the next block; image_size bytes move, from the last one on.
2:	adr	x9, head
	add	x9, x9, #BEFORE
	ldp	x11, x12, [x9, #8]	// text_offset, image_size
	sub	x10, x9, x11
	add	x10, x10, #BLOCK - 0x1000
	add	x10, x10, #0xfff
	and	x10, x10, #~(BLOCK - 1)
	add	x10, x10, x11
	cmp	x10, x9
	b.eq	4f
	add	x12, x12, #7
	bic	x12, x12, #7
3:	sub	x12, x12, #8
	ldr	x13, [x9, x12]
	str	x13, [x10, x12]
	cbnz	x12, 3b

4:	dsb	sy			// what was written is in memory before it is fetched
	ic	iallu			// and nothing older is in the instruction cache
	dsb	sy
	isb
	adr	x0, tree
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x10

	.balign	16
stores:
	.incbin	STORES
stores_end:
	.balign	8
tree:
	.incbin	TREE
	.org	BEFORE			// no tree is as long
	.incbin	IMAGE
