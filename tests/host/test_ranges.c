// SPDX-License-Identifier: MIT
// granules: 12 14 16
/*
 * Boot-time ranges: the corner cases by name, then random input against a map with one
 * byte per page. The source is included, because a fresh start needs its statics.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "mm/phys/ranges.c"
#include "tests/host/tap.h"

#define P PAGE_SIZE

static void reset(void)
{
	memset(&ram, 0, sizeof(ram));
	memset(&reserved, 0, sizeof(reserved));
	memset(&nomap, 0, sizeof(nomap));
	memset(&for_devices, 0, sizeof(for_devices));
	memset(device_ranges, 0, sizeof(device_ranges));
	nr_devices = 0;
	closed = false;
	nr_spans = 0;
	ram_range_hint = &no_range;
}

/* The only range that @next gives is [first, first + pages). */
static bool single_range(bool (*next)(struct phys_range *), uint64_t first, uint64_t pages)
{
	struct phys_range r = { 0 };

	return next(&r) && r.first_pfn == first && r.pages == pages && !next(&r);
}

static void test_clipping(void)
{
	reset();
	ok(boot_ram_add(10 * P + 1, 5 * P) == 0 && single_range(next_ram_range, 11, 4),
	   "misaligned RAM is clipped inward");
	ok(boot_ram_reserve(12 * P + P - 1, 2) == 0, "a reservation across a page boundary");
	struct phys_range r = { 0 };
	ok(next_free_range(&r) && r.first_pfn == 11 && r.pages == 1 && next_free_range(&r) &&
		   r.first_pfn == 14 && r.pages == 1 && !next_free_range(&r),
	   "takes both pages");
	ok(single_range(next_ram_range, 11, 4), "and leaves them mapped");
	reset();
	ok(boot_ram_add(10 * P + 1, 2 * P - 2) == 0 && boot_ram_add(20 * P, 0) == 0 &&
		   boot_ram_add(30 * P, P - 1) == 0 && ram.count == 0,
	   "no whole page: nothing, no error");
	ok(boot_ram_reserve(7 * P + 5, 0) == 0 && reserved.count == 0, "an empty reservation");
	ok(boot_ram_add(PHYS_END - P, 8 * P) == 0 &&
		   single_range(next_ram_range, (PHYS_END >> PAGE_SHIFT) - 1, 1) &&
		   boot_ram_add(PHYS_END + P, P) == 0 && ram.count == 1,
	   "RAM is clipped to the linear map's reach");
}

static void test_errors(void)
{
	uint64_t top = ~0UL - P + 1;

	reset();
	ok(boot_ram_add(top, P) == -EINVAL && boot_ram_add(P, ~0UL) == -EINVAL && ram.count == 0,
	   "RAM that wraps is refused");
	ok(boot_ram_reserve(top, P) == -EINVAL && boot_ram_reserve_nomap(2, ~0UL) == -EINVAL &&
		   reserved.count == 0 && nomap.count == 0,
	   "a reservation that wraps is refused");
	ok(boot_ram_reserve(top - P, P + 1) == 0 &&
		   reserved.item[0].end == 1UL << (64 - PAGE_SHIFT),
	   "the last page can be reserved");
	for (unsigned i = 0; i < BOOT_RANGES_MAX; i++)
		boot_ram_add((1000 - 2 * i) * P, P);
	ok(ram.count == BOOT_RANGES_MAX && boot_ram_add(2000 * P, P) == -ENOMEM &&
		   ram.count == BOOT_RANGES_MAX,
	   "one range too many is -ENOMEM and changes nothing");
	ok(boot_ram_add(1001 * P, P) == 0 && ram.count == BOOT_RANGES_MAX &&
		   boot_ram_add(0, 4000 * P) == 0 && single_range(next_ram_range, 0, 4000),
	   "what merges still fits");
	boot_ram_close();
	ok(boot_ram_add(0, P) == -EBUSY && boot_ram_reserve(0, P) == -EBUSY &&
		   boot_ram_reserve_nomap(0, P) == -EBUSY && boot_ram_alloc(P, P, 0, ~0UL) == 0,
	   "closed is closed");
}

static void test_alloc(void)
{
	reset();
	boot_ram_add(0, 2 * P);
	ok(boot_ram_alloc(P, P, 0, ~0UL) == P && boot_ram_alloc(P, P, 0, ~0UL) == 0,
	   "page 0 is never handed out");
	boot_ram_add(16 * P, 16 * P);
	ok(boot_ram_alloc(1, 1, 0, ~0UL) == 31 * P, "the highest page, whole");
	ok(boot_ram_alloc(P, 16 * P, 0, ~0UL) == 16 * P, "aligned");
	ok(boot_ram_alloc(3 * P, P, 17 * P + 1, 21 * P) == 18 * P &&
		   boot_ram_alloc(1, P, 17 * P + 1, 21 * P) == 0,
	   "inside the window, misaligned ends cut");
	ok(boot_ram_alloc(0, P, 0, ~0UL) == 0 && boot_ram_alloc(P, 0, 0, ~0UL) == 0 &&
		   boot_ram_alloc(P, 3 * P, 0, ~0UL) == 0 &&
		   boot_ram_alloc(~0UL, P, 0, ~0UL) == 0 &&
		   boot_ram_alloc(P, 1UL << 63, 0, ~0UL) == 0 &&
		   boot_ram_alloc(P, P, 21 * P, 20 * P) == 0,
	   "bad arguments find nothing");
}

static void test_limit(void)
{
	reset();
	boot_ram_add(10 * P, 4 * P);
	boot_ram_add(20 * P, 4 * P);
	boot_ram_limit(6 * P + 1);
	ok(ram.count == 2 && ram.item[1].start == 20 && ram.item[1].end == 22, "mem= cuts a range");
	boot_ram_limit(4 * P);
	ok(single_range(next_ram_range, 10, 4), "mem= drops a range");
	boot_ram_limit(0);
	ok(ram.count == 0, "mem=0 drops all");
}

/* One byte per page of a small world, and some pages beyond it that stay empty. */
#define WORLD 600
enum { IS_RAM = 1, IS_RESERVED = 2, IS_NOMAP = 4 };
static unsigned char model[WORLD + 64];

static void model_add(uint64_t base, uint64_t size, unsigned char bit)
{
	for (uint64_t pfn = 0; pfn < ARRAY_SIZE(model); pfn++) {
		uint64_t start = pfn * P, end = start + P;
		bool inside = start >= base && end <= base + size;
		bool touched = size && start < base + size && end > base;

		if (bit == IS_RAM ? inside : touched)
			model[pfn] |= bit;
	}
}

static bool iterates(bool (*next)(struct phys_range *), unsigned char taken)
{
	struct phys_range r = { 0 };
	bool more = next(&r), good = true;

	for (uint64_t pfn = 0; pfn < ARRAY_SIZE(model); pfn++) {
		bool is = (model[pfn] & (taken | IS_RAM)) == IS_RAM;

		if (more && pfn == r.first_pfn + r.pages)
			more = next(&r) && r.first_pfn > pfn; /* maximal: a gap between two */
		good = good && is == (more && pfn >= r.first_pfn);
	}
	return good && (!more || !next(&r));
}

static bool fits(uint64_t at, uint64_t pages)
{
	for (uint64_t pfn = at; pfn < at + pages; pfn++)
		if (pfn == 0 || pfn >= ARRAY_SIZE(model) || model[pfn] != IS_RAM)
			return false;
	return true;
}

/* One allocation with random arguments: the highest place that fits, or 0 if none does. */
static bool allocates(unsigned long long *seed)
{
	uint64_t size = 1 + tap_random(seed) % (8 * P), align = 1UL << tap_random(seed) % 24;
	uint64_t lo = tap_random(seed) % (WORLD * P), hi = tap_random(seed) % (WORLD * P);
	uint64_t pages = DIV_ROUND_UP(size, P), want = 0;
	uint64_t got = boot_ram_alloc(size, align, lo, hi);

	for (uint64_t pfn = 1; pfn < WORLD; pfn++)
		if (pfn * P >= lo && (pfn + pages) * P <= hi && IS_ALIGNED(pfn * P, align) &&
		    fits(pfn, pages))
			want = pfn * P;
	model_add(got, got ? size : 0, IS_RESERVED);
	return got == want;
}

static bool looks_up(void)
{
	bool good = !pfn_valid(~0UL) && !pfn_valid(1UL << 52) && !pfn_valid(~0UL >> PAGE_SHIFT);

	boot_ram_close();
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(model); i++) {
		/* Up through all, then in strides, so that the hint is right and wrong. */
		uint64_t pfn = i < ARRAY_SIZE(model) ? i : i * 97 % ARRAY_SIZE(model);
		const struct phys_range *r = ram_range_of_pfn(pfn);
		bool is = (model[pfn] & (IS_NOMAP | IS_RAM)) == IS_RAM;

		good = good && is == !!r && is == pfn_valid(pfn);
		if (r)
			good = good && pfn - r->first_pfn < r->pages;
	}
	for (unsigned i = 0; i < nr_spans; i++)
		good = good && ram_range_of_pfn(spans[i].first_pfn) == &spans[i];
	return good && !pfn_valid(~0UL) && !pfn_valid(1UL << (64 - PAGE_SHIFT));
}

static bool random_world(unsigned long long seed)
{
	unsigned adds = 1 + tap_random(&seed) % 40;
	bool good = true;

	reset();
	memset(model, 0, sizeof(model));
	while (adds-- && good) {
		uint64_t base = tap_random(&seed) % (WORLD * P);
		uint64_t size = tap_random(&seed) % (tap_random(&seed) % 2 ? 3 * P : 60 * P);
		unsigned what = tap_random(&seed) % 8;

		if (tap_random(&seed) % 2) {
			base = ALIGN_DOWN(base, P);
			size = ALIGN_DOWN(size, P);
		}
		if (what < 4)
			good = boot_ram_add(base, size) == 0;
		else if (what < 6)
			good = boot_ram_reserve(base, size) == 0;
		else if (what < 7)
			good = boot_ram_reserve_nomap(base, size) == 0;
		else
			good = allocates(&seed);
		if (what < 7)
			model_add(base, size,
				  what < 4   ? IS_RAM
				  : what < 6 ? IS_RESERVED
					     : IS_NOMAP);
		good = good && iterates(next_ram_range, IS_NOMAP) &&
		       iterates(next_free_range, IS_NOMAP | IS_RESERVED);
	}
	return good && looks_up();
}

/* --- devices -------------------------------------------------------------------------------- */

/* The smallest piece of memory for a device; RAM is ten of them, [D, 11 D). */
#define D     (MAX_ORDER_PAGES * P)
#define DP(n) ((n)*MAX_ORDER_PAGES)

static void device_world(void)
{
	reset();
	boot_ram_add(D, 10 * D);
	boot_ram_reserve_nomap(9 * D + P, P);
	boot_ram_reserve_device(3 * D, 4 * D);
}

static void test_reserve_device(void)
{
	struct phys_range r = { 0 };

	device_world();
	ok(boot_ram_reserve_device(2 * D + P, D) == -EINVAL &&
		   boot_ram_reserve_device(2 * D, P) == -EINVAL &&
		   boot_ram_reserve_device(2 * D, 0) == -EINVAL &&
		   boot_ram_reserve_device(0, 2 * D) == -EINVAL &&
		   boot_ram_reserve_device(10 * D, 2 * D) == -EINVAL &&
		   boot_ram_reserve_device(9 * D, D) == -EINVAL &&
		   boot_ram_reserve_device(6 * D, 2 * D) == -EINVAL &&
		   boot_ram_reserve_device(2 * D, 0UL - D) == -EINVAL && for_devices.count == 1,
	   "misaligned, empty, no RAM, no-map, taken: refused");
	ok(next_ram_range(&r) && r.first_pfn == DP(1) && r.pages == DP(2) && next_ram_range(&r) &&
		   r.first_pfn == DP(7) && r.pages == DP(2) + 1,
	   "memory for a device is no RAM with struct pages");
	r = (struct phys_range){ 0 };
	ok(next_linear_range(&r) && r.first_pfn == DP(1) && r.pages == DP(8) + 1 &&
		   next_linear_range(&r) && r.first_pfn == DP(9) + 2 && r.pages == DP(2) - 2 &&
		   !next_linear_range(&r),
	   "but linear-mapped");
	ok(!boot_ram_alloc(3 * D, P, 0, PHYS_END) && boot_ram_alloc(D, D, 0, 8 * D) == 7 * D &&
		   boot_ram_alloc(D, D, 0, 8 * D) == 2 * D,
	   "and never given out");
	boot_ram_close();
	ok(boot_ram_reserve_device(D, D) == -EBUSY, "nothing more after boot");
	ok(pfn_is_linear(DP(3)) && pfn_is_linear(DP(7) - 1) && pfn_is_linear(DP(1)) &&
		   !pfn_is_linear(DP(9) + 1) && !pfn_is_linear(DP(11)) && !pfn_is_linear(~0UL),
	   "pfn_is_linear()");
}

static bool adds(uint64_t first, uint64_t pages, int error)
{
	struct phys_range before[DEVICE_RANGES_MAX];

	memcpy(before, device_ranges, sizeof(before));
	return device_range_add(first, pages) == error &&
	       (!error || !memcmp(before, device_ranges, sizeof(before)));
}

static void test_device_errors(void)
{
	device_world();
	boot_ram_close();
	ok(adds(DP(3), 0, -EINVAL) && adds(DP(2), DP(1), -EINVAL) && adds(DP(2), DP(2), -EINVAL) &&
		   adds(DP(6), DP(2), -EINVAL) && adds(DP(7), 1, -EINVAL) &&
		   adds(DP(4), -DP(1), -EINVAL) && !nr_devices,
	   "frames that are for no device: refused");
	ok(adds(DP(4), DP(2), 0) && adds(DP(4), DP(2), -EEXIST) && adds(DP(3), DP(4), -EEXIST) &&
		   adds(DP(5), 1, -EEXIST) && adds(DP(3), DP(1) + 1, -EEXIST) &&
		   adds(DP(6) - 1, 2, -EEXIST),
	   "frames of another device: refused");
	ok(device_range_remove(DP(4), DP(1)) == -ENOENT &&
		   device_range_remove(DP(5), DP(1)) == -ENOENT &&
		   device_range_remove(0, 0) == -ENOENT && nr_devices == 1 && pfn_valid(DP(5)),
	   "removed are only whole devices");
	ok(!device_range_remove(DP(4), DP(2)) && device_range_remove(DP(4), DP(2)) == -ENOENT &&
		   !nr_devices,
	   "and once");
}

static void test_device_lookups(void)
{
	const struct phys_range *r;
	bool full = true;

	device_world();
	boot_ram_close();
	ok(pfn_valid(DP(2)) && !device_range_add(DP(3), DP(1)) && !device_range_add(DP(5), DP(2)) &&
		   !pfn_valid(DP(4)) && !pfn_valid(DP(5) - 1),
	   "between two devices is none");
	r = ram_range_of_pfn(DP(6));
	ok(r && is_device_range(r) && r->first_pfn == DP(5) && r->pages == DP(2),
	   "a device is a range of its own, though RAM follows");
	ok(ram_range_hint == &spans[0] && !pfn_is_near(DP(6)), "it is never the hint");
	r = ram_range_of_pfn(DP(7));
	ok(r == &spans[1] && !is_device_range(r), "RAM is its own range too");
	ok(!device_range_remove(DP(5), DP(2)) && !pfn_valid(DP(6)) && pfn_valid(DP(3)) &&
		   !device_range_remove(DP(3), DP(1)) && !pfn_valid(DP(3)),
	   "what is removed is not found");
	for (unsigned i = 0; i < DEVICE_RANGES_MAX; i++)
		full = full && adds(DP(3) + 2 * i, 1, 0);
	ok(full && adds(DP(6), 1, -ENOMEM) && adds(DP(3) + 2, 1, -EEXIST), "there is a last one");
	for (unsigned i = 0; i < DEVICE_RANGES_MAX; i++)
		full = full && pfn_valid(DP(3) + 2 * i) && !pfn_valid(DP(3) + 2 * i + 1) &&
		       !device_range_remove(DP(3) + 2 * i, 1);
	ok(full && !nr_devices && adds(DP(6), 1, 0), "and its place is free again");
}

/* Another CPU ends what it began. */
static void *finish_change(void *unused)
{
	usleep(20000);
	device_ranges[7].pages = DP(1);
	__atomic_fetch_add(&device_changes, 1, __ATOMIC_RELEASE);
	return unused;
}

static void test_device_change(void)
{
	pthread_t other;

	device_world();
	boot_ram_close();
	device_range_add(DP(6), 1);
	/* Half a change: the lookup waits for the other half. */
	device_changes++;
	device_ranges[7].first_pfn = DP(3);
	pthread_create(&other, NULL, finish_change, NULL);
	ok(ram_range_of_pfn(DP(3) + 5) == &device_ranges[7], "a lookup waits for half a change");
	pthread_join(other, NULL);
}

int main(void)
{
	unsigned long long seed = 1;

	test_clipping();
	test_errors();
	test_alloc();
	test_limit();
	test_reserve_device();
	test_device_errors();
	test_device_lookups();
	test_device_change();
	while (seed <= 1000 && random_world(seed))
		seed++;
	ok(seed == 1001, "1000 random worlds against a map (stopped at seed %llu)", seed);
	return tap_done();
}
