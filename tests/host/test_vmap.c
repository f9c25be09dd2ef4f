// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * vmap() and ioremap(), and what none of the unmapping calls may touch, on the real engine:
 * what gets mapped is read back by the software walker, errors leave the world as it was.
 */
#include "mm/areas/lazy.h"
#include "tests/host/areas_world.h"

/* --- vmap ----------------------------------------------------------------------------- */

/* vmap of what @pages holds, read back and taken down. */
static void vmap_case(struct page **pages, uint64_t n, uint64_t align, const char *what)
{
	struct world before = look();
	void *addr = vmap(pages, n, VM_MAP, PAGE_KERNEL_RO);
	struct vm_struct *area = find_vm_area(addr);

	ok(area && area->flags == VM_MAP && IS_ALIGNED((uint64_t)addr, align) &&
		   get_vm_area_size(area) == n << PAGE_SHIFT,
	   "vmap of %s: area", what);
	ok(maps_pages(addr, pages, n, PAGE_KERNEL_RO), "vmap of %s: mapped", what);
	vunmap(addr);
	ok(unmapped(addr) && unchanged(&before), "vmap of %s: vunmap undoes it", what);
}

static void test_vmap(void)
{
	const unsigned order = PMD_SHIFT - PAGE_SHIFT;
	const uint64_t n = 1UL << order;
	struct page **pages = calloc(2 * n, sizeof(*pages)), *swap;
	struct page *block = alloc_pages(GFP_KERNEL, order), *small;
	unsigned long long seed = 7;
	void *addr;

	for (uint64_t i = 0; i < n; i++)
		pages[i] = block + i;
	vmap_case(pages, 1, PAGE_SIZE, "one page");
	vmap_case(pages, n, PMD_SIZE, "a block of PMD size");
	addr = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	ok(maps_run(addr, n, page_to_phys(block), PAGE_KERNEL, PMD_SHIFT), "it is one leaf");
	vunmap(addr);
	addr = vmap(pages, CONT_PTES + 1, VM_MAP, PAGE_KERNEL);
	ok(maps_run(addr, CONT_PTES, page_to_phys(block), PAGE_KERNEL, CONT_PTE_SHIFT),
	   "CONT_PTE groups below that");
	vunmap(addr);
	vmap_case(pages + 1, CONT_PTES, CONT_PTE_SIZE, "a run that is misaligned");
	vmap_case(pages + n - 3, 3, PAGE_SIZE, "a block's last pages");
	small = alloc_pages(GFP_KERNEL, 0);
	pages[n] = small;
	vmap_case(pages, n + 1, PMD_SIZE, "a block and a page");
	for (uint64_t i = n - 1; i > 0; i--) {
		uint64_t j = tap_random(&seed) % (i + 1);

		swap = pages[i];
		pages[i] = pages[j];
		pages[j] = swap;
	}
	vmap_case(pages, n, PMD_SIZE, "pages in random order");
	pages[3] = pages[4];
	vmap_case(pages, 20, CONT_PTES > 20 ? PAGE_SIZE : CONT_PTE_SIZE, "one page twice");
	__free_pages(small, 0);
	__free_pages(block, order);
	free(pages);
}

static void test_vmap_refusals(void)
{
	struct page *block = alloc_pages(GFP_KERNEL, 5), *pages[32];
	struct page *bad[] = { NULL,
			       phys_to_page(DEVICE_START),
			       phys_to_page(RAM_END),
			       phys_to_page(RAM_START) - 1,
			       (void *)((char *)block + 8),
			       (void *)pages };
	const uint32_t flags[] = { VM_ALLOC, VM_IOREMAP, VM_UNINITIALIZED, VM_FLUSH_RESET_PERMS };
	const pgprot_t prots[] = { 0,
				   PAGE_KERNEL_ROX,
				   PAGE_KERNEL & ~DESC_AF,
				   PAGE_KERNEL | DESC_VALID,
				   PAGE_KERNEL | DESC_CONT,
				   PAGE_KERNEL | PAGE_SIZE,
				   PAGE_KERNEL & ~DESC_PXN };
	struct world before;
	bool good = true;
	void *addr;

	for (int i = 0; i < 32; i++)
		pages[i] = block + i;
	vunmap(vmap(pages, 32, VM_MAP, PAGE_KERNEL));
	before = look();
	for (unsigned i = 0; i < ARRAY_SIZE(bad) * 32; i++) {
		pages[i % 32] = bad[i / 32];
		good = good && !vmap(pages, 32, VM_MAP, PAGE_KERNEL) && unchanged(&before);
		pages[i % 32] = block + i % 32;
	}
	ok(good, "vmap of a pointer that is no page of RAM, at each place");
	good = true;
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
		good = good && !vmap(pages, 32, VM_MAP | flags[i], PAGE_KERNEL);
	ok(good, "vmap with the allocators' own flags");
	good = true;
	for (unsigned i = 0; i < ARRAY_SIZE(prots); i++)
		good = good && !vmap(pages, 32, VM_MAP, prots[i]);
	ok(good, "vmap with attributes that are none, or executable");
	ok(!vmap(NULL, 1, VM_MAP, PAGE_KERNEL) && !vmap(pages, 0, VM_MAP, PAGE_KERNEL) &&
		   !vmap(pages, nr_managed_pages() + 1, VM_MAP, PAGE_KERNEL) &&
		   !vmap(pages, ~0UL, VM_MAP, PAGE_KERNEL) &&
		   !vmap(pages, (1UL << (64 - PAGE_SHIFT)) + 1, VM_MAP, PAGE_KERNEL),
	   "vmap of nothing, and of more than there is");
	ok(unchanged(&before), "nothing has changed");
	addr = vmap(pages, 2, VM_MAP | VM_NO_GUARD, PAGE_KERNEL);
	ok(find_vm_area(addr)->flags == VM_MAP, "vmap ignores VM_NO_GUARD");
	vunmap(addr);
	__free_pages(block, 5);
}

static void test_put_pages(void)
{
	struct world before = look();
	struct page **pages = kmalloc(9 * sizeof(*pages), GFP_KERNEL);
	void *addr;

	memset(pages, 0, 9 * sizeof(*pages));
	alloc_pages_bulk(GFP_KERNEL, 9, pages);
	addr = vmap(pages, 9, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	log_lines = 0;
	vunmap(addr);
	ok(!unmapped(addr) && log_lines == 1, "vunmap refuses VM_MAP_PUT_PAGES");
	vfree(addr);
	ok(unmapped(addr) && unchanged(&before), "vfree frees its pages and its list");
}

/* --- ioremap -------------------------------------------------------------------------- */

/* ioremap of [pa, pa + size): what it must map with leaves of @shift at its start. */
static void ioremap_case(uint64_t pa, uint64_t size, unsigned shift)
{
	uint64_t first = pa & PAGE_MASK, end = ALIGN_UP(pa + size, PAGE_SIZE);
	struct world before = look();
	void *addr = ioremap(pa, size), *base = addr - (pa & ~PAGE_MASK);
	struct vm_struct *area = find_vm_area(addr);
	uint64_t n = MIN((end - first) >> PAGE_SHIFT, 1UL << (shift - PAGE_SHIFT));

	ok(area && area->flags == VM_IOREMAP && area->phys_addr == first && area->addr == base &&
		   get_vm_area_size(area) == end - first,
	   "ioremap(%#lx, %#lx): area", pa, size);
	ok(maps_run(base, n, first, PROT_DEVICE_nGnRE, shift), "its first leaf");
	ok(maps_run(base + (end - first) - PAGE_SIZE, 0, 0, 0, 0) &&
		   !unmapped(base + end - first - 1) && unmapped(base + (end - first)) &&
		   unmapped(base - 1),
	   "its ends");
	ok(!vmalloc_to_page(addr) && !vmalloc_to_pfn(addr), "it has no struct page");
	iounmap(addr);
	ok(unmapped(base) && unchanged(&before), "iounmap undoes it");
}

static void test_ioremap(void)
{
	static const pgprot_t prots[] = { PROT_DEVICE_nGnRE, PROT_DEVICE_nGnRnE, PROT_NORMAL_NC,
					  PAGE_KERNEL };
	void *addrs[4];
	bool good = true;

	ioremap_case(DEVICE_START, PAGE_SIZE, PAGE_SHIFT);
	ioremap_case(DEVICE_END - 7, 7, PAGE_SHIFT);
	ioremap_case(FAR_DEVICE + 0x123, PAGE_SIZE, PAGE_SHIFT);
	ioremap_case(FAR_DEVICE, CONT_PTE_SIZE, CONT_PTE_SHIFT);
	ioremap_case(FAR_DEVICE, PMD_SIZE, PMD_SHIFT);
	ioremap_case(FAR_DEVICE + PAGE_SIZE, CONT_PTE_SIZE, PAGE_SHIFT);
	ioremap_case(FAR_DEVICE, CONT_PMD_SIZE, CONT_PMD_SHIFT);
	if (HAVE_PUD_BLOCK)
		ioremap_case(FAR_DEVICE, PUD_SIZE, PUD_SHIFT);
	addrs[0] = ioremap(FAR_DEVICE, 9);
	addrs[1] = ioremap_np(FAR_DEVICE, 9);
	addrs[2] = ioremap_wc(FAR_DEVICE, 9);
	addrs[3] = ioremap_cache(FAR_DEVICE, 9);
	for (int i = 0; i < 4; i++)
		good = good && maps_run(addrs[i], 1, FAR_DEVICE, prots[i], PAGE_SHIFT);
	ok(good, "ioremap, _np, _wc, _cache: their attributes");
	for (int i = 0; i < 4; i++)
		iounmap(addrs[i]);
}

static void test_ioremap_refusals(void)
{
	struct world before = look();
	bool good;

	good = !ioremap(RAM_START, 1) && !ioremap(RAM_END - 1, 1) && !ioremap_cache(RAM_START, 1) &&
	       !ioremap(RAM_START - 1, 2) && !ioremap(RAM_END - 1, 2) &&
	       !ioremap(DEVICE_START - 1, 2) && !ioremap(DEVICE_END - 1, 2) &&
	       !ioremap(0, 1UL << 40) && !ioremap(DEVICE_START, ARENA_BLOCK + 1);
	ok(good, "ioremap of a range with RAM in it");
	ok(!ioremap(FAR_DEVICE, 0) && !ioremap(RAM_END, 0), "ioremap of nothing");
	ok(!ioremap(~0UL, 1) && !ioremap(~0UL, 2) && !ioremap(FAR_DEVICE, ~0UL) &&
		   !ioremap(FAR_DEVICE, 0 - FAR_DEVICE) && !ioremap(PHYS_END, 1) &&
		   !ioremap(PHYS_END - PAGE_SIZE, PAGE_SIZE + 1),
	   "ioremap past the physical addresses");
	ioremap_phys_end = 1UL << 40;
	ok(!ioremap(FAR_DEVICE, 1) && !ioremap(FAR_DEVICE - 1, 2), "ioremap past PARange");
	ioremap_phys_end = PHYS_END;
	ok(!ioremap_prot(FAR_DEVICE, 1, PAGE_KERNEL_ROX) && !ioremap_prot(FAR_DEVICE, 1, 0) &&
		   !ioremap_prot(FAR_DEVICE, 1, PROT_DEVICE_nGnRE | DESC_CONT),
	   "ioremap with attributes that are none, or executable");
	ok(unchanged(&before), "nothing has changed");
}

/* --- addresses that are not to be freed ----------------------------------------------- */

/* Each call refuses @addr with its one line. */
static bool refused(const void *addr, bool by_vfree, bool by_vunmap, bool by_iounmap)
{
	unsigned before = log_lines, want = by_vfree + by_vunmap + by_iounmap;
	char text[64] = "";

	if (by_vfree)
		vfree(addr);
	if (by_vunmap)
		vunmap(addr);
	if (by_iounmap)
		iounmap(addr);
	if (by_vfree && !by_vunmap && !by_iounmap)
		snprintf(text, sizeof(text), "vfree: bad address %p\n", addr);
	return log_lines == before + want && (!*text || !strcmp(log_text, text));
}

static void test_bad_addresses(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0), *pages[] = { page, page };
	char *v = vmalloc(3 * PAGE_SIZE), *m = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	char *io = ioremap(FAR_DEVICE, 2 * PAGE_SIZE);
	struct world before = look();

	ok(refused(v, false, true, true) && refused(m, false, false, true) &&
		   refused(io, true, true, false),
	   "vfree, vunmap and iounmap refuse each other's areas");
	ok(refused(v + 1, true, true, true) && refused(v + PAGE_SIZE, true, true, true) &&
		   refused(v + 3 * PAGE_SIZE, true, true, true) &&
		   refused(m + 8, true, true, true) && refused(io + PAGE_SIZE, true, true, true),
	   "they refuse addresses inside an area");
	ok(refused((void *)VMALLOC_START, true, true, true) && refused(&pages, true, true, true) &&
		   refused((void *)~0UL, true, true, true) && refused(v, false, true, false),
	   "they refuse addresses outside");
	ok(refused(v + 1, true, false, false), "the line names the call and the address");
	ok(unchanged(&before), "and nothing has changed");
	log_lines = 0;
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
	ok(log_lines == 0, "NULL is fine");
	iounmap(io + PAGE_SIZE - 1);
	vfree(m);
	vfree(v);
	ok(log_lines == 0 && page->refcount == 1, "vfree of a plain vmap only unmaps");
	ok(refused(v, true, true, true), "a second vfree is refused");
	__free_pages(page, 0);
}

/* --- no memory ------------------------------------------------------------------------ */

static struct page *some_pages[20];

static void *do_vmap(void)
{
	return vmap(some_pages, 20, VM_MAP, PAGE_KERNEL);
}

static void *do_ioremap(void)
{
	return ioremap(FAR_DEVICE, 3 * PAGE_SIZE);
}

static void do_iounmap(const void *addr)
{
	iounmap(addr);
}

static void test_no_memory(void)
{
	alloc_pages_bulk(GFP_KERNEL, ARRAY_SIZE(some_pages), some_pages);
	inject(do_vmap, vunmap, "vmap");
	inject(do_ioremap, do_iounmap, "ioremap");
	free_pages_bulk(some_pages, ARRAY_SIZE(some_pages));
}

/*
 * flush=lazy: the first, the second, ... allocation of a call fails once, with something on the
 * list: the call purges, tries again and succeeds. Without anything there it fails as ever.
 */
static void purge_for(void *(*get)(void), void (*put)(const void *), const char *what)
{
	struct world before;
	bool good = true;
	int n;

	put(get());
	vm_unmap_aliases();
	before = look();
	for (n = 0; good; n++) {
		void *addr;

		vfree(vmalloc(PAGE_SIZE));
		good = nr_lazy_pages() == 2;
		fail_once = true;
		fail_in = n;
		failures = 0;
		addr = get();
		fail_in = -1;
		good = good && addr && nr_lazy_pages() == (failures ? 0 : 2);
		put(addr);
		vm_unmap_aliases();
		good = good && unchanged(&before);
		if (!failures)
			break;
	}
	ok(good && n >= 2, "%s: each of %d allocations fails once, and a purge helps", what, n);
}

static void *ioremap_far(void)
{
	return ioremap(FAR_DEVICE, PMD_SIZE + PAGE_SIZE);
}

static void put_ioremap(const void *addr)
{
	iounmap(addr);
}

static void *vmalloc_some(void)
{
	return vmalloc((CONT_PTES + 1) * PAGE_SIZE);
}

static void test_purge(void)
{
	flush_set_policy(FLUSH_LAZY);
	purge_for(ioremap_far, put_ioremap, "ioremap");
	purge_for(vmalloc_some, vfree, "vmalloc");
	vm_unmap_aliases();
	flush_set_policy(FLUSH_EACH);
}

int main(void)
{
	start_world();
	test_vmap();
	test_vmap_refusals();
	test_put_pages();
	test_ioremap();
	test_ioremap_refusals();
	test_bad_addresses();
	test_no_memory();
	test_purge();
	return tap_done();
}
