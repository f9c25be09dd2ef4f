// SPDX-License-Identifier: MIT
// clang-format off
// sources: tests/host/mmu-model.c mm/check/*.c tests/host/arena.c mm/phys/ranges.c
// clang-format on
// granules: 12 14 16
/*
 * The strict MMU itself: each rule broken once, by the shortest sequence that breaks it,
 * beside the sequence that keeps it.
 */
#include <string.h>

#include "mm/arm64/hw.h"
#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

/* Aligned as any group and table wants it; the first window's first group is at index 0. */
#define VA    (VMALLOC_START + PUD_SIZE)
#define FRAME (8 * CONT_PMD_SIZE)

#define LEAF(i)	 (leaf_desc(FRAME, PAGE_KERNEL, LEVEL_PTE) + ((i) << PAGE_SHIFT))
#define GROUP(i) (LEAF(i) | DESC_CONT)
#define PAGE(i)	 tlbi_operand(VA + ((i) << PAGE_SHIFT))

__attribute__((aligned(PAGE_SIZE))) desc_t swapper_pg_dir[PTRS_PER_TABLE];

/* One table a level, below the root; two for pages. */
static desc_t *pud, *pmd, *ptes, *spare;

static desc_t *page_at(uint64_t index)
{
	return phys_to_virt(PAGE_SIZE * (16 + index));
}

static desc_t link_to(const desc_t *table)
{
	return table_desc(virt_to_phys(table));
}

static void mapped(void)
{
	hw_dsb_ishst();
	hw_isb();
}

static void flushed(void)
{
	hw_dsb_ish();
	hw_isb();
}

/* Tables down to the pages', all empty, `ptes` not linked yet. */
static void begin(void)
{
	desc_t *table = swapper_pg_dir;

	pud = page_at(0);
	pmd = page_at(1);
	ptes = page_at(2);
	spare = page_at(3);
	for (uint64_t i = 0; i < 4; i++)
		mm_event(EVENT_TABLE_ALLOC, virt_to_phys(page_at(i)), 0, 0, 0);
	hw_dmb_ishst();
	if (LEVEL_ROOT == 0) {
		hw_store_desc(&table[table_index(VA, 0)], link_to(pud));
		table = pud;
	}
	hw_store_desc(&table[table_index(VA, LEVEL_PUD)], link_to(pmd));
	mapped();
}

static void link_ptes(void)
{
	hw_dmb_ishst();
	hw_store_desc(&pmd[0], link_to(ptes));
	mapped();
}

/* Everything as before begin(). */
static void end(void)
{
	hw_store_desc(&swapper_pg_dir[table_index(VA, LEVEL_ROOT)], 0);
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	flushed();
	mmu_model_forgive();
	mmu_model_freed(16 * PAGE_SIZE, 4 * PAGE_SIZE);
	memset(page_at(0), 0, 4 * PAGE_SIZE);
}

/* What the sequence since begin() deserves: a violation whose text has @words; NULL: none. */
static void judge(const char *words, const char *what)
{
	bool clean = mmu_model_clean();

	ok(words ? !clean && strstr(mmu_model.text, words) : clean, "%s", what);
	end();
}

static void test_links(void)
{
	begin();
	hw_store_desc(&ptes[1], LEAF(1));
	link_ptes();
	ok(mmu_model.mapped_bytes == PAGE_SIZE && mmu_model.tables == LEVEL_PTE - LEVEL_ROOT,
	   "the tables and what they map are known");
	judge(NULL, "contents, DMB, link, DSB, ISB");
	begin();
	hw_store_desc(&ptes[1], LEAF(1));
	hw_store_desc(&pmd[0], link_to(ptes));
	mapped();
	judge("not ordered", "no DMB before the link");
	begin();
	hw_store_desc(&ptes[1], LEAF(1));
	hw_dmb_ishst();
	hw_store_desc(&ptes[2], LEAF(2));
	hw_store_desc(&pmd[0], link_to(ptes));
	mapped();
	judge("not ordered", "a store between DMB and link");
	begin();
	hw_dmb_ishst();
	hw_store_desc(&pmd[0], link_to(ptes));
	hw_isb();
	judge("no DSB", "no DSB after the link");
	begin();
	hw_dmb_ishst();
	hw_store_desc(&pmd[0], link_to(ptes));
	hw_dsb_ishst();
	judge("no ISB", "no ISB after the DSB");
	begin();
	link_ptes();
	hw_store_desc(&pmd[1], link_to(ptes));
	mapped();
	judge("in use", "one table linked twice");
}

/* A page is mapped, then goes; what follows is the case. */
static void unmap_one(void)
{
	begin();
	link_ptes();
	hw_store_desc(&ptes[5], LEAF(5));
	mapped();
	hw_store_desc(&ptes[5], 0);
}

static void test_flushes(void)
{
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	flushed();
	judge(NULL, "store, DSB, TLBI, DSB, ISB");
	unmap_one();
	hw_dsb_ishst();
	flushed();
	judge("may still be cached", "no TLBI");
	unmap_one();
	hw_tlbi_vaale1is(PAGE(5));
	flushed();
	judge("TLBI without a DSB", "no DSB before the TLBI");
	unmap_one();
	hw_dmb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	flushed();
	judge("TLBI without a DSB", "a DMB is not enough before the TLBI");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	hw_dsb_ishst();
	hw_isb();
	judge("may still be cached", "a DSB of stores does not complete a TLBI");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	hw_dsb_ish();
	judge("no ISB", "no ISB after the TLBI's DSB");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(4));
	hw_tlbi_vaae1is(PAGE(6));
	flushed();
	judge("may still be cached", "TLBIs of the neighbours");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	flushed();
	judge(NULL, "a TLBI of everything");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5) | 1UL << 44);
	flushed();
	judge("level hint", "address bits where the level hint is");
}

static void test_break_before_make(void)
{
	begin();
	link_ptes();
	hw_store_desc(&ptes[5], LEAF(5));
	hw_store_desc(&ptes[5], LEAF(6));
	mapped();
	judge("break-before-make", "valid to valid");
	unmap_one();
	hw_store_desc(&ptes[5], LEAF(6));
	mapped();
	judge("old translation", "valid again without a TLBI");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	hw_store_desc(&ptes[5], LEAF(6));
	flushed();
	judge("old translation", "valid again before the TLBI has completed");
	unmap_one();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	flushed();
	hw_store_desc(&ptes[5], LEAF(6));
	mapped();
	judge(NULL, "valid again after that");
}

/* A table with one leaf is linked, then unlinked. */
static void unlink_ptes(void)
{
	begin();
	hw_store_desc(&ptes[5], LEAF(5));
	hw_store_desc(&ptes[6], LEAF(6));
	link_ptes();
	hw_store_desc(&pmd[0], 0);
}

static void test_unlinking(void)
{
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaae1is(PAGE(5));
	hw_tlbi_vaae1is(PAGE(6));
	flushed();
	mmu_model_freed(virt_to_phys(ptes), PAGE_SIZE);
	judge(NULL, "a table goes: TLBI of all levels for each leaf, DSB, free");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaae1is(PAGE(5));
	flushed();
	hw_tlbi_vaale1is(PAGE(6));
	flushed();
	judge(NULL, "the other leaf's TLBI after the DSB may be last-level");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaae1is(PAGE(5));
	hw_tlbi_vaale1is(PAGE(6));
	flushed();
	judge("may still be cached", "no DSB between them: the leaf can be walked again");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(5));
	hw_tlbi_vaale1is(PAGE(6));
	flushed();
	judge("may still be cached", "last-level TLBIs only");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaae1is(PAGE(5));
	flushed();
	judge("may still be cached", "one leaf without a TLBI");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vaale1is(PAGE(6));
	hw_tlbi_vaae1is(PAGE(5));
	flushed();
	judge("may still be cached", "a leaf's TLBI before the table's: likewise");
	unlink_ptes();
	mmu_model_freed(virt_to_phys(ptes), PAGE_SIZE);
	judge("walk cache may still lead", "freed before the TLBI");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	mmu_model_freed(virt_to_phys(ptes), PAGE_SIZE);
	judge("walk cache may still lead", "freed before the TLBI has completed");
	unlink_ptes();
	hw_store_desc(&ptes[7], LEAF(7));
	judge("walk cache may still lead", "written before the TLBI");
	begin();
	link_ptes();
	mmu_model_freed(virt_to_phys(ptes), PAGE_SIZE);
	judge("walker may still lead", "freed while it is linked");
	unlink_ptes();
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	flushed();
	mmu_model_freed(virt_to_phys(ptes), PAGE_SIZE);
	hw_store_desc(&spare[5], LEAF(9));
	hw_dmb_ishst();
	hw_store_desc(&pmd[0], link_to(spare));
	mapped();
	judge(NULL, "another table in its place");
	unlink_ptes();
	hw_dmb_ishst();
	hw_store_desc(&pmd[0], link_to(spare));
	mapped();
	judge("old translation", "another table in its place too early");
}

static void map_group(uint64_t first, uint64_t n, desc_t at)
{
	begin();
	link_ptes();
	for (uint64_t i = 0; i < n; i++)
		hw_store_desc(&ptes[first + i], at + (i << PAGE_SHIFT));
	mapped();
}

static void test_groups(void)
{
	map_group(CONT_PTES, CONT_PTES, GROUP(CONT_PTES));
	judge(NULL, "a contiguous group");
	map_group(0, CONT_PTES - 1, GROUP(0));
	judge("not whole", "one member short");
	map_group(1, CONT_PTES, GROUP(0));
	judge("not whole", "out of place");
	map_group(0, CONT_PTES, GROUP(1));
	judge("not whole", "misaligned frames");
	map_group(0, CONT_PTES, GROUP(0));
	for (uint64_t i = 0; i < CONT_PTES; i++)
		hw_store_desc(&ptes[i], 0);
	hw_dsb_ishst();
	for (uint64_t i = 0; i < CONT_PTES - 1; i++)
		hw_tlbi_vaale1is(PAGE(i));
	flushed();
	judge("may still be cached", "one member without a TLBI");
}

static void one_leaf(int level, desc_t d, const char *words, const char *what)
{
	begin();
	link_ptes();
	hw_store_desc(level == LEVEL_PTE ? &ptes[1] : &pmd[1], d);
	mapped();
	judge(words, what);
}

static void test_formats(void)
{
	desc_t block = leaf_desc(FRAME, PAGE_KERNEL, LEVEL_PMD);

	one_leaf(LEVEL_PMD, block, NULL, "a block");
	one_leaf(LEVEL_PMD, block + PAGE_SIZE, "misaligned", "a block at a page's address");
	one_leaf(LEVEL_PMD, block & ~DESC_AF, "attributes", "without AF");
	one_leaf(LEVEL_PTE, LEAF(1) | 1UL << 51, "attributes", "DBM");
	one_leaf(LEVEL_PTE, LEAF(1) & ~DESC_PAGE, "reserved", "a block where pages are");
	begin();
	link_ptes();
	ptes[3] = LEAF(3);
	judge("behind the door", "a store that is not the door's");
}

int main(void)
{
	arena_map(16 * PAGE_SIZE, 4 * PAGE_SIZE);
	test_links();
	test_flushes();
	test_break_before_make();
	test_unlinking();
	test_groups();
	test_formats();
	return tap_done();
}
