// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * The allocating calls with everything said, blocks split into pages, and vrealloc(): what is
 * kept, what is given back, where an area grows and where it moves.
 */
#include "tests/host/areas_world.h"

/* --- contents, through the linear map: there is no MMU here --------------------------- */

static char *byte_at(const void *addr, uint64_t at)
{
	struct page *page = vmalloc_to_page(addr + at);

	return page ? (char *)page_address(page) + ((uint64_t)(addr + at) & ~PAGE_MASK) : NULL;
}

/* A value of its own for each of the places that are looked at: both ends of each page. */
static void write_from(void *addr, uint64_t from, uint64_t to, unsigned seed)
{
	for (uint64_t at = from; at < to; at++)
		if (at % PAGE_SIZE < 2 || at % PAGE_SIZE > PAGE_SIZE - 3 || at + 2 > to)
			*byte_at(addr, at) = (char)(seed + at + (at >> PAGE_SHIFT) * 31);
}

static bool reads(const void *addr, uint64_t to, unsigned seed)
{
	for (uint64_t at = 0; at < to; at++)
		if ((at % PAGE_SIZE < 2 || at % PAGE_SIZE > PAGE_SIZE - 3) &&
		    *byte_at(addr, at) != (char)(seed + at + (at >> PAGE_SHIFT) * 31))
			return false;
	return true;
}

static bool is_zero(const void *addr, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at++)
		if (*byte_at(addr, at))
			return false;
	return true;
}

/* The area is @bytes long for its owner, has @pages, all mapped, and nothing behind them. */
static bool is_area(const void *addr, uint64_t bytes, uint64_t pages)
{
	const struct vm_struct *area = find_vm_area(addr);

	if (!area || area->requested_size != bytes || area->nr_pages != pages)
		return false;
	for (uint64_t i = 0; i < pages; i++)
		if (!byte_at(addr, i << PAGE_SHIFT))
			return false;
	return unmapped(addr + (pages << PAGE_SHIFT)) && unmapped(addr - 1);
}

/* --- vrealloc ------------------------------------------------------------------------- */

static void test_shrink(void)
{
	struct world before = look(), now;
	char *p = vmalloc(10 * PAGE_SIZE), *q;

	now = look();
	write_from(p, 0, 10 * PAGE_SIZE, 5);
	q = vrealloc(p, 3 * PAGE_SIZE + 1, GFP_KERNEL);
	ok(q == p && is_area(p, 3 * PAGE_SIZE + 1, 4) && reads(p, 3 * PAGE_SIZE + 1, 5),
	   "vrealloc shrinks in place");
	ok(look().free_pages == now.free_pages + 6, "the pages of the tail are free again");
	ok(get_vm_area_size(find_vm_area(p)) == 10 * PAGE_SIZE, "its addresses stay the area's");
	q = vrealloc(p, 4 * PAGE_SIZE, GFP_KERNEL);
	ok(q == p && is_area(p, 4 * PAGE_SIZE, 4) && look().free_pages == now.free_pages + 6,
	   "it grows into the page it has, for nothing");
	q = vrealloc(p, 9 * PAGE_SIZE, GFP_KERNEL);
	ok(q == p && is_area(p, 9 * PAGE_SIZE, 9) && reads(p, 3 * PAGE_SIZE, 5),
	   "and into the addresses it has, with new pages");
	ok(!vrealloc(p, 0, GFP_KERNEL) && unmapped(p) && unchanged(&before), "size 0 frees it");
}

static void test_grow(void)
{
	struct world before = look();
	char *p = vrealloc(NULL, 3, GFP_KERNEL), *q, *behind;

	ok(p && is_area(p, 3, 1), "vrealloc of NULL allocates");
	write_from(p, 0, 3, 9);
	q = vrealloc(p, 5 * PAGE_SIZE, GFP_KERNEL);
	ok(q == p && is_area(p, 5 * PAGE_SIZE, 5) && reads(p, 2, 9),
	   "it grows where it is when the addresses behind it are free");
	ok(get_vm_area_size(find_vm_area(p)) == 5 * PAGE_SIZE, "its guard page has moved");
	write_from(p, 0, 5 * PAGE_SIZE, 3);
	behind = vmalloc(1);
	ok(behind == p + 6 * PAGE_SIZE, "the next area begins behind that");
	q = vrealloc(p, 6 * PAGE_SIZE, GFP_KERNEL);
	ok(q != p && is_area(q, 6 * PAGE_SIZE, 6) && reads(q, 5 * PAGE_SIZE, 3) && unmapped(p) &&
		   !find_vm_area(p),
	   "where they are not it moves, with its contents");
	ok(is_area(behind, 1, 1), "and the neighbour is untouched");
	vfree(behind);
	vfree(q);
	ok(unchanged(&before), "nothing is lost");
}

/* Up to a neighbour, its guard page just fits; one page more does not. */
static void test_grow_to_the_edge(void)
{
	char *p = vmalloc(PAGE_SIZE), *gap = vmalloc(3 * PAGE_SIZE), *far = vmalloc(1), *q;

	vfree(gap);
	q = vrealloc(p, 5 * PAGE_SIZE, GFP_KERNEL);
	ok(q == p && far == p + 6 * PAGE_SIZE && is_area(p, 5 * PAGE_SIZE, 5),
	   "an area grows until its guard page meets the next area");
	q = vmalloc(PAGE_SIZE);
	ok(q > far, "and then nothing fits between them");
	vfree(q);
	q = vrealloc(p, 5 * PAGE_SIZE + 1, GFP_KERNEL);
	ok(q > far, "a byte more, and it moves");
	gap = vmalloc(5 * PAGE_SIZE);
	ok(gap == p, "what it left is one gap");
	vfree(gap);
	vfree(q);
	vfree(far);
}

static void test_zero(void)
{
	char *p = vzalloc(2 * PAGE_SIZE), *q;

	memset(byte_at(p, 0), 0xff, PAGE_SIZE);
	memset(byte_at(p, PAGE_SIZE), 0xff, PAGE_SIZE);
	p = vrealloc(p, 100, GFP_KERNEL | __GFP_ZERO);
	q = vrealloc(p, 3 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	ok(q == p && *byte_at(p, 99) == (char)0xff && is_zero(p, 100, 3 * PAGE_SIZE),
	   "with __GFP_ZERO what comes back reads zero, in old pages and in new ones");
	memset(byte_at(p, 0), 0xff, PAGE_SIZE);
	q = vmalloc(1);
	p = vrealloc(p, 9 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	ok(is_zero(p, PAGE_SIZE, 9 * PAGE_SIZE) && *byte_at(p, PAGE_SIZE - 1) == (char)0xff,
	   "after a move too");
	vfree(q);
	vfree(p);
}

static void test_huge(void)
{
	struct world before = look();
	char *p = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL), *q, *behind;

	write_from(p, 0, 2 * CONT_PTE_SIZE, 1);
	q = vrealloc(p, 5, GFP_KERNEL);
	ok(q == p && is_area(p, 5, 2 * CONT_PTES), "blocks are not given back in part");
	q = vrealloc(p, 3 * CONT_PTE_SIZE - 7, GFP_KERNEL);
	ok(q == p && is_area(p, 3 * CONT_PTE_SIZE - 7, 3 * CONT_PTES) &&
		   maps_run(p + 2 * CONT_PTE_SIZE, CONT_PTES,
			    page_to_phys(vmalloc_to_page(p + 2 * CONT_PTE_SIZE)), PAGE_KERNEL,
			    CONT_PTE_SHIFT),
	   "an area of blocks grows by blocks");
	behind = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	q = vrealloc(p, 4 * CONT_PTE_SIZE, GFP_KERNEL);
	ok(q != p && is_area(q, 4 * CONT_PTE_SIZE, 4 * CONT_PTES) && reads(q, 4, 1) &&
		   find_vm_area(q)->page_order == 0,
	   "and moves to single pages, as in Linux");
	vfree(q);
	vfree(behind);
	ok(unchanged(&before), "nothing is lost");
}

static void test_align(void)
{
	char *pad = vmalloc(1), *p = vmalloc(1), *q;

	while (IS_ALIGNED((uint64_t)p, 4 * PAGE_SIZE)) {
		vfree(pad);
		pad = p;
		p = vmalloc(1);
	}
	log_lines = 0;
	q = vrealloc_align(p, 2 * PAGE_SIZE, 4 * PAGE_SIZE, GFP_KERNEL);
	ok(!q && log_lines == 1 && is_area(p, 1, 1), "a larger alignment than it has is refused");
	q = vrealloc_align(p, 2 * PAGE_SIZE, 3, GFP_KERNEL);
	ok(!q && !vrealloc_align(p, 1, 0, GFP_KERNEL) && is_area(p, 1, 1),
	   "one that is no power of two too");
	q = vrealloc_align(NULL, 5, 64 * PAGE_SIZE, GFP_KERNEL);
	ok(IS_ALIGNED((uint64_t)q, 64 * PAGE_SIZE), "of NULL it is the new area's");
	vfree(pad);
	pad = vmalloc(1);
	p = vrealloc_align(q, 500 * PAGE_SIZE, 64 * PAGE_SIZE, GFP_KERNEL);
	ok(IS_ALIGNED((uint64_t)p, 64 * PAGE_SIZE), "and kept by a move");
	vfree(p);
	vfree(pad);
}

static void test_refusals(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	char *p = vmalloc(2 * PAGE_SIZE), *m = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	char *io = ioremap(FAR_DEVICE, 1);
	struct vm_struct *by_hand = get_vm_area(PAGE_SIZE, VM_ALLOC);
	struct world before = look();
	const void *bad[] = { p + 1, p + PAGE_SIZE, p + 2 * PAGE_SIZE, m,
			      io,    &page,	    (void *)~0UL,      by_hand->addr };
	bool good = true;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		log_lines = 0;
		good = good && !vrealloc(bad[i], 8 * PAGE_SIZE, GFP_KERNEL) && log_lines == 1;
	}
	ok(good, "vrealloc of what is not vmalloc's: NULL and one line");
	ok(!vrealloc(p, ~0UL, GFP_KERNEL) && !vrealloc(p, 1UL << 46, GFP_KERNEL) &&
		   !vrealloc(p, nr_managed_pages() << PAGE_SHIFT, GFP_KERNEL) &&
		   is_area(p, 2 * PAGE_SIZE, 2),
	   "sizes that nobody has: the area is as it was");
	ok(unchanged(&before), "nothing has changed");
	vfree(p);
	log_lines = 0;
	ok(!vrealloc(p, 1, GFP_KERNEL) && !vrealloc(p, 0, GFP_KERNEL) && log_lines == 2,
	   "after vfree it is nobody's");
	free_vm_area(by_hand);
	iounmap(io);
	vunmap(m);
	__free_pages(page, 0);
}

/* Pages with other permissions than those that are added do not become one area with them. */
static void test_other_protection(void)
{
	const uint64_t lo = VMALLOC_START + 64 * GiB;
	char *p = __vmalloc_range(PAGE_SIZE, 1, lo, ~0UL, GFP_KERNEL, PAGE_KERNEL_RO, 0), *q;

	/* Nothing is behind it. */
	q = vrealloc(p, 2 * PAGE_SIZE, GFP_KERNEL);
	ok(q != p && is_area(q, 2 * PAGE_SIZE, 2) &&
		   maps_run(q, 1, page_to_phys(vmalloc_to_page(q)), PAGE_KERNEL, PAGE_SHIFT),
	   "a read-only area grows by moving to one that is not");
	vfree(q);
}

/* --- the full form --------------------------------------------------------------------- */

static void test_range(void)
{
	const uint64_t lo = VMALLOC_START + 128 * GiB, hi = lo + 9 * PAGE_SIZE;
	struct world before = look();
	struct vm_struct *area;
	char *p, *q;

	vfree(__vmalloc_range(1, 1, lo, hi, 0, PAGE_KERNEL, 0)); /* upper tables */
	before = look();
	p = __vmalloc_range(3 * PAGE_SIZE, 2 * PAGE_SIZE, lo, hi, GFP_KERNEL, PAGE_KERNEL_RO, 0);
	ok((uint64_t)p == lo &&
		   maps_run(p, 1, page_to_phys(vmalloc_to_page(p)), PAGE_KERNEL_RO, PAGE_SHIFT),
	   "__vmalloc_range: in its range, with its attributes");
	q = __vmalloc_range(5 * PAGE_SIZE, 1, lo, hi, GFP_KERNEL, PAGE_KERNEL, 0);
	ok(!q, "its guard page does not fit");
	q = __vmalloc_range(5 * PAGE_SIZE, 1, lo, hi, GFP_KERNEL, PAGE_KERNEL, VM_NO_GUARD);
	area = find_vm_area(q);
	ok((uint64_t)q == lo + 4 * PAGE_SIZE && area->flags == (VM_ALLOC | VM_NO_GUARD) &&
		   get_vm_area_size(area) == 5 * PAGE_SIZE,
	   "with VM_NO_GUARD it does without");
	vfree(q);
	vfree(p);
	p = __vmalloc_range(PMD_SIZE, 1, lo + PAGE_SIZE, lo + PMD_SIZE + 3 * PAGE_SIZE, GFP_KERNEL,
			    PAGE_KERNEL, VM_ALLOW_HUGE_VMAP);
	ok((uint64_t)p == lo + PAGE_SIZE && !find_vm_area(p)->page_order,
	   "a range without an aligned block: by pages, with the caller's alignment");
	vfree(p);
	ok(unchanged(&before), "nothing is lost");
}

static void test_range_refusals(void)
{
	const uint64_t all = ~0UL;
	struct world before = look();
	const pgprot_t rox = PAGE_KERNEL_ROX;

	ok(!__vmalloc_range(1, 0, 0, all, 0, PAGE_KERNEL, 0) &&
		   !__vmalloc_range(1, 3, 0, all, 0, PAGE_KERNEL, 0) &&
		   !__vmalloc_range(1, 1UL << 63, 0, all, 0, PAGE_KERNEL, 0),
	   "alignments that are none");
	ok(!__vmalloc_range(1, 1, 0, all, 0, rox, 0) && !__vmalloc_range(1, 1, 0, all, 0, 0, 0),
	   "attributes that are none, or executable");
	ok(!__vmalloc_range(1, 1, 0, all, 0, PAGE_KERNEL, VM_MAP) &&
		   !__vmalloc_range(1, 1, 0, all, 0, PAGE_KERNEL, VM_SPARSE) &&
		   !__vmalloc_range(1, 1, 0, all, 0, PAGE_KERNEL, VM_UNINITIALIZED) &&
		   !__vmalloc_range(1, 1, 0, all, 0, PAGE_KERNEL, VM_SPLIT_PAGES),
	   "the allocators' own flags");
	ok(!__vmalloc_range(0, 1, 0, all, 0, PAGE_KERNEL, 0) &&
		   !__vmalloc_range(all, 1, 0, all, 0, PAGE_KERNEL, VM_ALLOW_HUGE_VMAP) &&
		   !__vmalloc_range(1, 1, VMALLOC_END, all, 0, PAGE_KERNEL, 0) &&
		   !__vmalloc_range(1, 1, 0, VMALLOC_START, 0, PAGE_KERNEL, 0),
	   "nothing, everything, past the region and before it");
	ok(unchanged(&before), "nothing has changed");
}

static void test_kin(void)
{
	uint64_t pages = vmalloc_nr_pages();
	char *p = vmalloc_32(3 * PAGE_SIZE), *q = __vmalloc(2 * PAGE_SIZE, __GFP_ZERO | __GFP_COMP);
	bool below = true;

	for (uint64_t i = 0; i < 3; i++)
		below = below && page_to_phys(vmalloc_to_page(p + i * PAGE_SIZE)) < 4 * GiB;
	ok(below && is_area(p, 3 * PAGE_SIZE, 3), "vmalloc_32 is below 4 GiB");
	ok(is_area(q, 2 * PAGE_SIZE, 2) && is_zero(q, 0, 2 * PAGE_SIZE), "__vmalloc of zeros");
	ok(vmalloc_nr_pages() == pages + 5, "vmalloc_nr_pages counts them");
	vfree(p);
	vfree(q);
	ok(vmalloc_nr_pages() == pages, "and no longer");
}

/* --- split=1 ----------------------------------------------------------------------------- */

static void test_split(void)
{
	struct world before = look();
	struct vm_struct *area;
	struct page *kept;
	bool good = true;
	char *p, *q;

	vmalloc_split = true;
	p = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL);
	area = find_vm_area(p);
	ok(area->page_order == CONT_PTES_SHIFT && area->nr_pages == 2 * CONT_PTES &&
		   maps_run(p, CONT_PTES, page_to_phys(area->pages[0]), PAGE_KERNEL,
			    CONT_PTE_SHIFT),
	   "split=1: mapped by groups all the same");
	for (uint64_t i = 0; i < 2 * CONT_PTES; i++)
		good = good && area->pages[i] == vmalloc_to_page(p + (i << PAGE_SHIFT)) &&
		       area->pages[i]->refcount == 1 && area->pages[i]->order == 0;
	ok(good, "each page has its own reference, and is in the list");
	kept = area->pages[5];
	get_page(kept);
	q = vrealloc(p, 1, GFP_KERNEL);
	ok(q == p && is_area(p, 1, 2 * CONT_PTES), "a leaf is not cut");
	q = vrealloc(p, 3 * CONT_PTE_SIZE, GFP_KERNEL);
	ok(q != p && is_area(q, 3 * CONT_PTE_SIZE, 3 * CONT_PTES) && kept->refcount == 1,
	   "it grows by moving");
	vfree(q);
	ok(!allocated_block(kept + 1) && allocated_block(kept) == kept,
	   "a page that somebody holds stays when the rest is freed");
	put_page(kept);
	vmalloc_split = false;
	ok(unchanged(&before), "nothing is lost");
}

/* --- areas of vm_map_ram() ---------------------------------------------------------------- */

static void test_claim_ram(void)
{
	struct vm_struct *a = get_vm_area(2 * PAGE_SIZE, VM_MAP_RAM | VM_UNINITIALIZED);
	struct vm_struct *b =
		get_vm_area(2 * PAGE_SIZE, VM_MAP_RAM | VM_MAP_BLOCK | VM_UNINITIALIZED);
	struct vm_struct *c = get_vm_area(2 * PAGE_SIZE, VM_MAP);

	ok(!find_vm_area(a->addr) && !remove_vm_area(a->addr), "no query finds it");
	ok(!claim_ram_area(b->addr, 2 * PAGE_SIZE) && !claim_ram_area(c->addr, 2 * PAGE_SIZE) &&
		   !claim_ram_area(a->addr, PAGE_SIZE) && !claim_ram_area(a->addr, 3 * PAGE_SIZE) &&
		   !claim_ram_area(a->addr + PAGE_SIZE, PAGE_SIZE) && !claim_ram_area(NULL, 0),
	   "claim_ram_area: blocks, other areas and other lengths are none");
	ok(claim_ram_area(a->addr, 2 * PAGE_SIZE) == a && !claim_ram_area(a->addr, 2 * PAGE_SIZE),
	   "once");
	free_vm_area(a);
	free_vm_area(b);
	free_vm_area(c);
}

/* --- no memory ----------------------------------------------------------------------------- */

static void *do_grow(void)
{
	void *p = vmalloc(2 * PAGE_SIZE), *q;

	if (!p)
		return NULL;
	q = vrealloc(p, 7 * PAGE_SIZE, GFP_KERNEL);
	if (!q &&
	    (!is_area(p, 2 * PAGE_SIZE, 2) || get_vm_area_size(find_vm_area(p)) != 2 * PAGE_SIZE))
		abort();
	if (!q)
		vfree(p);
	return q;
}

static void *do_move(void)
{
	void *p = vmalloc(2 * PAGE_SIZE), *behind = vmalloc(1), *q = NULL;

	if (p && behind) {
		q = vrealloc(p, 7 * PAGE_SIZE, GFP_KERNEL);
		if (!q && !is_area(p, 2 * PAGE_SIZE, 2))
			abort();
	}
	if (!q)
		vfree(p);
	vfree(behind);
	return q;
}

static void *do_split(void)
{
	void *p;

	vmalloc_split = true;
	p = vmalloc_huge(3 * CONT_PTE_SIZE, GFP_KERNEL);
	vmalloc_split = false;
	return p;
}

/* --- random ------------------------------------------------------------------------------ */

#define SLOTS 12

struct slot {
	char *addr;
	uint64_t size;
	unsigned seed;
	bool zeroed;
};

static bool step(struct slot *s, unsigned long long *seed)
{
	gfp_t gfp = s->zeroed ? __GFP_ZERO : 0;
	uint64_t size = tap_random(seed) % 5 ? 1 + tap_random(seed) % (12 * PAGE_SIZE)
					     : tap_random(seed) % 2 * 3 * CONT_PTE_SIZE;
	char *addr;

	if (!s->addr) {
		s->zeroed = tap_random(seed) % 2;
		gfp = s->zeroed ? __GFP_ZERO : 0;
		size += !size;
		s->addr = tap_random(seed) % 3 ? __vmalloc(size, gfp) : vmalloc_huge(size, gfp);
		s->size = size;
		s->seed = (unsigned)tap_random(seed);
		write_from(s->addr, 0, size, s->seed);
		return true;
	}
	addr = vrealloc(s->addr, size, gfp);
	if (!size)
		addr = NULL;
	else if (!addr ||
		 !reads(addr, MIN(size, s->size) - MIN(size, s->size) % PAGE_SIZE, s->seed))
		return false;
	if (s->zeroed && size > s->size && !is_zero(addr, s->size, size))
		return false;
	if (size > s->size)
		write_from(addr, s->size - s->size % PAGE_SIZE, size, s->seed);
	s->addr = addr;
	s->size = size;
	return !addr || is_area(addr, size, find_vm_area(addr)->nr_pages);
}

static void test_random(void)
{
	struct slot slots[SLOTS] = { 0 };
	unsigned long long seed = 11;
	struct world before = look();
	bool good = true;
	int i;

	for (i = 0; i < 1500 && good; i++)
		good = step(&slots[tap_random(&seed) % SLOTS], &seed);
	ok(good, "random sizes: what both have is kept, what is added is zero (%d steps)", i);
	for (i = 0; i < SLOTS; i++)
		vfree(slots[i].addr);
	ok(unchanged(&before), "nothing is lost");
}

int main(void)
{
	start_world();
	test_shrink();
	test_grow();
	test_grow_to_the_edge();
	test_zero();
	test_huge();
	test_align();
	test_refusals();
	test_other_protection();
	test_range();
	test_range_refusals();
	test_kin();
	test_split();
	test_claim_ram();
	inject(do_grow, vfree, "vrealloc in place");
	inject(do_move, vfree, "vrealloc to other addresses");
	inject(do_split, vfree, "vmalloc_huge with split pages");
	test_random();
	return tap_done();
}
