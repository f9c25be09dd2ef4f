// SPDX-License-Identifier: MIT
/*
 * The hang detector: a deadline for what is being done, which every online CPU's timer looks
 * at. When it has passed, the run ends with a report of where each CPU is. A CPU that masks
 * IRQs for ever is found by the others; alone, it is only found by who watches the console.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Boot CPU, IRQs on: from now on (again) @what, a static string, may take `hang=` seconds. Costs
 * a timer interrupt on each online CPU a quarter of that time.
 */
void hang_watch(const char *what);

/* What is watched moves, and has its time again. Any CPU, any context. */
void hang_alive(void);

/* Nothing is watched, and no timer interrupt comes: measuring, or waiting for a person. */
void hang_unwatch(void);

/* A CPU that came online while something is watched takes part. On that CPU. */
void hang_cpu_init(void);
