// SPDX-License-Identifier: MIT
/*
 * test_check.c's cases: what is stored: changes, groups, formats, links.
 */
#pragma once

/* --- live changes ------------------------------------------------------------------------- */

STEPS(change_address)
{
	map_one();
	store(PTES, 5, LEAF(6));
	mapped();
}
STEPS(change_address_with_break)
{
	unmap_one();
	flush_page(5);
	store(PTES, 5, LEAF(6));
	mapped();
}
STEPS(change_contiguous)
{
	map_one();
	store(PTES, 5, GROUP(5));
	mapped();
}
STEPS(same_again)
{
	map_one();
	store(PTES, 5, LEAF(5));
	mapped();
}
STEPS(change_type)
{
	map_one();
	store(PTES, 5, LEAF(5) | TYPE(MAIR_NORMAL_NC));
	mapped();
}
STEPS(change_share)
{
	map_one();
	store(PTES, 5, LEAF(5) & ~DESC_ISH);
	mapped();
}
STEPS(block_to_table)
{
	store(PMD, 0, BLOCK);
	mapped();
	link_ptes();
}
STEPS(table_to_block)
{
	link_ptes();
	store(PMD, 0, BLOCK);
	mapped();
}
STEPS(table_to_table)
{
	link_ptes();
	store(PMD, 0, link_to(SPARE));
	mapped();
}
STEPS(permissions)
{
	map_one();
	store(PTES, 5, LEAF(5) | DESC_RO);
	flush_page(5);
}
STEPS(permissions_unflushed)
{
	map_one();
	store(PTES, 5, LEAF(5) | DESC_RO);
	mapped();
}
STEPS(permissions_twice)
{
	map_one();
	store(PTES, 5, LEAF(5) | DESC_RO);
	dsb_st();
	store(PTES, 5, LEAF(5));
	flush_page(5);
}
STEPS(table_to_block_with_break)
{
	unlink_ptes();
	dsb_st();
	tlbi_walk(PAGE(5));
	tlbi_walk(PAGE(6));
	flushed();
	store(PMD, 0, BLOCK);
	mapped();
}

static void test_changes(void)
{
	reports(RULE_BBM_ADDRESS, change_address, "a page's");
	reports(RULE_BBM_ADDRESS, table_to_table, "a table's");
	silent(change_address_with_break, "invalid, DSB, TLBI, DSB, valid");
	reports(RULE_BBM_SIZE, change_contiguous, "the contiguous bit");
	reports(RULE_BBM_SIZE, block_to_table, "block to table");
	reports(RULE_BBM_SIZE, table_to_block, "table to block");
	silent(table_to_block_with_break, "table to block, with a break");
	silent(same_again, "the same value once more");
	reports(RULE_BBM_TYPE, change_type, "Normal to NC");
	reports(RULE_BBM_TYPE, change_share, "shareability");
	silent(permissions, "permissions of a live page, then DSB, TLBI, DSB");
	silent(permissions_twice, "permissions twice, one TLBI");
	reports(RULE_TLBI_SCOPE, permissions_unflushed, "permissions without a TLBI");
}

/* --- contiguous groups -------------------------------------------------------------------- */

static void fill_group(uint64_t first, uint64_t n, desc_t d)
{
	link_ptes();
	for (uint64_t i = 0; i < n; i++)
		store(PTES, first + i, d + (i << PAGE_SHIFT));
}

STEPS(group)
{
	fill_group(CONT_PTES, CONT_PTES, GROUP(CONT_PTES));
	mapped();
}
STEPS(group_short)
{
	fill_group(0, CONT_PTES - 1, GROUP(0));
	mapped();
}
STEPS(group_shifted)
{
	fill_group(1, CONT_PTES, GROUP(0));
	mapped();
}
STEPS(group_misaligned)
{
	fill_group(0, CONT_PTES, GROUP(1));
	mapped();
}
STEPS(group_unequal)
{
	fill_group(0, CONT_PTES - 1, GROUP(0));
	store(PTES, CONT_PTES - 1, GROUP(CONT_PTES - 1) | DESC_RO);
	mapped();
}
STEPS(group_linked)
{
	for (uint64_t i = 1; i < CONT_PTES; i++)
		store(PTES, i, GROUP(i));
	link_ptes();
}
STEPS(group_in_part)
{
	group();
	store(PTES, CONT_PTES, 0);
	dsb_st();
	tlbi_all();
	flushed();
}
STEPS(group_other_cpu)
{
	fill_group(0, 3, GROUP(0));
	cpu = 1;
	dsb_st();
	cpu = 0;
	for (uint64_t i = 3; i < CONT_PTES; i++)
		store(PTES, i, GROUP(i));
	mapped();
}

static void protect_group(uint64_t n)
{
	group();
	for (uint64_t i = CONT_PTES; i < CONT_PTES + n; i++)
		store(PTES, i, GROUP(i) | DESC_RO);
	dsb_st();
	tlbi_all();
	flushed();
}

STEPS(group_permissions)
{
	protect_group(CONT_PTES);
}
STEPS(group_permissions_in_part)
{
	protect_group(CONT_PTES / 2);
}
STEPS(block_group)
{
	for (uint64_t i = 0; i < CONT_PMDS; i++)
		store(PMD, i, (BLOCK | DESC_CONT) + (i << PMD_SHIFT));
	mapped();
}
STEPS(block_group_short)
{
	for (uint64_t i = 0; i < CONT_PMDS - 1; i++)
		store(PMD, i, (BLOCK | DESC_CONT) + (i << PMD_SHIFT));
	mapped();
}

static void test_groups(void)
{
	silent(group, "a group, its members stored one by one");
	silent(group_other_cpu, "a group half stored at another CPU's DSB");
	silent(group_permissions, "permissions of a whole group");
	silent(block_group, "a group of blocks");
	reports(RULE_GROUP, group_short, "one member short");
	reports(RULE_GROUP, block_group_short, "one block short");
	reports(RULE_GROUP, group_shifted, "out of place");
	reports(RULE_GROUP, group_misaligned, "frames misaligned");
	reports(RULE_GROUP, group_unequal, "one member read-only");
	reports(RULE_GROUP, group_linked, "in a table that is linked");
	reports(RULE_GROUP, group_in_part, "one member gone at the DSB");
	reports(RULE_GROUP, group_permissions_in_part, "permissions of a half");
}

/* --- formats ------------------------------------------------------------------------------ */

static void one_page(desc_t d)
{
	link_ptes();
	store(PTES, 5, d);
	mapped();
}

STEPS(reserved)
{
	one_page(LEAF(5) & ~DESC_PAGE);
}
STEPS(root_block)
{
	store(ROOT, 0, leaf_desc(0, PAGE_KERNEL, LEVEL_ROOT));
	mapped();
}
STEPS(block)
{
	store(PMD, 1, BLOCK);
	mapped();
}
STEPS(block_misaligned)
{
	store(PMD, 1, BLOCK + PAGE_SIZE);
	mapped();
}
STEPS(no_af)
{
	one_page(LEAF(5) & ~DESC_AF);
}
STEPS(dbm)
{
	one_page(LEAF(5) | 1UL << 51);
}
STEPS(not_global)
{
	one_page(LEAF(5) | 1UL << 11);
}
STEPS(no_such_type)
{
	one_page(LEAF(5) | TYPE(5));
}
STEPS(link_bits)
{
	dmb();
	store(PMD, 0, link_to(PTES) | 1UL << 59);
	mapped();
}

static void test_formats(void)
{
	silent(block, "a block");
	reports(RULE_LEVEL, reserved, "a block where pages are");
	reports(RULE_LEVEL, root_block, "a block in the root");
	reports(RULE_ALIGNMENT, block_misaligned, "a block at a page's address");
	reports(RULE_ATTRIBUTES, no_af, "no AF");
	reports(RULE_ATTRIBUTES, dbm, "DBM");
	reports(RULE_ATTRIBUTES, not_global, "nG");
	reports(RULE_ATTRIBUTES, no_such_type, "an index that MAIR does not have");
	reports(RULE_ATTRIBUTES, link_bits, "a link with PXNTable");
}

/* --- links --------------------------------------------------------------------------------- */

STEPS(fill_and_link)
{
	store(PTES, 5, LEAF(5));
	link_ptes();
}
STEPS(link_no_dmb)
{
	store(PTES, 5, LEAF(5));
	store(PMD, 0, link_to(PTES));
	mapped();
}
STEPS(store_after_dmb)
{
	store(PTES, 5, LEAF(5));
	dmb();
	store(PTES, 6, LEAF(6));
	store(PMD, 0, link_to(PTES));
	mapped();
}
STEPS(zeros_no_dmb)
{
	store(PMD, 0, link_to(PTES));
	mapped();
}
STEPS(other_cpu_links)
{
	store(PTES, 5, LEAF(5));
	dmb();
	cpu = 1;
	store(PMD, 0, link_to(PTES));
	mapped();
}
STEPS(other_cpus_dmb)
{
	store(PTES, 5, LEAF(5));
	cpu = 1;
	dmb();
	cpu = 0;
	store(PMD, 0, link_to(PTES));
	mapped();
}
STEPS(not_filled)
{
	memory[PTES][7] = LEAF(7);
	store(PTES, 5, LEAF(5));
	link_ptes();
}
STEPS(link_twice)
{
	link_ptes();
	store(PMD, 1, link_to(PTES));
	mapped();
}
STEPS(link_foreign)
{
	free_table(PTES);
	link_ptes();
}
STEPS(link_nowhere)
{
	tell(EVENT_TABLE_ALLOC, ARRAY_SIZE(memory) * PAGE_SIZE, 0, 0);
	dmb();
	store(PMD, 0, link_to(ARRAY_SIZE(memory)));
	mapped();
}
STEPS(alloc_linked)
{
	link_ptes();
	alloc(PTES);
}
STEPS(our_root)
{
	tell(EVENT_TTBR1, 0, 0, ROOT * PAGE_SIZE);
	isb();
}
STEPS(other_root)
{
	tell(EVENT_TTBR1, 0, 0, SPARE * PAGE_SIZE);
	isb();
}

static void test_links(void)
{
	silent(fill_and_link, "contents, DMB, link, DSB, ISB");
	silent(other_cpu_links, "contents and DMB on one CPU, the link on another");
	reports(RULE_LINK_ORDER, link_no_dmb, "no barrier");
	reports(RULE_LINK_ORDER, store_after_dmb, "a store after the barrier");
	reports(RULE_LINK_ORDER, zeros_no_dmb, "zeros of somebody else, no barrier");
	reports(RULE_LINK_ORDER, other_cpus_dmb, "the barrier on another CPU");
	reports(RULE_LINK_ORDER, not_filled, "a valid slot that was never stored to");
	reports(RULE_LINK_USED, link_twice, "twice");
	reports(RULE_LINK_USED, link_foreign, "a page that is no table's");
	reports(RULE_LINK_USED, link_nowhere, "no memory");
	reports(RULE_LINK_USED, alloc_linked, "allocated while linked");
	silent(our_root, "TTBR1 with the root");
	reports(RULE_LINK_USED, other_root, "TTBR1 with another root");
}
