/* SPDX-License-Identifier: MIT */
/*
 * Where boot/head.S finds what in struct cpu, which asserts them.
 */
#pragma once

#define CPU_STACK_TOP	  0
#define CPU_PERCPU_OFFSET 8
