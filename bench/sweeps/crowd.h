// SPDX-License-Identifier: MIT
/*
 * Very many live areas with nothing mapped in them, from the region's first page on.
 */
#pragma once

#include "mm/areas/area.h"

#define CROWD_MAX (1UL << 20)

/* As every mapping call has an area when it is made and when it goes: nothing is mapped in it. */
#define CROWD_FLAGS (VM_MAP | VM_UNINITIALIZED)

/* What lies between the areas, and what is asked for there. */
struct crowd_pattern {
	const char *name, *what;
	uint64_t pages, align; /* of the area that comes and goes */
	bool in_crowd;	       /* it is one of the crowd's own, any: what is got fills its hole */
};

enum { CROWD_END, CROWD_HOLE, CROWD_HOLES, CROWD_MISALIGNED, NR_CROWD_PATTERNS };
extern const struct crowd_pattern crowd_patterns[NR_CROWD_PATTERNS];

/*
 * Makes the crowd @count areas, at most CROWD_MAX, of that pattern: adds to the one that there is
 * if that is a smaller one of the same, else begins anew. False: no memory, or there were other
 * areas in the region; then there is none.
 */
bool crowd_make(const struct crowd_pattern *pattern, uint64_t count);

/* Any of the crowd's areas: another one each time, the same ones in each run (options.seed). */
struct vm_struct **crowd_pick(void);

/* Gives all of it back. */
void crowd_free(void);
