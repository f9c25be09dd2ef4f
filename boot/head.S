/* SPDX-License-Identifier: MIT */
/*
 * Reset to C: the arm64 Image header, EL2 to EL1, caches, early tables, MMU on.
 *
 * Until mmu_on everything runs at physical addresses with the MMU off: data is
 * Device-nGnRnE, so no SIMD, no unaligned access, no exclusives (Arm ARM, Device memory).
 * Entry contract: Linux's arm64 booting protocol (MMU off, x0 = FDT, x1-x3 = 0). Other CPUs
 * come by PSCI CPU_ON to secondary_start and take the same way through x23, their context.
 */
#include "boot/asm.inc"
#include "drivers/smp/cpu-offsets.h"

	.section .head.text, "ax"
	.global _head
_head:
	b	start
	.long	0
	.quad	0			// text_offset: any 2 MiB boundary
	.quad	_image_size		// with BSS and stacks
	.quad	0xa			// little-endian, 4K-agnostic, anywhere in memory
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	mov	x19, x0			// FDT, believed later
	mov	x23, xzr		// the boot CPU has no context
	mrs	x20, CurrentEL
	lsr	x20, x20, #2
	msr	daifset, #0xf

	// Whatever firmware loaded may sit in its caches only; what we will write with caches
	// off may have stale lines above it. Clean what was loaded, discard over the rest.
	adrp	x0, _head
	adrp	x1, _edata
	add	x1, x1, :lo12:_edata
	dcache_range civac, x0, x1, x2, x3
	adrp	x0, _bss
	adrp	x1, _end
	dcache_range ivac, x0, x1, x2, x3
	ic	iallu
	dsb	sy			// maintenance complete on this CPU before its effect is used
	isb

	cmp	x20, #2
	b.hi	at_el3
	b.eq	at_el2
at_el1:
	bl	init_el1
	cbz	x23, 3f
	mrs	x1, id_aa64mmfr0_el1
	granule_supported x1, x2
	cbnz	x2, mmu_on
4:	wfi				// without this granule: it is missed, and named
	b	4b
3:	adrp	x0, _stack_top
	mov	sp, x0
	mov	x29, xzr		// backtraces end here
	mov	x30, xzr

	// BSS, tables and stacks to zero, one register pair at a time
	adrp	x0, _bss
	adrp	x1, _end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	// x0 is believed only if it points at a tree: 8-aligned and with its magic.
	mov	x0, x19
	bl	fdt_or_zero
	mov	x19, x0

	// A core without this granule says so and ends.
	mrs	x1, id_aa64mmfr0_el1
	granule_supported x1, x2
	cbz	x2, 2f

	adrp	x0, _head
	bl	boot_early_map

	// Lines that were speculatively filled over the tables while we wrote past the caches.
	adrp	x0, _bss
	adrp	x1, _end
	dcache_range ivac, x0, x1, x2, x3
	dsb	sy
	b	mmu_on

2:	mov	x0, x19
	adrp	x1, no_granule
	add	x1, x1, :lo12:no_granule
	b	refuse

/*
 * Where PSCI CPU_ON leads: x0 = virtual address of the CPU's struct cpu; EL1 or EL2 as at boot,
 * MMU off, caches clean (DEN 0022). Before the MMU is on nothing is written, and only literals
 * of text are read, which the boot CPU has cleaned to memory.
 */
	.global secondary_start
secondary_start:
	mov	x23, x0
	msr	daifset, #0xf
	mrs	x20, CurrentEL
	lsr	x20, x20, #2
	cmp	x20, #2
	b.eq	at_el2
	b	at_el1

/* In its place, for tests: a CPU that is switched on and never reports. x0 = 0: HVC. */
	.global stillborn_start
stillborn_start:
	mov	x1, x0
	mov_q	x0, 0x84000002		// PSCI CPU_OFF
	cbnz	x1, 1f
	hvc	#0
1:	smc	#0
2:	wfi
	b	2b

at_el3:
	adrp	x0, _stack_top
	mov	sp, x0
	mov	x0, x19
	bl	fdt_or_zero
	adrp	x1, at_el3_text
	add	x1, x1, :lo12:at_el3_text
	b	refuse

/* x0 = tree or 0, x1 = reason. The tree is read past the caches that firmware wrote it through. */
refuse:
	cbz	x0, 2f
	ldr	w2, [x0, #4]		// totalsize, at most the 2 MiB of the booting protocol
	rev	w2, w2
	mov	w3, #0x200000
	cmp	w2, w3
	csel	w2, w2, w3, lo
	mov	x3, x0
	add	x2, x0, x2
	dcache_range civac, x3, x2, x4, x5
	dsb	sy			// cleaned before it is read
2:	b	early_refuse

/* x0 = address or anything; returns it in x0 if an FDT begins there, else 0. Uses x1-x3. */
fdt_or_zero:
	tst	x0, #7
	b.ne	1f
	cbz	x0, 1f
	mov	x1, x0
	dc	civac, x1		// firmware's copy may be in its cache only
	dsb	sy
	ldr	w1, [x0]
	mov	w2, #0x0dd0
	movk	w2, #0xedfe, lsl #16	// d00dfeed, big-endian
	cmp	w1, w2
	b.ne	1f
	ret
1:	mov	x0, xzr
	ret

at_el2:
	cbnz	x23, 5f
	// The boot CPU's is kept, in the order of struct el2_state.
	adrp	x0, entry_el2
	add	x0, x0, :lo12:entry_el2
	mrs	x1, sctlr_el2
	mrs	x2, hcr_el2
	stp	x1, x2, [x0]
	mrs	x1, cptr_el2
	mrs	x2, mdcr_el2
	stp	x1, x2, [x0, #16]
	mrs	x1, cnthctl_el2
	mrs	x2, cntvoff_el2
	stp	x1, x2, [x0, #32]
	mrs	x1, tcr_el2
	mrs	x2, vttbr_el2
	stp	x1, x2, [x0, #48]
	add	x1, x0, #64
	dcache_range civac, x0, x1, x2, x3
	dsb	sy			// in memory, whether caches were on or not, before they are ours
5:	mov_q	x0, 0x30c50830		// SCTLR_EL2: RES1, MMU and caches off
	msr	sctlr_el2, x0
	isb				// no more walks: the next write changes what tables mean
	// Then out of any host mode (E2H), whose register layouts differ.
	mov	x0, #1 << 31		// HCR_EL2.RW: EL1 is AArch64
	msr	hcr_el2, x0
	isb				// the registers below go by their own names
	mov	x0, #3			// EL1 reads counters and timers untrapped
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	msr	vttbr_el2, xzr
	msr	hstr_el2, xzr
	mov	x0, #0x33ff		// CPTR_EL2: no traps of FP and SIMD
	msr	cptr_el2, x0
	mrs	x0, id_aa64dfr0_el1
	ubfx	x1, x0, #8, #4		// PMUVer: 0 none, 15 not Arm's
	sub	x1, x1, #1
	cmp	x1, #14
	mov	x2, xzr
	b.hs	1f
	mrs	x2, pmcr_el0
	ubfx	x2, x2, #11, #5		// HPMN = N: EL1 owns all counters
1:	msr	mdcr_el2, x2
	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #24, #4		// GIC system registers
	cbz	x0, 2f
	mov	x0, #0xf		// ICC_SRE_EL2: Enable, DIB, DFB, SRE
	msr	S3_4_C12_C9_5, x0
	isb
	mrs	x0, S3_4_C12_C9_5
	tbz	x0, #0, 2f		// firmware keeps the GIC in v2 mode: ICH_* is undefined
	msr	S3_4_C12_C11_0, xzr	// ICH_HCR_EL2: no virtual interrupts
2:	mrs	x0, id_aa64mmfr0_el1
	ubfx	x0, x0, #56, #4		// FEAT_FGT
	cbz	x0, 3f
	msr	S3_4_C1_C1_4, xzr	// HFGRTR_EL2
	msr	S3_4_C1_C1_5, xzr	// HFGWTR_EL2
	msr	S3_4_C1_C1_6, xzr	// HFGITR_EL2: no TLBI traps
	msr	S3_4_C3_C1_4, xzr	// HDFGRTR_EL2
	msr	S3_4_C3_C1_5, xzr	// HDFGWTR_EL2
3:	mrs	x0, id_aa64mmfr1_el1
	ubfx	x0, x0, #40, #4		// FEAT_HCX
	cbz	x0, 4f
	msr	S3_4_C1_C2_2, xzr	// HCRX_EL2
4:	mov	x0, #0x3c5		// EL1h, all masked
	msr	spsr_el2, x0
	adr	x0, at_el1
	msr	elr_el2, x0
	mov_q	x0, SCTLR_EL1_MMU_OFF	// before the first fetch at EL1
	msr	sctlr_el1, x0
	eret

/* Every EL1 register that matters, to a known value. Uses x0. Any CPU. */
	.global init_el1
init_el1:
	mov_q	x0, SCTLR_EL1_MMU_OFF
	msr	sctlr_el1, x0
	mov	x0, #3 << 20		// CPACR_EL1.FPEN: picolibc saves q registers
	msr	cpacr_el1, x0
	isb
	msr	spsel, #1
	msr	mdscr_el1, xzr
	mov	x0, #(1 << 2 | 10 << 4)	// CNTKCTL_EL1.EVNTEN, EVNTI 10: a WFE ends after 2^11 ticks
	msr	cntkctl_el1, x0
	msr	contextidr_el1, xzr
	msr	amair_el1, xzr
	msr	afsr0_el1, xzr
	msr	afsr1_el1, xzr
	msr	tpidr_el0, xzr
	msr	tpidrro_el0, xzr
	msr	tpidr_el1, xzr
	msr	sp_el0, xzr
	msr	fpcr, xzr
	msr	fpsr, xzr
	mov	x0, #2			// timers off, masked
	msr	cntp_ctl_el0, x0
	msr	cntv_ctl_el0, x0
	adrp	x0, early_vectors
	add	x0, x0, :lo12:early_vectors
	msr	vbar_el1, x0
	isb
	ret

/* Executed from its physical address and, after the write of SCTLR, through the idmap. */
	.section .idmap.text, "ax"
	.global mmu_on
mmu_on:
	tlbi	vmalle1			// nothing of firmware's EL1 survives; this CPU only
	dsb	nsh			// complete before any walk
	mov_q	x0, MAIR_EL1_VALUE
	msr	mair_el1, x0
	mov_q	x0, TCR_EL1_VALUE
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf		// PARange, at most 48 bits
	cmp	x1, #5
	mov	x2, #5
	csel	x1, x1, x2, lo
	bfi	x0, x1, #32, #3		// TCR.IPS
	msr	tcr_el1, x0
	adrp	x1, boot_idmap_root
	msr	ttbr0_el1, x1
	adrp	x1, swapper_pg_dir
	msr	ttbr1_el1, x1
	isb				// MAIR, TCR, TTBRs are in force before the MMU is
	mov_q	x1, SCTLR_EL1_VALUE
	adrp	x21, _head		// physical: the next adrp would be too
	ldr	x22, =at_virtual
	ic	iallu			// fetched with caches off
	dsb	nsh
	isb
	msr	sctlr_el1, x1
	isb				// the MMU is on for the next instruction
	br	x22
	.ltorg

	.text
at_virtual:
	orr	x0, x0, #1 << 7		// TCR.EPD0: no more walks by TTBR0, NULL faults
	msr	tcr_el1, x0
	isb				// EPD0 in force
	tlbi	vmalle1			// the idmap's translations
	dsb	nsh
	isb				// fetched instructions used the old context
	msr	ttbr0_el1, xzr
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	cbnz	x23, 2f
	adrp	x0, _stack_top
	mov	sp, x0
	adrp	x0, tls_area
	add	x0, x0, :lo12:tls_area
	sub	x0, x0, #16		// local-exec TLS begins 16 bytes above TPIDR_EL0
	msr	tpidr_el0, x0
	isb
	mov	x29, xzr
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	bl	boot_main
1:	wfi
	b	1b

	// Another CPU: its stack, its copy of the per-CPU section, and what is its own in that.
2:	ldr	x0, [x23, #CPU_STACK_TOP]
	mov	sp, x0
	ldr	x1, [x23, #CPU_PERCPU_OFFSET]
	msr	tpidr_el1, x1
	adrp	x0, tls_area
	add	x0, x0, :lo12:tls_area
	add	x0, x0, x1
	sub	x0, x0, #16
	msr	tpidr_el0, x0
	isb
	mov	x29, xzr
	mov	x0, x23
	bl	secondary_main
	b	1b

	.data
	.balign	64
	.global entry_el2
entry_el2:
	.skip	64

	.section .rodata
no_granule:
	.ascii	"boot: this core has no "
	.ascii	GRANULE_TEXT
	.asciz	" granule"
at_el3_text:
	.asciz	"boot: entered at EL3; start the image from firmware at EL2 or EL1"
