// SPDX-License-Identifier: MIT
/*
 * The address space (TTBR1, 48 bit). TTBR0 is off after boot, so that NULL faults.
 *
 *   ffff_0000_0000_0000  +----------------------------------+
 *                        | linear map: PA 0 .. 128 TiB      |  RAM less text, rodata, no-map
 *   ffff_8000_0000_0000  +----------------------------------+
 *                        | kernel image, fixed slots        |  1 TiB
 *   ffff_8100_0000_0000  +----------------------------------+
 *                        | (unused)                         |
 *   ffff_9000_0000_0000  +----------------------------------+
 *                        | vmalloc region                   |  32 TiB
 *   ffff_b000_0000_0000  +----------------------------------+
 *                        | stacks of CPUs started later     |  1 TiB
 *   ffff_b100_0000_0000  +----------------------------------+
 *                        | (unused)                         |
 *   ffff_c000_0000_0000  +----------------------------------+
 *                        | vmemmap: struct page by pfn      |  2 TiB at 4K
 *   ffff_c200_0000_0000  +----------------------------------+
 *
 * The host builds give PAGE_OFFSET and VMEMMAP_START values of their own, at
 * which the test harness maps an arena.
 */
#pragma once

#include "lib/compiler.h"
#include "mm/arm64/geometry.h"

#define PHYS_BITS_MAX 47
#define PHYS_END      (1UL << PHYS_BITS_MAX)

#ifndef PAGE_OFFSET
#define PAGE_OFFSET 0xffff000000000000UL
#endif

#define KIMAGE_VADDR 0xffff800000000000UL
#define KIMAGE_SIZE  (64 * MiB)

/* Fixed slots: the flattened device tree, the early console, devices that boot maps. */
#define FIXED_START	   (KIMAGE_VADDR + 1 * GiB)
#define FIXED_FDT	   FIXED_START
#define FIXED_FDT_SIZE	   (4 * MiB)
#define FIXED_CONSOLE	   (FIXED_FDT + FIXED_FDT_SIZE)
#define FIXED_CONSOLE_SIZE (2 * PAGE_SIZE)
#define FIXED_CONSOLE_END  (FIXED_CONSOLE + FIXED_CONSOLE_SIZE)
/* Registers of the interrupt controller: 16 MiB of redistributors are 128 CPUs. */
#define FIXED_DEVICES	    (FIXED_START + 64 * MiB)
#define FIXED_DEVICES_ALIGN (2 * MiB)
#define FIXED_DEVICES_SIZE  (128 * MiB)
#define FIXED_END	    (FIXED_DEVICES + FIXED_DEVICES_SIZE)

#define VMALLOC_START 0xffff900000000000UL
#define VMALLOC_END   0xffffb00000000000UL

/* A slot a CPU, in the order of /cpus. Outside vmalloc, which is the same whatever was started. */
#define STACKS_START VMALLOC_END
#define STACKS_END   0xffffb10000000000UL

/* What the engine (mm/map) may map: both. */
#define MAPPABLE_START VMALLOC_START
#define MAPPABLE_END   STACKS_END

#ifndef VMEMMAP_START
#define VMEMMAP_START 0xffffc00000000000UL
#endif
#define STRUCT_PAGE_SIZE 64UL
#define VMEMMAP_SIZE	 ((PHYS_END >> PAGE_SHIFT) * STRUCT_PAGE_SIZE)

#ifndef HOST
static_assert(PAGE_OFFSET + PHYS_END <= KIMAGE_VADDR, "the linear map ends below the image");
static_assert(KIMAGE_VADDR + KIMAGE_SIZE <= FIXED_START, "the image ends below the fixed slots");
static_assert(FIXED_CONSOLE_END <= FIXED_DEVICES, "the console's slot ends below the devices");
static_assert(FIXED_END <= VMALLOC_START, "the fixed slots end below vmalloc");
static_assert(MAPPABLE_END <= VMEMMAP_START, "stacks end below the vmemmap");
static_assert(VMEMMAP_START + VMEMMAP_SIZE > VMEMMAP_START, "the vmemmap does not wrap");
static_assert(IS_ALIGNED(FIXED_FDT, PMD_SIZE) && IS_ALIGNED(VMALLOC_START, PUD_SIZE),
	      "slots are aligned");
static_assert(IS_ALIGNED(VMEMMAP_START,
			 STRUCT_PAGE_SIZE *(MAX(PUD_SIZE, CONT_PMD_SIZE) >> PAGE_SHIFT)),
	      "a compound page's struct pages are naturally aligned");
#endif

/* Linear map: only for RAM that boot mapped. Any context, MMU on. */
static __always_inline void *phys_to_virt(uint64_t pa)
{
	return (void *)(pa + PAGE_OFFSET);
}

static __always_inline uint64_t virt_to_phys(const void *va)
{
	return (uint64_t)va - PAGE_OFFSET;
}
