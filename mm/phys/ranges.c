// SPDX-License-Identifier: MIT
/*
 * Boot-time ranges: sorted sets of disjoint page ranges (RAM, reserved, no-map, for
 * devices). What is mapped and what is free are differences of them, computed as
 * they are asked for. And the devices, which come and go later.
 */
#include <errno.h>
#include <string.h>

#include "lib/arm64/cpu.h"
#include "mm/phys/ranges.h"

/* Sorted, disjoint, and no two touch. */
struct range_set {
	struct {
		uint64_t start, end; /* pfns, end not included */
	} item[BOOT_RANGES_MAX];
	unsigned count;
};

static struct range_set ram, reserved, nomap, for_devices;
static bool closed;

/* What for_each_ram_range() gives, for the lookups: each hole cuts at most one range in two. */
static struct phys_range spans[3 * BOOT_RANGES_MAX];
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

/* Some range that @next gives has all of [first, end). */
static bool is_inside(bool (*next)(struct phys_range *), uint64_t first, uint64_t end)
{
	struct phys_range r = { 0 };

	while (next(&r))
		if (first >= r.first_pfn && end <= r.first_pfn + r.pages)
			return true;
	return false;
}

int boot_ram_reserve_device(uint64_t base, uint64_t size)
{
	uint64_t first = base >> PAGE_SHIFT, end = (base + size) >> PAGE_SHIFT;

	if (closed)
		return -EBUSY;
	if (!IS_ALIGNED(base | size, MAX_ORDER_PAGES << PAGE_SHIFT) || end <= first ||
	    !is_inside(next_ram_range, first, end))
		return -EINVAL;
	return set_add(&for_devices, first, end);
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

/* The first part of RAM at or after *r's end that is in none of the three sets. */
static bool next_range(struct phys_range *r, const struct range_set *a, const struct range_set *b,
		       const struct range_set *c)
{
	uint64_t from = r->first_pfn + r->pages;

	for (unsigned i = 0; i < ram.count; i++) {
		uint64_t start = MAX(from, ram.item[i].start), end;

		do
			end = ram.item[i].end;
		while (start < end && (avoid(a, &start, &end) || avoid(b, &start, &end) ||
				       avoid(c, &start, &end)));
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
	return next_range(r, &nomap, &for_devices, &for_devices);
}

bool next_linear_range(struct phys_range *r)
{
	return next_range(r, &nomap, &nomap, &nomap);
}

bool next_free_range(struct phys_range *r)
{
	return next_range(r, &nomap, &reserved, &for_devices);
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

/* --- devices -------------------------------------------------------------------------------- */

struct phys_range device_ranges[DEVICE_RANGES_MAX];

/* Odd while a range changes: what was read of it meanwhile may be half of one, half of another. */
static uint32_t device_changes;

/* Those that are there: without any, that a frame is no RAM is known as soon as ever. */
static unsigned nr_devices;

/* IRQs are masked: a lookup from an interrupt would wait for what it interrupted. */
static void device_range_set(struct phys_range *r, uint64_t first_pfn, uint64_t pages)
{
	uint64_t irq = local_irq_save();

	__atomic_fetch_add(&device_changes, 1, __ATOMIC_ACQ_REL);
	/* Release: who reads one of them reads a count that is odd, or a later one. */
	__atomic_store_n(&r->first_pfn, first_pfn, __ATOMIC_RELEASE);
	__atomic_store_n(&r->pages, pages, __ATOMIC_RELEASE);
	WRITE_ONCE(nr_devices, nr_devices + (pages ? 1 : -1));
	__atomic_fetch_add(&device_changes, 1, __ATOMIC_RELEASE);
	local_irq_restore(irq);
}

int device_range_add(uint64_t first_pfn, uint64_t pages)
{
	uint64_t end = first_pfn + pages;
	struct phys_range *free = NULL;

	if (end <= first_pfn)
		return -EINVAL;
	for (unsigned i = 0; i < DEVICE_RANGES_MAX; i++) {
		struct phys_range *r = &device_ranges[i];

		if (!r->pages)
			free = r;
		else if (first_pfn < r->first_pfn + r->pages && r->first_pfn < end)
			return -EEXIST;
	}
	for (unsigned i = 0; i < for_devices.count; i++) {
		if (first_pfn < for_devices.item[i].start || end > for_devices.item[i].end)
			continue;
		if (!free)
			return -ENOMEM;
		device_range_set(free, first_pfn, pages);
		return 0;
	}
	return -EINVAL;
}

int device_range_remove(uint64_t first_pfn, uint64_t pages)
{
	for (unsigned i = 0; i < DEVICE_RANGES_MAX; i++) {
		struct phys_range *r = &device_ranges[i];

		if (pages && r->first_pfn == first_pfn && r->pages == pages) {
			device_range_set(r, 0, 0);
			return 0;
		}
	}
	return -ENOENT;
}

/* Right only if no range changed meanwhile. */
static const struct phys_range *device_range_look(uint64_t pfn)
{
	const struct phys_range *found = NULL;

	for (unsigned i = 0; i < DEVICE_RANGES_MAX; i++) {
		const struct phys_range *r = &device_ranges[i];
		uint64_t first = __atomic_load_n(&r->first_pfn, __ATOMIC_ACQUIRE);

		if (pfn - first < __atomic_load_n(&r->pages, __ATOMIC_ACQUIRE))
			found = r;
	}
	return found;
}

/* Never the hint: that is followed without a look at the count. */
static noinline const struct phys_range *device_range_search(uint64_t pfn)
{
	for (;;) {
		uint32_t before = __atomic_load_n(&device_changes, __ATOMIC_ACQUIRE);
		const struct phys_range *found = device_range_look(pfn);

		/* The looks were acquire: the count is read after them. */
		if (!(before & 1) && before == READ_ONCE(device_changes))
			return found;
		cpu_relax();
	}
}

bool pfn_is_linear(uint64_t pfn)
{
	if (pfn_valid(pfn))
		return true;
	for (unsigned i = 0; i < for_devices.count; i++)
		if (pfn >= for_devices.item[i].start && pfn < for_devices.item[i].end)
			return true;
	return false;
}

/* --- lookups -------------------------------------------------------------------------------- */

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
	return READ_ONCE(nr_devices) ? device_range_search(pfn) : NULL;
}
