// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages -Wl,--wrap=table_page_alloc
// granules: 12 14 16
/*
 * Tables that calls share with what was unmapped lazily, with what is purged meanwhile, and with
 * neighbours that another CPU maps and unmaps between a call's look at a slot and its lock. Each
 * page of four windows is held against an array, and every slot that a table's extent leaves
 * undefined holds rubbish (map-oracle.c).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/lock.h"
#include "mm/map/flush.h"
#include "mm/map/view/walk.h"
#include "tests/host/map-program.h"
#include "tests/host/mmu-model.h"

#define WINDOWS 4
#define PAGES	(WINDOWS * PMD_PAGES)
#define FIRST	(MIDDLE - 2 * PMD_PAGES) /* the second and third are in different PUDs */
#define AREAS	24
#define ROUNDS	3000

static struct area {
	uint64_t first, n; /* n == 0: none. With the guard page above them nobody else's */
	bool lazy, busy;
} areas[AREAS];

static uint64_t mapped[PAGES]; /* frame address, 0: nothing */
static struct page *array[PAGES];
static bool upset; /* another CPU comes before the next lock */
static unsigned upsets, depth;

extern spinlock_t pgtable_lock; /* the engine's own (mm/map/map.c) */

static uint64_t va_of(uint64_t page)
{
	return window_va(FIRST + page);
}

static bool is_taken(uint64_t first, uint64_t n)
{
	if (first + n >= PAGES)
		return true;
	for (unsigned i = 0; i < AREAS; i++)
		if (areas[i].n && first <= areas[i].first + areas[i].n &&
		    areas[i].first <= first + n)
			return true;
	return false;
}

static struct area *random_area(bool lazy)
{
	unsigned start = (unsigned)pick(AREAS);

	for (unsigned k = 0; k < AREAS; k++) {
		struct area *a = &areas[(start + k) % AREAS];

		if (a->n && !a->busy && a->lazy == lazy)
			return a;
	}
	return NULL;
}

static struct area *new_area(void)
{
	const uint64_t lengths[] = { 1,
				     2,
				     CONT_PTES - 1,
				     CONT_PTES,
				     CONT_PTES + 1,
				     3 * CONT_PTES,
				     64,
				     65,
				     PMD_PAGES / 2,
				     PMD_PAGES - 1,
				     PMD_PAGES,
				     PMD_PAGES + CONT_PTES,
				     2 * PMD_PAGES };
	uint64_t n = lengths[pick(ARRAY_SIZE(lengths))], first;

	for (unsigned i = 0; i < AREAS; i++) {
		if (areas[i].n)
			continue;
		for (unsigned k = 0; k < 8; k++) {
			first = pick(PAGES);
			if (pick(2))
				first = ALIGN_DOWN(first, n < PMD_PAGES ? CONT_PTES : PMD_PAGES);
			if (is_taken(first, n))
				continue;
			areas[i] = (struct area){ .first = first, .n = n, .busy = true };
			return &areas[i];
		}
	}
	return NULL;
}

/* Frames for @n pages: a run, groups in disorder, or whatever. */
static void choose_frames(uint64_t n, unsigned order)
{
	uint64_t size = 1UL << order, run = pick(FRAMES_PAGES / 2) & ~(size - 1);
	unsigned kind = (unsigned)pick(3);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t block = i >> order;

		if (kind == 1)
			block = (block * 7 + 3) % 512;
		else if (kind == 2)
			block = block * 3;
		array[i] = phys_to_page(FRAMES_START) + run + block * size + (i & (size - 1));
	}
}

static int call_map(const struct area *a, enum request_kind kind, unsigned order)
{
	const unsigned shifts[] = { 63, PAGE_SHIFT, CONT_PTE_SHIFT, PMD_SHIFT };
	uint64_t va = va_of(a->first), end = va + (a->n << PAGE_SHIFT);
	unsigned max_shift = shifts[pick(ARRAY_SIZE(shifts))];
	struct page **blocks;
	int error;

	if (kind == BY_RANGE) {
		for (uint64_t i = 0; i < a->n; i++)
			array[i] = array[0] + i;
		return map_range(va, end, page_to_phys(array[0]), PAGE_KERNEL, max_shift);
	}
	if (kind == BY_PAGES)
		return map_pages(va, end, array, PAGE_KERNEL, max_shift);
	blocks = calloc((a->n >> order) + 1, sizeof(*blocks)); /* exact, for ASan */
	for (uint64_t i = 0; i < a->n; i += 1UL << order)
		blocks[i >> order] = array[i];
	error = map_blocks(va, end, blocks, order, PAGE_KERNEL, max_shift);
	free(blocks);
	return error;
}

static void map_one(void)
{
	const unsigned orders[] = { 0, 1, CONT_PTES_SHIFT, CONT_PTES_SHIFT + 1, TABLE_SHIFT };
	unsigned order = orders[pick(ARRAY_SIZE(orders))];
	struct area *a = new_area();

	if (!a)
		return;
	choose_frames(a->n, order);
	upset = !depth && pick(3) == 0;
	if (call_map(a, (enum request_kind)pick(3), order))
		mistake("pages [%lu, +%lu): not mapped", a->first, a->n);
	upset = false;
	for (uint64_t i = 0; i < a->n; i++)
		mapped[a->first + i] = page_to_phys(array[i]);
	a->busy = false;
}

static void unmap_one(bool lazily)
{
	struct area *a = random_area(false);
	uint64_t va, end;

	if (!a)
		return;
	va = va_of(a->first);
	end = va + (a->n << PAGE_SHIFT);
	if (!lazily)
		unmap_range(va, end);
	else if (!unmap_range_deferred(va, end))
		mistake("RAM that is not unmapped lazily");
	memset(&mapped[a->first], 0, a->n * sizeof(mapped[0]));
	if (lazily)
		a->lazy = true;
	else
		a->n = 0;
}

static void purge(void)
{
	struct purge p;

	purge_begin(&p);
	for (unsigned i = 0; i < AREAS; i++)
		if (areas[i].n && areas[i].lazy)
			purge_range(&p, va_of(areas[i].first), va_of(areas[i].first + areas[i].n));
	purge_end(&p);
	for (unsigned i = 0; i < AREAS; i++)
		if (areas[i].lazy)
			areas[i] = (struct area){ 0 };
}

/* What another CPU does: a page or a group at the side, away with tables, or both. */
void host_before_lock(const arch_spinlock_t *lock)
{
	static struct page *kept[PAGES];

	if (!upset || lock != &pgtable_lock.arch)
		return;
	upset = false;
	depth++;
	upsets++;
	memcpy(kept, array, sizeof(kept));
	switch (pick(4)) {
	case 0:
		map_one();
		break;
	case 1:
		purge();
		break;
	default:
		for (unsigned i = 0; i < AREAS; i++)
			unmap_one(pick(4) == 0);
		break;
	}
	memcpy(array, kept, sizeof(kept));
	depth--;
}

/* Each group's members go on from one another, and there are all of them. */
static bool is_group(uint64_t page, uint64_t pages)
{
	uint64_t first = ALIGN_DOWN(page, pages);

	for (uint64_t i = 0; i < pages; i++)
		if (mapped[first + i] != mapped[first] + (i << PAGE_SHIFT))
			return false;
	return IS_ALIGNED(mapped[first], pages << PAGE_SHIFT);
}

static void compare(void)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		struct leaf leaf = { 0 };
		bool found = !walk_lookup(va_of(i), &leaf);

		if (found != (mapped[i] != 0) || (found && leaf.pa != mapped[i]))
			mistake("page %lu maps 0x%lx, not 0x%lx", i, leaf.pa, mapped[i]);
		else if (leaf.cont && leaf.level == LEVEL_PTE && i % CONT_PTES == 0 &&
			 !is_group(i, CONT_PTES))
			mistake("page %lu is in a group that is none", i);
	}
}

static void audit_table(const struct mmu_table *table)
{
	if (table->level == LEVEL_PTE && virt_to_page(table->slots)->table_live != table->valid)
		mistake("0x%lx: %u live, %u valid", table->va,
			virt_to_page(table->slots)->table_live, table->valid);
}

static void audit_no_empty(const struct mmu_table *table)
{
	if (table->level == LEVEL_PTE && !table->valid)
		mistake("0x%lx: an empty table is still linked", table->va);
}

int main(void)
{
	uint64_t pages;

	setvbuf(stdout, NULL, _IOLBF, 0);
	oracle_init();
	pages = nr_free_pages();
	flush_set_policy(FLUSH_LAZY);
	for (unsigned round = 0; round < ROUNDS && !mistakes; round++) {
		unsigned what = (unsigned)pick(16);

		if (what < 8)
			map_one();
		else if (what < 11)
			unmap_one(false);
		else if (what < 14)
			unmap_one(true);
		else if (what == 14)
			purge();
		if (round % 8 == 0)
			compare();
		mmu_model_each_table(audit_table);
		if (mmu_model.violations)
			mistake("round %u: %s", round, mmu_model.text);
		if (nr_free_pages() + map_table_pages() != pages)
			mistake("round %u: pages are lost", round);
	}
	ok(!mistakes, "lazy areas, purges and eager ones in shared tables (%u upsets)", upsets);
	purge();
	mmu_model_each_table(audit_no_empty);
	for (unsigned i = 0; i < AREAS; i++)
		unmap_one(false);
	compare();
	ok(!mistakes && mmu_model_clean() && !mmu_model.mapped_bytes, "and nothing is left");
	return tap_done();
}
