/* SPDX-License-Identifier: MIT */
/*
 * Constants of geometry.h and layout.h as the assembler can read them; prims-c.c
 * asserts that they are the same.
 */
#pragma once

#define PAGE_SHIFT_ASM	     GRANULE_SHIFT
#define STRUCT_PAGE_SIZE_ASM 64
#if GRANULE_SHIFT == 12
#define CONT_PTES_SHIFT_ASM 4
#elif GRANULE_SHIFT == 14
#define CONT_PTES_SHIFT_ASM 7
#else
#define CONT_PTES_SHIFT_ASM 5
#endif
#define CONT_PTES_ASM	  (1 << CONT_PTES_SHIFT_ASM)
#define GROUP_BYTES_ASM	  (CONT_PTES_ASM * STRUCT_PAGE_SIZE_ASM)
#define VMEMMAP_START_ASM 0xffffc00000000000
