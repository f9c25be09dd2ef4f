// SPDX-License-Identifier: MIT
/*
 * What callers may ask of the page allocator, and the zones that it keeps.
 *
 * Linux's names; nothing here sleeps or reclaims, so that GFP_KERNEL says no more
 * than "any RAM".
 */
#pragma once

#include "lib/compiler.h"

typedef unsigned gfp_t;

#define __GFP_DMA32 1u /* only below 4 GiB */
#define __GFP_ZERO  2u /* the memory reads zero */
#define __GFP_COMP  4u /* a compound page: compound_head() works from every page of it */

#define GFP_KERNEL 0u
#define GFP_DMA32  __GFP_DMA32

enum zone_id {
	ZONE_DMA32,  /* below 4 GiB */
	ZONE_NORMAL, /* the rest of RAM */
	ZONE_DEVICE, /* struct pages of device memory; never the buddy allocator's */
};

/* All of them; those that the buddy allocator keeps. */
#define NR_ZONES       3
#define NR_BUDDY_ZONES 2
