// SPDX-License-Identifier: MIT
/*
 * The image's parts, as linker.ld lays them out, and the entry points of assembly.
 */
#pragma once

extern char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _bss[];
extern char _stack_guard[], _stack[], _stack_top[];
extern char _emergency_guard[], _emergency[], _emergency_top[], _end[];

extern char secondary_start[], stillborn_start[]; /* boot/head.S, for PSCI CPU_ON */

void mmu_on(void);
