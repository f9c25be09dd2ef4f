// SPDX-License-Identifier: MIT
/*
 * Suite prims: the primitives with pairs of general registers, which only benches and PRIMS=stp
 * call, do what the C twins do, for every length and phase, and touch nothing else.
 */
#include "mm/arm64/layout.h"
#include "mm/arm64/prims.h"
#include "mm/phys/page.h"
#include "tests/support.h"

#define PHASES	  4
#define MOST	  300
#define GUARD	  16
#define SLOTS	  (GUARD + PHASES + MOST + GUARD)
#define UNTOUCHED 0xa5a5a5a5a5a5a5a5UL

/* An imagined range of RAM in the middle of the vmemmap. */
#define LO_PFN	   (3 * GiB >> PAGE_SHIFT)
#define SPAN_PAGES (2 * GiB >> PAGE_SHIFT)
#define LO	   pfn_to_page(LO_PFN)
#define SPAN_BYTES (SPAN_PAGES * STRUCT_PAGE_SIZE)

static desc_t target[SLOTS], twin[SLOTS];
static struct page *pages[MOST];

static desc_t *begin(desc_t *slots, unsigned long phase)
{
	for (unsigned long i = 0; i < SLOTS; i++)
		slots[i] = UNTOUCHED;
	return slots + GUARD + phase;
}

/* Both are equal, around the slots that were to be written too. */
static void check(const char *what, unsigned long n, unsigned long phase)
{
	bool good = true;

	for (unsigned long i = 0; i < SLOTS; i++)
		good &= target[i] == twin[i];
	if (!CHECK(good))
		ktap_note("%s, %lu descriptors, phase %lu", what, n, phase);
}

#define for_each_length(n) for (unsigned long n = 0; n <= MOST; n += n < 70 ? 1 : 23)
#define for_each_phase(p)  for (unsigned long p = 0; p < PHASES; p++)

TEST(prims_stp_stores, "prims/stp-fill-clear-copy")
{
	for_each_length(n) for_each_phase(p)
	{
		desc_t first = leaf_desc(p << 30, PAGE_KERNEL, LEVEL_PTE);

		desc_fill_stp(begin(target, p), first, PAGE_SIZE, n);
		desc_fill_c(begin(twin, p), first, PAGE_SIZE, n);
		check("desc_fill_stp", n, p);
		desc_clear_stp(begin(target, p), n);
		desc_clear_c(begin(twin, p), n);
		check("desc_clear_stp", n, p);
		desc_copy_stp(begin(target, p), (const desc_t *)pages, n);
		desc_copy_c(begin(twin, p), (const desc_t *)pages, n);
		check("desc_copy_stp", n, p);
	}
}

static void scatter(void)
{
	uint64_t seed = random_seed();

	for (unsigned long i = 0; i < MOST; i++)
		pages[i] = LO + random_below(&seed, SPAN_PAGES);
}

TEST(prims_stp_blocks, "prims/stp-fill-blocks")
{
	scatter();
	for (unsigned long blocks = 0; blocks <= 6; blocks++)
		for (unsigned long each = 16; blocks * each <= MOST && each <= 128; each += 16) {
			desc_fill_blocks_stp(begin(target, 1), pages, 3, blocks, each, DESC_CONT);
			desc_fill_blocks_c(begin(twin, 1), pages, 3, blocks, each, DESC_CONT);
			check("desc_fill_blocks_stp", blocks * each, 1);
		}
}

TEST(prims_stp_pages, "prims/stp-fill-pages")
{
	struct page *const bad[] = { NULL, LO - 1, LO + SPAN_PAGES, (void *)((char *)LO + 8) };

	scatter();
	pages[0] = LO;
	pages[1] = LO + SPAN_PAGES - 1;
	for_each_length(n) for_each_phase(p)
	{
		CHECK(desc_fill_pages_stp(begin(target, p), pages, n, 0, LO, SPAN_BYTES));
		desc_fill_pages_c(begin(twin, p), pages, n, 0, LO, SPAN_BYTES);
		check("desc_fill_pages_stp", n, p);
	}
	for (unsigned long n = 1; n <= 21; n++)
		for (unsigned long i = 0; i < n; i++) {
			struct page *good = pages[i];

			pages[i] = bad[(n + i) % ARRAY_SIZE(bad)];
			CHECK(!desc_fill_pages_stp(begin(target, 0), pages, n, 0, LO, SPAN_BYTES));
			pages[i] = good;
		}
}

/* Groups from pages[0] on by both, and what they stored of those. */
static unsigned long check_groups(unsigned long most, uint64_t span_bytes)
{
	unsigned long n = desc_fill_groups_stp(begin(target, 0), pages, most, 1, LO, span_bytes);
	unsigned long by_c = desc_fill_groups_c(begin(twin, 0), pages, most, 1, LO, span_bytes);

	CHECK_EQ(n, by_c);
	for (unsigned long i = GUARD; i < GUARD + n * CONT_PTES; i++)
		CHECK_EQ(target[i], twin[i]);
	for (unsigned long i = GUARD + most * CONT_PTES; i < SLOTS; i++)
		CHECK_EQ(target[i], UNTOUCHED);
	return n;
}

TEST(prims_stp_groups, "prims/stp-fill-groups")
{
	const unsigned long most = MOST / CONT_PTES;

	for (unsigned long i = 0; i < MOST; i++)
		pages[i] = LO + i;
	CHECK_EQ(check_groups(most, SPAN_BYTES), most);
	CHECK_EQ(check_groups(0, SPAN_BYTES), 0);
	CHECK_EQ(check_groups(most, CONT_PTES * STRUCT_PAGE_SIZE), 1);
	CHECK_EQ(check_groups(most, CONT_PTES * STRUCT_PAGE_SIZE - 1), 0);
	for (unsigned long bad = 0; bad < 2 * CONT_PTES; bad++) {
		pages[bad]++;
		CHECK_EQ(check_groups(most, SPAN_BYTES), bad / CONT_PTES);
		pages[bad]--;
	}
	for (unsigned long i = 0; i < MOST; i++)
		pages[i]++;
	CHECK_EQ(check_groups(most, SPAN_BYTES), 0);
}

TEST(prims_stp_page_fill, "prims/stp-page-fill")
{
	const unsigned long words = STRUCT_PAGE_SIZE / sizeof(desc_t);

	for (unsigned long n = 0; n <= MOST / words; n++) {
		uint64_t state = n * 0x0102040810204081UL, info = ~(n << 40) | 1;

		page_fill_stp((struct page *)begin(target, 0), state, info, n);
		page_fill_c((struct page *)begin(twin, 0), state, info, n);
		check("page_fill_stp", n * words, 0);
	}
}

TEST(prims_stp_run, "prims/stp-page-run")
{
	for (unsigned long i = 0; i < MOST; i++)
		pages[i] = LO + i;
	for (unsigned long max = 1; max <= MOST; max++)
		CHECK_EQ(page_run_stp(pages, max), max);
	for (unsigned long stop = 1; stop < 70; stop++) {
		struct page *good = pages[stop];

		pages[stop] = stop % 2 ? good - 1 : good + 1;
		CHECK_EQ(page_run_stp(pages, MOST), stop);
		CHECK_EQ(page_run_stp(pages, stop), stop);
		pages[stop] = good;
	}
}
