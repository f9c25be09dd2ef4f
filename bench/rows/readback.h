// SPDX-License-Identifier: MIT
/*
 * The checks of what a bench mapped: by content, by software walk, by the hardware's AT.
 * None of it is timed. An error has the pass's reason and one line with the place.
 */
#pragma once

#include "bench/measure.h"

/* Each page of @pass->va, read there, holds the tag of the page that belongs there. */
int check_pages(struct pass *pass, struct page *const *pages);

/* The same without an end at the first that does not: how many pages do not. */
unsigned long count_mismapped(struct pass *pass, struct page *const *pages);

/* The range is Device memory at @pass->pa, by walk and by AT; it is not touched. */
int check_device(struct pass *pass);

/*
 * Each page of @pass->va can be written there and is a frame of its own: what was
 * written is found at the frame that the software walk names, in no two places the same.
 */
int check_writable(struct pass *pass);

/*
 * Nothing of [va, va + bytes) translates any more: not by walk, not by AT, not by a read,
 * which alone asks the TLB for certain.
 */
int check_unmapped(struct pass *pass, uint64_t va);
