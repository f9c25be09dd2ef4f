// SPDX-License-Identifier: MIT
// clang-format off
// sources: tests/host/huge-entry.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c
// granules: 12 14 16
// clang-format on
/*
 * The bug that the series' RFC had, found by luck as a BUG of page_table_check: a block of
 * PMD size taken for as many small entries as a table has slots. In a table as user space has
 * them, with a table's link among its neighbours, four detectors that know nothing of each
 * other see it, each where it can; of the right code, for each size, none says a word.
 */
#include <string.h>

#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "tests/host/arena.h"
#include "tests/host/huge-entry.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

/* --- four detectors ---------------------------------------------------------------------- */

enum detector {
	BY_COUNT = 1,  /* a frame is mapped less than never */
	BY_EXTENT = 2, /* a store outside the slots that the size covers; past the table's end */
	BY_LEVEL = 4,  /* a leaf that its level cannot have */
	BY_BREAK = 8,  /* a live descriptor replaced without break-before-make */
};

static uint64_t object_start, object_end; /* PA of the slots that may be written */
static unsigned stores_outside;

static void watch_store(const struct mm_event *e)
{
	if (e->kind == EVENT_STORE && (e->address < object_start || e->address >= object_end))
		stores_outside++;
}

static void begin_watch(uint64_t va, uint64_t size)
{
	int level = huge_level(size);

	object_start = (uint64_t)walk_slot(va, level) - PAGE_OFFSET;
	object_end = object_start + (size >> level_shift(level)) * sizeof(desc_t);
	stores_outside = huge_underflows = 0;
	memset(mmu_model.rules, 0, sizeof(mmu_model.rules));
	mmu_model_recorder = watch_store;
}

/* What has fired since begin_watch(). */
static unsigned fired(void)
{
	const unsigned *rules = mmu_model.rules;
	unsigned by = 0;

	mmu_model_recorder = NULL;
	by |= huge_underflows ? BY_COUNT : 0;
	by |= stores_outside || rules[RULE_PAST_TABLE] ? BY_EXTENT : 0;
	by |= rules[RULE_ALIGNMENT] || rules[RULE_LEVEL] ? BY_LEVEL : 0;
	by |= rules[RULE_BBM_ADDRESS] || rules[RULE_BBM_SIZE] || rules[RULE_BBM_TYPE] ? BY_BREAK
										      : 0;
	return by;
}

/* --- a table as user space has it -------------------------------------------------------- */

#define FRAMES (32UL << 30) /* what is mapped: no memory of the arena */

/* T covers a PUD's range; what follows T in memory is nobody's. P hangs in one of its slots. */
static struct {
	uint64_t va;
	desc_t *t, *past;
	uint64_t neighbour_va; /* of a page that P maps */
} world;

static uint64_t slot_va(uint64_t slot)
{
	return world.va + slot * PMD_SIZE;
}

static desc_t *new_table(unsigned order, int level)
{
	struct page *page = alloc_pages(__GFP_ZERO, order);

	mm_event(EVENT_TABLE_ALLOC, page_to_phys(page), 0, level, 0);
	return page_address(page);
}

static void link_table(desc_t *slot, desc_t *table)
{
	table_contents_before_link();
	set_desc(slot, table_desc((uint64_t)table - PAGE_OFFSET));
	door_mapped();
}

/* A fresh T at another PUD's range each time; @k: the slot of P. */
static void new_world(uint64_t k)
{
	static uint64_t used;
	desc_t *p = new_table(0, LEVEL_PTE);

	/* Violations of the last world are counted; what they left is not this one's. */
	mmu_model_forgive();
	world.va = VMALLOC_START + ++used * PUD_SIZE;
	world.t = new_table(1, LEVEL_PMD);
	world.past = world.t + PTRS_PER_TABLE;
	link_table(walk_slot(world.va, LEVEL_PUD), world.t);
	link_table(&world.t[k], p);
	world.neighbour_va = slot_va(k) + 5 * PAGE_SIZE;
	set_desc(&p[5], leaf_desc(FRAMES - PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE));
	door_mapped();
}

/* Blocks in all slots that are free but @j. */
static void fill_world(uint64_t j)
{
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (i != j && !world.t[i])
			set_huge_entries(HUGE_RIGHT, slot_va(i), FRAMES + 2 * PMD_SIZE, PMD_SIZE);
}

static bool neighbour_is_there(void)
{
	struct leaf leaf;

	return !walk_lookup(world.neighbour_va, &leaf) && leaf.pa == FRAMES - PAGE_SIZE;
}

static bool is_past_written(void)
{
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (world.past[i])
			return true;
	return false;
}

/* --- the wrong code ---------------------------------------------------------------------- */

#define LAST (PTRS_PER_TABLE - 1)

struct variant {
	const char *name;
	uint64_t j, k; /* slots of the block and of the neighbour */
	bool full;
	unsigned set, clear; /* the detectors that the wrong setter, the wrong clearer meet */
	bool past;	     /* it writes past the table */
	bool loses;	     /* the neighbour */
};

static const struct variant variants[] = {
	{ "a neighbour after", 7, 10, false, BY_COUNT | BY_EXTENT | BY_LEVEL | BY_BREAK,
	  BY_COUNT | BY_EXTENT, true, true },
	/* Nothing live is met: neither a count nor a break says so. */
	{ "a neighbour before", 10, 7, false, BY_EXTENT | BY_LEVEL, BY_EXTENT, true, false },
	/* Not a store outside the page. */
	{ "the first slot of a full table", 0, 3, true, BY_COUNT | BY_EXTENT | BY_LEVEL | BY_BREAK,
	  BY_COUNT | BY_EXTENT, false, true },
	/* The only descriptor inside is the right one. */
	{ "the last slot", LAST, LAST - 1, false, BY_EXTENT, BY_EXTENT, true, false },
};

static void test_wrong_set(const struct variant *v)
{
	unsigned by;

	new_world(v->k);
	if (v->full)
		fill_world(v->j);
	begin_watch(slot_va(v->j), PMD_SIZE);
	set_huge_entries(HUGE_RFC, slot_va(v->j), FRAMES, PMD_SIZE);
	by = fired();
	ok(by == v->set, "RFC's setter, %s: detectors %x, not %x", v->name, by, v->set);
	ok(is_past_written() == v->past && !!mmu_model.rules[RULE_PAST_TABLE] == v->past,
	   "the page after the table %s", v->past ? "is overwritten" : "is as it was");
	ok(neighbour_is_there() != v->loses, "the neighbour %s", v->loses ? "is lost" : "is there");
}

static void test_wrong_clear(const struct variant *v)
{
	unsigned by;

	new_world(v->k);
	if (v->full)
		fill_world(v->j);
	set_huge_entries(HUGE_RIGHT, slot_va(v->j), FRAMES, PMD_SIZE);
	ok(neighbour_is_there() && mmu_model_clean(), "right setter, %s: nothing to see", v->name);
	begin_watch(slot_va(v->j), PMD_SIZE);
	clear_huge_entries(HUGE_RFC, slot_va(v->j), PMD_SIZE);
	by = fired();
	ok(by == v->clear, "RFC's clearer, %s: detectors %x, not %x", v->name, by, v->clear);
	ok(neighbour_is_there() != v->loses, "the neighbour %s",
	   v->loses ? "vanishes" : "is there");
}

/* --- the right code ------------------------------------------------------------------------ */

/* What each size is, for pages of 4K, 16K and 64K: written down, not derived. */
static const struct {
	uint64_t size;
	struct huge_entries right[3];
} sizes[] = {
	{ 64 * KiB, { { 16, 4 * KiB }, { 0, 0 }, { 0, 0 } } },
	{ 128 * KiB, { { 32, 4 * KiB }, { 0, 0 }, { 0, 0 } } },
	{ 256 * KiB, { { 64, 4 * KiB }, { 0, 0 }, { 0, 0 } } },
	{ 512 * KiB, { { 128, 4 * KiB }, { 0, 0 }, { 0, 0 } } },
	{ 1 * MiB, { { 256, 4 * KiB }, { 0, 0 }, { 0, 0 } } },
	{ 2 * MiB, { { 1, 2 * MiB }, { 128, 16 * KiB }, { 32, 64 * KiB } } },
	{ 4 * MiB, { { 0, 0 }, { 256, 16 * KiB }, { 64, 64 * KiB } } },
	{ 16 * MiB, { { 0, 0 }, { 1024, 16 * KiB }, { 256, 64 * KiB } } },
	{ 32 * MiB, { { 16, 2 * MiB }, { 1, 32 * MiB }, { 512, 64 * KiB } } },
	{ 64 * MiB, { { 0, 0 }, { 0, 0 }, { 1024, 64 * KiB } } },
	{ 256 * MiB, { { 0, 0 }, { 0, 0 }, { 4096, 64 * KiB } } },
	{ 512 * MiB, { { 0, 0 }, { 0, 0 }, { 1, 512 * MiB } } },
	{ 1 * GiB, { { 1, 1 * GiB }, { 32, 32 * MiB }, { 0, 0 } } },
	{ 2 * GiB, { { 0, 0 }, { 0, 0 }, { 0, 0 } } },
	{ 16 * GiB, { { 0, 0 }, { 0, 0 }, { 32, 512 * MiB } } },
};

static bool is(struct huge_entries a, struct huge_entries b)
{
	return a.count == b.count && a.size == b.size;
}

/* Every page of it translates, every frame is mapped so often. */
static bool maps_once(uint64_t va, uint64_t size, int times)
{
	struct leaf leaf;

	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		bool mapped = !walk_lookup(va + at, &leaf);

		if (mapped != !!times || (mapped && leaf.pa != FRAMES + at) ||
		    huge_map_count[(FRAMES + at) >> PAGE_SHIFT] != times)
			return false;
	}
	return true;
}

static void test_right(uint64_t size)
{
	const uint64_t group = MAX(size / PMD_SIZE, 1);
	uint64_t va;
	bool good;

	new_world(3 * group % PTRS_PER_TABLE);
	memset(huge_map_count, 0, sizeof(huge_map_count));
	/* In P, in slots of T that P is not in, or beside T. */
	if (size < PMD_SIZE)
		va = slot_va(3) +
		     (size == PMD_SIZE / 2 ? PMD_SIZE / 2 : CONT_PTE_SIZE * 8 % PMD_SIZE);
	else
		va = slot_va(2 * group % PTRS_PER_TABLE);
	va = ALIGN_UP(va, size);
	if (HAVE_PUD_BLOCK && size == PUD_SIZE)
		va = VMALLOC_START + 200 * PUD_SIZE;
	begin_watch(va, size);
	set_huge_entries(HUGE_RIGHT, va, FRAMES, size);
	good = maps_once(va, size, 1) && mmu_model_clean();
	clear_huge_entries(HUGE_RIGHT, va, size);
	good = good && maps_once(va, size, 0) && mmu_model_clean() && neighbour_is_there();
	ok(!fired() && good, "right setter and clearer of %lu KiB: mapped, unmapped, not a word",
	   size / KiB);
}

static void test_sizes(void)
{
	const unsigned granule = (PAGE_SHIFT - 12) / 2;
	unsigned agree = 0, differ = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct huge_entries want = sizes[i].right[granule], rfc;

		ok(is(huge_entries(HUGE_RIGHT, sizes[i].size), want),
		   "%lu KiB are %lu entries of %lu KiB", sizes[i].size / KiB, want.count,
		   want.size / KiB);
		rfc = huge_entries(HUGE_RFC, sizes[i].size);
		if (is(rfc, want))
			agree++;
		else if (want.count)
			differ += is(rfc, (struct huge_entries){ PTRS_PER_TABLE, PAGE_SIZE });
		if (want.count)
			test_right(sizes[i].size);
	}
	/* Which is why the tests of vmalloc passed. */
	ok(agree >= 6 && differ == 1, "RFC's form is wrong for one size that is used");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_add_ram(4 * ARENA_BLOCK, 8 * ARENA_BLOCK);
	buddy_init();
	mmu_model.frames_judged = true;
	if (LEVEL_ROOT < LEVEL_PUD)
		map_populate_upper(VMALLOC_START, VMALLOC_START + PAGE_SIZE);
	test_sizes();
	for (unsigned i = 0; i < ARRAY_SIZE(variants); i++) {
		test_wrong_set(&variants[i]);
		test_wrong_clear(&variants[i]);
	}
	return tap_done();
}
