// SPDX-License-Identifier: MIT
// granules: 12 14 16
/*
 * geometry.h and pgtable.h against numbers written down by hand from the Arm ARM (DDI
 * 0487, D8.2 granules, D8.3 descriptor formats, D8.7.1 contiguous bit).
 */
#include <inttypes.h>

#include "mm/arm64/hw.h"
#include "mm/arm64/layout.h"
#include "tests/host/tap.h"

/* What one granule has; shifts are log2 of bytes, by level. */
struct granule {
	unsigned page_shift;
	uint64_t entries, root_entries;
	int root_level;
	unsigned shift[4]; /* what an entry of level 0, 1, 2, 3 maps */
	uint64_t cont_ptes, cont_pmds;
	uint64_t cont_pte_bytes, pmd_bytes, cont_pmd_bytes;
	bool level1_blocks;
	unsigned max_order;
	uint64_t tg0, tg1;
	const char *name;
};

static const struct granule granules[] = {
	{ .page_shift = 12,
	  .entries = 512,
	  .root_entries = 512,
	  .root_level = 0,
	  .shift = { 39, 30, 21, 12 },
	  .cont_ptes = 16,
	  .cont_pmds = 16,
	  .cont_pte_bytes = 65536,
	  .pmd_bytes = 2097152,
	  .cont_pmd_bytes = 33554432,
	  .level1_blocks = true,
	  .max_order = 10,
	  .tg0 = 0,
	  .tg1 = 2,
	  .name = "4K" },
	{ .page_shift = 14,
	  .entries = 2048,
	  .root_entries = 2,
	  .root_level = 0,
	  .shift = { 47, 36, 25, 14 },
	  .cont_ptes = 128,
	  .cont_pmds = 32,
	  .cont_pte_bytes = 2097152,
	  .pmd_bytes = 33554432,
	  .cont_pmd_bytes = 1073741824,
	  .max_order = 11,
	  .tg0 = 2,
	  .tg1 = 1,
	  .name = "16K" },
	{ .page_shift = 16,
	  .entries = 8192,
	  .root_entries = 64,
	  .root_level = 1,
	  .shift = { 55, 42, 29, 16 },
	  .cont_ptes = 32,
	  .cont_pmds = 32,
	  .cont_pte_bytes = 2097152,
	  .pmd_bytes = 536870912,
	  .cont_pmd_bytes = 17179869184,
	  .max_order = 13,
	  .tg0 = 1,
	  .tg1 = 3,
	  .name = "64K" },
};

static const struct granule *const g = &granules[(PAGE_SHIFT - 12) / 2];
static unsigned long long seed = 11;

static void test_constants(void)
{
	ok(PAGE_SHIFT == g->page_shift && PAGE_SIZE == 1UL << g->page_shift &&
		   PAGE_MASK == -(1UL << g->page_shift),
	   "page");
	ok(PTRS_PER_TABLE == g->entries && TABLE_SHIFT == g->page_shift - 3, "entries of a table");
	ok(LEVEL_ROOT == g->root_level && PTRS_PER_ROOT == g->root_entries, "root");
	ok(level_shift(0) == g->shift[0] && level_shift(1) == g->shift[1] &&
		   level_shift(2) == g->shift[2] && level_shift(3) == g->shift[3],
	   "what an entry maps");
	ok(PMD_SHIFT == g->shift[2] && PUD_SHIFT == g->shift[1] && PMD_SIZE == g->pmd_bytes &&
		   PUD_SIZE == 1UL << g->shift[1],
	   "Linux's names of levels 2 and 1");
	ok(LEVEL_PTE == 3 && LEVEL_PMD == 2 && LEVEL_PUD == 1, "levels");
	ok(CONT_PTES == g->cont_ptes && CONT_PTE_SIZE == g->cont_pte_bytes &&
		   1UL << CONT_PTE_SHIFT == g->cont_pte_bytes,
	   "contiguous groups of pages");
	ok(CONT_PMDS == g->cont_pmds && CONT_PMD_SIZE == g->cont_pmd_bytes &&
		   1UL << CONT_PMD_SHIFT == g->cont_pmd_bytes,
	   "contiguous groups of blocks");
	ok(HAVE_PUD_BLOCK == g->level1_blocks, "blocks at level 1");
	ok(MAX_ORDER == g->max_order && MAX_ORDER_PAGES == 1UL << g->max_order, "highest order");
	ok(TCR_TG0 == g->tg0 && TCR_TG1 == g->tg1, "TCR's granule fields");
	ok(__builtin_strcmp(GRANULE_NAME, g->name) == 0, "name");
}

/* Division where the header shifts and masks. */
static uint64_t slow_index(uint64_t va, int level)
{
	uint64_t offset = va % (1UL << 48) / (1UL << g->shift[level]);

	return level == g->root_level ? offset : offset % g->entries;
}

static void test_indexes(void)
{
	bool good = true;

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t va = 0xffff000000000000 | tap_random(&seed) >> 16;

		for (int level = g->root_level; level <= 3; level++)
			good = good && table_index(va, level) == slow_index(va, level) &&
			       table_index(va, level) < g->entries;
	}
	ok(good, "table_index() of random addresses");
	good = true;
	for (int level = g->root_level; level <= 3; level++) {
		uint64_t size = 1UL << g->shift[level];
		uint64_t last = (level == g->root_level ? g->root_entries : g->entries) - 1;

		good = good && table_index(0xffff000000000000, level) == 0 &&
		       table_index(-1UL, level) == last &&
		       table_index(0xffff000000000000 + size - 1, level) == 0 &&
		       table_index(0xffff000000000000 + size, level) == 1;
	}
	ok(good, "table_index() at the edges of the space and of an entry");
}

static uint64_t bits_of(desc_t d, unsigned high, unsigned low)
{
	return d >> low & ((2UL << (high - low)) - 1);
}

/* Each field of a leaf where the architecture has it. */
static bool leaf_has(desc_t d, int level, uint64_t attr, uint64_t ap, uint64_t pxn)
{
	return bits_of(d, 0, 0) == 1 && bits_of(d, 1, 1) == (level == 3) &&
	       bits_of(d, 4, 2) == attr && bits_of(d, 5, 5) == 0 && bits_of(d, 7, 6) == ap &&
	       bits_of(d, 9, 8) == 3 && bits_of(d, 10, 10) == 1 && bits_of(d, 11, 11) == 0 &&
	       bits_of(d, 51, 48) == 0 && bits_of(d, 52, 52) == 0 && bits_of(d, 53, 53) == pxn &&
	       bits_of(d, 54, 54) == 1 && bits_of(d, 63, 55) == 0;
}

static void test_leaves(void)
{
	const struct {
		pgprot_t prot;
		uint64_t attr, ap, pxn;
	} leaves[] = { { PAGE_KERNEL, 0, 0, 1 },	{ PAGE_KERNEL_RO, 0, 2, 1 },
		       { PAGE_KERNEL_ROX, 0, 2, 0 },	{ PROT_DEVICE_nGnRE, 1, 0, 1 },
		       { PROT_DEVICE_nGnRnE, 2, 0, 1 }, { PROT_NORMAL_NC, 3, 0, 1 } };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++) {
		for (int level = 1; level <= 3; level++) {
			uint64_t pa = 5UL << g->shift[level];
			desc_t d = leaf_desc(pa, leaves[i].prot, level);

			good = good && desc_addr(d) == pa && desc_addr(d | DESC_CONT) == pa &&
			       leaf_has(d, level, leaves[i].attr, leaves[i].ap, leaves[i].pxn) &&
			       (d & DESC_PROT_MASK) == leaves[i].prot;
		}
	}
	ok(good, "leaf_desc() has each field in its place");
	ok(leaf_desc(0, PAGE_KERNEL, 3) == 0x0060000000000703 &&
		   leaf_desc(0, PAGE_KERNEL, 2) == 0x0060000000000701 &&
		   leaf_desc(0, PAGE_KERNEL_ROX, 3) == 0x0040000000000783,
	   "as numbers");
	ok(DESC_CONT == 1UL << 52 && MAIR_EL1_VALUE == 0x440004ff, "contiguous bit, MAIR");
	ok(DESC_ADDR_MASK == 0x0000ffffffffffff - ((1UL << g->page_shift) - 1),
	   "output address: bits 47 to the page's");
}

static void test_kinds(void)
{
	const desc_t page = leaf_desc(PAGE_SIZE, PAGE_KERNEL, 3);
	const desc_t block = leaf_desc(PMD_SIZE, PAGE_KERNEL, 2), table = table_desc(PAGE_SIZE);

	ok(table == (PAGE_SIZE | 3) && desc_addr(table) == PAGE_SIZE, "table_desc()");
	ok(desc_is_table(table) && !desc_is_table(block) && !desc_is_table(0) && !desc_is_table(2),
	   "desc_is_table()");
	ok(desc_is_block(block) && !desc_is_block(table) && !desc_is_block(0) &&
		   !desc_is_block(block & ~DESC_VALID),
	   "desc_is_block()");
	ok(desc_is_leaf(page, 3) && desc_is_leaf(block, 2) && desc_is_leaf(block, 1) &&
		   !desc_is_leaf(table, 2) && !desc_is_leaf(table, 1) && !desc_is_leaf(0, 3) &&
		   !desc_is_leaf(page & ~DESC_VALID, 3),
	   "desc_is_leaf()");
}

/* VA[55:12] in bits [43:0], whatever the granule; ASID and level hint zero (D8.16.5). */
static void test_tlbi_operand(void)
{
	ok(tlbi_operand(0xffff900000201000) == 0xff900000201 &&
		   tlbi_operand(0xffffffffffffffff) == 0xfffffffffff && tlbi_operand(0xfff) == 0 &&
		   tlbi_operand(0xffff000000010000) == 0xff000000010,
	   "TLBI operand");
}

int main(void)
{
	test_constants();
	test_indexes();
	test_leaves();
	test_kinds();
	test_tlbi_operand();
	return tap_done();
}
