// SPDX-License-Identifier: MIT
/*
 * The program that runs on the hostile MMU: public calls of mm/ by random CPUs.
 */
#pragma once

#include <stdint.h>

/* RAM, the allocators, the walkers' view of them. Once a process. */
void calls_init(void);

/* Before a run; in a process where no run was before. */
void calls_start(void);

/* One public call and the look at everything after it. */
void calls_step(void);
