// SPDX-License-Identifier: MIT
/*
 * Boot-time ranges: three sorted sets of disjoint page ranges (RAM, reserved,
 * no-map). What is mapped and what is free are differences of them, computed as
 * they are asked for.
 */
#include <errno.h>
#include <string.h>

#include "mm/phys/ranges.h"

/* Sorted, disjoint, and no two touch. */
struct range_set {
	struct {
		uint64_t start, end; /* pfns, end not included */
	} item[BOOT_RANGES_MAX];
	unsigned count;
};

static struct range_set ram, reserved, nomap;
static bool closed;

/* RAM less no-map, for the lookups: each no-map range cuts at most one range in two. */
static struct phys_range spans[2 * BOOT_RANGES_MAX];
static unsigned nr_spans;
static const struct phys_range no_range;
const struct phys_range *ram_range_hint = &no_range;

/* Adds [start, end), merged with all that it overlaps or touches. */
static int set_add(struct range_set *set, uint64_t start, uint64_t end)
{
	unsigned first = 0, last;

	while (first < set->count && set->item[first].end < start)
		first++;
	for (last = first; last < set->count && set->item[last].start <= end; last++) {
		start = MIN(start, set->item[last].start);
		end = MAX(end, set->item[last].end);
	}
	if (first == last && set->count == BOOT_RANGES_MAX)
		return -ENOMEM;
	memmove(&set->item[first + 1], &set->item[last],
		(set->count - last) * sizeof(set->item[0]));
	set->count += 1 - (last - first);
	set->item[first].start = start;
	set->item[first].end = end;
	return 0;
}

int boot_ram_add(uint64_t base, uint64_t size)
{
	uint64_t start, end;

	if (closed)
		return -EBUSY;
	if (base + size < base)
		return -EINVAL;
	end = MIN(base + size, PHYS_END) >> PAGE_SHIFT;
	start = (base >> PAGE_SHIFT) + !IS_ALIGNED(base, PAGE_SIZE);
	return start < end ? set_add(&ram, start, end) : 0;
}

static int reserve(struct range_set *set, uint64_t base, uint64_t size)
{
	uint64_t end = base + size;

	if (closed)
		return -EBUSY;
	if (end < base)
		return -EINVAL;
	if (size == 0)
		return 0;
	end = (end >> PAGE_SHIFT) + !IS_ALIGNED(end, PAGE_SIZE);
	return set_add(set, base >> PAGE_SHIFT, end);
}

int boot_ram_reserve(uint64_t base, uint64_t size)
{
	return reserve(&reserved, base, size);
}

int boot_ram_reserve_nomap(uint64_t base, uint64_t size)
{
	return reserve(&nomap, base, size);
}

void boot_ram_limit(uint64_t bytes)
{
	uint64_t left = bytes >> PAGE_SHIFT;
	unsigned i;

	for (i = 0; !closed && i < ram.count; i++) {
		if (left == 0) {
			ram.count = i;
			return;
		}
		ram.item[i].end = MIN(ram.item[i].end, ram.item[i].start + left);
		left -= ram.item[i].end - ram.item[i].start;
	}
}

/*
 * Cuts [*start, *end) down to the first part of it outside @holes. Returns whether
 * *start moved, which makes the other set's answer stale.
 */
static bool avoid(const struct range_set *holes, uint64_t *start, uint64_t *end)
{
	unsigned i = 0;

	while (i < holes->count && holes->item[i].end <= *start)
		i++;
	if (i == holes->count)
		return false;
	if (holes->item[i].start > *start) {
		*end = MIN(*end, holes->item[i].start);
		return false;
	}
	*start = holes->item[i].end;
	return true;
}

/* The first part of RAM at or after *r's end that is in neither set. */
static bool next_range(struct phys_range *r, const struct range_set *a, const struct range_set *b)
{
	uint64_t from = r->first_pfn + r->pages;

	for (unsigned i = 0; i < ram.count; i++) {
		uint64_t start = MAX(from, ram.item[i].start), end;

		do
			end = ram.item[i].end;
		while (start < end && (avoid(a, &start, &end) || avoid(b, &start, &end)));
		if (start >= end)
			continue;
		r->first_pfn = start;
		r->pages = end - start;
		return true;
	}
	return false;
}

bool next_ram_range(struct phys_range *r)
{
	return next_range(r, &nomap, &nomap);
}

bool next_free_range(struct phys_range *r)
{
	return next_range(r, &nomap, &reserved);
}

uint64_t boot_ram_alloc(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi)
{
	uint64_t pages = (size >> PAGE_SHIFT) + !IS_ALIGNED(size, PAGE_SIZE);
	uint64_t step = MAX(align, PAGE_SIZE) >> PAGE_SHIFT;
	uint64_t best = 0;
	struct phys_range r;

	if (closed || size == 0 || align == 0 || (align & (align - 1)) != 0)
		return 0;
	/* Frame 0 is left alone: its address would read as failure. */
	lo = MAX((lo >> PAGE_SHIFT) + !IS_ALIGNED(lo, PAGE_SIZE), 1);
	hi >>= PAGE_SHIFT;
	for_each_free_range(&r)
	{
		uint64_t start = MAX(r.first_pfn, lo), end = MIN(r.first_pfn + r.pages, hi);
		uint64_t at = end < pages ? 0 : ALIGN_DOWN(end - pages, step);

		if (at >= start)
			best = at;
	}
	if (best == 0 || set_add(&reserved, best, best + pages) < 0)
		return 0;
	return best << PAGE_SHIFT;
}

void boot_ram_close(void)
{
	struct phys_range r;

	if (closed)
		return;
	for_each_ram_range (&r)
		spans[nr_spans++] = r;
	closed = true;
}

uint64_t ram_end_pfn(void)
{
	return nr_spans ? spans[nr_spans - 1].first_pfn + spans[nr_spans - 1].pages : 0;
}

const struct phys_range *ram_range_search(uint64_t pfn)
{
	unsigned lo = 0, hi = nr_spans;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (pfn < spans[mid].first_pfn) {
			hi = mid;
		} else if (pfn - spans[mid].first_pfn >= spans[mid].pages) {
			lo = mid + 1;
		} else {
			WRITE_ONCE(ram_range_hint, &spans[mid]);
			return &spans[mid];
		}
	}
	return NULL;
}
