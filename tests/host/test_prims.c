// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/arm64/prims-c.c mm/arm64/door.c
// clang-format on
// granules: 12 14 16
/*
 * The primitives' C twins against what their header says, slot by slot, with guards on
 * both sides; and the door's loops and counts, with the instructions recorded here.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/arm64/door.h"
#include "mm/arm64/prims.h"
#include "mm/phys/gfp.h"
#include "mm/phys/page.h"
#include "tests/host/tap.h"

#define MOST	600
#define GUARD	4
#define RUBBISH 0xabababababababab
#define BITS	leaf_desc(0, PAGE_KERNEL, LEVEL_PTE)

static desc_t buffer[MOST + 2 * GUARD];
static desc_t *const slots = buffer + GUARD;
static struct page *pages[MOST];
static unsigned long long seed = 5;

/* No struct page behind these is looked at. */
static struct page *frame(uint64_t pfn)
{
	return (struct page *)(VMEMMAP_START + pfn * 64);
}

static void begin(void)
{
	memset(buffer, RUBBISH & 0xff, sizeof(buffer));
}

/* Nothing outside [0, n) was touched. */
static bool guarded(unsigned long n)
{
	for (unsigned long i = 0; i < GUARD; i++)
		if (buffer[i] != RUBBISH || slots[n + i] != RUBBISH)
			return false;
	return true;
}

/* All lengths up to a few SIMD chunks, then some. */
static unsigned long next_length(unsigned long n)
{
	return n < 70 ? n + 1 : n + 57;
}

static void test_fill(void)
{
	const uint64_t steps[] = { PAGE_SIZE, PMD_SIZE, 0 };
	bool good = true;

	for (unsigned long n = 0; n <= MOST; n = next_length(n)) {
		for (unsigned s = 0; s < ARRAY_SIZE(steps); s++) {
			desc_t first = tap_random(&seed);

			begin();
			desc_fill(slots, first, steps[s], n);
			for (unsigned long i = 0; i < n; i++)
				good = good && slots[i] == first + i * steps[s];
			good = good && guarded(n);
		}
	}
	ok(good, "desc_fill()");
}

static bool fills_blocks(unsigned long stride, unsigned long nr, unsigned long per_block)
{
	bool good = true;

	for (unsigned long b = 0; b < nr * stride; b++)
		pages[b] = frame(tap_random(&seed) % 1000 * per_block);
	begin();
	desc_fill_blocks(slots, pages, stride, nr, per_block, BITS | DESC_CONT);
	for (unsigned long i = 0; i < nr * per_block; i++) {
		uint64_t page = (uint64_t)pages[i / per_block * stride] - VMEMMAP_START;

		good = good &&
		       slots[i] == ((page / 64 + i % per_block) * PAGE_SIZE | BITS | DESC_CONT);
	}
	return good && guarded(nr * per_block);
}

static void test_fill_blocks(void)
{
	bool good = true;

	for (unsigned long per_block = 16; per_block <= 128; per_block *= 2)
		for (unsigned long nr = 0; nr * per_block <= MOST && nr < 20; nr++)
			good = good && fills_blocks(1, nr, per_block) &&
			       fills_blocks(3, nr, per_block) && fills_blocks(16, nr, per_block);
	ok(good, "desc_fill_blocks()");
}

#define LO   12345
#define SPAN 4096

/* pages[at] becomes @odd; whether it is refused, and the other slots are right all the same. */
static bool refused(unsigned long n, unsigned long at, struct page *odd)
{
	struct page *keep = pages[at];
	bool said, good = true;

	pages[at] = odd;
	begin();
	said = desc_fill_pages(slots, pages, n, BITS, frame(LO), SPAN * 64UL);
	pages[at] = keep;
	for (unsigned long i = 0; i < n; i++)
		good = good && (i == at || slots[i] == (page_to_phys(pages[i]) | BITS));
	return good && !said && guarded(n);
}

static void test_fill_pages(void)
{
	struct page *const odd[] = { NULL,
				     frame(LO - 1),
				     frame(LO + SPAN),
				     frame(0),
				     (struct page *)((char *)frame(LO) + 1),
				     (struct page *)((char *)frame(LO + 7) + 32),
				     (struct page *)-1UL,
				     (struct page *)((char *)frame(LO) - 8) };
	bool good = true, right = true;

	for (unsigned long n = 1; n <= MOST; n = next_length(n)) {
		for (unsigned long i = 0; i < n; i++)
			pages[i] = frame(LO + tap_random(&seed) % SPAN);
		pages[n / 2] = frame(LO);
		pages[n - 1] = frame(LO + SPAN - 1);
		begin();
		good = good && desc_fill_pages(slots, pages, n, BITS, frame(LO), SPAN * 64UL);
		for (unsigned long i = 0; i < n; i++)
			good = good && slots[i] == (page_to_phys(pages[i]) | BITS);
		good = good && guarded(n);
		for (unsigned long at = 0; at < n; at += 1 + n / 20)
			for (unsigned k = 0; k < ARRAY_SIZE(odd); k++)
				right = right && refused(n, at, odd[k]);
	}
	ok(good, "desc_fill_pages()");
	ok(right, "desc_fill_pages() says which are no pages");
	/* The engine relies on this for arrays of several ranges of RAM. */
	begin();
	pages[0] = frame(LO + SPAN + 5);
	pages[1] = frame(LO - 5);
	ok(!desc_fill_pages(slots, pages, 2, BITS, frame(LO), SPAN * 64UL) &&
		   slots[0] == (page_to_phys(pages[0]) | BITS) &&
		   slots[1] == (page_to_phys(pages[1]) | BITS),
	   "desc_fill_pages() is right about frames outside the span");
}

static void test_clear_and_copy(void)
{
	static desc_t from[MOST];
	bool good = true;

	for (unsigned long n = 0; n <= MOST; n = next_length(n)) {
		begin();
		desc_clear(slots, n);
		for (unsigned long i = 0; i < n; i++)
			good = good && slots[i] == 0;
		good = good && guarded(n);
	}
	ok(good, "desc_clear()");
	good = true;
	for (unsigned long n = 0; n <= MOST; n = next_length(n)) {
		for (unsigned long i = 0; i < n; i++)
			from[i] = tap_random(&seed);
		begin();
		desc_copy(slots, from, n);
		good = good && memcmp(slots, from, n * sizeof(desc_t)) == 0 && guarded(n);
	}
	ok(good, "desc_copy()");
}

static void test_page_run(void)
{
	bool good = true;

	for (unsigned long max = 1; max <= MOST; max = next_length(max)) {
		/* On the heap: a read past the end is seen. */
		struct page **array = calloc(max, sizeof(*array));

		for (unsigned long i = 0; i < max; i++)
			array[i] = frame(LO + i);
		good = good && page_run(array, max) == max;
		for (unsigned long at = 1; at < max; at++) {
			struct page *keep = array[at];

			array[at] = at % 3 ? (struct page *)((char *)keep + 1) : frame(at);
			good = good && page_run(array, max) == at;
			array[at] = keep - 1;
			good = good && page_run(array, max) == at;
			array[at] = keep;
		}
		free(array);
	}
	ok(good, "page_run()");
}

/* Calls it; what it fills has to be right. Else it is a number that nobody expects. */
static unsigned long groups(struct page **array, unsigned long max, struct page *lo, uint64_t span)
{
	desc_t *filled = calloc(max * CONT_PTES + 1, sizeof(*filled));
	unsigned long n = desc_fill_groups(filled, array, max, BITS | DESC_CONT, lo, span);

	for (unsigned long i = 0; i < n * CONT_PTES; i++)
		if (filled[i] != (page_to_phys(array[i]) | BITS | DESC_CONT))
			n = -1UL;
	free(filled);
	return n;
}

/* @n groups, all good, in a range that begins and ends with the first and the last of them. */
static void begin_groups(struct page **array, unsigned long n)
{
	for (unsigned long i = 0; i < n * CONT_PTES; i++)
		array[i] = frame(((i / CONT_PTES * 7 + 3) % n + 5) * CONT_PTES + i % CONT_PTES);
}

static void test_fill_groups(void)
{
	const unsigned long n = 10;
	struct page **array = calloc(n * CONT_PTES, sizeof(*array));
	struct page *lo = frame(5 * CONT_PTES);
	uint64_t span = n * CONT_PTES * 64;
	bool good = true;

	begin_groups(array, n);
	for (unsigned long max = 0; max <= n; max++)
		good = good && groups(array, max, lo, span) == max;
	ok(good, "desc_fill_groups(), all good");
	for (unsigned long i = 0; i < n * CONT_PTES; i++) {
		struct page *keep = array[i], *odd[] = { NULL, keep + 1, keep - CONT_PTES,
							 (struct page *)((char *)keep + 1) };

		for (unsigned k = 0; k < ARRAY_SIZE(odd); k++) {
			array[i] = odd[k];
			good = good && groups(array, n, lo, span) == i / CONT_PTES;
		}
		array[i] = keep;
	}
	ok(good, "desc_fill_groups(), one page out of place");
	good = true;
	for (unsigned long g = 0; g < n; g++) {
		struct page *first = array[g * CONT_PTES];
		uint64_t offset = (uint64_t)first - (uint64_t)lo;

		/* Up to here the range is too short for this group, or begins past its first page.
		 */
		good = good && groups(array + g * CONT_PTES, 1, lo, offset) == 0 &&
		       groups(array + g * CONT_PTES, 1, lo, offset + CONT_PTES * 64 - 64) == 0 &&
		       groups(array + g * CONT_PTES, 1, lo, offset + CONT_PTES * 64) == 1 &&
		       groups(array + g * CONT_PTES, 1, first + 1, span) == 0;
		for (unsigned long i = 0; i < CONT_PTES; i++)
			array[g * CONT_PTES + i] += 1;
		good = good && groups(array + g * CONT_PTES, 1, lo, 2 * span) == 0;
	}
	ok(good, "desc_fill_groups() at a range's ends, and misaligned");
	free(array);
}

static void test_page_fill(void)
{
	const uint64_t state = 0x123456789abcdef0, info = 0xfedcba9876543211;
	bool good = true;

	for (unsigned long n = 0; n <= MOST / 8; n++) {
		begin();
		page_fill((struct page *)slots, state, info, n);
		for (unsigned long i = 0; i < n * 8; i++)
			good = good && slots[i] == (i % 8 == 0 ? state : i % 8 == 2 ? info : 0);
		good = good && guarded(n * 8);
	}
	ok(good, "page_fill()");
}

static void test_tails(void)
{
	const struct page *tails = (struct page *)slots;
	bool good = true;

	for (unsigned order = 1; order <= 18; order++) {
		/* Anywhere in the vmemmap: the mask finds a head at a multiple of the order. */
		uint64_t head = VMEMMAP_START + (tap_random(&seed) % 1000 << order) * 64;

		begin();
		page_fill_tails((struct page *)slots, 3, ZONE_DEVICE, order);
		for (unsigned i = 0; i < 3; i++) {
			uint64_t at = head + (1 + tap_random(&seed) % ((1UL << order) - 1)) * 64;

			good = good && tails[i].state == PAGE_STATE(PG_TAIL, ZONE_DEVICE, 0, 0) &&
			       (at & tails[i].compound_info) == head;
		}
		good = good && guarded(3 * 8);
	}
	ok(good, "a tail's mask leads to its head");
}

/* --- the door ------------------------------------------------------------------------------- */

static uint64_t operands[MOST];
static unsigned long nr_leaf, nr_walk, nr_all, nr_range;

void mmu_model_tlbi_vaale1is(uint64_t operand)
{
	operands[nr_range + nr_leaf++] = operand;
}

void mmu_model_tlbi_vaae1is(uint64_t operand)
{
	operands[nr_range + nr_walk++] = operand;
}

void mmu_model_tlbi_vmalle1is(void)
{
	nr_all++;
}

static void test_tlbi_leaves(void)
{
	const uint64_t strides[] = { PAGE_SIZE, PMD_SIZE, PUD_SIZE };
	const uint64_t va = 0xffff900000000000;
	bool good = true;

	for (unsigned s = 0; s < ARRAY_SIZE(strides); s++) {
		for (unsigned long n = 0; n < 40; n++) {
			nr_leaf = nr_walk = nr_all = 0;
			tlbi_leaves(va, n, strides[s]);
			good = good && nr_leaf == n && !nr_walk && !nr_all;
			for (unsigned long i = 0; i < n; i++)
				good = good &&
				       operands[i] << 20 >> 8 == (va + i * strides[s]) << 8 >> 8;
		}
	}
	ok(good, "tlbi_leaves() names each leaf once");
}

void mmu_model_tlbi_rvaale1is(uint64_t operand)
{
	operands[nr_leaf + nr_range++] = operand;
}

void mmu_model_tlbi_rvaae1is(uint64_t operand)
{
	operands[nr_walk + nr_range++] = operand;
}

/* Where a range operand begins, and the bytes that it names: as the Arm ARM has it (D8.16.5). */
static uint64_t range_start(uint64_t operand)
{
	return (uint64_t)((int64_t)(operand << 27) >> 27) << PAGE_SHIFT;
}

static uint64_t range_bytes(uint64_t operand)
{
	uint64_t num = operand >> 39 & 31, scale = operand >> 44 & 3;

	return ((num + 1) << (5 * scale + 1)) * PAGE_SIZE;
}

/* [va, va + @pages) and nothing else is named, at most five times, upwards. */
static bool names_range(uint64_t va, uint64_t pages, bool all_levels)
{
	const uint64_t granule = (PAGE_SHIFT - 10) / 2;
	uint64_t at = va;

	nr_leaf = nr_walk = nr_all = nr_range = 0;
	tlbi_range(va, pages, all_levels);
	for (unsigned long i = 0; i < nr_range; i++) {
		if (operands[i] >> 46 != granule || operands[i] >> 37 & 3 ||
		    range_start(operands[i]) != at)
			return false;
		at += range_bytes(operands[i]);
	}
	if (nr_leaf + nr_walk == 1 && (nr_walk == 1) == all_levels &&
	    operands[nr_range] << 20 >> 8 == at << 8 >> 8)
		at += PAGE_SIZE;
	return at == va + pages * PAGE_SIZE && nr_range <= 4 && nr_leaf + nr_walk <= 1 && !nr_all;
}

static void test_tlbi_range(void)
{
	const uint64_t va = 0xffff900000000000 + 5 * PAGE_SIZE;
	bool good = true;

	for (uint64_t pages = 1; pages < 5000; pages++)
		good = good && names_range(va, pages, pages & 4);
	for (uint64_t pages = 1UL << 12; pages <= TLBI_RANGE_PAGES_MAX; pages <<= 1)
		for (int off = -1; off <= 1; off++)
			if (pages + off <= TLBI_RANGE_PAGES_MAX)
				good = good && names_range(va, pages + off, false);
	ok(good, "tlbi_range() names each page once, in at most five TLBIs");
}

/* A walker sets the access flag right before the compare-and-swap, if the test says so. */
static bool walker_is_first;
static unsigned nr_stored;

void mmu_model_cas_begins(desc_t *slot)
{
	if (walker_is_first)
		*slot |= DESC_AF;
}

void mmu_model_cas(desc_t *slot, desc_t old, desc_t value)
{
	nr_stored += *slot == value && old == (BITS & ~DESC_AF);
}

static void test_cas(void)
{
	const desc_t old = BITS & ~DESC_AF, new = BITS + PAGE_SIZE;

	begin();
	door_counting = true;
	door_counts = (struct door_counts){ 0 };
	slots[0] = old;
	ok(!cas_desc(slots, new, 0) && slots[0] == old && !nr_stored && !door_counts.pte_writes,
	   "cas_desc() of another value stores nothing, counts nothing");
	walker_is_first = true;
	ok(!cas_desc(slots, old, new) && slots[0] == BITS && !nr_stored && !door_counts.pte_writes,
	   "cas_desc() after a walker's update likewise");
	walker_is_first = false;
	slots[0] = old;
	ok(cas_desc(slots, old, new) && slots[0] == new &&nr_stored == 1 &&
		   door_counts.pte_writes == 1 && guarded(1),
	   "cas_desc() of the same value stores, counts one descriptor");
	door_counting = false;
	door_counts = (struct door_counts){ 0 };
}

static void test_counts(void)
{
	const struct door_counts want = {
		.pte_writes = 8, .table_writes = 3, .dsb = 4, .dmb = 1, .isb = 3, .tlbi = 7
	};

	for (unsigned on = 0; on < 2; on++) {
		nr_leaf = nr_walk = nr_all = 0;
		door_counting = on;
		set_desc(slots, 1);
		set_desc_in_loop(slots, 2);
		door_stored(7);
		set_table_desc(slots, 2);
		door_tables_stored(2);
		table_contents_before_link();
		door_mapped();
		door_before_tlbi();
		tlbi_leaves(0, 5, PAGE_SIZE);
		tlbi_walks(0, 1, PAGE_SIZE);
		tlbi_all();
		door_after_tlbi();
		door_cleared();
		if (!on)
			ok(door_counts.pte_writes == 0 && door_counts.tlbi == 0 && slots[0] == 2 &&
				   nr_leaf == 5 && nr_walk == 1 && nr_all == 1,
			   "the door works without counting");
	}
	ok(memcmp(&door_counts, &want, sizeof(want)) == 0, "the door counts");
	door_counts = (struct door_counts){ 0 };
	door_tlbi_twice = true;
	tlbi_range(0, 5, true);
	door_after_tlbi();
	door_tlbi_twice = false;
	ok(door_counts.tlbi == 3 && door_counts.dsb == 2 && door_counts.isb == 1,
	   "the workaround is one more TLBI and DSB, whatever the batch was");
}

int main(void)
{
	test_fill();
	test_fill_blocks();
	test_fill_pages();
	test_clear_and_copy();
	test_page_run();
	test_fill_groups();
	test_page_fill();
	test_tails();
	test_tlbi_leaves();
	test_tlbi_range();
	test_cas();
	test_counts();
	return tap_done();
}
