// SPDX-License-Identifier: MIT
/*
 * The other CPUs of a host program: held, not held, or deaf (drivers/smp/call.h). In host.c; a
 * program may have its own.
 */
#pragma once

#include "drivers/smp/call.h"

struct hold {
	bool held;
	unsigned stops;	    /* that worked */
	int error;	    /* what stop_others() returns instead of holding; 0: it works */
	void (*late)(void); /* what another CPU does right before it is held, once */
};
extern struct hold hold;
