// SPDX-License-Identifier: MIT
/*
 * The steps of a bench of ioremap(), for the rows of the table and for the sweep over sizes.
 */
#pragma once

#include "bench/measure.h"

int ioremap_prepare(struct pass *pass);	   /* skips what is larger than devmem= */
int ioremap_before(struct pass *pass);	   /* chooses where in it: by the pass's turn */
void ioremap_body(struct pass *pass);	   /* timed: ioremap() */
void ioremap_rung_body(struct pass *pass); /* timed: its restatement */
int ioremap_after(struct pass *pass);	   /* unmaps */
