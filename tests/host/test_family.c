// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * Every call of mm/areas in random order against a model that knows, page by page, what each
 * live mapping maps: all of them are audited by walk, as a count of all leaves, and by vread().
 *
 * SEED and STEPS from the environment, default 1 and 4000.
 */
#include "mm/areas/map-ram.h"
#include "mm/areas/range.h"
#include "mm/map/holes.h"
#include "tests/host/areas_world.h"

#define LIVE  40
#define PAGES 150
#define POOL  700

enum kind {
	NOTHING,
	BY_VMALLOC,
	BY_VMAP,
	BY_SG,
	BY_PFN,
	BY_IOREMAP,
	BY_RAM,
	BY_HAND,
	BY_SPARSE,
	KINDS
};

/* A live mapping: @n pages from @va on, page i is frame pfns[i], 0: a hole. */
struct live {
	enum kind kind;
	uint64_t va, n, size;
	uint64_t pfns[PAGES];
	struct vm_struct *area;
};

static struct live all[LIVE];
static struct page *pool[POOL];
static unsigned long long seed;

static uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

static uint64_t pick_pages(void)
{
	uint64_t most[] = { 1, 5, CONT_PTES + 2, PAGES };

	return 1 + pick(MIN(most[pick(4)], PAGES));
}

/* Frames of the pool, in runs or not. */
static void pick_frames(struct live *m, struct page **pages)
{
	uint64_t at = pick(POOL), run = pick(2) ? 1 : 1 + pick(2 * CONT_PTES);

	for (uint64_t i = 0; i < m->n; i++, at++) {
		if (i % run == 0)
			at = pick(POOL - 1);
		pages[i] = pool[at % POOL];
		m->pfns[i] = page_to_pfn(pages[i]);
	}
}

/* --- the calls ------------------------------------------------------------------------ */

static void learn_vmalloc(struct live *m, void *addr, uint64_t size)
{
	const struct vm_struct *area = find_vm_area(addr);

	m->va = (uint64_t)addr;
	m->size = size;
	m->n = area->nr_pages;
	for (uint64_t i = 0; i < m->n; i++) {
		unsigned order = area->flags & VM_SPLIT_PAGES ? 0 : area->page_order;

		m->pfns[i] = page_to_pfn(area->pages[i >> order]) + (i & ((1UL << order) - 1));
	}
}

static void do_vmalloc(struct live *m)
{
	uint64_t size = 1 + pick(PAGES / 2 * PAGE_SIZE);
	void *addr;

	/* One in four of blocks, as long as what the model holds. */
	if (pick(4) == 0 && 2 * CONT_PTES <= PAGES)
		addr = vmalloc_huge(MIN(size, (PAGES - CONT_PTES) * PAGE_SIZE), GFP_KERNEL);
	else
		addr = pick(2) ? vmalloc(size) : vzalloc(size);
	m->kind = addr ? BY_VMALLOC : NOTHING;
	if (addr)
		learn_vmalloc(m, addr, size);
}

static void do_vmap(struct live *m)
{
	struct page *pages[PAGES];

	m->kind = BY_VMAP;
	m->n = pick_pages();
	pick_frames(m, pages);
	m->va = (uint64_t)vmap(pages, m->n, VM_MAP, PAGE_KERNEL);
}

static void do_ram(struct live *m)
{
	struct page *pages[PAGES];

	m->kind = BY_RAM;
	m->n = pick_pages();
	pick_frames(m, pages);
	m->va = (uint64_t)vm_map_ram(pages, m->n);
}

static void do_sg(struct live *m)
{
	struct phys_range runs[PAGES];
	uint64_t nr = 1 + pick(6);

	m->kind = BY_SG;
	m->n = 0;
	for (uint64_t r = 0; r < nr; r++) {
		uint64_t n = 1 + pick(PAGES / 6), first = page_to_pfn(pool[0]) + pick(POOL - n);

		runs[r] = (struct phys_range){ first, n };
		while (n--)
			m->pfns[m->n++] = first++;
	}
	m->va = (uint64_t)vmap_sg(runs, nr, VM_MAP, PAGE_KERNEL);
}

static void do_pfn(struct live *m)
{
	uint64_t first = (FAR_DEVICE >> PAGE_SHIFT) + pick(3 * CONT_PTES);

	m->kind = BY_PFN;
	m->n = pick_pages();
	for (uint64_t i = 0; i < m->n; i++)
		m->pfns[i] = first + i + (pick(8) ? 0 : pick(5));
	m->va = (uint64_t)vmap_pfn(m->pfns, m->n, PAGE_KERNEL);
}

static void do_ioremap(struct live *m)
{
	uint64_t first = (FAR_DEVICE >> PAGE_SHIFT) + pick(3 * CONT_PTES);

	m->kind = BY_IOREMAP;
	m->n = pick_pages();
	for (uint64_t i = 0; i < m->n; i++)
		m->pfns[i] = first + i;
	m->va = (uint64_t)ioremap(first << PAGE_SHIFT, m->n << PAGE_SHIFT);
}

static void do_area(struct live *m, enum kind kind, uint32_t flags)
{
	m->kind = kind;
	m->n = pick_pages();
	memset(m->pfns, 0, sizeof(m->pfns));
	m->area = get_vm_area(m->n << PAGE_SHIFT, flags);
	m->va = (uint64_t)m->area->addr;
}

static void make(struct live *m)
{
	switch (1 + pick(KINDS - 1)) {
	case BY_VMALLOC:
		return do_vmalloc(m);
	case BY_VMAP:
		return do_vmap(m);
	case BY_SG:
		return do_sg(m);
	case BY_PFN:
		return do_pfn(m);
	case BY_IOREMAP:
		return do_ioremap(m);
	case BY_RAM:
		return do_ram(m);
	case BY_HAND:
		return do_area(m, BY_HAND, VM_MAP);
	default:
		return do_area(m, BY_SPARSE, VM_SPARSE);
	}
}

static void take_down(struct live *m)
{
	void *addr = (void *)m->va;

	switch (m->kind) {
	case BY_VMALLOC:
		vfree(addr);
		break;
	case BY_IOREMAP:
		iounmap(addr);
		break;
	case BY_RAM:
		vm_unmap_ram(addr, m->n);
		break;
	case BY_SPARSE:
		free_vm_area(m->area);
		break;
	case BY_HAND:
		if (pick(2))
			kfree(remove_vm_area(addr));
		else
			vunmap(addr);
		break;
	default:
		vunmap(addr);
	}
	m->kind = NOTHING;
}

/* A random part of @m: pages [*first, returned). */
static uint64_t pick_part(const struct live *m, uint64_t *first)
{
	*first = pick(m->n);
	return *first + 1 + pick(m->n - *first);
}

static bool is_hole(const struct live *m, uint64_t first, uint64_t end)
{
	while (first < end && !m->pfns[first])
		first++;
	return first == end;
}

/* Maps into a hole, or is told that there is none; or unmaps a part. */
static bool change_sparse(struct live *m)
{
	struct page *pages[PAGES];
	uint64_t first, end = pick_part(m, &first);
	uint64_t va = m->va + (first << PAGE_SHIFT), stop = m->va + (end << PAGE_SHIFT);
	bool hole = is_hole(m, first, end);
	int error;

	if (pick(2)) {
		vm_area_unmap_pages(m->area, va, stop);
		memset(m->pfns + first, 0, (end - first) * sizeof(m->pfns[0]));
		return true;
	}
	for (uint64_t i = first; i < end; i++)
		pages[i] = pool[(first + i) % POOL];
	error = vm_area_map_pages(m->area, va, stop, pages + first);
	for (uint64_t i = first; !error && i < end; i++)
		m->pfns[i] = page_to_pfn(pages[i]);
	return !error == hole;
}

/* The same by hand, from a device: groups may appear, and then not every part comes out. */
static bool change_by_hand(struct live *m)
{
	uint64_t first, end = pick_part(m, &first), pfn = (FAR_DEVICE >> PAGE_SHIFT) + pick(9);
	uint64_t va = m->va + (first << PAGE_SHIFT), stop = m->va + (end << PAGE_SHIFT);
	bool hole = is_hole(m, first, end);

	if (pick(2)) {
		if (!vunmap_range(va, stop))
			memset(m->pfns + first, 0, (end - first) * sizeof(m->pfns[0]));
		return true;
	}
	if (vmap_page_range(va, stop, pfn << PAGE_SHIFT, PROT_DEVICE_nGnRE))
		return !hole;
	for (uint64_t i = first; i < end; i++)
		m->pfns[i] = pfn++;
	return hole;
}

static bool change_vmalloc(struct live *m)
{
	uint64_t size = 1 + pick(PAGES / 2 * PAGE_SIZE);
	void *addr;

	if (find_vm_area((void *)m->va)->page_order)
		size = 1 + pick(m->size);
	addr = vrealloc((void *)m->va, size, GFP_KERNEL);
	if (addr)
		learn_vmalloc(m, addr, size);
	return addr;
}

static bool change(struct live *m)
{
	switch (m->kind) {
	case BY_SPARSE:
		return change_sparse(m);
	case BY_HAND:
		return change_by_hand(m);
	case BY_VMALLOC:
		return change_vmalloc(m);
	default:
		take_down(m);
		return true;
	}
}

/* --- the audit --------------------------------------------------------------------------- */

static bool is_right(const struct live *m)
{
	struct leaf leaf;

	if (!m->va)
		return false;
	for (uint64_t i = 0; i < m->n; i++) {
		int error = walk_lookup(m->va + (i << PAGE_SHIFT), &leaf);

		if (m->pfns[i] ? error || leaf.pa != m->pfns[i] << PAGE_SHIFT : !error)
			return false;
	}
	return m->kind == BY_RAM ? !find_vm_area((void *)m->va)
				 : (uint64_t)find_vm_area((void *)m->va)->addr == m->va;
}

/* Pages that are mapped in the region, and how many the model says. */
static bool leaves_are_right(void)
{
	uint64_t mapped = 0, want = 0, va = VMALLOC_START, end = VMALLOC_END;

	for (; next_mapped(&va, &end); va = end, end = VMALLOC_END)
		mapped += (end - va) >> PAGE_SHIFT;
	for (struct live *m = all; m < all + LIVE; m++)
		for (uint64_t i = 0; m->kind && i < m->n; i++)
			want += m->pfns[i] != 0;
	return mapped == want;
}

/* vread() of a live mapping and what is around it: tags of pages of RAM, else zeros. */
static bool reads_right(const struct live *m)
{
	static char buf[(PAGES + 2) * 16];
	uint64_t value;

	for (uint64_t i = 0; i < m->n; i++) {
		struct page *page =
			m->pfns[i] && pfn_valid(m->pfns[i]) ? pfn_to_page(m->pfns[i]) : NULL;

		if (vread(buf, (void *)(m->va + (i << PAGE_SHIFT)), 8) != 8)
			return false;
		memcpy(&value, buf, 8);
		if (value != (page && m->kind != BY_VMALLOC ? m->pfns[i] : 0) &&
		    !(m->kind == BY_VMALLOC && !memcmp(buf, page_address(page), 8)))
			return false;
	}
	return true;
}

static bool audit(void)
{
	for (struct live *m = all; m < all + LIVE; m++)
		if (m->kind && !(is_right(m) && reads_right(m)))
			return false;
	return leaves_are_right();
}

static bool one_step(void)
{
	struct live *m = &all[pick(LIVE)];
	bool good = true;

	if (!m->kind) {
		make(m);
		good = !m->kind || is_right(m);
	} else if (pick(3)) {
		good = change(m) && (!m->kind || is_right(m));
	} else {
		take_down(m);
	}
	if (pick(40) == 0)
		vm_unmap_aliases();
	if (pick(100) == 0)
		purge_vmap_blocks();
	return good;
}

int main(void)
{
	const char *from = getenv("SEED"), *many = getenv("STEPS");
	int steps = many ? atoi(many) : 4000, i;
	struct world before;
	struct page *block;
	bool good = true;

	start_world();
	seed = from ? strtoull(from, NULL, 0) : 1;
	block = alloc_pages(GFP_KERNEL, 10);
	for (int k = 0; k < POOL; k++) {
		pool[k] = block + k;
		*(uint64_t *)page_address(pool[k]) = page_to_pfn(pool[k]);
	}
	log_lines = 0;
	before = look();
	for (i = 0; i < steps && good; i++)
		good = one_step() && (i % 50 || audit());
	ok(good && audit() && !log_lines, "%d random calls: every page is where the model says", i);
	for (struct live *m = all; m < all + LIVE; m++)
		if (m->kind)
			take_down(m);
	purge_vmap_blocks();
	ok(leaves_are_right() && unchanged(&before), "and nothing is left of it");
	return tap_done();
}
