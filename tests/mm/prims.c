// SPDX-License-Identifier: MIT
/*
 * Suite prims: each SIMD primitive does what its C twin does, for every length and phase,
 * and touches nothing else: so that the fuzzed code is the measured code.
 */
#include "mm/areas/vmalloc.h"
#include "mm/arm64/prims.h"
#include "mm/phys/page.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* Image.check calls the C twins by these names. */
#undef desc_fill
#undef desc_fill_blocks
#undef desc_fill_pages
#undef desc_clear
#undef desc_copy
#undef desc_fill_groups
#undef page_run
#undef page_fill

#define PHASES 16
#define MOST   640
#define GUARD  24
/* More than the sixteen groups that desc_fill_groups() tries at once. */
#define GROUPED	  (18 * CONT_PTES)
#define SLOTS	  (GUARD + PHASES + MAX(MOST, GROUPED) + GUARD)
#define UNTOUCHED 0xa5a5a5a5a5a5a5a5UL

/* What the primitive writes, what its twin writes, what both read. */
static desc_t target[SLOTS], twin[SLOTS], source[SLOTS];

/* All lengths where loops begin and end, then a sample; 0 after the last. */
static unsigned long next_length(unsigned long n)
{
	if (n < 80)
		return n + 1;
	return n < MOST - 37 ? n + 37 : 0;
}

#define for_each_length(n) \
	for (unsigned long n = 0, more_ = 1; more_; n = next_length(n), more_ = n)

static void clean(unsigned long n)
{
	for (unsigned long i = 0; i < GUARD + PHASES + n + GUARD; i++)
		target[i] = twin[i] = UNTOUCHED;
}

/* Both buffers are equal, before and behind the @n slots too. */
static bool equal(unsigned long n)
{
	for (unsigned long i = 0; i < GUARD + PHASES + n + GUARD; i++)
		if (target[i] != twin[i])
			return false;
	return true;
}

/* What lies outside [first, first + n) was not written. */
static bool guards_hold(unsigned long first, unsigned long n)
{
	for (unsigned long i = 0; i < GUARD + PHASES + n + GUARD; i++)
		if ((i < first || i >= first + n) && target[i] != UNTOUCHED)
			return false;
	return true;
}

static void check(bool good, const char *what, unsigned long n, unsigned long phase)
{
	if (!CHECK(good))
		ktap_note("%s, %lu descriptors, phase %lu", what, n, phase);
}

TEST(prims_fill, "prims/desc_fill")
{
	for_each_length(n) for (unsigned long phase = 0; phase < PHASES; phase++)
	{
		desc_t first = leaf_desc(phase << 30, PAGE_KERNEL, LEVEL_PTE);
		uint64_t step = n % 3 ? PAGE_SIZE : PMD_SIZE;

		clean(n);
		desc_fill(target + GUARD + phase, first, step, n);
		desc_fill_c(twin + GUARD + phase, first, step, n);
		check(equal(n) && guards_hold(GUARD + phase, n), "desc_fill", n, phase);
	}
}

TEST(prims_clear, "prims/desc_clear")
{
	for_each_length(n) for (unsigned long phase = 0; phase < PHASES; phase++)
	{
		clean(n);
		desc_clear(target + GUARD + phase, n);
		desc_clear_c(twin + GUARD + phase, n);
		check(equal(n) && guards_hold(GUARD + phase, n), "desc_clear", n, phase);
	}
}

TEST(prims_copy, "prims/desc_copy")
{
	for (unsigned long i = 0; i < SLOTS; i++)
		source[i] = i * 0x0101010101010101UL;
	for_each_length(n) for (unsigned long phase = 0; phase < PHASES; phase++)
	{
		const desc_t *from = source + (phase * 5 + n) % PHASES;

		clean(n);
		desc_copy(target + GUARD + phase, from, n);
		desc_copy_c(twin + GUARD + phase, from, n);
		check(equal(n) && guards_hold(GUARD + phase, n), "desc_copy", n, phase);
	}
}

/* --- pages -------------------------------------------------------------------------------------
 */

static struct page *pages[PHASES + MOST];

/* An imagined range of RAM in the middle of the vmemmap. */
#define LO_PFN	   (3 * GiB >> PAGE_SHIFT)
#define SPAN_PAGES (2 * GiB >> PAGE_SHIFT)
#define LO	   pfn_to_page(LO_PFN)
#define SPAN_BYTES (SPAN_PAGES * STRUCT_PAGE_SIZE)

/* Runs of @per_block descriptors; the pages that begin them are @stride entries apart. */
static void check_fill_blocks(unsigned long stride, unsigned long blocks, unsigned long per_block,
			      unsigned long phase)
{
	desc_t bits = leaf_desc(0, PAGE_KERNEL, LEVEL_PTE) | DESC_CONT;
	unsigned long n = blocks * per_block, at = GUARD + phase;
	struct page **array = pages + (phase * 3) % PHASES;

	clean(n);
	desc_fill_blocks(target + at, array, stride, blocks, per_block, bits);
	desc_fill_blocks_c(twin + at, array, stride, blocks, per_block, bits);
	check(equal(n) && guards_hold(at, n), "desc_fill_blocks", n, phase);
}

TEST(prims_blocks, "prims/desc_fill_blocks")
{
	static const unsigned long per_block[] = { 16, 32, 48, 64, 112, 128 };
	static const unsigned long strides[] = { 1, 2, 15 };
	uint64_t seed = random_seed();

	for (unsigned long i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = pfn_to_page(random_below(&seed, PHYS_END >> PAGE_SHIFT));
	for (unsigned long p = 0; p < ARRAY_SIZE(per_block); p++)
		for (unsigned long b = 0; b * per_block[p] <= MOST; b++)
			for (unsigned long phase = 0; phase < PHASES; phase += 1 + b % 3)
				check_fill_blocks(strides[(p + b + phase) % 3], b, per_block[p],
						  phase);
}

static void check_fill_pages(unsigned long n, unsigned long phase, bool good)
{
	desc_t bits = leaf_desc(0, PAGE_KERNEL_RO, LEVEL_PTE);
	unsigned long at = GUARD + phase;
	/* The array has a phase of its own. */
	struct page **array = pages + (phase * 3) % PHASES;
	bool by_simd, by_c;

	clean(n);
	by_simd = desc_fill_pages(target + at, array, n, bits, LO, SPAN_BYTES);
	by_c = desc_fill_pages_c(twin + at, array, n, bits, LO, SPAN_BYTES);
	check(by_simd == good && by_c == good, "desc_fill_pages: verdict", n, phase);
	check((!good || equal(n)) && guards_hold(at, n), "desc_fill_pages", n, phase);
}

TEST(prims_pages, "prims/desc_fill_pages")
{
	uint64_t seed = random_seed();

	for (unsigned long i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = LO + random_below(&seed, SPAN_PAGES);
	/* The ends of the range are in it. */
	pages[PHASES] = LO;
	pages[PHASES + 1] = LO + SPAN_PAGES - 1;
	for_each_length(n) for (unsigned long phase = 0; phase < PHASES; phase++)
		check_fill_pages(n, phase, true);
}

TEST(prims_bad_page, "prims/desc_fill_pages-sees-one-bad-page")
{
	struct page *const bad[] = {
		NULL,
		LO - 1,
		LO + SPAN_PAGES,
		(struct page *)((char *)LO - 1),
		(struct page *)((char *)LO + 8),
		(struct page *)((char *)(LO + SPAN_PAGES) - 32),
		(struct page *)((char *)(LO + 5) + 1),
		(struct page *)UINT64_MAX,
		(struct page *)PAGE_OFFSET,
		/* Only the upper half of the pointer is wrong. */
		(struct page *)((uint64_t)(LO + 5) ^ 1UL << 40),
		(struct page *)((uint64_t)(LO + 5) + (1UL << 32)),
		vmemmap,
	};
	uint64_t seed = random_seed();

	for (unsigned long i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = LO + random_below(&seed, SPAN_PAGES);
	/* Each bad pointer at each place of lengths that end in every way. */
	for (unsigned long b = 0; b < ARRAY_SIZE(bad); b++)
		for (unsigned long n = 1; n <= 35; n++)
			for (unsigned long i = 0; i < n; i++) {
				unsigned long phase = (b + n + i) % PHASES;
				struct page **place = pages + (phase * 3) % PHASES + i;
				struct page *good = *place;

				*place = bad[b];
				check_fill_pages(n, phase, false);
				*place = good;
			}
}

/*
 * More struct pages than 32 bits of offset reach: it may say false of an array that is good, and
 * the caller looks again; true it may say only where its twin does.
 */
#define WORD_OF_PAGES ((1UL << 32) / STRUCT_PAGE_SIZE)

TEST(prims_wide, "prims/desc_fill_pages-past-4GiB-of-struct-pages")
{
	const uint64_t span = 5 * GiB + 5 * STRUCT_PAGE_SIZE, some = span / STRUCT_PAGE_SIZE;
	uint64_t seed = random_seed();
	unsigned long taken = 0;

	for (unsigned long round = 0; round < 20000; round++) {
		unsigned long n = 1 + round % 11;
		bool by_simd;

		/* Upper words 0, 1 and one that is too large, with lower words that fit. */
		for (unsigned long i = 0; i < n; i++)
			pages[i] = LO + random_below(&seed, some / 5) +
				   (round % 3 ? 0 : random_below(&seed, 3) * WORD_OF_PAGES);
		clean(n);
		by_simd = desc_fill_pages(target + GUARD, pages, n, 0, LO, span);
		if (by_simd != desc_fill_pages_c(twin + GUARD, pages, n, 0, LO, span))
			check(!by_simd, "desc_fill_pages: wide verdict", n, round);
		else
			check(!by_simd || equal(n), "desc_fill_pages: wide", n, round);
		taken += by_simd;
	}
	CHECK(taken > 5000);
}

/* --- runs ----------------------------------------------------------------------------------------
 */

static void check_run(struct page *const *array, unsigned long max, unsigned long expected)
{
	unsigned long by_simd = page_run(array, max), by_c = page_run_c(array, max);

	check(by_simd == expected && by_c == expected, "page_run", max, by_simd);
}

/* Where a run may end: the next page is another one, near or far, or no page at all. */
static struct page *not_next(struct page *page, unsigned long kind)
{
	switch (kind % 5) {
	case 0:
		return page; /* the one before once more */
	case 1:
		return page + 2;
	case 2:
		return NULL;
	case 3:
		return (struct page *)((char *)page + STRUCT_PAGE_SIZE + 1);
	default:
		/* Only the upper half of the pointer differs. */
		return (struct page *)((uint64_t)(page + 1) ^ 1UL << 40);
	}
}

TEST(prims_run, "prims/page_run")
{
	for (unsigned long phase = 0; phase < PHASES; phase++) {
		struct page **array = pages + phase;

		for (unsigned long i = 0; i < MOST; i++)
			array[i] = LO + i;
		for (unsigned long max = 1; max < MOST;
		     max = next_length(max) ? next_length(max) : MOST)
			check_run(array, max, max);
		for (unsigned long stop = 1; stop <= 100; stop++) {
			struct page *good = array[stop];

			array[stop] = not_next(array[stop - 1], stop + phase);
			check_run(array, stop, stop);
			check_run(array, stop + 1, stop);
			check_run(array, stop + 17, stop);
			check_run(array, MOST, stop);
			array[stop] = good;
		}
	}
}

#define GROUP_BITS (leaf_desc(0, PAGE_KERNEL, LEVEL_PTE) | DESC_CONT)

/* @expected groups are found and filled; nothing is written past those that were asked for. */
static void check_groups(struct page *const *array, unsigned long max, uint64_t span_bytes,
			 unsigned long expected)
{
	unsigned long n = max * CONT_PTES, filled = expected * CONT_PTES;
	desc_t *slot = target + GUARD;
	bool good;

	clean(n);
	good = desc_fill_groups_c(twin + GUARD, array, max, GROUP_BITS, LO, span_bytes) ==
		       expected &&
	       desc_fill_groups(slot, array, max, GROUP_BITS, LO, span_bytes) == expected;
	for (unsigned long i = 0; i < filled; i++)
		good = good && slot[i] == twin[GUARD + i] &&
		       slot[i] == (page_to_phys(array[i]) | GROUP_BITS);
	check(good && guards_hold(GUARD, n), "desc_fill_groups", max, expected);
}

/* The group of entries from @array on, beginning at @first. */
static void set_group(struct page **array, struct page *first)
{
	for (unsigned long i = 0; i < CONT_PTES; i++)
		array[i] = first + i;
}

TEST(prims_groups, "prims/desc_fill_groups")
{
	const unsigned long groups = MOST / CONT_PTES;

	for (unsigned long phase = 0; phase < PHASES; phase++) {
		struct page **array = pages + phase;

		/* Whole groups, in no order of their own. */
		for (unsigned long g = 0; g < groups; g++)
			set_group(array + g * CONT_PTES, LO + g * 7 % groups * CONT_PTES);
		for (unsigned long max = 0; max <= groups; max++)
			check_groups(array, max, SPAN_BYTES, max);
		for (unsigned long stop = 0; stop < 3 * CONT_PTES; stop++) {
			struct page *good = array[stop];

			array[stop] = not_next(good - 1, stop + phase);
			check_groups(array, groups, SPAN_BYTES, stop / CONT_PTES);
			array[stop] = good;
		}
	}
}

/* Groups of one run, and one page of it that is not, be it where a batch does not look first. */
TEST(prims_groups_in_a_run, "prims/desc_fill_groups-of-one-run")
{
	const unsigned long groups = GROUPED / CONT_PTES;
	struct page **array = pages;

	for (unsigned long i = 0; i < GROUPED; i++)
		array[i] = LO + i;
	for (unsigned long max = 0; max <= groups; max++)
		check_groups(array, max, groups * CONT_PTES * STRUCT_PAGE_SIZE, max);
	check_groups(array, groups, 17 * CONT_PTES * STRUCT_PAGE_SIZE, 17);
	check_groups(array, groups, 16 * CONT_PTES * STRUCT_PAGE_SIZE - 1, 15);
	for (unsigned long stop = 0; stop < GROUPED; stop += stop < 40 ? 1 : 13) {
		struct page *good = array[stop];

		array[stop] = not_next(good - 1, stop);
		check_groups(array, groups, SPAN_BYTES, stop / CONT_PTES);
		/* Two pages that changed places. */
		array[stop] = array[stop ^ 1];
		array[stop ^ 1] = good;
		check_groups(array, groups, SPAN_BYTES, stop / CONT_PTES);
		array[stop ^ 1] = array[stop];
		array[stop] = good;
	}
}

TEST(prims_group_places, "prims/desc_fill_groups-in-range-and-aligned")
{
	for (unsigned long g = 0; g < 4; g++) {
		struct page **array = pages + g, **last = array + g * CONT_PTES;

		for (unsigned long i = 0; i <= g; i++)
			set_group(array + i * CONT_PTES, LO + i * CONT_PTES);
		for (unsigned long shift = 1; shift < CONT_PTES; shift++) {
			set_group(last, LO + 5 * CONT_PTES + shift);
			check_groups(array, g + 1, SPAN_BYTES, g);
		}
		set_group(last, LO - CONT_PTES);
		check_groups(array, g + 1, SPAN_BYTES, g);
		set_group(last, LO + SPAN_PAGES);
		check_groups(array, g + 1, SPAN_BYTES, g);
		set_group(last, LO + SPAN_PAGES - CONT_PTES);
		check_groups(array, g + 1, SPAN_BYTES, g + 1);
		check_groups(array, g + 1, SPAN_BYTES - STRUCT_PAGE_SIZE, g);
		/* Everything a multiple of the right thing, but no page. */
		for (unsigned long i = 0; i < CONT_PTES; i++)
			last[i] = (struct page *)((char *)(LO + i) + 8);
		check_groups(array, g + 1, SPAN_BYTES, g);
	}
}

/* --- struct pages --------------------------------------------------------------------------------
 */

#define WORDS (STRUCT_PAGE_SIZE / sizeof(uint64_t))

TEST(prims_page_fill, "prims/page_fill")
{
	for (unsigned long n = 0; n <= MOST / WORDS; n++)
		for (unsigned long phase = 0; phase < PHASES; phase += WORDS) {
			uint64_t state = n * 0x0102040810204081UL, info = ~(n << 40) | 1;

			clean(n * WORDS);
			page_fill((struct page *)(target + GUARD + phase), state, info, n);
			page_fill_c((struct page *)(twin + GUARD + phase), state, info, n);
			check(equal(n * WORDS) && guards_hold(GUARD + phase, n * WORDS),
			      "page_fill", n * WORDS, phase);
			check(!n || (target[GUARD + phase] == state &&
				     target[GUARD + phase + n * WORDS - 6] == info),
			      "page_fill: words", n * WORDS, phase);
		}
}

/* At the end of an area, one element further is a guard page. */
TEST(prims_bounds, "prims/nothing-is-touched-behind-the-end")
{
	char *from = vmalloc(PAGE_SIZE), *to = vmalloc(PAGE_SIZE);

	if (!CHECK(from && to))
		return;
	for (unsigned long n = 1; n <= 70; n++) {
		struct page **array = (struct page **)(from + PAGE_SIZE) - n;
		desc_t *slot = (desc_t *)(to + PAGE_SIZE) - n;

		for (unsigned long i = 0; i < n; i++)
			array[i] = LO + i;
		check_run(array, n, n);
		CHECK(desc_fill_pages(slot, array, n, 0, LO, SPAN_BYTES));
		desc_copy(slot, (desc_t *)array, n);
		CHECK_EQ(slot[n - 1], (uint64_t)array[n - 1]);
		desc_fill(slot, 1, 2, n);
		CHECK_EQ(slot[n - 1], 1 + 2 * (n - 1));
		desc_clear(slot, n);
		CHECK_EQ(slot[n - 1], 0);
		if (n % 16 == 0)
			desc_fill_blocks(slot, array, 1, n / 16, 16, 0);
		if (n * STRUCT_PAGE_SIZE <= PAGE_SIZE)
			page_fill((struct page *)(to + PAGE_SIZE) - n, 1, 2, n);
	}
	vfree(to);
	vfree(from);
}
