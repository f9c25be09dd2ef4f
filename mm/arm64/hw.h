// SPDX-License-Identifier: MIT
/*
 * The instructions behind the one door, and nothing else. Only mm/arm64/door.h
 * and the primitives include this; the host has a model in its place.
 *
 * Each is one instruction and, in Image.check, its event: one step to whoever is told.
 */
#pragma once

#include "mm/arm64/event.h"

/* One 64-bit single-copy atomic store (Arm ARM B2.2.1); volatile: neither torn nor omitted. */
static __always_inline void hw_store_desc(desc_t *slot, desc_t value)
{
	uint64_t irq = mm_events_begin();
	desc_t old = mm_event_old(slot);

	asm volatile("str %x1, %0" : "=Q"(*slot) : "rZ"(value));
	MM_EVENT(EVENT_STORE, mm_event_address(slot), old, value);
	mm_events_end(irq);
}

/*
 * Stores @value if the descriptor is @old, as one atomic step beside the walkers' own updates of
 * the access flag, which are atomic as well (D8.5.1). Exclusives, not LSE: one image runs on
 * Cortex-A53 too. They order nothing: the barriers that follow do, as for a plain store.
 */
static __always_inline bool hw_cas_desc(desc_t *slot, desc_t old, desc_t value)
{
	uint64_t irq = mm_events_begin();
	desc_t found;
	uint32_t fail;

	asm volatile("1:	ldxr	%0, %2\n"
		     "	cmp	%0, %3\n"
		     "	b.ne	2f\n"
		     "	stxr	%w1, %x4, %2\n"
		     "	cbnz	%w1, 1b\n"
		     "2:"
		     : "=&r"(found), "=&r"(fail), "+Q"(*slot)
		     : "r"(old), "rZ"(value)
		     : "cc");
	if (found == old)
		MM_EVENT(EVENT_CAS, mm_event_address(slot), old, value);
	mm_events_end(irq);
	return found == old;
}

static __always_inline desc_t hw_load_desc(const desc_t *slot)
{
	return *(const volatile desc_t *)slot;
}

/* Orders earlier stores before later ones for all observers, walkers included (B2.6.9, D8.2.5). */
static __always_inline void hw_dmb_ishst(void)
{
	uint64_t irq = mm_events_begin();

	asm volatile("dmb ishst" ::: "memory");
	MM_EVENT(EVENT_DMB_ISHST, 0, 0, 0);
	mm_events_end(irq);
}

/* Earlier descriptor stores are visible to every walker in the inner shareable domain (D8.16.1). */
static __always_inline void hw_dsb_ishst(void)
{
	uint64_t irq = mm_events_begin();

	asm volatile("dsb ishst" ::: "memory");
	MM_EVENT(EVENT_DSB_ISHST, 0, 0, 0);
	mm_events_end(irq);
}

/* Earlier TLBI and stores have completed on every CPU of the domain (D8.16.5). */
static __always_inline void hw_dsb_ish(void)
{
	uint64_t irq = mm_events_begin();

	asm volatile("dsb ish" ::: "memory");
	MM_EVENT(EVENT_DSB_ISH, 0, 0, 0);
	mm_events_end(irq);
}

static __always_inline void hw_isb(void)
{
	uint64_t irq = mm_events_begin();

	asm volatile("isb" ::: "memory");
	MM_EVENT(EVENT_ISB, 0, 0, 0);
	mm_events_end(irq);
}

/* Last-level entries of the address in @operand only. */
static __always_inline void hw_tlbi_vaale1is(uint64_t operand)
{
	uint64_t irq = mm_events_begin();

	asm volatile("tlbi vaale1is, %0" ::"r"(operand) : "memory");
	MM_EVENT(EVENT_TLBI_VAALE1IS, 0, 0, operand);
	mm_events_end(irq);
}

/* Entries of the address in @operand from every level: for a table that was unlinked. */
static __always_inline void hw_tlbi_vaae1is(uint64_t operand)
{
	uint64_t irq = mm_events_begin();

	asm volatile("tlbi vaae1is, %0" ::"r"(operand) : "memory");
	MM_EVENT(EVENT_TLBI_VAAE1IS, 0, 0, operand);
	mm_events_end(irq);
}

static __always_inline void hw_tlbi_vmalle1is(void)
{
	uint64_t irq = mm_events_begin();

	asm volatile("tlbi vmalle1is" ::: "memory");
	MM_EVENT(EVENT_TLBI_VMALLE1IS, 0, 0, 0);
	mm_events_end(irq);
}

/*
 * Last-level entries of the range in @operand, where the CPU has FEAT_TLBIRANGE (else undefined):
 * TLBI RVAALE1IS, by its encoding, as assemblers want to be told of the feature for its name.
 */
static __always_inline void hw_tlbi_rvaale1is(uint64_t operand)
{
	uint64_t irq = mm_events_begin();

	asm volatile("sys #0, c8, c2, #7, %0" ::"r"(operand) : "memory");
	MM_EVENT(EVENT_TLBI_RVAALE1IS, 0, 0, operand);
	mm_events_end(irq);
}

/* The same for entries from every level: TLBI RVAAE1IS. */
static __always_inline void hw_tlbi_rvaae1is(uint64_t operand)
{
	uint64_t irq = mm_events_begin();

	asm volatile("sys #0, c8, c2, #3, %0" ::"r"(operand) : "memory");
	MM_EVENT(EVENT_TLBI_RVAAE1IS, 0, 0, operand);
	mm_events_end(irq);
}

/* Takes effect with the ISB that follows. */
static __always_inline void hw_write_tcr(uint64_t value)
{
	uint64_t irq = mm_events_begin();

	asm volatile("msr tcr_el1, %x0" ::"rZ"(value) : "memory");
	MM_EVENT(EVENT_TCR, 0, 0, value);
	mm_events_end(irq);
}

/* Writes the data cache's line at @va back to where fetches look for it, if it is dirty. */
static __always_inline void hw_dc_cvau(uint64_t va)
{
	asm volatile("dc cvau, %0" ::"r"(va) : "memory");
}

/* Empties the instruction caches of all CPUs in the inner shareable domain. */
static __always_inline void hw_ic_ialluis(void)
{
	asm volatile("ic ialluis" ::: "memory");
}
