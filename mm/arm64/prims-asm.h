/* SPDX-License-Identifier: MIT */
/*
 * Constants of geometry.h and layout.h as the assembler can read them; prims-c.c
 * asserts that they are the same.
 */
#pragma once

#define PAGE_SHIFT_ASM	     GRANULE_SHIFT
#define STRUCT_PAGE_SIZE_ASM 64
#define VMEMMAP_START_ASM    0xffffc00000000000
