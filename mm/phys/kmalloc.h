// SPDX-License-Identifier: MIT
/*
 * Memory for the kernel's own structures: objects of 32, 64, ... PAGE_SIZE / 2 bytes
 * out of slab pages, larger ones as blocks of pages.
 *
 * Any CPU, any context, after buddy_init(). An object is aligned to its size rounded
 * up to a power of two, up to a page. What stays cached: each CPU keeps a bounded list
 * of free objects per size; a page goes back to alloc_pages() as soon as the last of its
 * objects comes off those lists.
 */
#pragma once

#include "mm/phys/gfp.h"

/*
 * @size bytes, contents undefined without __GFP_ZERO; 0 gives an object as well. NULL: no
 * memory. __GFP_DMA32 takes whole pages, whatever the size.
 */
void *kmalloc(size_t size, gfp_t gfp);

/* The same, all zero. */
void *kzalloc(size_t size, gfp_t gfp);

/*
 * Gives an object back. NULL is no error. A pointer that kmalloc() did not return, and a
 * second free, are a panic("kfree: ...").
 */
void kfree(void *object);

/*
 * Takes this CPU's lists apart: with no objects in use and all CPUs drained, no page is
 * held. One that parks calls it, before drain_hot_lists().
 */
void kmalloc_drain(void);

/* Both, in that order: all free memory that this CPU keeps for itself. As a CPU's work; @unused. */
void drain_cpu_caches(void *unused);

/* Pages that are slabs now, in use or cached. Racy while others allocate. */
uint64_t kmalloc_slab_pages(void);
