// SPDX-License-Identifier: MIT
/*
 * Suite ioremap: devmem and addresses where nothing is. A device mapping is judged by the
 * walker and by AT, never by an access; ioremap_cache() of devmem is memory, and is read.
 */
#include "lib/arm64/probe.h"
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* Nothing of [va, va + bytes) is left, by the tables and by AT. */
static void check_gone(uint64_t va, uint64_t bytes)
{
	struct vm_struct *area = find_vm_area((void *)va);

	CHECK(!area);
	for (uint64_t at = va & PAGE_MASK; at < va + bytes; at += PAGE_SIZE)
		if (leaf_shift(at))
			CHECK_EQ(leaf_shift(at), 0);
}

static void check_ioremap(uint64_t pa, uint64_t bytes, void *addr, pgprot_t prot)
{
	uint64_t va = (uint64_t)addr,
		 pages = (ALIGN_UP(pa + bytes, PAGE_SIZE) >> PAGE_SHIFT) - (pa >> PAGE_SHIFT);

	if (!CHECK(addr))
		return;
	CHECK_EQ(va & ~PAGE_MASK, pa & ~PAGE_MASK);
	CHECK_EQ(pages_mistranslated(va & PAGE_MASK, pa & PAGE_MASK, pages, prot,
				     pages > 4096 ? 61 : 1),
		 0);
	CHECK_EQ(leaf_shift((va & PAGE_MASK) - PAGE_SIZE), 0);
	CHECK_EQ(leaf_shift((va & PAGE_MASK) + (pages << PAGE_SHIFT)), 0);
	CHECK(!vmalloc_to_page(addr));
	iounmap(addr);
	check_gone(va, bytes);
}

TEST(ioremap_kinds, "ioremap/each-memory-type")
{
	const uint64_t bytes = CONT_PTE_SIZE + 3 * PAGE_SIZE;

	if (devmem_size < bytes)
		SKIP("devmem is smaller than %lu bytes", bytes);
	check_ioremap(devmem_base, bytes, ioremap(devmem_base, bytes), PROT_DEVICE_nGnRE);
	check_ioremap(devmem_base, bytes, ioremap_np(devmem_base, bytes), PROT_DEVICE_nGnRnE);
	check_ioremap(devmem_base, bytes, ioremap_wc(devmem_base, bytes), PROT_NORMAL_NC);
	check_ioremap(devmem_base, bytes, ioremap_cache(devmem_base, bytes), PAGE_KERNEL);
	check_ioremap(devmem_base, bytes,
		      ioremap_prot(devmem_base, bytes, PROT_DEVICE_nGnRE | DESC_RO),
		      PROT_DEVICE_nGnRE | DESC_RO);
}

TEST(ioremap_sizes, "ioremap/each-size-and-offset")
{
	static const uint64_t offsets[] = { 0, 4, 0xfff, 0x1000, 0x1234, 0x10000, 0x1fff8 };

	for (uint64_t bytes = 1; bytes <= 4 * MiB; bytes = bytes * 3 + 1)
		for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++)
			check_ioremap(EMPTY_PA + offsets[i], bytes,
				      ioremap(EMPTY_PA + offsets[i], bytes), PROT_DEVICE_nGnRE);
}

/* An address and a size that suit a leaf get it: areas are aligned to their size. */
static void check_leaf(unsigned shift)
{
	uint64_t size = 1UL << shift;
	void *addr = ioremap(EMPTY_PA, size);

	if (!CHECK(addr))
		return;
	CHECK_EQ(leaf_shift((uint64_t)addr), shift);
	CHECK_EQ(leaf_shift((uint64_t)addr + size - 1), shift);
	check_ioremap(EMPTY_PA, size, addr, PROT_DEVICE_nGnRE);
	/* One page further on, nothing of the kind is legal. */
	addr = ioremap(EMPTY_PA + PAGE_SIZE, size);
	if (CHECK(addr))
		CHECK_EQ(leaf_shift((uint64_t)addr), PAGE_SHIFT);
	iounmap(addr);
}

TEST(ioremap_leaves, "ioremap/each-leaf")
{
	check_leaf(CONT_PTE_SHIFT);
	check_leaf(PMD_SHIFT);
	if (HAVE_PUD_BLOCK)
		check_leaf(PUD_SHIFT);
	else
		check_leaf(CONT_PMD_SHIFT);
}

TEST(ioremap_device, "ioremap/all-of-devmem")
{
	if (!devmem_size)
		SKIP("no devmem");
	check_ioremap(devmem_base, devmem_size, ioremap(devmem_base, devmem_size),
		      PROT_DEVICE_nGnRE);
	check_ioremap(devmem_base + PAGE_SIZE, devmem_size - PAGE_SIZE,
		      ioremap(devmem_base + PAGE_SIZE, devmem_size - PAGE_SIZE), PROT_DEVICE_nGnRE);
}

/* Every page of devmem as memory, tagged by physical address through small mappings. */
TEST(ioremap_read_back, "ioremap/cached-devmem-reads-back")
{
	uint64_t pages = devmem_size >> PAGE_SHIFT, value, wrong = 0;
	uint64_t *all;

	if (!devmem_size)
		SKIP("no devmem");
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t *one = ioremap_cache(devmem_base + (i << PAGE_SHIFT), PAGE_SIZE);

		if (!CHECK(one))
			return;
		*one = ~i;
		iounmap(one);
	}
	all = ioremap_cache(devmem_base, devmem_size);
	if (!CHECK(all))
		return;
	for (uint64_t i = 0; i < pages; i++)
		if (probe_read(&all[i * PAGE_SIZE / 8], &value).class || value != ~i)
			wrong++;
	CHECK_EQ(wrong, 0);
	iounmap(all);
	CHECK_EQ(pages_still_mapped((uint64_t)all, pages), 0);
}

TEST(ioremap_ram, "ioremap/ram-is-refused")
{
	struct phys_range r;

	for_each_ram_range (&r) {
		uint64_t start = r.first_pfn << PAGE_SHIFT, end = start + (r.pages << PAGE_SHIFT);

		CHECK(!ioremap(start, 1));
		CHECK(!ioremap_wc(start + 8, PAGE_SIZE));
		CHECK(!ioremap_cache(end - 1, 1));
		CHECK(!ioremap(end - 1, 2));
		CHECK(!ioremap(start, end - start));
		if (start)
			CHECK(!ioremap(start - 1, 2) && !ioremap(start - PAGE_SIZE, 2 * PAGE_SIZE));
		CHECK(!ioremap(start & ~(GiB - 1), 4 * GiB));
	}
}
