// SPDX-License-Identifier: MIT
/*
 * The per-CPU variable that rooms below and beside drivers/smp want too.
 */
#include "lib/percpu.h"

DEFINE_PER_CPU(unsigned, cpu_number);
