// SPDX-License-Identifier: MIT
/*
 * Suite flush: what the door counted. An emulator's TLB forgets more than it is told to,
 * so that stale reads alone (suite remap) would not miss a single TLBI.
 */
#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "tests/support.h"

static void start_counting(void)
{
	door_counts = (struct door_counts){ 0 };
	door_counting = true;
}

static struct door_counts stop_counting(void)
{
	door_counting = false;
	return door_counts;
}

static void check_map_counts(const struct door_counts *c)
{
	CHECK(c->dmb <= 1);
	CHECK_EQ(c->dsb, 1);
	CHECK_EQ(c->isb, 1);
	CHECK_EQ(c->tlbi, 0);
}

/* TLBIs by range for @pages: one for each digit to the base of 32 of the pairs, and the odd page.
 */
static uint64_t range_tlbis(uint64_t pages)
{
	uint64_t n = pages & 1;

	for (uint64_t pairs = pages >> 1; pairs; pairs >>= 5)
		n += (pairs & 31) != 0;
	return n;
}

/* @leaves valid descriptors of @bytes went; at most one batch of TLBIs, by the policy in force. */
static void check_unmap_counts(const struct door_counts *c, uint64_t leaves, uint64_t bytes)
{
	uint64_t tlbi = leaves > FLUSH_ALL_PAST ? 1 : leaves;

	if (flush_policy == FLUSH_FULL)
		tlbi = 1;
	if (flush_policy == FLUSH_RANGE)
		tlbi = range_tlbis(bytes >> PAGE_SHIFT);
	CHECK_EQ(c->tlbi, tlbi + door_tlbi_twice);
	CHECK_EQ(c->dsb, 2 + door_tlbi_twice);
	CHECK_EQ(c->isb, 1);
	CHECK_EQ(c->dmb, 0);
}

/* The same of a call whose area is RAM: with flush=lazy nothing is flushed yet. */
static void check_ram_unmap_counts(const struct door_counts *c, uint64_t leaves, uint64_t bytes)
{
	if (flush_policy != FLUSH_LAZY) {
		check_unmap_counts(c, leaves, bytes);
		return;
	}
	CHECK_EQ(c->tlbi, 0);
	CHECK_EQ(c->dsb, 1);
	CHECK_EQ(c->tables_freed, 0);
}

/* Maps @bytes of nothing with leaves of at most 1 << @limit, and unmaps them. */
static void check_range(uint64_t va, uint64_t bytes, unsigned limit, unsigned leaf)
{
	uint64_t leaves = bytes >> leaf;
	struct door_counts c;

	CHECK_EQ(map_populate_upper(va, va + bytes), 0);
	start_counting();
	CHECK_EQ(map_range(va, va + bytes, EMPTY_PA, PROT_DEVICE_nGnRE, limit), 0);
	c = stop_counting();
	check_map_counts(&c);
	/* Each leaf once, and the links of leaf tables. */
	CHECK_EQ(c.pte_writes, leaves);
	CHECK_EQ(c.table_writes, c.tables_allocated);
	CHECK_EQ(c.tables_freed, 0);
	start_counting();
	unmap_range(va, va + bytes);
	c = stop_counting();
	check_unmap_counts(&c, leaves, bytes);
	/* A store a leaf, or none where its table went as a whole. */
	CHECK(c.pte_writes + c.table_writes <= leaves + 1);
	CHECK_EQ(c.table_writes, c.tables_freed);
	CHECK_EQ(c.tables_allocated, 0);
}

TEST(flush_leaves, "flush/one-tlbi-a-descriptor")
{
	const uint64_t size = 2 * CONT_PMD_SIZE;
	struct vm_struct *area =
		__get_vm_area(size, CONT_PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t va;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	check_range(va, PAGE_SIZE, MAP_SHIFT_ANY, PAGE_SHIFT);
	check_range(va, 5 * PAGE_SIZE, PAGE_SHIFT, PAGE_SHIFT);
	check_range(va, CONT_PTE_SIZE, MAP_SHIFT_ANY, PAGE_SHIFT);
	check_range(va, 3 * CONT_PTE_SIZE, MAP_SHIFT_ANY, PAGE_SHIFT);
	check_range(va + PMD_SIZE - 7 * PAGE_SIZE, 16 * PAGE_SIZE, PAGE_SHIFT, PAGE_SHIFT);
	check_range(va, FLUSH_ALL_PAST * PAGE_SIZE, PAGE_SHIFT, PAGE_SHIFT);
	check_range(va, (FLUSH_ALL_PAST + 1) * PAGE_SIZE, PAGE_SHIFT, PAGE_SHIFT);
	check_range(va, PMD_SIZE, MAP_SHIFT_ANY, PMD_SHIFT);
	check_range(va, 3 * PMD_SIZE, MAP_SHIFT_ANY, PMD_SHIFT);
	check_range(va, CONT_PMD_SIZE, MAP_SHIFT_ANY, PMD_SHIFT);
	free_vm_area(area);
}

/* Leaves of every size from pages up and down again, in one call. */
TEST(flush_mixed, "flush/pages-blocks-and-pages")
{
	const uint64_t big = HAVE_PUD_BLOCK ? PUD_SIZE : PMD_SIZE;
	const uint64_t before = PMD_SIZE + 3 * PAGE_SIZE, after = PMD_SIZE + 4 * PAGE_SIZE;
	struct vm_struct *area = __get_vm_area(3 * big, big, VMALLOC_START, VMALLOC_END, VM_MAP);
	struct door_counts c;
	uint64_t va, end;

	if (!CHECK(area))
		return;
	/* 3 pages, a block, a larger one (or one more), a block, 4 pages */
	va = (uint64_t)area->addr + 2 * big - before;
	end = va + before + (HAVE_PUD_BLOCK ? big : 0) + after;
	free_vm_area(area);
	area = __get_vm_area(end - va, PAGE_SIZE, va, end + PAGE_SIZE, VM_MAP);
	if (!CHECK(area))
		return;
	CHECK_EQ(map_range(va, end, EMPTY_PA + 2 * big - before, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY),
		 0);
	CHECK_EQ(leaf_shift(va), PAGE_SHIFT);
	CHECK_EQ(leaf_shift(va + 3 * PAGE_SIZE), PMD_SHIFT);
	CHECK_EQ(leaf_shift(va + before), HAVE_PUD_BLOCK ? PUD_SHIFT : PMD_SHIFT);
	CHECK_EQ(leaf_shift(end - 1), PAGE_SHIFT);
	start_counting();
	unmap_range(va, end);
	c = stop_counting();
	check_unmap_counts(&c, 3 + 2 + HAVE_PUD_BLOCK + 4, end - va);
	CHECK_EQ(leaf_shift(va) + leaf_shift(va + before) + leaf_shift(end - 1), 0);
	free_vm_area(area);
}

/*
 * The same, but both ends lie in tables that others use too: their pages are cleared one by
 * one beside the blocks. Counts alone do not say which addresses the TLBIs named: Image.check does.
 */
TEST(flush_shared, "flush/blocks-between-shared-tables")
{
	struct vm_struct *area =
		__get_vm_area(6 * PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t low, va, end;
	struct door_counts c;

	if (!CHECK(area))
		return;
	low = (uint64_t)area->addr;
	va = low + PMD_SIZE - 3 * PAGE_SIZE;
	end = low + 3 * PMD_SIZE + 4 * PAGE_SIZE;
	CHECK_EQ(map_range(low, low + PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY), 0);
	CHECK_EQ(map_range(end, end + PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY), 0);
	CHECK_EQ(map_range(va, end, EMPTY_PA + va - low, PROT_DEVICE_nGnRE, PMD_SHIFT), 0);
	CHECK_EQ(leaf_shift(low + PMD_SIZE), PMD_SHIFT);
	start_counting();
	unmap_range(va, end);
	c = stop_counting();
	check_unmap_counts(&c, 3 + 2 + 4, end - va);
	CHECK_EQ(c.tables_freed, 0);
	CHECK_EQ(leaf_shift(va) + leaf_shift(low + PMD_SIZE) + leaf_shift(end - 1), 0);
	unmap_range(low, low + PAGE_SIZE);
	unmap_range(end, end + PAGE_SIZE);
	free_vm_area(area);
}

TEST(flush_windows, "flush/many-blocks")
{
	const uint64_t blocks = 100;
	struct vm_struct *area =
		__get_vm_area(blocks * PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	struct door_counts c;
	uint64_t va, last;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	last = va + blocks * PMD_SIZE;
	CHECK_EQ(map_range(va, last, EMPTY_PA, PROT_DEVICE_nGnRE, PMD_SHIFT), 0);
	start_counting();
	unmap_range(va, last);
	c = stop_counting();
	check_unmap_counts(&c, blocks, blocks * PMD_SIZE);
	for (; va < last; va += PMD_SIZE)
		CHECK_EQ(leaf_shift(va), 0);
	free_vm_area(area);
}

/* Every @step-th descriptor from @slot on becomes invalid, and keeps its address. */
static void make_invalid(desc_t *slot, uint64_t n, uint64_t step)
{
	for (uint64_t i = 0; i < n; i += step)
		set_desc(&slot[i], get_desc(&slot[i]) & ~DESC_VALID);
	door_before_tlbi();
	tlbi_all();
	door_after_tlbi();
}

/* What set_memory_valid() does to pages and blocks: they are still mapped, for who unmaps them. */
TEST(flush_invalid, "flush/what-was-made-invalid")
{
	const uint64_t blocks = 20, pages = 2 * CONT_PTES + 3;
	struct vm_struct *area =
		__get_vm_area(blocks * PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t va, end;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	end = va + blocks * PMD_SIZE;
	CHECK_EQ(map_range(va, end, EMPTY_PA, PROT_DEVICE_nGnRE, PMD_SHIFT), 0);
	make_invalid(walk_slot(va, LEVEL_PMD), blocks, 3);
	CHECK_EQ(leaf_shift(va), 0);
	unmap_range(va, end);
	for (uint64_t at = va; at < end; at += PMD_SIZE)
		CHECK_EQ(get_desc(walk_slot(at, LEVEL_PMD)), 0);
	CHECK_EQ(map_range(va, va + pages * PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, PAGE_SHIFT), 0);
	make_invalid(walk_slot(va, LEVEL_PTE), pages, 2);
	unmap_range(va, va + PAGE_SIZE);
	CHECK_EQ(get_desc(walk_slot(va, LEVEL_PTE)), 0);
	unmap_range(va + PAGE_SIZE, va + pages * PAGE_SIZE);
	CHECK_EQ(get_desc(walk_slot(va, LEVEL_PMD)), 0);
	free_vm_area(area);
}

/* A table that a block replaces may be in the walk cache: one TLBI in the all-levels form. */
TEST(flush_table, "flush/table-that-gives-way-to-a-block")
{
	uint64_t size = HAVE_PUD_BLOCK ? PUD_SIZE : PMD_SIZE, va;
	struct vm_struct *area = __get_vm_area(size, size, VMALLOC_START, VMALLOC_END, VM_MAP);
	struct door_counts c;

	if (!HAVE_PUD_BLOCK)
		free_vm_area(area);
	if (!HAVE_PUD_BLOCK)
		SKIP("no table of %s pages stays when it is empty, but of 1G", GRANULE_NAME);
	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	CHECK_EQ(map_populate_upper(va, va + size), 0);
	start_counting();
	CHECK_EQ(map_range(va, va + size, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY), 0);
	c = stop_counting();
	CHECK_EQ(leaf_shift(va), PUD_SHIFT);
	CHECK_EQ(c.tlbi, 1 + door_tlbi_twice);
	CHECK_EQ(c.tables_freed, 1);
	CHECK(c.dsb >= 2);
	start_counting();
	unmap_range(va, va + size);
	c = stop_counting();
	check_unmap_counts(&c, 1, size);
	free_vm_area(area);
}

TEST(flush_calls, "flush/public-calls")
{
	const uint64_t n = CONT_PTES + 3;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	struct door_counts c;
	void *addr;

	if (!pages)
		return;
	vunmap(vmap(pages, n, VM_MAP, PAGE_KERNEL)); /* the upper tables exist from now on */
	start_counting();
	addr = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	c = stop_counting();
	check_map_counts(&c);
	start_counting();
	vunmap(addr);
	c = stop_counting();
	check_ram_unmap_counts(&c, n, n * PAGE_SIZE);
	drop_pages(pages, n);
	vfree(vmalloc(n * PAGE_SIZE));
	addr = vmalloc(n * PAGE_SIZE);
	start_counting();
	vfree(addr);
	c = stop_counting();
	check_ram_unmap_counts(&c, n, n * PAGE_SIZE);
}
