// SPDX-License-Identifier: MIT
/*
 * The areas of the vmalloc region, one line each, as in Linux's /proc/vmallocinfo, with what
 * that does not say: by which leaves each is mapped, and why by no larger ones.
 */
#pragma once

#include "mm/areas/area.h"
#include "mm/map/view/census.h"

/*
 * What the calls that mapped @area were told: its own max_shift, or what its kind has. Blocks
 * that vmalloc() allocates are mapped as no more than they are; vmap() and ioremap() have no limit.
 */
struct map_limits area_limits(const struct vm_struct *area);

/* Adds what @area maps, guard page left out. As census_range(). */
void census_area(const struct vm_struct *area, struct map_census *census);

#define VMALLOCINFO_TEXT_MAX 384

/* The line of @area, of which @census is, without its end. Returns @text. */
const char *vmallocinfo_text(char text[VMALLOCINFO_TEXT_MAX], const struct vm_struct *area,
			     const struct map_census *census);

/* Logs all areas in the order of their addresses, and totals. Any CPU, while others map. */
void vmallocinfo_log(void);
