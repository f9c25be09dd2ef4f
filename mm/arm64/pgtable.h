// SPDX-License-Identifier: MIT
/*
 * Descriptor formats of stage 1, 48-bit output addresses.
 *
 *  63   59 58 55 54  53  52   51 50 48 47        PAGE_SHIFT 11 10 9  8 7  6 5 4    2 1 0
 * +-------+-----+---+---+----+---+----+--------------------+--+--+----+----+--+------+-+-+
 * |tables |  0  |UXN|PXN|CONT|DBM| 0  | output address     |nG|AF| SH | AP |NS| Attr |T|V|
 * +-------+-----+---+---+----+---+----+--------------------+--+--+----+----+--+------+-+-+
 *
 * V valid. T: at levels 0-2, 1 = table and 0 = block; at level 3 always 1.
 * Source: Arm ARM DDI 0487, D8.3 (VMSAv8-64 descriptor formats), D8.4.1 (permissions).
 */
#pragma once

#include "lib/compiler.h"
#include "mm/arm64/geometry.h"

typedef uint64_t desc_t;   /* one descriptor, any level */
typedef uint64_t pgprot_t; /* the attribute bits of a leaf: no address, no type, no CONT */

#define DESC_VALID	 (1UL << 0)
#define DESC_TABLE	 (1UL << 1) /* levels 0-2 */
#define DESC_PAGE	 (1UL << 1) /* level 3 */
#define DESC_ATTR(index) ((uint64_t)(index) << 2)
#define DESC_RO		 (1UL << 7)
#define DESC_ISH	 (3UL << 8)
#define DESC_AF		 (1UL << 10)
#define DESC_CONT	 (1UL << 52)
#define DESC_PXN	 (1UL << 53)
#define DESC_UXN	 (1UL << 54)

#define DESC_ADDR_MASK (((1UL << VA_BITS) - 1) & PAGE_MASK)
#define DESC_PROT_MASK (DESC_ATTR(7) | DESC_RO | DESC_ISH | DESC_AF | DESC_PXN | DESC_UXN)

/* MAIR_EL1: one byte an index. */
enum mair_index {
	MAIR_NORMAL = 0, /* write-back, read and write allocate */
	MAIR_DEVICE_nGnRE = 1,
	MAIR_DEVICE_nGnRnE = 2,
	MAIR_NORMAL_NC = 3,
};
#define MAIR_EL1_VALUE                                                         \
	((0xffUL << (8 * MAIR_NORMAL)) | (0x04UL << (8 * MAIR_DEVICE_nGnRE)) | \
	 (0x00UL << (8 * MAIR_DEVICE_nGnRnE)) | (0x44UL << (8 * MAIR_NORMAL_NC)))

#define TCR_HA (1UL << 39) /* of TCR_EL1: walkers set the access flag by themselves (D8.5.1) */

/* AF is always set: TCR.HA is off, an access must not fault. Nothing here is for EL0. */
#define PROT_KERNEL_BITS   (DESC_AF | DESC_ISH | DESC_UXN)
#define PAGE_KERNEL	   (PROT_KERNEL_BITS | DESC_PXN | DESC_ATTR(MAIR_NORMAL))
#define PAGE_KERNEL_RO	   (PAGE_KERNEL | DESC_RO)
#define PAGE_KERNEL_ROX	   (PROT_KERNEL_BITS | DESC_RO | DESC_ATTR(MAIR_NORMAL))
#define PROT_DEVICE_nGnRE  (PROT_KERNEL_BITS | DESC_PXN | DESC_ATTR(MAIR_DEVICE_nGnRE))
#define PROT_DEVICE_nGnRnE (PROT_KERNEL_BITS | DESC_PXN | DESC_ATTR(MAIR_DEVICE_nGnRnE))
#define PROT_NORMAL_NC	   (PROT_KERNEL_BITS | DESC_PXN | DESC_ATTR(MAIR_NORMAL_NC))

/* A leaf at @level for @pa (aligned to what it maps); add DESC_CONT for a group member. */
static __always_inline desc_t leaf_desc(uint64_t pa, pgprot_t prot, int level)
{
	return pa | prot | DESC_VALID | (level == LEVEL_PTE ? DESC_PAGE : 0);
}

static __always_inline desc_t table_desc(uint64_t table_pa)
{
	return table_pa | DESC_TABLE | DESC_VALID;
}

/* Levels 0-2 only. */
static __always_inline bool desc_is_table(desc_t d)
{
	return (d & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

static __always_inline bool desc_is_block(desc_t d)
{
	return (d & (DESC_VALID | DESC_TABLE)) == DESC_VALID;
}

static __always_inline bool desc_is_leaf(desc_t d, int level)
{
	return level == LEVEL_PTE ? (d & DESC_VALID) != 0 : desc_is_block(d);
}

static __always_inline uint64_t desc_addr(desc_t d)
{
	return d & DESC_ADDR_MASK;
}

/*
 * TLBI operand: VA[55:12] in bits [43:0] for every granule; ASID and TTL zero (D8.16.5).
 * Adding @stride >> 12 to it names the next leaf. All-ASID forms: kernel mappings are global.
 */
static __always_inline uint64_t tlbi_operand(uint64_t va)
{
	return (va >> 12) & ((1UL << 44) - 1);
}

/*
 * Operand of a TLBI by range (D8.16.5): TG in bits [47:46], SCALE in [45:44], NUM in [43:39], TTL
 * zero (leaves of any level), and VA >> PAGE_SHIFT in [36:0]. It names @num, 1 to 32, times
 * 1 << tlbi_range_shift(@scale) pages from @va.
 */
#define TLBI_RANGE_PAGES_MAX (32UL << tlbi_range_shift(3))

static __always_inline unsigned tlbi_range_shift(int scale)
{
	return 5 * (unsigned)scale + 1;
}

static __always_inline uint64_t tlbi_range_operand(uint64_t va, uint64_t num, int scale)
{
	return TLBI_RANGE_TG << 46 | (uint64_t)scale << 44 | (num - 1) << 39 |
	       ((va >> PAGE_SHIFT) & ((1UL << 37) - 1));
}
