// SPDX-License-Identifier: MIT
// clang-format off
// sources: bench/rungs/series.c bench/rungs/linux.c bench/rungs/walk.c bench/rungs/unmap.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c
// clang-format on
// granules: 12 14 16
/*
 * The rung `series` against a model of v4's walk over page arrays, page by page: what each
 * choice of patches maps, and the finding of docs/rungs.md that all of them together can map
 * pages to frames that are not the array's. A strict MMU listens (mmu-model.h).
 */
#include <stdlib.h>
#include <string.h>

#include "bench/rungs/patches.c"
#include "bench/rungs/walk.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

#define GROUP		 CONT_PTES
#define GROUPS_PER_TABLE (PTRS_PER_TABLE / CONT_PTES)

/* Tables come from the first block, the arrays' frames from the others. */
#define RAM_START    (4 * ARENA_BLOCK)
#define FRAMES_START (5 * ARENA_BLOCK)
#define RAM_END	     (16 * ARENA_BLOCK)

/* A PMD boundary with room on both sides. */
#define PLACE ALIGN_UP(VMALLOC_START + PMD_SIZE, PMD_SIZE)

#define PAGES_MAX (3 * PTRS_PER_TABLE)

/* --- arrays -------------------------------------------------------------------------------- */

static struct page *pages[PAGES_MAX];
static uint64_t nr_pages;
static uint64_t next_frame; /* physical address */

static void start_array(void)
{
	nr_pages = 0;
	next_frame = FRAMES_START;
}

/* @count blocks of 1 << @order pages, each the first half of twice as much: no neighbours. */
static void add_blocks(unsigned order, uint64_t count)
{
	uint64_t bytes = PAGE_SIZE << order;

	for (; count; count--) {
		next_frame = ALIGN_UP(next_frame, 2 * bytes);
		if (next_frame + 2 * bytes > RAM_END || nr_pages + (1UL << order) > PAGES_MAX)
			abort();
		for (uint64_t i = 0; i < 1UL << order; i++)
			pages[nr_pages++] = phys_to_page(next_frame + (i << PAGE_SHIFT));
		next_frame += 2 * bytes;
	}
}

/* @count pages in a row, the first of them @off pages past a boundary of a table. */
static void add_run(uint64_t off, uint64_t count)
{
	next_frame = ALIGN_UP(next_frame, PMD_SIZE) + (off << PAGE_SHIFT);
	if (next_frame + (count << PAGE_SHIFT) > RAM_END || nr_pages + count > PAGES_MAX)
		abort();
	for (; count; count--, next_frame += PAGE_SIZE)
		pages[nr_pages++] = phys_to_page(next_frame);
	next_frame += PAGE_SIZE;
}

/* --- v4's walk, as its text says ----------------------------------------------------------- */

/* Below a frame's address: what it is mapped by. */
enum { BY_PAGE, BY_GROUP, BY_BLOCK };

static uint64_t model[PAGES_MAX]; /* frame of each page of the range, and by what */

static uint64_t ctz_bytes(uint64_t pa)
{
	return pa ? pa & -pa : 1UL << 63;
}

static uint64_t power_of_two_below(uint64_t value)
{
	return 1UL << (63 - __builtin_clzll(value));
}

/* arch_vmap_pte_range_map_size(): at most half a PMD, aligned to one group only. */
static uint64_t model_size(uint64_t va, uint64_t end, uint64_t pa, unsigned shift)
{
	if (shift < CONT_PTE_SHIFT || end - va < CONT_PTE_SIZE || (va | pa) % CONT_PTE_SIZE)
		return PAGE_SIZE;
	return power_of_two_below(MIN(end - va, MIN(1UL << shift, PMD_SIZE / 2)));
}

/* One segment: pages from @first on into [va, end), by leaves of 1 << @shift. */
static void model_walk(uint64_t base, uint64_t va, uint64_t end, uint64_t first, unsigned shift)
{
	while (va < end) {
		uint64_t next = MIN(end, (va / PMD_SIZE + 1) * PMD_SIZE);
		uint64_t pa = page_to_phys(pages[first]);
		bool block = shift >= PMD_SHIFT && next - va == PMD_SIZE && pa % PMD_SIZE == 0;
		unsigned kind;

		for (uint64_t size; va < next; va += size, first += size >> PAGE_SHIFT) {
			pa = page_to_phys(pages[first]);
			size = block ? PMD_SIZE : model_size(va, next, pa, shift);
			kind = block ? BY_BLOCK : size > PAGE_SIZE ? BY_GROUP : BY_PAGE;
			for (uint64_t i = 0; i < size; i += PAGE_SIZE)
				model[(va - base + i) >> PAGE_SHIFT] = (pa + i) | kind;
		}
	}
}

/* The shift at @i: the run, cut to the frame's alignment, if a leaf is as large. */
static unsigned model_shift(uint64_t i)
{
	uint64_t most = MIN(nr_pages - i, ctz_bytes(page_to_phys(pages[i])) >> PAGE_SHIFT), run = 1;

	while (run < most && pages[i + run] == pages[i] + run)
		run++;
	return run < CONT_PTES ? PAGE_SHIFT : PAGE_SHIFT + 63 - __builtin_clzll(run);
}

/* vmap() of patch 5: equal shifts are one walk; the first single page ends the search. */
static void model_vmap(uint64_t base)
{
	uint64_t end = base + (nr_pages << PAGE_SHIFT), i = 0, first = 0;
	unsigned shift = model_shift(0), next;

	while (shift != PAGE_SHIFT && i < nr_pages) {
		i += 1UL << (shift - PAGE_SHIFT);
		next = i < nr_pages ? model_shift(i) : 0;
		if (next == shift)
			continue;
		model_walk(base, base + (first << PAGE_SHIFT), base + (i << PAGE_SHIFT), first,
			   shift);
		first = i;
		shift = next;
	}
	if (first < nr_pages)
		model_walk(base, base + (first << PAGE_SHIFT), end, first, PAGE_SHIFT);
}

/* --- mapping ------------------------------------------------------------------------------- */

/* As the model has it; UINT64_MAX: nothing. */
static uint64_t frame_at(uint64_t va)
{
	struct leaf leaf;

	if (walk_lookup(va, &leaf))
		return UINT64_MAX;
	return leaf.pa | (leaf.level == LEVEL_PMD ? BY_BLOCK : leaf.cont ? BY_GROUP : BY_PAGE);
}

/* How many pages of [base, ...) are not as @want says; NULL: not where the array is. */
static uint64_t differing(uint64_t base, const uint64_t *want)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < nr_pages; i++) {
		uint64_t found = frame_at(base + (i << PAGE_SHIFT));

		n += want ? found != want[i] : (found & PAGE_MASK) != page_to_phys(pages[i]);
	}
	return n;
}

/* Maps by the rung with @patches; what differs from the array, or from the model. */
static uint64_t map_and_compare(uint64_t base, unsigned patches, bool with_model)
{
	uint64_t end = base + (nr_pages << PAGE_SHIFT), n;
	struct rung rung = rung_series;

	rung.patches = patches;
	if (rung.map_array(&rung, base, end, pages, PAGE_KERNEL))
		return UINT64_MAX;
	n = differing(base, with_model ? model : NULL);
	/* Nothing beyond its range. */
	if (frame_at(base - PAGE_SIZE) != UINT64_MAX || frame_at(end) != UINT64_MAX)
		n = UINT64_MAX;
	rung_unmap(base, end);
	rung_release_tables(base, end);
	return n;
}

static uint64_t map_by_engine(uint64_t base)
{
	uint64_t end = base + (nr_pages << PAGE_SHIFT), n;

	if (map_pages(base, end, pages, PAGE_KERNEL, MAP_SHIFT_ANY))
		return UINT64_MAX;
	n = differing(base, NULL);
	unmap_range(base, end);
	return n;
}

/* --- the finding --------------------------------------------------------------------------- */

#define FIGURES_PAGE_SIZE (4 * KiB) /* what @at_4k is of */

/* One case: v4 maps @wrong pages to other frames; with a cap, and by the engine, none. */
static void case_of(const char *name, uint64_t groups_before, uint64_t wrong, uint64_t at_4k)
{
	uint64_t base = PLACE + PMD_SIZE - groups_before * CONT_PTE_SIZE, modelled;

	model_vmap(base);
	ok(map_and_compare(base, SERIES_ALL, true) == 0,
	   "%s: as the model, frame and leaf of each page", name);
	modelled = map_and_compare(base, SERIES_ALL, false);
	ok(modelled == wrong && (PAGE_SIZE != FIGURES_PAGE_SIZE || wrong == at_4k),
	   "%s: %lu of %lu pages mapped wrong", name, (unsigned long)modelled,
	   (unsigned long)nr_pages);
	ok(map_and_compare(base, SERIES_ALL | SERIES_CAP_BY_FRAME, false) == 0,
	   "%s: none with batches cut to their frame's alignment", name);
	ok(map_by_engine(base) == 0, "%s: none by the engine", name);
}

/* The figures at 4K are those of the arrays in 64K groups and 2M blocks. */
static void test_cases(void)
{
	start_array();
	add_blocks(CONT_PTES_SHIFT, 1);
	add_blocks(CONT_PTES_SHIFT + 1, GROUPS_PER_TABLE - 1);
	case_of("one group, then blocks of two", 0, (GROUPS_PER_TABLE / 2 - 1) * GROUP, 240);
	start_array();
	add_blocks(CONT_PTES_SHIFT + 3, 2);
	case_of("blocks of eight, three groups before a table", 3, 3 * GROUP, 48);
	case_of("blocks of eight, aligned", 0, 0, 0);
	start_array();
	add_blocks(CONT_PTES_SHIFT + 2, 3);
	case_of("blocks of four, a group before a table", 1, 2 * GROUP, 32);
	start_array();
	add_blocks(CONT_PTES_SHIFT, 1);
	add_blocks(TABLE_SHIFT, 2);
	case_of("one group, then blocks of a table", 0, PTRS_PER_TABLE / 2 - GROUP, 240);
	start_array();
	add_blocks(CONT_PTES_SHIFT, 12);
	case_of("single groups, three before a table", 3, 0, 0);
	start_array();
	add_blocks(8, 2);
	add_blocks(4, 4);
	add_blocks(0, 8);
	case_of("orders 8, 4, 0", 0, 0, 0);
}

/* --- each choice of patches ---------------------------------------------------------------- */

#define ROUNDS 128

static unsigned long long seed = 11;

static uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

static void random_array(void)
{
	static const unsigned orders[] = { 0,
					   1,
					   CONT_PTES_SHIFT - 1,
					   CONT_PTES_SHIFT,
					   CONT_PTES_SHIFT + 1,
					   CONT_PTES_SHIFT + 2,
					   CONT_PTES_SHIFT + 3,
					   TABLE_SHIFT };

	/* In half of the arrays every block is a group at least, so that the search goes on. */
	const unsigned least = pick(2) ? 3 : 0;

	start_array();
	for (unsigned pieces = 1 + pick(4); pieces; pieces--) {
		unsigned order = orders[least + pick(ARRAY_SIZE(orders) - least)];
		uint64_t count = 1 + pick(6), room = PAGES_MAX - nr_pages;

		if (pick(4) == 0 && room) {
			add_run(pick(PTRS_PER_TABLE), 1 + pick(MIN(room, PTRS_PER_TABLE / 2)));
			continue;
		}
		while (count && nr_pages + (count << order) > PAGES_MAX)
			count--;
		add_blocks(order, count);
	}
}

/* Without any one of these no batch is larger than a group, or none is asked for. */
#define ALL_OF_B1 (SERIES_ALL & ~SERIES_VMAP_ALIGN)

static void test_each_choice(void)
{
	uint64_t wrong = 0, not_as_model = 0, found = 0, engine = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t base = PLACE + pick(2) * PMD_SIZE - pick(3) * PAGE_SIZE -
				pick(GROUPS_PER_TABLE) * CONT_PTE_SIZE;

		random_array();
		model_vmap(base);
		for (unsigned set = 0; set <= SERIES_ALL; set++) {
			bool b1 = (set & ALL_OF_B1) == ALL_OF_B1;

			/* All choices of one array in 16; of the others the whole. */
			if (round % 16 && set != SERIES_ALL)
				continue;
			*(b1 ? &not_as_model : &wrong) += map_and_compare(base, set, b1);
		}
		found += map_and_compare(base, SERIES_ALL, false) != 0;
		wrong += map_and_compare(base, SERIES_ALL | SERIES_CAP_BY_FRAME, false);
		engine += map_by_engine(base);
	}
	ok(!wrong, "without one of patches 1 to 5, or with the cap: every page right");
	ok(!not_as_model && found, "with them: as the model, which is wrong for %lu of %d arrays",
	   (unsigned long)found, ROUNDS);
	ok(!engine, "the engine: every page right");
}

/* The descriptors of [va, end) at level 3, or the blocks above. */
static uint64_t digest(uint64_t va, uint64_t end)
{
	uint64_t sum = 0;

	for (; va < end; va += PAGE_SIZE) {
		const desc_t *slot = walk_slot(va, LEVEL_PTE) ?: walk_slot(va, LEVEL_PMD);

		sum = sum * 0x9e3779b97f4a7c15UL + (slot ? get_desc(slot) : 1);
	}
	return sum;
}

/* What a rung makes of the array, of a huge vmalloc of its first page's block, and of ioremap. */
static uint64_t digest_of(const struct rung *rung)
{
	uint64_t base = PLACE, bytes = nr_pages << PAGE_SHIFT, sum;

	rung->map_array(rung, base, base + bytes, pages, PAGE_KERNEL);
	sum = digest(base, base + bytes);
	rung_unmap(base, base + bytes);
	rung->map_pages(rung, base, base + bytes, pages, PAGE_KERNEL, CONT_PTE_SHIFT);
	sum = sum * 3 + digest(base, base + bytes);
	rung_unmap(base, base + bytes);
	rung->map_range(rung, base, base + bytes, FRAMES_START, PAGE_KERNEL);
	sum = sum * 3 + digest(base, base + bytes);
	rung_unmap(base, base + bytes);
	rung_release_tables(base, base + bytes);
	return sum * 3 + rung->array_align(rung, bytes);
}

static void test_ends(void)
{
	struct rung rung = rung_series;

	start_array();
	add_blocks(CONT_PTES_SHIFT + 1, GROUPS_PER_TABLE / 2);
	rung.patches = 0;
	ok(digest_of(&rung) == digest_of(&rung_linux), "no patch: the rung linux");
	rung.patches = SERIES_ALL;
	ok(digest_of(&rung) == digest_of(&rung_series) &&
		   digest_of(&rung) != digest_of(&rung_linux),
	   "all patches: the rung series, which is another");
}

/* --- the option ---------------------------------------------------------------------------- */

static bool reads(const char *value, unsigned want)
{
	const struct option *option = &options_series;
	char text[PATCHES_TEXT_MAX];

	series_patches = ~0u;
	if (!option->read(option, value, false) || series_patches != ~0u ||
	    !option->read(option, value, true))
		return false;
	return series_patches == want && !strcmp(patches_text(text, want), value);
}

static bool refuses(const char *value)
{
	const struct option *option = &options_series;

	series_patches = 5;
	return !option->read(option, value, true) && series_patches == 5;
}

static void test_option(void)
{
	ok(reads("all", SERIES_ALL) && reads("none", 0) && reads("1", 1) && reads("6", 32) &&
		   reads("1,2,4", 11) && reads("2,3,4,5,6", 62),
	   "series= is read, and written as it was");
	ok(refuses("") && refuses("0") && refuses("7") && refuses("1,") && refuses(",1") &&
		   refuses("1,1") && refuses("1,,2") && refuses("12") && refuses("1 2") &&
		   refuses("All") && refuses("none,1") && refuses("1-3"),
	   "and nothing else");
	ok(options_series.read(&options_series, "4,1", true) && series_patches == 9,
	   "in any order");
	series_patches = SERIES_ALL;
}

static void test_ladder(void)
{
	bool rising = true, differ = true;

	for (unsigned i = 0; i < LADDER_UP; i++)
		rising &= ladder_steps[i].patches == (1u << i) - 1;
	for (unsigned i = 0; i < LADDER_STEPS; i++)
		for (unsigned j = 0; j < i; j++)
			differ &= ladder_steps[i].patches != ladder_steps[j].patches;
	for (unsigned i = LADDER_UP; i < LADDER_STEPS; i++)
		differ &= ladder_steps[i].patches == (SERIES_ALL & ~(1u << (i - LADDER_UP)));
	ok(rising, "the ladder takes one patch more each step");
	ok(differ, "and then leaves each one out, without a step twice");
}

int main(void)
{
	arena_add_ram(RAM_START, RAM_END - RAM_START);
	boot_ram_reserve(FRAMES_START, RAM_END - FRAMES_START);
	buddy_init();
	test_cases();
	test_each_choice();
	test_ends();
	test_option();
	test_ladder();
	ok(mmu_model_clean(), "and no descriptor, barrier or TLBI was against the rules: %s",
	   mmu_model.text);
	return tap_done();
}
