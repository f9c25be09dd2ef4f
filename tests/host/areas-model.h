// SPDX-License-Identifier: MIT
/*
 * What test_areas.c holds the VA allocator against: a plain sorted array that is searched from the
 * bottom; and what stands in place of the rooms around it.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "mm/areas/lazy.h"
#include "mm/phys/kmalloc.h"
#include "tests/host/tap.h"

#define FIRST	  (VMALLOC_START + PAGE_SIZE)
#define MAX_AREAS 600

/* --- in place of kmalloc(), so that ASan sees each object ------------------------- */

static bool out_of_memory;
static long objects;

void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	if (out_of_memory)
		return NULL;
	objects++;
	/* Filled: a field that is not set must not happen to be zero. */
	return memset(malloc(size), 0xa5, size);
}

void kfree(void *object)
{
	objects -= object != NULL;
	free(object);
}

/* --- in place of the engine: what of an area was unmapped ------------------------- */

static uint64_t unmapped_va, unmapped_end;

int unmap_holes(uint64_t va, uint64_t end)
{
	unmapped_va = va;
	unmapped_end = end;
	return 0;
}

/* --- in place of mm/areas/lazy.c ---------------------------------------------------- */

static struct vm_struct *lazy; /* the one area that waits for a purge */
static unsigned purges;

void free_vm_area_lazily(struct vm_struct *area)
{
	lazy = area;
}

bool purge_vmap_areas(void)
{
	struct vm_struct *area = lazy;

	purges++;
	lazy = NULL;
	if (area) {
		area->flags &= ~(uint32_t)VM_LAZY;
		free_vm_area(area);
	}
	out_of_memory = false;
	return area;
}

/* --- in place of mm/areas/map-ram.c --------------------------------------------------- */

static struct vm_struct *block; /* the one that nobody uses */

bool purge_vmap_blocks(void)
{
	struct vm_struct *area = block;

	block = NULL;
	free_vm_area(area);
	return area;
}

static unsigned log_lines;
static char log_text[128];

void __wrap_log_printf(const char *fmt, ...);
void __wrap_log_printf(const char *fmt, ...)
{
	va_list ap;

	log_lines++;
	va_start(ap, fmt);
	vsnprintf(log_text, sizeof(log_text), fmt, ap);
	va_end(ap);
}

/* --- the model ------------------------------------------------------------------------ */

static struct {
	uint64_t start, end; /* guard included */
	struct vm_struct *area;
} model[MAX_AREAS];
static int model_count;

/* Where the lowest fit is, 0 if nowhere; *@slot: its index in the sorted array. */
static uint64_t model_fit(uint64_t bytes, uint64_t align, uint64_t lo, uint64_t hi, int *slot)
{
	for (int i = 0; i <= model_count; i++) {
		uint64_t from = i ? model[i - 1].end : FIRST;
		uint64_t to = i < model_count ? model[i].start : VMALLOC_END;
		unsigned __int128 at = MAX(from, lo);

		at = (at + align - 1) / align * align;
		*slot = i;
		if (at + bytes <= MIN(to, hi))
			return at;
	}
	return 0;
}

/* Gaps below the model's @slot that are large enough, and do not fit. */
static int model_misfits(uint64_t bytes, int slot)
{
	int misfits = 0;

	for (int i = 0; i < slot; i++) {
		uint64_t from = i ? model[i - 1].end : FIRST;

		misfits += model[i].start - from >= bytes;
	}
	return misfits;
}

/*
 * Past many of those a search may take a higher place than @want, in @slot: whether @start is
 * one. *@slot: its index.
 */
static bool model_may_have(uint64_t start, uint64_t bytes, uint64_t want, int *slot)
{
	if (start < want || model_misfits(bytes, *slot) < AREA_MISFITS)
		return false;
	while (*slot < model_count && model[*slot].start < start)
		++*slot;
	return (!*slot || model[*slot - 1].end <= start) &&
	       start + bytes <= (*slot < model_count ? model[*slot].start : VMALLOC_END);
}

static void model_insert(int slot, uint64_t start, uint64_t bytes, struct vm_struct *area)
{
	memmove(&model[slot + 1], &model[slot], (model_count - slot) * sizeof(model[0]));
	model[slot].start = start;
	model[slot].end = start + bytes;
	model[slot].area = area;
	model_count++;
}

static void model_remove(int slot)
{
	model_count--;
	memmove(&model[slot], &model[slot + 1], (model_count - slot) * sizeof(model[0]));
}

/* How often that was so. */
static int less_than_lowest;

/* One allocation in both; false if they differ. */
static bool both_get(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi, uint32_t flags)
{
	uint64_t bytes = ALIGN_UP(size, PAGE_SIZE) + (flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
	int slot;
	uint64_t want = model_fit(bytes, MAX(align, PAGE_SIZE), lo, hi, &slot), low = want;
	struct vm_struct *area = __get_vm_area(size, align, lo, hi, flags);

	if (!want)
		return !area;
	if (!area || area->size != bytes)
		return false;
	if ((uint64_t)area->addr != want) {
		want = (uint64_t)area->addr;
		if (!model_may_have(want, bytes, low, &slot) || !IS_ALIGNED(want, align) ||
		    want < lo || want + bytes > hi)
			return false;
		less_than_lowest++;
	}
	model_insert(slot, want, bytes, area);
	return get_vm_area_size(area) == ALIGN_UP(size, PAGE_SIZE);
}

/* The same for another size; what lies behind decides. */
static bool both_resize(int slot, uint64_t bytes)
{
	struct vm_struct *area = model[slot].area;
	uint64_t guard = area->size - get_vm_area_size(area),
		 end = model[slot].start + bytes + guard;
	bool fits = end <= (slot + 1 < model_count ? model[slot + 1].start : VMALLOC_END);

	if (resize_vm_area(area, bytes) != fits)
		return false;
	if (fits)
		model[slot].end = end;
	return (uint64_t)area->addr == model[slot].start &&
	       area->size == model[slot].end - model[slot].start;
}

static void both_free(int slot)
{
	free_vm_area(model[slot].area);
	model_remove(slot);
}

static void free_all(void)
{
	while (model_count)
		both_free(model_count - 1);
}

/* --- tests ---------------------------------------------------------------------------- */

/* What a random run looks like: pages it happens in, an area's pages, one in n not guarded. */
struct shape {
	uint64_t window, pages;
	unsigned unguarded;
};

static bool both_random(unsigned long long *seed, const struct shape *shape)
{
	uint64_t pages = 1 + tap_random(seed) %
				     (tap_random(seed) % 4 ? shape->pages / 10 + 2 : shape->pages);
	uint64_t align = PAGE_SIZE << (tap_random(seed) % 3 ? 0 : tap_random(seed) % 10);
	uint32_t flags = tap_random(seed) % shape->unguarded ? VM_MAP : VM_MAP | VM_NO_GUARD;
	uint64_t lo = 0, hi = ~0UL, size = pages * PAGE_SIZE - tap_random(seed) % PAGE_SIZE;

	if (tap_random(seed) % 4 == 0) {
		lo = FIRST + tap_random(seed) % (shape->window * PAGE_SIZE);
		hi = lo + tap_random(seed) % (shape->window * PAGE_SIZE);
	}
	return both_get(size, align, lo, hi, flags);
}

/* Looks a random address up in both. */
static bool both_find(unsigned long long *seed, const struct shape *shape)
{
	uint64_t addr = VMALLOC_START + tap_random(seed) % (shape->window * PAGE_SIZE);
	struct vm_struct *want = NULL;

	for (int i = 0; i < model_count; i++)
		if (addr >= model[i].start && addr < model[i].end)
			want = model[i].area;
	return find_vm_area((void *)addr) == want;
}

/* The next area that ends above a random address. */
static bool both_next(unsigned long long *seed, const struct shape *shape)
{
	uint64_t addr = VMALLOC_START + tap_random(seed) % (shape->window * PAGE_SIZE);
	struct vm_struct copy;
	int i = 0;

	while (i < model_count && model[i].end <= addr)
		i++;
	if (i == model_count)
		return !next_vm_area(addr, &copy);
	return next_vm_area(addr, &copy) && copy.addr == model[i].area->addr &&
	       copy.size == model[i].area->size && copy.flags == model[i].area->flags;
}
