// SPDX-License-Identifier: MIT
/*
 * Per-CPU variables: one linker section, one copy a CPU, TPIDR_EL1 holds the distance.
 * All begin as zero: there are no initial values.
 */
#pragma once

#include "lib/arm64/cpu.h"

#define DEFINE_PER_CPU(type, name)  __attribute__((section("percpu"), used)) type name
#define DECLARE_PER_CPU(type, name) extern type name

/* This CPU's place in the order of /cpus; drivers/smp sets it, 0 before that. Any context. */
DECLARE_PER_CPU(unsigned, cpu_number);

/* This CPU's copy. The caller has IRQs masked or does not mind an interrupt in between. */
#define this_cpu(name) (*(__typeof__(&(name)))((char *)&(name) + this_cpu_offset()))
