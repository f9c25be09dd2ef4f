// SPDX-License-Identifier: MIT
/*
 * Device memory in the vmalloc region.
 *
 * Linux's names and meanings. All: any CPU, after buddy_init(), not from inside the page
 * allocator.
 */
#pragma once

#include "mm/areas/area.h"

/* One past the highest physical address of this machine's CPUs; boot lowers it to PARange's. */
extern uint64_t ioremap_phys_end;

/*
 * The kernel's text and rodata, whole pages right below RAM, which no mapping but the
 * image's own may reach; boot sets it.
 */
extern uint64_t ioremap_forbidden_start, ioremap_forbidden_end;

/* ioremap_prot() for a @prot that needs no check. */
void *__ioremap(uint64_t pa, uint64_t size, pgprot_t prot);

/*
 * Maps [@pa, @pa + @size), in bytes, with @prot; neither need be aligned. Returns the
 * address that reads @pa. The area is aligned to its size (up to IOREMAP_MAX_SHIFT), so
 * that a @pa of the same alignment gets the largest leaves.
 * NULL, and nothing changed: size 0, a range that wraps or goes past the CPU's physical
 * addresses, a range with RAM in it (it has Normal aliases), an executable @prot, no
 * memory, no addresses.
 */
static inline void *ioremap_prot(uint64_t pa, uint64_t size, pgprot_t prot)
{
	/* Here, where it costs nothing when @prot is a constant. */
	return vm_prot_valid(prot) ? __ioremap(pa, size, prot) : NULL;
}

/* Device-nGnRE: writes may be acknowledged early. What drivers want. */
static inline void *ioremap(uint64_t pa, uint64_t size)
{
	return ioremap_prot(pa, size, PROT_DEVICE_nGnRE);
}

/* Device-nGnRnE: a write is acknowledged by the device itself. */
static inline void *ioremap_np(uint64_t pa, uint64_t size)
{
	return ioremap_prot(pa, size, PROT_DEVICE_nGnRnE);
}

/* Normal non-cacheable: writes may combine. */
static inline void *ioremap_wc(uint64_t pa, uint64_t size)
{
	return ioremap_prot(pa, size, PROT_NORMAL_NC);
}

/* Normal write-back: memory that is no RAM of ours. Unlike Linux's, it refuses RAM. */
static inline void *ioremap_cache(uint64_t pa, uint64_t size)
{
	return ioremap_prot(pa, size, PAGE_KERNEL);
}

/*
 * Unmaps what ioremap() and its kin returned and flushes it. NULL is a no-op; any other
 * address is refused with one line in the log.
 */
void iounmap(const volatile void *addr);
