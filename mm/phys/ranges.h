// SPDX-License-Identifier: MIT
/*
 * What boot learns of RAM: ranges that exist, ranges that are taken, and memory
 * handed out before the buddy allocator lives.
 *
 * Boot CPU only, until boot_ram_close() (buddy_init() calls it): from then on
 * nothing changes, and pfn_valid() and ram_range_of_pfn() answer on any CPU, in
 * any context. Additions come in any order, may overlap and may repeat.
 */
#pragma once

#include "mm/arm64/layout.h"

#define BOOT_RANGES_MAX 128

/* [first_pfn, first_pfn + pages) */
struct phys_range {
	uint64_t first_pfn;
	uint64_t pages;
};

/*
 * RAM at [@base, @base + @size), in bytes; clipped inward to whole pages and to the
 * PHYS_END that the linear map reaches. A range without a whole page is no error.
 * -EINVAL: base + size wraps. -ENOMEM: more than BOOT_RANGES_MAX ranges. -EBUSY: closed.
 */
int boot_ram_add(uint64_t base, uint64_t size);

/*
 * Keeps memory from the allocators, in bytes, clipped outward to whole pages, whether
 * RAM or not. It is still linear-mapped. Errors as boot_ram_add().
 */
int boot_ram_reserve(uint64_t base, uint64_t size);

/* The same, and kept out of the linear map and without struct pages (`no-map`). */
int boot_ram_reserve_nomap(uint64_t base, uint64_t size);

/* Forgets all RAM past the lowest @bytes of it (rounded down to pages): `mem=`. */
void boot_ram_limit(uint64_t bytes);

/*
 * Takes @size bytes (rounded up to pages), @align a power of two (at least a page is
 * used), from free RAM inside [@lo, @hi), as high as possible, and reserves them.
 * Contents undefined. Returns the physical address; 0: there is none, or closed, or a
 * bad argument. Physical page 0 is never returned.
 */
uint64_t boot_ram_alloc(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi);

/* No more changes; the lookups below work. Idempotent. */
void boot_ram_close(void);

/* Step to the next range, ascending, maximal; start with an all-zero @r. false: no more. */
bool next_ram_range(struct phys_range *r);
bool next_free_range(struct phys_range *r);

/* RAM less no-map: what is linear-mapped and has struct pages. @r: struct phys_range *. */
#define for_each_ram_range(r) for (*(r) = (struct phys_range){ 0 }; next_ram_range(r);)

/* RAM less everything reserved. */
#define for_each_free_range(r) for (*(r) = (struct phys_range){ 0 }; next_free_range(r);)

/* One past the highest frame with a struct page. */
uint64_t ram_end_pfn(void);

/* The range of the last lookup: neighbours are asked for one after the other. */
extern const struct phys_range *ram_range_hint;

/* ram_range_of_pfn()'s cold half. */
const struct phys_range *ram_range_search(uint64_t pfn);

/*
 * The maximal contiguous range of RAM with struct pages that holds @pfn, NULL if none.
 * Any value of @pfn. A run of n pages from pfn is RAM iff
 * pfn - r->first_pfn + n <= r->pages.
 */
static __always_inline const struct phys_range *ram_range_of_pfn(uint64_t pfn)
{
	const struct phys_range *r = READ_ONCE(ram_range_hint);

	if (likely(pfn - r->first_pfn < r->pages))
		return r;
	return ram_range_search(pfn);
}

/* The cheap half of pfn_valid(): @pfn is RAM of the range of the last lookup. */
static __always_inline bool pfn_is_near(uint64_t pfn)
{
	const struct phys_range *r = READ_ONCE(ram_range_hint);

	return pfn - r->first_pfn < r->pages;
}

/* @pfn is RAM that is linear-mapped and has a struct page. */
static __always_inline bool pfn_valid(uint64_t pfn)
{
	return ram_range_of_pfn(pfn) != NULL;
}
