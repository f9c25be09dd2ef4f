// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * Mapping by hand (range.h), areas that are freed with what is mapped in them, and vread(),
 * on the real engine.
 */
#include <errno.h>

#include "mm/areas/map-ram.h"
#include "mm/areas/range.h"
#include "tests/host/areas_world.h"

static uint64_t va_of(const struct vm_struct *area)
{
	return (uint64_t)area->addr;
}

/* --- vmap_page_range, vunmap_range ---------------------------------------------------- */

static void test_page_range(void)
{
	const uint64_t bytes = 2 * CONT_PTE_SIZE;
	struct vm_struct *area = __get_vm_area(bytes, CONT_PTE_SIZE, 0, ~0UL, VM_MAP);
	struct page *block = alloc_pages(GFP_KERNEL, CONT_PTES_SHIFT + 1);
	uint64_t va = va_of(area), pa = page_to_phys(block);

	ok(!vmap_page_range(va, va + bytes, pa, PAGE_KERNEL) &&
		   maps_run(area->addr, 2 * CONT_PTES, pa, PAGE_KERNEL, CONT_PTE_SHIFT),
	   "vmap_page_range maps RAM by the largest leaves");
	ok(vmap_page_range(va, va + PAGE_SIZE, pa, PAGE_KERNEL) == -EBUSY &&
		   vmap_page_range(va + bytes - PAGE_SIZE, va + bytes, pa, PAGE_KERNEL) == -EBUSY,
	   "-EBUSY where something is mapped");
	ok(!vunmap_range(va + PAGE_SIZE, va + 2 * PAGE_SIZE) &&
		   maps_run(area->addr, 1, pa, PAGE_KERNEL, PAGE_SHIFT) &&
		   unmapped(area->addr + PAGE_SIZE) &&
		   maps_run(area->addr + 2 * PAGE_SIZE, CONT_PTES - 2, pa + 2 * PAGE_SIZE,
			    PAGE_KERNEL, PAGE_SHIFT) &&
		   maps_run(area->addr + CONT_PTE_SIZE, CONT_PTES, pa + CONT_PTE_SIZE, PAGE_KERNEL,
			    CONT_PTE_SHIFT),
	   "vunmap_range cuts a page out of a group, and splits no other");
	ok(!vunmap_range(va, va + CONT_PTE_SIZE) && unmapped(area->addr) &&
		   maps_run(area->addr + CONT_PTE_SIZE, CONT_PTES, pa + CONT_PTE_SIZE, PAGE_KERNEL,
			    CONT_PTE_SHIFT),
	   "it takes one group of two");
	ok(!vunmap_range(va, va + CONT_PTE_SIZE + PAGE_SIZE) &&
		   unmapped(area->addr + CONT_PTE_SIZE) &&
		   maps_run(area->addr + CONT_PTE_SIZE + PAGE_SIZE, CONT_PTES - 1,
			    pa + CONT_PTE_SIZE + PAGE_SIZE, PAGE_KERNEL, PAGE_SHIFT),
	   "it splits a group that only its end is in");
	ok(!vunmap_range(va, va + bytes) && unmapped(area->addr + bytes - PAGE_SIZE),
	   "the hole is no obstacle");
	ok(!vunmap_range(va, va + bytes), "nor is it if all is hole");
	__free_pages(block, CONT_PTES_SHIFT + 1);
	free_vm_area(area);
}

/* Every third page of a range over three tables and a hole that has no table at all. */
static void test_holes(void)
{
	const uint64_t n = 3 * PTRS_PER_TABLE + 7, step = PTRS_PER_TABLE / 5 + 1;
	struct vm_struct *area = get_vm_area(n << PAGE_SHIFT, VM_MAP);
	uint64_t va = va_of(area), tables;
	bool good = true;

	vmap_page_range(va, va + PAGE_SIZE, FAR_DEVICE, PROT_DEVICE_nGnRE);
	vunmap_range(va, va + PAGE_SIZE); /* upper tables */
	tables = map_table_pages();
	for (uint64_t i = 0; i < n; i += step)
		if (i / PTRS_PER_TABLE != 1)
			good = good && !vmap_page_range(
					       va + (i << PAGE_SHIFT), va + ((i + 1) << PAGE_SHIFT),
					       FAR_DEVICE + (i << PAGE_SHIFT), PROT_DEVICE_nGnRE);
	ok(good && map_table_pages() > tables, "pages here and there");
	ok(vmap_page_range(va, va + (n << PAGE_SHIFT), FAR_DEVICE, PROT_DEVICE_nGnRE) == -EBUSY,
	   "one of them is enough for -EBUSY");
	ok(!vunmap_range(va, va + (n << PAGE_SHIFT)) && map_table_pages() == tables,
	   "vunmap_range finds each, and the tables go");
	for (uint64_t i = 0; i < n; i++)
		good = good && unmapped(area->addr + (i << PAGE_SHIFT));
	ok(good, "nothing is left");
	free_vm_area(area);
}

static void test_page_range_refusals(void)
{
	struct vm_struct *area = get_vm_area(4 * PAGE_SIZE, VM_MAP);
	uint64_t va = va_of(area), end = va + PAGE_SIZE, pa = FAR_DEVICE;
	const pgprot_t dev = PROT_DEVICE_nGnRE;
	struct world before = look();

	ok(vmap_page_range(va, va, pa, dev) == -EINVAL &&
		   vmap_page_range(end, va, pa, dev) == -EINVAL &&
		   vmap_page_range(va + 1, end, pa, dev) == -EINVAL &&
		   vmap_page_range(va, end + 1, pa, dev) == -EINVAL &&
		   vmap_page_range(va, end, pa + 1, dev) == -EINVAL,
	   "ranges that are none");
	ok(vmap_page_range(VMALLOC_START - PAGE_SIZE, VMALLOC_START, pa, dev) == -EINVAL &&
		   vmap_page_range(VMALLOC_END, VMALLOC_END + PAGE_SIZE, pa, dev) == -EINVAL &&
		   vmap_page_range(VMALLOC_END - PAGE_SIZE, VMALLOC_END + PAGE_SIZE, pa, dev) ==
			   -EINVAL,
	   "addresses outside the region");
	ok(vmap_page_range(va, end, pa, 0) == -EINVAL &&
		   vmap_page_range(va, end, pa, PAGE_KERNEL_ROX) == -EINVAL,
	   "attributes that are none, or executable");
	ok(vmap_page_range(va, end, RAM_START, dev) == -EINVAL &&
		   vmap_page_range(va, end, RAM_START, PROT_NORMAL_NC) == -EINVAL &&
		   vmap_page_range(va, va + 2 * PAGE_SIZE, RAM_END - PAGE_SIZE, PAGE_KERNEL) ==
			   -EINVAL &&
		   vmap_page_range(va, va + 2 * PAGE_SIZE, DEVICE_START - PAGE_SIZE, PAGE_KERNEL) ==
			   -EINVAL,
	   "RAM that is no longer write-back, and RAM in part");
	ok(vmap_page_range(va, end, PHYS_END, dev) == -EINVAL &&
		   vmap_page_range(va, va + 2 * PAGE_SIZE, PHYS_END - PAGE_SIZE, dev) == -EINVAL &&
		   vmap_page_range(va, end, ~0UL & PAGE_MASK, dev) == -EINVAL,
	   "past the physical addresses");
	ioremap_forbidden_start = FAR_DEVICE;
	ioremap_forbidden_end = FAR_DEVICE + PAGE_SIZE;
	ok(vmap_page_range(va, end, pa, dev) == -EINVAL &&
		   vmap_page_range(va, va + 2 * PAGE_SIZE, pa - PAGE_SIZE, PAGE_KERNEL) == -EINVAL,
	   "the kernel's text");
	ioremap_forbidden_start = ioremap_forbidden_end = 0;
	ok(vunmap_range(va, va) == -EINVAL && vunmap_range(va + 1, end) == -EINVAL &&
		   vunmap_range(VMALLOC_END - PAGE_SIZE, VMALLOC_END + PAGE_SIZE) == -EINVAL,
	   "vunmap_range of what is no range");
	ok(unchanged(&before), "nothing has changed");
	free_vm_area(area);
}

/* --- ioremap_page_range ---------------------------------------------------------------- */

static void test_ioremap_page_range(void)
{
	struct vm_struct *area = get_vm_area(3 * PAGE_SIZE, VM_IOREMAP);
	struct vm_struct *other = get_vm_area(3 * PAGE_SIZE, VM_MAP);
	uint64_t va = va_of(area), end = va + 3 * PAGE_SIZE, pa = FAR_DEVICE;
	const pgprot_t dev = PROT_DEVICE_nGnRE;

	log_lines = 0;
	ok(ioremap_page_range(va_of(other), va_of(other) + 3 * PAGE_SIZE, pa, dev) == -EINVAL &&
		   ioremap_page_range(VMALLOC_END - PAGE_SIZE, VMALLOC_END, pa, dev) == -EINVAL &&
		   log_lines == 2,
	   "no VM_IOREMAP area: -EINVAL and a line");
	ok(ioremap_page_range(va, end - PAGE_SIZE, pa, dev) == -ERANGE &&
		   ioremap_page_range(va + PAGE_SIZE, end, pa, dev) == -ERANGE &&
		   ioremap_page_range(va, end + PAGE_SIZE, pa, dev) == -ERANGE && log_lines == 5,
	   "not just the area: -ERANGE and a line");
	ok(ioremap_page_range(va, end, RAM_START, PAGE_KERNEL) == -EINVAL, "RAM");
	ok(!ioremap_page_range(va, end, pa, dev) && maps_run(area->addr, 3, pa, dev, PAGE_SHIFT) &&
		   unmapped((void *)end),
	   "the whole area");
	ok(ioremap_page_range(va, end, pa, dev) == -EBUSY, "a second time: -EBUSY");
	iounmap(area->addr);
	ok(unmapped((void *)va) && !find_vm_area((void *)va) && log_lines == 5, "iounmap takes it");
	free_vm_area(other);
}

static void test_ioremap_align(void)
{
	uint64_t max = 1UL << IOREMAP_MAX_SHIFT;
	struct vm_struct *pad = get_vm_area(1, VM_MAP), *a = get_vm_area(5 * PAGE_SIZE, VM_IOREMAP);

	ok(ioremap_align(1) == PAGE_SIZE && ioremap_align(PAGE_SIZE) == PAGE_SIZE &&
		   ioremap_align(PAGE_SIZE + 1) == 2 * PAGE_SIZE &&
		   ioremap_align(2 * PAGE_SIZE) == 2 * PAGE_SIZE &&
		   ioremap_align(MiB + 1) == MAX(2 * MiB, PAGE_SIZE) && ioremap_align(max) == max &&
		   ioremap_align(1UL << 44) == max,
	   "the next power of two, from a page to the largest leaf");
	ok(IS_ALIGNED((uint64_t)a->addr, 8 * PAGE_SIZE), "get_vm_area() follows it for VM_IOREMAP");
	free_vm_area(pad);
	free_vm_area(a);
}

/* --- areas that are freed as they are ----------------------------------------------------- */

static void test_free_unmaps(void)
{
	struct world before = look();
	struct vm_struct *area, *removed;
	uint64_t va;

	area = get_vm_area(9 * PAGE_SIZE, VM_MAP);
	va = va_of(area);
	vmap_page_range(va + 3 * PAGE_SIZE, va + 5 * PAGE_SIZE, FAR_DEVICE, PAGE_KERNEL);
	free_vm_area(area);
	ok(unmapped((void *)(va + 3 * PAGE_SIZE)) && unchanged(&before),
	   "free_vm_area unmaps what is there");
	area = get_vm_area(9 * PAGE_SIZE, VM_MAP);
	va = va_of(area);
	vmap_page_range(va + 3 * PAGE_SIZE, va + 5 * PAGE_SIZE, FAR_DEVICE, PAGE_KERNEL);
	removed = remove_vm_area((void *)va);
	ok(removed == area && removed->flags == VM_MAP && va_of(removed) == va &&
		   unmapped((void *)(va + 3 * PAGE_SIZE)),
	   "remove_vm_area too, and the area is as it was");
	kfree(removed);
	ok(unchanged(&before), "nothing is lost");
	area = get_vm_area(9 * PAGE_SIZE, VM_MAP);
	va = va_of(area);
	vmap_page_range(va + 8 * PAGE_SIZE, va + 9 * PAGE_SIZE, FAR_DEVICE, PAGE_KERNEL);
	vunmap((void *)va);
	ok(unmapped((void *)(va + 8 * PAGE_SIZE)) && unchanged(&before), "vunmap, holes or not");
	area = get_vm_area(9 * PAGE_SIZE, VM_ALLOC);
	vfree(area->addr);
	ok(unchanged(&before), "vfree, nothing mapped at all");
}

/* --- sparse areas ------------------------------------------------------------------------ */

static void test_sparse(void)
{
	const uint64_t n = 2 * CONT_PTES + 3;
	struct vm_struct *area = get_vm_area(4 * n << PAGE_SHIFT, VM_SPARSE);
	struct page *block = alloc_pages(GFP_KERNEL, CONT_PTES_SHIFT + 2);
	uint64_t va = va_of(area), at = ALIGN_UP(va, CONT_PTE_SIZE);
	struct page **pages = calloc(n, sizeof(*pages));

	for (uint64_t i = 0; i < n; i++)
		pages[i] = block + i;
	ok(!vm_area_map_pages(area, at, at + (n << PAGE_SHIFT), pages) &&
		   maps_run((void *)at, n, page_to_phys(block), PAGE_KERNEL, PAGE_SHIFT),
	   "vm_area_map_pages: page by page, whatever the frames are");
	vm_area_unmap_pages(area, at + PAGE_SIZE, at + 5 * PAGE_SIZE);
	ok(!unmapped((void *)at) && unmapped((void *)(at + PAGE_SIZE)) &&
		   unmapped((void *)(at + 4 * PAGE_SIZE)) &&
		   !unmapped((void *)(at + 5 * PAGE_SIZE)),
	   "any part of it comes out again");
	ok(vm_area_map_pages(area, at + 4 * PAGE_SIZE, at + 6 * PAGE_SIZE, pages) == -EBUSY &&
		   unmapped((void *)(at + 4 * PAGE_SIZE)),
	   "overlapping what is mapped: -EBUSY");
	ok(!vm_area_map_pages(area, at + PAGE_SIZE, at + 3 * PAGE_SIZE, pages + 7) &&
		   vmalloc_to_page((void *)(at + 2 * PAGE_SIZE)) == pages[8],
	   "into the hole again");
	vm_area_unmap_pages(area, va, va + get_vm_area_size(area));
	ok(unmapped((void *)at) && unmapped((void *)(at + (n << PAGE_SHIFT) - 1)), "all of it");
	vm_area_map_pages(area, at, at + PAGE_SIZE, pages);
	free_vm_area(area);
	ok(unmapped((void *)at), "free_vm_area takes the rest");
	free(pages);
	__free_pages(block, CONT_PTES_SHIFT + 2);
}

static void test_sparse_refusals(void)
{
	struct vm_struct *area = get_vm_area(8 * PAGE_SIZE, VM_SPARSE);
	struct vm_struct *plain = get_vm_area(8 * PAGE_SIZE, VM_MAP);
	struct vm_struct *bare = get_vm_area(8 * PAGE_SIZE, VM_SPARSE | VM_NO_GUARD);
	struct vm_struct *reset = get_vm_area(8 * PAGE_SIZE, VM_SPARSE | VM_FLUSH_RESET_PERMS);
	uint64_t va = va_of(area), end = va + 8 * PAGE_SIZE, all = nr_managed_pages() << PAGE_SHIFT;
	struct page *good = alloc_pages(GFP_KERNEL, 0), *pages[8], *bad;
	struct world before = look();
	bool refused = true;

	for (unsigned i = 0; i < 8; i++)
		pages[i] = good;
	ok(vm_area_map_pages(NULL, va, end, pages) == -EINVAL &&
		   vm_area_map_pages(plain, va_of(plain), va_of(plain) + PAGE_SIZE, pages) ==
			   -EINVAL &&
		   vm_area_map_pages(bare, va_of(bare), va_of(bare) + PAGE_SIZE, pages) ==
			   -EINVAL &&
		   vm_area_map_pages(reset, va_of(reset), va_of(reset) + PAGE_SIZE, pages) ==
			   -EINVAL,
	   "areas that are not sparse, or not guarded: -EINVAL");
	ok(vm_area_map_pages(area, va - PAGE_SIZE, va, pages) == -ERANGE &&
		   vm_area_map_pages(area, end - PAGE_SIZE, end + PAGE_SIZE, pages) == -ERANGE,
	   "outside the area, its guard page too: -ERANGE");
	ok(vm_area_map_pages(area, va, va + all + PAGE_SIZE, pages) == -E2BIG &&
		   vm_area_map_pages(area, end, va, pages) == -E2BIG,
	   "more than all RAM: -E2BIG");
	ok(vm_area_map_pages(area, va + 1, end, pages) == -EINVAL &&
		   vm_area_map_pages(area, va, va, pages) == -EINVAL &&
		   vm_area_map_pages(area, va, end, NULL) == -EINVAL,
	   "unaligned, nothing, no pages: -EINVAL");
	for (unsigned i = 0; i < 32; i++) {
		bad = i / 8 == 0   ? NULL
		      : i / 8 == 1 ? phys_to_page(DEVICE_START)
		      : i / 8 == 2 ? (void *)((char *)good + 8)
				   : phys_to_page(RAM_END);
		pages[i % 8] = bad;
		refused = refused &&
			  vm_area_map_pages(area, va, end, pages) == (bad ? -EINVAL : -ENOMEM);
		pages[i % 8] = good;
	}
	ok(refused, "what is no page of RAM, at each place: -EINVAL, NULL: -ENOMEM");
	vm_area_unmap_pages(area, va - PAGE_SIZE, end);
	vm_area_unmap_pages(plain, va_of(plain), va_of(plain) + PAGE_SIZE);
	ok(unchanged(&before), "nothing has changed");
	free_vm_area(area);
	free_vm_area(plain);
	free_vm_area(bare);
	free_vm_area(reset);
	__free_pages(good, 0);
}

/* --- vread --------------------------------------------------------------------------------- */

static void fill(const void *addr, uint64_t pages, char value)
{
	for (uint64_t i = 0; i < pages; i++)
		memset(page_address(vmalloc_to_page(addr + (i << PAGE_SHIFT))), value + (int)i,
		       PAGE_SIZE);
}

static bool all_are(const char *from, uint64_t n, char value)
{
	return !n || (from[0] == value && !memcmp(from, from + 1, n - 1));
}

/* A part of the region, side by side: vmalloc, device, vmap, sparse with a hole, nothing. */
static void test_vread(void)
{
	const uint64_t lo = VMALLOC_START + 256 * GiB, room = 40 * PAGE_SIZE;
	char *buf = malloc(room + 2), *v;
	struct vm_struct *io, *sparse, *hidden;
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	v = __vmalloc_range(2 * PAGE_SIZE, 1, lo, lo + room, 0, PAGE_KERNEL, 0);
	fill(v, 2, 'a');
	io = __get_vm_area(PAGE_SIZE, 1, lo, lo + room, VM_IOREMAP);
	vmap_page_range(va_of(io), va_of(io) + PAGE_SIZE, FAR_DEVICE, PROT_DEVICE_nGnRE);
	sparse = __get_vm_area(3 * PAGE_SIZE, 1, lo, lo + room, VM_SPARSE);
	memset(page_address(page), 'x', PAGE_SIZE);
	vm_area_map_pages(sparse, va_of(sparse) + PAGE_SIZE, va_of(sparse) + 2 * PAGE_SIZE, &page);
	hidden = __get_vm_area(PAGE_SIZE, 1, lo, lo + room, VM_MAP | VM_UNINITIALIZED);
	memset(buf, '?', room + 2);
	ok(vread(buf + 1, (void *)lo, room) == room && buf[0] == '?' && buf[room + 1] == '?',
	   "vread writes as much as it is told to");
	ok(all_are(buf + 1, PAGE_SIZE, 'a') && all_are(buf + 1 + PAGE_SIZE, PAGE_SIZE, 'b') &&
		   all_are(buf + 1 + 2 * PAGE_SIZE, PAGE_SIZE, 0),
	   "pages, and zeros for the guard page");
	ok(all_are(buf + 1 + 3 * PAGE_SIZE, 3 * PAGE_SIZE, 0) &&
		   all_are(buf + 1 + 6 * PAGE_SIZE, PAGE_SIZE, 'x') &&
		   all_are(buf + 1 + 7 * PAGE_SIZE, room - 7 * PAGE_SIZE, 0),
	   "zeros for a device, for holes, and where no area is");
	memset(buf, '?', room);
	ok(vread(buf, v + PAGE_SIZE - 3, 5) == 5 && !memcmp(buf, "aaabb?", 6),
	   "a few bytes over a page's end");
	ok(vread(buf, (void *)(va_of(sparse) + 2 * PAGE_SIZE - 1), 2) == 2 && buf[0] == 'x' &&
		   !buf[1],
	   "and into a hole");
	vmap_page_range(va_of(hidden), va_of(hidden) + PAGE_SIZE, page_to_phys(page), PAGE_KERNEL);
	ok(vread(buf, hidden->addr, 9) == 9 && all_are(buf, 9, 0), "zeros for a hidden area");
	vunmap_range(va_of(hidden), va_of(hidden) + PAGE_SIZE);
	vmap_page_range(va_of(sparse), va_of(sparse) + PAGE_SIZE, FAR_DEVICE, PROT_DEVICE_nGnRE);
	ok(vread(buf, sparse->addr, 9) == 9 && all_are(buf, 9, 0),
	   "zeros for a device in an area that is none");
	vunmap_range(va_of(io), va_of(io) + PAGE_SIZE);
	vmap_page_range(va_of(io), va_of(io) + PAGE_SIZE, page_to_phys(page), PAGE_KERNEL);
	ok(vread(buf, io->addr, 9) == 9 && all_are(buf, 9, 0), "zeros for VM_IOREMAP, RAM or not");
	memset(buf, '?', 9);
	ok(!vread(buf, (void *)(lo + room), 9) && !vread(buf, (void *)0x1000, 9) &&
		   !vread(buf, v, 0) && !vread(buf, (void *)~0UL, 9) && all_are(buf, 9, '?'),
	   "0 and nothing written where no area is");
	publish_vm_area(hidden);
	free_vm_area(hidden);
	free_vm_area(sparse);
	free_vm_area(io);
	vfree(v);
	__free_pages(page, 0);
	free(buf);
}

static void test_vread_ram(void)
{
	struct page *pages[70];
	char buf[4], *few, *many;

	memset(pages, 0, sizeof(pages));
	alloc_pages_bulk(GFP_KERNEL, 70, pages);
	for (int i = 0; i < 70; i++)
		memset(page_address(pages[i]), 'A' + i % 20, PAGE_SIZE);
	few = vm_map_ram(pages, 3);
	many = vm_map_ram(pages, 70);
	ok(!find_vm_area(few) && !find_vm_area(many), "vm_map_ram's areas are found by nobody");
	ok(vread(buf, few + PAGE_SIZE - 2, 4) == 4 && !memcmp(buf, "AABB", 4) &&
		   vread(buf, many + 66 * PAGE_SIZE - 2, 4) == 4 && !memcmp(buf, "FFGG", 4),
	   "but vread reads them");
	ok(vread(buf, few + 3 * PAGE_SIZE - 2, 4) == 4 && buf[1] == 'C' && !buf[2],
	   "and the free rest of a block as zeros");
	vm_unmap_ram(few, 3);
	vm_unmap_ram(many, 70);
	purge_vmap_blocks();
	ok(!vread(buf, many, 4), "afterwards there is nothing");
	free_pages_bulk(pages, 70);
}

/* --- runs ------------------------------------------------------------------------------- */

/* Over a table's end, the first table live already: what is built and what is filled in place. */
static void test_runs_over_tables(void)
{
	struct vm_struct *area = __get_vm_area(2 * PMD_SIZE, PMD_SIZE, 0, ~0UL, VM_MAP);
	const uint64_t pfn = FAR_DEVICE >> PAGE_SHIFT, start = (uint64_t)area->addr;
	const struct phys_range runs[] = { { pfn, 2 },	    { pfn + 9, 1 },  { pfn + 3, 4 },
					   { pfn + 30, 1 }, { pfn + 20, 3 }, { pfn + 23, 2 } };
	const uint64_t frames[] = { 0, 1, 9, 3, 4, 5, 6, 30, 20, 21, 22, 23, 24 };
	uint64_t va = start + PMD_SIZE - 5 * PAGE_SIZE, end = va + 13 * PAGE_SIZE;
	bool good = true;
	struct leaf leaf;

	map_range(start, start + PAGE_SIZE, FAR_DEVICE, PROT_DEVICE_nGnRE, PAGE_SHIFT);
	map_range(end, end + PAGE_SIZE, FAR_DEVICE, PROT_DEVICE_nGnRE, PAGE_SHIFT);
	for (unsigned round = 0; round < 2; round++) {
		good = good && !map_runs(va, end, runs, 6, PAGE_KERNEL, MAP_SHIFT_ANY);
		for (unsigned i = 0; i < 13; i++)
			good = good && !walk_lookup(va + i * PAGE_SIZE, &leaf) &&
			       leaf.pa == (pfn + frames[i]) << PAGE_SHIFT;
		unmap_range(va, end);
		if (!round) /* and then the second table is not live */
			unmap_range(end, end + PAGE_SIZE);
	}
	ok(good, "runs over a table's end, the first table live, the second live or not");
	ok(map_runs(va, end, runs, 5, PAGE_KERNEL, MAP_SHIFT_ANY) == -EINVAL &&
		   map_runs(va, end - PAGE_SIZE, runs, 6, PAGE_KERNEL, MAP_SHIFT_ANY) == -EINVAL &&
		   map_runs(va, end, NULL, 0, PAGE_KERNEL, MAP_SHIFT_ANY) == -EINVAL,
	   "runs that come to other than the range: -EINVAL");
	free_vm_area(area);
}

/* Halves of a block, one after the other, are a block. */
static void test_sg_block(void)
{
	const unsigned order = PMD_SHIFT - PAGE_SHIFT;
	struct page *whole = alloc_pages(GFP_KERNEL, order);
	const struct phys_range halves[] = {
		{ page_to_pfn(whole), 3 },
		{ page_to_pfn(whole) + 3, (1UL << order) - 3 },
	};
	char *addr = vmap_sg(halves, 2, VM_MAP, PAGE_KERNEL);

	ok(maps_run(addr, 1UL << order, page_to_phys(whole), PAGE_KERNEL, PMD_SHIFT),
	   "parts of a block that follow each other are one leaf");
	vunmap(addr);
	__free_pages(whole, order);
}

int main(void)
{
	start_world();
	test_page_range();
	test_holes();
	test_page_range_refusals();
	test_ioremap_page_range();
	test_ioremap_align();
	test_free_unmaps();
	test_sparse();
	test_sparse_refusals();
	test_vread();
	test_vread_ram();
	test_sg_block();
	test_runs_over_tables();
	return tap_done();
}
