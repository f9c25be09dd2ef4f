// SPDX-License-Identifier: MIT
/*
 * The geometry of translation tables for the granule that this image is built
 * for. Everything else in the tree uses these derived constants; GRANULE_SHIFT
 * is tested nowhere else.
 *
 *   granule  table entries  PTE   CONT_PTE     PMD    CONT_PMD    PUD   levels (48 bit)
 *     4K        512          4K   64K  (16)     2M     32M (16)    1G    0 1 2 3
 *    16K       2048         16K    2M (128)    32M      1G (32)     -    0 1 2 3
 *    64K       8192         64K    2M  (32)   512M     16G (32)     -      1 2 3
 *
 * Source: Arm ARM DDI 0487, D8.2 (granules and levels), D8.7.1 (contiguous bit).
 */
#pragma once

#include "lib/compiler.h"

#ifndef GRANULE_SHIFT
#error "the build chooses GRANULE_SHIFT: 12, 14 or 16"
#endif

#define VA_BITS 48

#define PAGE_SHIFT     GRANULE_SHIFT
#define PAGE_SIZE      (1UL << PAGE_SHIFT)
#define PAGE_MASK      (~(PAGE_SIZE - 1))
#define TABLE_SHIFT    (PAGE_SHIFT - 3)
#define PTRS_PER_TABLE (1UL << TABLE_SHIFT)

#define PMD_SHIFT (PAGE_SHIFT + TABLE_SHIFT)
#define PMD_SIZE  (1UL << PMD_SHIFT)
#define PUD_SHIFT (PMD_SHIFT + TABLE_SHIFT)
#define PUD_SIZE  (1UL << PUD_SHIFT)

/* Arm's level numbers: 3 holds pages. level_shift() is log2 of what one entry maps. */
#define LEVEL_PTE	   3
#define LEVEL_PMD	   2
#define LEVEL_PUD	   1
#define level_shift(level) (PAGE_SHIFT + (3 - (level)) * TABLE_SHIFT)
#define LEVEL_ROOT	   (VA_BITS > PUD_SHIFT + TABLE_SHIFT ? 0 : 1)
#define PTRS_PER_ROOT	   (1UL << (VA_BITS - level_shift(LEVEL_ROOT)))

#if GRANULE_SHIFT == 12
#define CONT_PTES_SHIFT 4
#define CONT_PMDS_SHIFT 4
#define HAVE_PUD_BLOCK	1
#define MAX_ORDER	10
#define GRANULE_NAME	"4K"
#define TCR_TG0		0UL
#define TCR_TG1		2UL
#define TLBI_RANGE_TG	1UL
#elif GRANULE_SHIFT == 14
#define CONT_PTES_SHIFT 7
#define CONT_PMDS_SHIFT 5
#define HAVE_PUD_BLOCK	0
#define MAX_ORDER	11
#define GRANULE_NAME	"16K"
#define TCR_TG0		2UL
#define TCR_TG1		1UL
#define TLBI_RANGE_TG	2UL
#elif GRANULE_SHIFT == 16
#define CONT_PTES_SHIFT 5
#define CONT_PMDS_SHIFT 5
#define HAVE_PUD_BLOCK	0
#define MAX_ORDER	13
#define GRANULE_NAME	"64K"
#define TCR_TG0		1UL
#define TCR_TG1		3UL
#define TLBI_RANGE_TG	3UL
#else
#error "no such granule"
#endif

/* MAX_ORDER is the highest order that the buddy allocator holds, itself included. */
#define MAX_ORDER_PAGES (1UL << MAX_ORDER)

#define CONT_PTES      (1UL << CONT_PTES_SHIFT)
#define CONT_PTE_SHIFT (PAGE_SHIFT + CONT_PTES_SHIFT)
#define CONT_PTE_SIZE  (1UL << CONT_PTE_SHIFT)
#define CONT_PMDS      (1UL << CONT_PMDS_SHIFT)
#define CONT_PMD_SHIFT (PMD_SHIFT + CONT_PMDS_SHIFT)
#define CONT_PMD_SIZE  (1UL << CONT_PMD_SHIFT)

static_assert(PTRS_PER_TABLE * 8 == PAGE_SIZE, "a table fills one page");
static_assert(PTRS_PER_ROOT <= PTRS_PER_TABLE, "the root fits in one page");

/* Index of @va in a table of @level. */
static __always_inline unsigned long table_index(uint64_t va, int level)
{
	unsigned long entries = level == LEVEL_ROOT ? PTRS_PER_ROOT : PTRS_PER_TABLE;

	return (va >> level_shift(level)) & (entries - 1);
}
