// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * vm_map_ram() and its blocks; vmap_sg() and vmap_pfn(); vmap=optin. On the real engine.
 */
#include <errno.h>

#include "mm/areas/map-ram.h"
#include "tests/host/areas_world.h"

#define BLOCK_BYTES (VMAP_BLOCK_PAGES << PAGE_SHIFT)
#define MOST	    (5 * VMAP_MAX_ALLOC)

static struct page *pages[MOST], *block;

static uint64_t block_of(const void *addr)
{
	return ALIGN_DOWN((uint64_t)addr, BLOCK_BYTES);
}

/* Pages that vm_map_ram() takes for @n. */
static uint64_t rounded(uint64_t n)
{
	uint64_t r = 1;

	while (r < n)
		r *= 2;
	return r;
}

/* --- vm_map_ram ----------------------------------------------------------------------- */

static void test_small(void)
{
	struct world before, used;
	uint64_t n[] = { 1, 3, 64, 2, 33, 5 }, at;
	void *addr[6];
	bool good = true;

	purge_vmap_blocks();
	before = look();
	for (int i = 0; i < 6; i++)
		addr[i] = vm_map_ram(pages, n[i]);
	at = (uint64_t)addr[0];
	ok(at == block_of(addr[0]), "the first mapping is at the start of a block");
	for (int i = 0; i < 6; i++) {
		good = good && (uint64_t)addr[i] == at && !find_vm_area(addr[i]);
		for (uint64_t k = 0; k < n[i]; k++)
			good = good && maps_run(addr[i] + (k << PAGE_SHIFT), 1,
						page_to_phys(pages[k]), PAGE_KERNEL, PAGE_SHIFT);
		at += rounded(n[i]) << PAGE_SHIFT;
	}
	ok(good, "each follows the last, powers of two, and maps its pages");
	used = look();
	ok(used.areas == before.areas + 1, "all of them in one area");
	for (int i = 5; i >= 0; i--)
		vm_unmap_ram(addr[i], n[i]);
	for (int i = 0; i < 6; i++)
		good = good && unmapped(addr[i]);
	ok(good, "vm_unmap_ram unmaps at once");
	addr[0] = vm_map_ram(pages, 1);
	ok((uint64_t)addr[0] == at, "what was unmapped is not given out again");
	vm_unmap_ram(addr[0], 1);
	vm_unmap_aliases();
	ok(look().areas == before.areas + 1, "a block with much left stays");
	purge_vmap_blocks();
	ok(unchanged(&before), "a purge takes it");
}

static void test_whole_block(void)
{
	struct world before;
	void *addr[VMAP_BLOCK_PAGES / VMAP_MAX_ALLOC], *other;
	uint64_t n = ARRAY_SIZE(addr);
	bool good = true;

	purge_vmap_blocks();
	before = look();
	for (uint64_t i = 0; i < n; i++) {
		addr[i] = vm_map_ram(pages, VMAP_MAX_ALLOC);
		good = good && block_of(addr[i]) == block_of(addr[0]);
	}
	ok(good, "a block holds %lu pages", n * VMAP_MAX_ALLOC);
	other = vm_map_ram(pages, 1);
	ok(block_of(other) != block_of(addr[0]) && look().areas == before.areas + 2,
	   "then there is a second");
	for (uint64_t i = 0; i < n; i++) {
		good = good && look().areas == before.areas + 2;
		vm_unmap_ram(addr[i], VMAP_MAX_ALLOC);
	}
	ok(good && look().areas == before.areas + 1, "it goes with its last page");
	vm_unmap_ram(other, 1);
	purge_vmap_blocks();
	ok(unchanged(&before), "and the second by a purge");
}

/* Less than a quarter left and nobody in it: vm_unmap_aliases() takes it, as Linux's does. */
static void test_aliases(void)
{
	void *addr[13];
	uint64_t areas;

	purge_vmap_blocks();
	areas = look().areas;
	for (int i = 0; i < 12; i++)
		addr[i] = vm_map_ram(pages, VMAP_MAX_ALLOC);
	for (int i = 0; i < 12; i++)
		vm_unmap_ram(addr[i], VMAP_MAX_ALLOC);
	vm_unmap_aliases();
	ok(look().areas == areas + 1, "a quarter left: it stays");
	addr[12] = vm_map_ram(pages, 1);
	vm_unmap_aliases();
	ok(look().areas == areas + 1 && !unmapped(addr[12]), "less, but in use: it stays");
	vm_unmap_ram(addr[12], 1);
	vm_unmap_aliases();
	ok(look().areas == areas, "less, and not in use: it goes");
}

static void test_large(void)
{
	struct world before = look();
	void *addr = vm_map_ram(pages, VMAP_MAX_ALLOC + 1), *huge;
	bool good = true;

	for (uint64_t k = 0; k <= VMAP_MAX_ALLOC; k++)
		good = good && vmalloc_to_page(addr + (k << PAGE_SHIFT)) == pages[k];
	ok(good && !find_vm_area(addr) && look().areas == before.areas + 1,
	   "more than %lu pages are an area of their own, which nobody finds", VMAP_MAX_ALLOC);
	vm_unmap_ram(addr, VMAP_MAX_ALLOC + 1);
	ok(unmapped(addr) && unchanged(&before), "it goes at once");
	for (uint64_t k = 0; k < MOST; k++)
		pages[k] = block + k;
	huge = vm_map_ram(pages, MOST);
	ok(maps_run(huge, CONT_PTES, page_to_phys(block), PAGE_KERNEL, CONT_PTE_SHIFT),
	   "with the largest leaves");
	vm_unmap_ram(huge, MOST);
	ok(unchanged(&before), "nothing is lost");
}

static bool refused(const void *addr, uint64_t count)
{
	log_lines = 0;
	vm_unmap_ram(addr, count);
	return log_lines == 1 && !strncmp(log_text, "vm_unmap_ram: bad address", 25);
}

static void test_refusals(void)
{
	struct page *bad[] = { NULL, phys_to_page(DEVICE_START), (void *)((char *)block + 8) };
	char *few = vm_map_ram(pages, 5), *many = vm_map_ram(pages, 70), *v = vmalloc(1);
	struct world before = look();
	bool good = true;

	ok(refused(few, 4) && refused(few, 6) && refused(few, 1) && refused(few, 0) &&
		   refused(few, 70) && refused(few, VMAP_BLOCK_PAGES),
	   "vm_unmap_ram of another count");
	ok(refused(many, 69) && refused(many, 71) && refused(many, 64) && refused(many, 0),
	   "of a large one too");
	ok(refused(few + PAGE_SIZE, 4) && refused(few + 1, 5) && refused(many + PAGE_SIZE, 69) &&
		   refused(v, 1) && refused(v, 70) && refused(NULL, 1) &&
		   refused((void *)~0UL, 1) && refused((void *)block_of(few), VMAP_BLOCK_PAGES),
	   "of what is not the start of a mapping");
	log_lines = 0;
	vfree(few);
	vunmap(many);
	iounmap(few);
	ok(log_lines == 3 && !unmapped(few) && !unmapped(many), "no other call takes it");
	ok(!vm_map_ram(NULL, 1) && !vm_map_ram(pages, 0) && !vm_map_ram(pages, ~0UL) &&
		   !vm_map_ram(pages, nr_managed_pages() + 1),
	   "vm_map_ram of nothing, and of more than there is");
	for (unsigned i = 0; i < ARRAY_SIZE(bad) * 80; i++) {
		struct page *own = pages[i % 80];

		pages[i % 80] = bad[i / 80];
		good = good && !vm_map_ram(pages, 80) && (i % 80 >= 40 || !vm_map_ram(pages, 40));
		pages[i % 80] = own;
	}
	ok(good, "of a pointer that is no page of RAM, at each place");
	good = !unmapped(few) && !unmapped(many);
	vm_unmap_ram(few, 5);
	vm_unmap_ram(many, 70);
	ok(good && refused(few, 5) && refused(many, 70), "a second time");
	vfree(v);
	purge_vmap_blocks();
	ok(look().areas < before.areas && look().free_pages > before.free_pages,
	   "what failed left only addresses, which a purge gives back");
}

/* Addresses that blocks keep are given back before a call fails for want of them. */
static void test_short_of_addresses(void)
{
	struct vm_struct *all, *got;
	void *few;

	purge_vmap_blocks();
	few = vm_map_ram(pages, 1);
	vm_unmap_ram(few, 1);
	all = get_vm_area(VMALLOC_END - block_of(few) - BLOCK_BYTES - PAGE_SIZE, VM_MAP);
	got = __get_vm_area(PAGE_SIZE, BLOCK_BYTES, block_of(few), block_of(few) + BLOCK_BYTES,
			    VM_MAP);
	ok(all && got && (uint64_t)got->addr == block_of(few),
	   "short of addresses, blocks are purged");
	free_vm_area(got);
	few = vm_map_ram(pages, 1);
	ok(few && !__get_vm_area(1, 1, block_of(few), block_of(few) + BLOCK_BYTES, VM_MAP),
	   "but not one that is in use");
	vm_unmap_ram(few, 1);
	free_vm_area(all);
	purge_vmap_blocks();
}

static void *map_few(void)
{
	return vm_map_ram(pages, 7);
}

static void unmap_few(const void *addr)
{
	if (addr)
		vm_unmap_ram(addr, 7);
	purge_vmap_blocks();
}

static void *map_many(void)
{
	return vm_map_ram(pages, 90);
}

static void unmap_many(const void *addr)
{
	if (addr)
		vm_unmap_ram(addr, 90);
}

/* --- vmap_sg ------------------------------------------------------------------------------ */

static void sg_case(const struct phys_range *runs, uint64_t nr, const char *what)
{
	struct world before = look();
	char *addr = vmap_sg(runs, nr, VM_MAP, PAGE_KERNEL_RO);
	uint64_t at = 0;
	bool good = true;
	struct leaf leaf;

	for (uint64_t r = 0; r < nr; r++)
		for (uint64_t i = 0; i < runs[r].pages; i++, at += PAGE_SIZE)
			good = good && !walk_lookup((uint64_t)addr + at, &leaf) &&
			       leaf.pa == (runs[r].first_pfn + i) << PAGE_SHIFT &&
			       leaf.prot == PAGE_KERNEL_RO;
	ok(addr && good && unmapped(addr + at) && unmapped(addr - 1) &&
		   find_vm_area(addr)->flags == VM_MAP,
	   "vmap_sg of %s", what);
	vunmap(addr);
	ok(unmapped(addr) && unchanged(&before), "vunmap undoes it");
}

static void test_sg(void)
{
	const uint64_t pfn = page_to_pfn(block), group = CONT_PTES;
	const struct phys_range one = { pfn + 5, 1 }, run = { pfn, 3 * group + 1 };
	const struct phys_range parts[] = { { pfn, group - 1 },		{ pfn + group - 1, 1 },
					    { pfn + group, group },	{ pfn + 9, 2 },
					    { pfn + 3 * group, group }, { pfn, 1 } };
	struct phys_range same[40];
	char *addr;

	for (int i = 0; i < 40; i++)
		same[i] = (struct phys_range){ pfn + 2 * (i % 3), 1 + i % 5 };
	sg_case(&one, 1, "a page");
	sg_case(&run, 1, "a run of groups");
	sg_case(parts, ARRAY_SIZE(parts), "runs that follow each other, and others");
	sg_case(same, 40, "forty runs, some of them the same");
	addr = vmap_sg(parts, ARRAY_SIZE(parts), 0, PAGE_KERNEL);
	ok(maps_run(addr, 2 * group, pfn << PAGE_SHIFT, PAGE_KERNEL, CONT_PTE_SHIFT) &&
		   maps_run(addr + 2 * CONT_PTE_SIZE, 2, (pfn + 9) << PAGE_SHIFT, PAGE_KERNEL,
			    PAGE_SHIFT),
	   "runs that are neighbours make groups");
	vunmap(addr);
}

static void test_sg_refusals(void)
{
	const uint64_t pfn = page_to_pfn(block), end = RAM_END >> PAGE_SHIFT;
	struct phys_range good = { pfn, 3 };
	const struct phys_range bad[] = {
		{ pfn, 0 },
		{ pfn, ~0UL },
		{ end, 1 },
		{ end - 1, 2 },
		{ ~0UL, 1 },
		{ DEVICE_START >> PAGE_SHIFT, 1 },
		{ (DEVICE_START >> PAGE_SHIFT) - 1, 2 },
		{ (RAM_START >> PAGE_SHIFT) - 1, 2 },
	};
	struct phys_range runs[3],
		all[2] = { { RAM_START >> PAGE_SHIFT, (DEVICE_START - RAM_START) >> PAGE_SHIFT } };
	struct world before = look();
	bool refused = true;

	all[1] = all[0];
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		for (unsigned at = 0; at < 3; at++) {
			runs[0] = runs[1] = runs[2] = good;
			runs[at] = bad[i];
			refused = refused && !vmap_sg(runs, 3, VM_MAP, PAGE_KERNEL);
		}
	ok(refused, "vmap_sg of a run that is empty or not all RAM, at each place");
	ok(!vmap_sg(NULL, 1, VM_MAP, PAGE_KERNEL) && !vmap_sg(&good, 0, VM_MAP, PAGE_KERNEL) &&
		   !vmap_sg(&good, 1, VM_MAP_PUT_PAGES, PAGE_KERNEL) &&
		   !vmap_sg(&good, 1, VM_ALLOC, PAGE_KERNEL) &&
		   !vmap_sg(&good, 1, VM_MAP, PAGE_KERNEL_ROX) &&
		   !vmap_sg(all, 2, VM_MAP, PAGE_KERNEL),
	   "of nothing, of more than all RAM, with other flags and attributes");
	ok(unchanged(&before), "nothing has changed");
}

static const struct phys_range *sg_runs;

static void *do_sg(void)
{
	return vmap_sg(sg_runs, 3, VM_MAP, PAGE_KERNEL);
}

/* --- vmap_pfn ------------------------------------------------------------------------------ */

static uint64_t pfns[PTRS_PER_TABLE + 70];

static void pfn_case(uint64_t n, unsigned shift, const char *what)
{
	struct world before = look();
	char *addr = vmap_pfn(pfns, n, PROT_NORMAL_NC), buf[3] = "??";
	bool good = true;
	struct leaf leaf;

	for (uint64_t i = 0; i < n; i++)
		good = good && !walk_lookup((uint64_t)addr + (i << PAGE_SHIFT), &leaf) &&
		       leaf.pa == pfns[i] << PAGE_SHIFT && leaf.prot == PROT_NORMAL_NC;
	ok(good && unmapped(addr + (n << PAGE_SHIFT)), "vmap_pfn of %s", what);
	ok(maps_run(addr, MIN(n, 1UL << (shift - PAGE_SHIFT)), pfns[0] << PAGE_SHIFT,
		    PROT_NORMAL_NC, shift) &&
		   !vmalloc_to_page(addr) && vread(buf, addr, 2) == 2 && !buf[0],
	   "its first leaf; no page, reads as zero");
	vunmap(addr);
	ok(unmapped(addr) && unchanged(&before), "vunmap undoes it");
}

static void test_pfn(void)
{
	const uint64_t far = FAR_DEVICE >> PAGE_SHIFT, n = ARRAY_SIZE(pfns);
	struct world before;
	bool good = true;
	void *addr;

	for (uint64_t i = 0; i < n; i++)
		pfns[i] = far + i;
	pfn_case(1, PAGE_SHIFT, "one frame");
	pfn_case(n, PMD_SHIFT, "a run");
	pfn_case(CONT_PTES + 1, CONT_PTE_SHIFT, "a group and a frame");
	pfns[CONT_PTES / 2] = far + 12345;
	pfn_case(n, PAGE_SHIFT, "a run with a foreign frame");
	for (uint64_t i = 0; i < n; i++)
		pfns[i] = far + 3 * i;
	pfn_case(n, PAGE_SHIFT, "every third frame");
	for (uint64_t i = 0; i < n; i++)
		pfns[i] = far + 2 * i;
	pfn_case(n, PAGE_SHIFT, "every second frame");
	addr = vmap_pfn(pfns, 3, PROT_DEVICE_nGnRE);
	iounmap(addr);
	ok(unmapped(addr), "iounmap takes it too");
	before = look();
	for (uint64_t i = 0; i < 40; i++) {
		pfns[i] = page_to_pfn(block);
		good = good && !vmap_pfn(pfns, 40, PAGE_KERNEL);
		pfns[i] = ioremap_phys_end >> PAGE_SHIFT;
		good = good && !vmap_pfn(pfns, 40, PAGE_KERNEL);
		pfns[i] = far + i;
	}
	ok(good, "RAM, and a frame past the CPU's addresses, at each place");
	ioremap_forbidden_start = FAR_DEVICE + 39 * PAGE_SIZE;
	ioremap_forbidden_end = ioremap_forbidden_start + PAGE_SIZE;
	ok(!vmap_pfn(pfns, 40, PAGE_KERNEL), "the kernel's text");
	ioremap_forbidden_start = ioremap_forbidden_end = 0;
	ok(!vmap_pfn(NULL, 1, PAGE_KERNEL) && !vmap_pfn(pfns, 0, PAGE_KERNEL) &&
		   !vmap_pfn(pfns, ~0UL, PAGE_KERNEL) && !vmap_pfn(pfns, 3, PAGE_KERNEL_ROX) &&
		   !vmap_pfn(pfns, 3, 0),
	   "nothing, everything, and attributes that are none");
	ok(unchanged(&before), "nothing has changed");
}

static void *do_pfn(void)
{
	return vmap_pfn(pfns, 40, PAGE_KERNEL);
}

/* --- vmap=optin ------------------------------------------------------------------------------ */

static unsigned first_leaf(void *addr)
{
	struct leaf leaf = { 0 };
	bool cont;

	walk_lookup((uint64_t)addr, &leaf);
	cont = leaf.cont;
	vunmap(addr);
	return leaf.level == LEVEL_PTE && !cont ? PAGE_SHIFT : CONT_PTE_SHIFT;
}

static void test_optin(void)
{
	const struct phys_range run = { page_to_pfn(block), 2 * CONT_PTES };
	const uint32_t huge = VM_MAP | VM_ALLOW_HUGE_VMAP;
	void *large;

	for (uint64_t k = 0; k < MOST; k++)
		pages[k] = block + k;
	ok(first_leaf(vmap(pages, 2 * CONT_PTES, VM_MAP, PAGE_KERNEL)) == CONT_PTE_SHIFT &&
		   first_leaf(vmap(pages, 2 * CONT_PTES, huge, PAGE_KERNEL)) == CONT_PTE_SHIFT,
	   "vmap=always: with the flag or without");
	vmap_mode = VMAP_OPTIN;
	ok(first_leaf(vmap(pages, 2 * CONT_PTES, VM_MAP, PAGE_KERNEL)) == PAGE_SHIFT &&
		   first_leaf(vmap_sg(&run, 1, VM_MAP, PAGE_KERNEL)) == PAGE_SHIFT &&
		   first_leaf(vmap_pfn(pfns, 2 * CONT_PTES, PAGE_KERNEL)) == PAGE_SHIFT,
	   "vmap=optin: pages");
	ok(first_leaf(vmap(pages, 2 * CONT_PTES, huge, PAGE_KERNEL)) == CONT_PTE_SHIFT &&
		   first_leaf(vmap_sg(&run, 1, huge, PAGE_KERNEL)) == CONT_PTE_SHIFT,
	   "but groups with VM_ALLOW_HUGE_VMAP");
	large = vm_map_ram(pages, MOST);
	ok(maps_run(large, CONT_PTES, page_to_phys(block), PAGE_KERNEL, PAGE_SHIFT),
	   "vm_map_ram has no flag to give");
	vm_unmap_ram(large, MOST);
	vmap_mode = VMAP_ALWAYS;
}

int main(void)
{
	struct phys_range runs[3];

	start_world();
	block = alloc_pages(GFP_KERNEL, 9);
	for (int i = 0; i < 3; i++)
		runs[i] = (struct phys_range){ page_to_pfn(block) + 7 * i, 5 };
	sg_runs = runs;
	for (uint64_t k = 0; k < MOST; k++)
		pages[k] = block + (k * 5) % 512;
	test_small();
	test_whole_block();
	test_aliases();
	test_large();
	test_refusals();
	test_short_of_addresses();
	inject(map_few, unmap_few, "vm_map_ram of a few pages");
	inject(map_many, unmap_many, "vm_map_ram of many pages");
	test_sg();
	test_sg_refusals();
	inject(do_sg, vunmap, "vmap_sg");
	test_pfn();
	for (uint64_t i = 0; i < ARRAY_SIZE(pfns); i++)
		pfns[i] = (FAR_DEVICE >> PAGE_SHIFT) + i;
	inject(do_pfn, vunmap, "vmap_pfn");
	test_optin();
	return tap_done();
}
