// SPDX-License-Identifier: MIT
/*
 * What boot learns of RAM: ranges that exist, ranges that are taken, and memory
 * handed out before the buddy allocator lives.
 *
 * Boot CPU only, until boot_ram_close() (buddy_init() calls it): from then on
 * RAM does not change, and pfn_valid() and ram_range_of_pfn() answer on any CPU, in
 * any context. Additions come in any order, may overlap and may repeat.
 *
 * RAM that boot set aside for devices has struct pages while it is one: it comes and goes
 * (device_range_add()), and its linear mapping stays.
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

/*
 * The same, linear-mapped and without struct pages: RAM for a device (device_range_add()).
 * -EINVAL too if it is not whole blocks of MAX_ORDER_PAGES, all of it RAM with struct pages so far.
 */
int boot_ram_reserve_device(uint64_t base, uint64_t size);

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
bool next_linear_range(struct phys_range *r);
bool next_free_range(struct phys_range *r);

/*
 * RAM less no-map and what is for devices: what is linear-mapped and always has struct pages.
 * @r: struct phys_range *.
 */
#define for_each_ram_range(r) for (*(r) = (struct phys_range){ 0 }; next_ram_range(r);)

/* RAM less no-map: what is linear-mapped, so that ioremap() and its kin must not map it. */
#define for_each_linear_range(r) for (*(r) = (struct phys_range){ 0 }; next_linear_range(r);)

/* RAM less everything reserved. */
#define for_each_free_range(r) for (*(r) = (struct phys_range){ 0 }; next_free_range(r);)

/* One past the highest frame that always has a struct page. */
uint64_t ram_end_pfn(void);

/* Devices that may be there at once. */
#define DEVICE_RANGES_MAX 16

/*
 * Frames [@first_pfn, @first_pfn + @pages) of RAM for devices have struct pages from here on,
 * mapped and initialised by the caller: pfn_valid() and ram_range_of_pfn() say so, and for lookups
 * they are a range of their own. The caller holds the one lock that all changes are made under.
 *	-EINVAL		empty, or not all of it was set aside by boot_ram_reserve_device()
 *	-EEXIST		it has frames of another device
 *	-ENOMEM		DEVICE_RANGES_MAX are there
 */
int device_range_add(uint64_t first_pfn, uint64_t pages);

/*
 * The reverse, before the struct pages go: no lookup that begins after it says that they are
 * there. Who looks one of them up and uses the answer holds a reference, or the device.
 * -ENOENT: no device has just these frames.
 */
int device_range_remove(uint64_t first_pfn, uint64_t pages);

extern struct phys_range device_ranges[DEVICE_RANGES_MAX]; /* pages is 0: none */

/* Whether a lookup's answer is a device's, not boot's RAM. */
static __always_inline bool is_device_range(const struct phys_range *r)
{
	return (uint64_t)r - (uint64_t)device_ranges < sizeof(device_ranges);
}

/* @pfn is linear-mapped, with or without a struct page. After boot_ram_close(). */
bool pfn_is_linear(uint64_t pfn);

/* The range of boot's RAM of the last lookup: neighbours are asked for one after the other. */
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

/* The cheap half of pfn_valid(): @pfn is of the range of the last lookup, and no device's. */
static __always_inline bool pfn_is_near(uint64_t pfn)
{
	const struct phys_range *r = READ_ONCE(ram_range_hint);

	return pfn - r->first_pfn < r->pages;
}

/* @pfn is RAM that is linear-mapped and has a struct page now. */
static __always_inline bool pfn_valid(uint64_t pfn)
{
	return ram_range_of_pfn(pfn) != NULL;
}
