// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for the instructions behind the one door. Descriptors are plain
 * memory; a program that links tests/host/mmu-model.c has each store, barrier and TLBI
 * judged as well, any other program has them do nothing. A store is told when it is done.
 */
#pragma once

#include "lib/arm64/sysreg.h"
#include "mm/arm64/event.h"

/* The model's ears: absent (NULL) unless mmu-model.c is linked. */
#define MMU_MODEL __attribute__((weak))
MMU_MODEL void mmu_model_store(desc_t *slot, desc_t old, desc_t value);
MMU_MODEL void mmu_model_cas_begins(desc_t *slot);
MMU_MODEL void mmu_model_cas(desc_t *slot, desc_t old, desc_t value);
MMU_MODEL void mmu_model_dmb_ishst(void);
MMU_MODEL void mmu_model_dsb_ishst(void);
MMU_MODEL void mmu_model_dsb_ish(void);
MMU_MODEL void mmu_model_isb(void);
MMU_MODEL void mmu_model_tlbi_vaale1is(uint64_t operand);
MMU_MODEL void mmu_model_tlbi_vaae1is(uint64_t operand);
MMU_MODEL void mmu_model_tlbi_vmalle1is(void);
MMU_MODEL void mmu_model_tlbi_rvaale1is(uint64_t operand);
MMU_MODEL void mmu_model_tlbi_rvaae1is(uint64_t operand);
MMU_MODEL void mmu_model_write_tcr(uint64_t value);
MMU_MODEL void mmu_model_dc_cvau(uint64_t va);
MMU_MODEL void mmu_model_ic_ialluis(void);

#define TELL_MODEL(event, ...)                          \
	do {                                            \
		if (mmu_model_##event)                  \
			mmu_model_##event(__VA_ARGS__); \
	} while (0)

/*
 * The host's vmemmap is in the lower half of the address space, where this process can read it; a
 * walker, which has TTBR1 alone, knows it by addresses with the upper bits set. @operand has the
 * address from bit @shift on in its lower @bits bits.
 */
static __always_inline uint64_t as_ttbr1(uint64_t operand, unsigned shift, unsigned bits)
{
	uint64_t address = operand & ((1UL << bits) - 1);
	uint64_t va = address << shift & ((1UL << VA_BITS) - 1);

	if (va - VMEMMAP_START >= VMEMMAP_SIZE)
		return operand;
	return operand | ((1UL << bits) - (1UL << (VA_BITS - shift)));
}

static __always_inline void hw_store_desc(desc_t *slot, desc_t value)
{
	desc_t old = *(volatile desc_t *)slot;

	*(volatile desc_t *)slot = value;
	TELL_MODEL(store, slot, old, value);
}

/* A model's walker may set the access flag right before. */
static __always_inline bool hw_cas_desc(desc_t *slot, desc_t old, desc_t value)
{
	TELL_MODEL(cas_begins, slot);
	if (*(volatile desc_t *)slot != old)
		return false;
	*(volatile desc_t *)slot = value;
	TELL_MODEL(cas, slot, old, value);
	return true;
}

static __always_inline desc_t hw_load_desc(const desc_t *slot)
{
	return *(const volatile desc_t *)slot;
}

static __always_inline void hw_dmb_ishst(void)
{
	TELL_MODEL(dmb_ishst);
}

static __always_inline void hw_dsb_ishst(void)
{
	TELL_MODEL(dsb_ishst);
}

static __always_inline void hw_dsb_ish(void)
{
	TELL_MODEL(dsb_ish);
}

static __always_inline void hw_isb(void)
{
	TELL_MODEL(isb);
}

static __always_inline void hw_tlbi_vaale1is(uint64_t operand)
{
	TELL_MODEL(tlbi_vaale1is, as_ttbr1(operand, 12, 44));
}

static __always_inline void hw_tlbi_vaae1is(uint64_t operand)
{
	TELL_MODEL(tlbi_vaae1is, as_ttbr1(operand, 12, 44));
}

static __always_inline void hw_tlbi_vmalle1is(void)
{
	TELL_MODEL(tlbi_vmalle1is);
}

static __always_inline void hw_tlbi_rvaale1is(uint64_t operand)
{
	TELL_MODEL(tlbi_rvaale1is, as_ttbr1(operand, PAGE_SHIFT, 37));
}

static __always_inline void hw_tlbi_rvaae1is(uint64_t operand)
{
	TELL_MODEL(tlbi_rvaae1is, as_ttbr1(operand, PAGE_SHIFT, 37));
}

static __always_inline void hw_write_tcr(uint64_t value)
{
	host_write_sysreg("tcr_el1", value);
	TELL_MODEL(write_tcr, value);
	MM_EVENT(EVENT_TCR, 0, 0, value);
}

static __always_inline void hw_dc_cvau(uint64_t va)
{
	TELL_MODEL(dc_cvau, va);
}

static __always_inline void hw_ic_ialluis(void)
{
	TELL_MODEL(ic_ialluis);
}
