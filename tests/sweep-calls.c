// SPDX-License-Identifier: MIT
/*
 * The calls that are swept: what each needs, what its success and its failure are.
 */
#include <errno.h>
#include <string.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"
#include "tests/sweep-internal.h"

#if HAVE_FAIL_NTH
/* What the running call works on and what it gave. */
static struct {
	void *addr;
	struct page **pages;
	uint64_t n; /* of pages */
	struct vm_struct *area;
} it;

/* Nothing is mapped at @va. */
static bool is_hole(uint64_t va)
{
	struct leaf leaf;

	return walk_lookup(va, &leaf) == -ENOENT;
}

/* --- areas ---------------------------------------------------------------------------- */

static bool call_area(const struct sweep_call *c)
{
	return (it.area = __get_vm_area(c->bytes, PAGE_SIZE << c->order, 0, ~0UL, VM_MAP));
}

static bool right_area(const struct sweep_call *c)
{
	uint64_t va = (uint64_t)it.area->addr;

	return IS_ALIGNED(va, PAGE_SIZE << c->order) && get_vm_area_size(it.area) >= c->bytes &&
	       is_hole(va) && find_vm_area(it.area->addr) == it.area;
}

static void undo_area(const struct sweep_call *c)
{
	(void)c;
	free_vm_area(it.area);
}

static const struct sweep_kind by_area = { NULL, call_area, right_area, undo_area, NULL };

/* --- vmalloc -------------------------------------------------------------------------- */

static bool call_vmalloc(const struct sweep_call *c)
{
	return (it.addr = vmalloc(c->bytes));
}

static bool call_vzalloc(const struct sweep_call *c)
{
	return (it.addr = vzalloc(c->bytes));
}

static bool call_huge(const struct sweep_call *c)
{
	return (it.addr = vmalloc_huge(c->bytes, c->gfp));
}

/* All pages of [va, va + bytes) are RAM, mapped to what the area says, and holes are around. */
static bool right_vmalloc(const struct sweep_call *c)
{
	struct vm_struct *area = find_vm_area(it.addr);
	uint64_t va = (uint64_t)it.addr, n = DIV_ROUND_UP(c->bytes, PAGE_SIZE);

	if (!area || !(area->flags & VM_ALLOC) || area->nr_pages < n)
		return false;
	for (uint64_t i = 0; i < area->nr_pages; i++) {
		struct page *page =
			area->pages[i >> area->page_order] + (i & ((1UL << area->page_order) - 1));

		if (c->gfp & __GFP_ZERO && !sweep_is_zero(page_address(page), PAGE_SIZE))
			return false;
		memset(page_address(page), 0xa5, 64);
		if (!sweep_sees(va + (i << PAGE_SHIFT), page_to_phys(page), PAGE_KERNEL, true))
			return false;
	}
	return is_hole(va - 1) && is_hole(va + (area->nr_pages << PAGE_SHIFT));
}

static void undo_vmalloc(const struct sweep_call *c)
{
	(void)c;
	vfree(it.addr);
}

static const struct sweep_kind by_vmalloc = { sweep_has_room_for_bytes, call_vmalloc, right_vmalloc,
					      undo_vmalloc, NULL };
static const struct sweep_kind by_vzalloc = { sweep_has_room_for_bytes, call_vzalloc, right_vmalloc,
					      undo_vmalloc, NULL };
static const struct sweep_kind by_huge = { sweep_has_room_for_bytes, call_huge, right_vmalloc,
					   undo_vmalloc, NULL };

/* --- vmap ------------------------------------------------------------------------------ */

/* it.n pages in blocks of 1 << order, the last block first. False: some are missing. */
static bool take_frames(uint64_t n, unsigned order)
{
	uint64_t step = 1UL << order, blocks = DIV_ROUND_UP(n, step);

	it.n = 0;
	it.pages = kmalloc(blocks * step * sizeof(*it.pages), GFP_KERNEL);
	while (it.pages && it.n < blocks * step) {
		struct page *block = alloc_pages(GFP_KERNEL, order);

		if (!block)
			break;
		split_page(block, order);
		for (uint64_t i = 0; i < step; i++)
			it.pages[it.n++] = block + i;
	}
	return it.pages && it.n == blocks * step;
}

static void drop_frames(const struct sweep_call *c)
{
	(void)c;
	if (it.pages)
		free_pages_bulk(it.pages, it.n);
	kfree(it.pages);
	it.pages = NULL;
	it.n = 0;
}

static bool prepare_vmap(const struct sweep_call *c)
{
	return sweep_has_room(MAX(c->bytes, PAGE_SIZE << c->order)) &&
	       take_frames(c->bytes >> PAGE_SHIFT, c->order);
}

static bool call_vmap(const struct sweep_call *c)
{
	return (it.addr = vmap(it.pages, c->bytes >> PAGE_SHIFT, VM_MAP, c->prot));
}

static bool sees_pages(uint64_t va, uint64_t n, pgprot_t prot)
{
	for (uint64_t i = 0; i < n; i++)
		if (!sweep_sees(va + (i << PAGE_SHIFT), page_to_phys(it.pages[i]), prot, true))
			return false;
	return is_hole(va - 1) && is_hole(va + (n << PAGE_SHIFT));
}

static bool right_vmap(const struct sweep_call *c)
{
	return find_vm_area(it.addr) &&
	       sees_pages((uint64_t)it.addr, c->bytes >> PAGE_SHIFT, c->prot);
}

static void undo_vmap(const struct sweep_call *c)
{
	(void)c;
	vunmap(it.addr);
}

/* The pages and their list become vfree()'s, if the call works. */
static bool call_vmap_put(const struct sweep_call *c)
{
	it.addr = NULL;
	if (take_frames(c->bytes >> PAGE_SHIFT, c->order))
		it.addr = vmap(it.pages, it.n, VM_MAP | VM_MAP_PUT_PAGES, c->prot);
	if (!it.addr)
		drop_frames(c);
	return it.addr;
}

static const struct sweep_kind by_vmap = { prepare_vmap, call_vmap, right_vmap, undo_vmap,
					   drop_frames };
static const struct sweep_kind by_vmap_put = { sweep_has_room_for_bytes, call_vmap_put, right_vmap,
					       undo_vmalloc, NULL };

/* --- ioremap ---------------------------------------------------------------------------- */

static bool call_ioremap(const struct sweep_call *c)
{
	/* Odd addresses: order pages and a few bytes past the alignment of everything. */
	return (it.addr = ioremap_prot(sweep_nowhere() + c->order * PAGE_SIZE + 8 * !!c->order,
				       c->bytes, c->prot));
}

/* [va, va + bytes) maps to @pa and up: each page of some, some of many. */
static bool sees_range(uint64_t va, uint64_t bytes, uint64_t pa, pgprot_t prot)
{
	uint64_t stride = bytes > 1000 * PAGE_SIZE ? 61 * PAGE_SIZE : PAGE_SIZE;

	for (uint64_t at = 0; at < bytes; at += stride)
		if (!sweep_sees(va + at, pa + at, prot, false))
			return false;
	return sweep_sees(va + bytes - PAGE_SIZE, pa + bytes - PAGE_SIZE, prot, false) &&
	       is_hole(va - 1) && is_hole(va + bytes);
}

static bool right_ioremap(const struct sweep_call *c)
{
	uint64_t offset = 8 * !!c->order, va = (uint64_t)it.addr - offset;

	return IS_ALIGNED(va, PAGE_SIZE) && find_vm_area(it.addr) &&
	       sees_range(va, ALIGN_UP(c->bytes + offset, PAGE_SIZE),
			  sweep_nowhere() + c->order * PAGE_SIZE, c->prot);
}

static void undo_ioremap(const struct sweep_call *c)
{
	(void)c;
	iounmap(it.addr);
}

static const struct sweep_kind by_ioremap = { NULL, call_ioremap, right_ioremap, undo_ioremap,
					      NULL };

/* --- the engine -------------------------------------------------------------------------- */

/* Bytes of an own entry of the root (or, with 16K pages, of the level below). */
#define FAR_STEP (1UL << level_shift(PTRS_PER_ROOT == 2 ? LEVEL_ROOT + 1 : LEVEL_ROOT))

/* With 64K pages the region has eight such entries, of which other tests want some. */
#define FAR_ROWS 5

/* Addresses for the engine: near all others, or around the end of an entry of the root. */
static bool get_addresses(const struct sweep_call *c)
{
	static const struct sweep_call *seen[FAR_ROWS];
	uint64_t lo = 0, hi = ~0UL;
	unsigned row = 0;

	while (c->far && row < FAR_ROWS - 1 && seen[row] && seen[row] != c)
		row++;
	if (c->far) {
		seen[row] = c;
		lo = VMALLOC_START + (2 + row) * FAR_STEP - ALIGN_DOWN(c->bytes / 2, PAGE_SIZE);
		hi = lo + c->bytes + PAGE_SIZE;
	}
	return (it.area = __get_vm_area(c->bytes, PAGE_SIZE, lo, hi, VM_MAP));
}

static uint64_t va_of_it(void)
{
	return (uint64_t)it.area->addr;
}

static bool no_memory(const struct sweep_call *c, int error)
{
	if (error && error != -ENOMEM)
		sweep_complain("%s: error %d", c->name, error);
	return error;
}

static bool call_range(const struct sweep_call *c)
{
	return !no_memory(c, map_range(va_of_it(), va_of_it() + c->bytes, sweep_nowhere(), c->prot,
				       MAP_SHIFT_ANY));
}

static bool right_range(const struct sweep_call *c)
{
	return sees_range(va_of_it(), c->bytes, sweep_nowhere(), c->prot);
}

static void undo_engine(const struct sweep_call *c)
{
	unmap_range(va_of_it(), va_of_it() + c->bytes);
}

static void restore_addresses(const struct sweep_call *c)
{
	(void)c;
	free_vm_area(it.area);
	it.area = NULL;
}

static bool prepare_frames(const struct sweep_call *c)
{
	return prepare_vmap(c) && get_addresses(c);
}

static void restore_frames(const struct sweep_call *c)
{
	drop_frames(c);
	restore_addresses(c);
}

static bool call_map_pages(const struct sweep_call *c)
{
	return !no_memory(
		c, map_pages(va_of_it(), va_of_it() + c->bytes, it.pages, c->prot, MAP_SHIFT_ANY));
}

static bool right_frames(const struct sweep_call *c)
{
	return sees_pages(va_of_it(), c->bytes >> PAGE_SHIFT, c->prot);
}

/* First pages of blocks of 1 << order, from the list of all pages. */
static struct page *blocks[SWEEP_BULK_MOST];

static bool call_map_blocks(const struct sweep_call *c)
{
	for (uint64_t i = 0; i << c->order < it.n; i++)
		blocks[i] = it.pages[i << c->order];
	return !no_memory(c, map_blocks(va_of_it(), va_of_it() + c->bytes, blocks, c->order,
					c->prot, MAP_SHIFT_ANY));
}

static bool call_upper(const struct sweep_call *c)
{
	return !no_memory(c, map_populate_upper(va_of_it(), va_of_it() + c->bytes));
}

static bool right_upper(const struct sweep_call *c)
{
	uint64_t va = va_of_it();

	return walk_slot(va, LEVEL_PMD) && walk_slot(va + c->bytes - 1, LEVEL_PMD) && is_hole(va);
}

/* Upper tables stay. */
static void undo_nothing(const struct sweep_call *c)
{
	(void)c;
}

static const struct sweep_kind by_range = { get_addresses, call_range, right_range, undo_engine,
					    restore_addresses };
static const struct sweep_kind by_map_pages = { prepare_frames, call_map_pages, right_frames,
						undo_engine, restore_frames };
static const struct sweep_kind by_map_blocks = { prepare_frames, call_map_blocks, right_frames,
						 undo_engine, restore_frames };
static const struct sweep_kind by_upper = { get_addresses, call_upper, right_upper, undo_nothing,
					    restore_addresses };

/* --- the table --------------------------------------------------------------------------- */

#define CALL(text, by, ...)                            \
	{                                              \
		.name = text, .kind = &by, __VA_ARGS__ \
	}
#define PMDS (PMD_SHIFT - PAGE_SHIFT)
/* A list of so many pages is a block of pages itself. */
#define LONG_LIST (PAGE_SIZE / sizeof(void *) / 2 + 3)

const struct sweep_call sweep_calls[] = {
	CALL("kmalloc of nothing", sweep_by_kmalloc, .bytes = 0),
	CALL("kmalloc of 32 bytes", sweep_by_kmalloc, .bytes = 32),
	CALL("kmalloc of 200 bytes", sweep_by_kmalloc, .bytes = 200),
	CALL("kmalloc of half a page", sweep_by_kmalloc, .bytes = PAGE_SIZE / 2),
	CALL("kmalloc of a page", sweep_by_kmalloc, .bytes = PAGE_SIZE / 2 + 1),
	CALL("kmalloc of five pages", sweep_by_kmalloc, .bytes = 5 * PAGE_SIZE),
	CALL("kmalloc below 4 GiB", sweep_by_kmalloc, .bytes = 40, .gfp = GFP_DMA32),
	CALL("kmalloc of zeros", sweep_by_kmalloc, .bytes = 100, .gfp = __GFP_ZERO),
	CALL("kzalloc of 64 bytes", sweep_by_kzalloc, .bytes = 64, .gfp = __GFP_ZERO),
	CALL("kzalloc of three pages", sweep_by_kzalloc, .bytes = 3 * PAGE_SIZE, .gfp = __GFP_ZERO),
	CALL("alloc_pages of one", sweep_by_pages),
	CALL("alloc_pages of two", sweep_by_pages, .order = 1, .gfp = __GFP_COMP),
	CALL("alloc_pages of a group", sweep_by_pages, .order = CONT_PTES_SHIFT, .gfp = __GFP_ZERO),
	CALL("alloc_pages of a block", sweep_by_pages, .order = PMDS),
	CALL("alloc_pages below 4 GiB", sweep_by_pages, .order = 3, .gfp = GFP_DMA32),
	CALL("alloc_pages_bulk of 1", sweep_by_bulk, .bytes = 1),
	CALL("alloc_pages_bulk of 15", sweep_by_bulk, .bytes = 15),
	CALL("alloc_pages_bulk of 16", sweep_by_bulk, .bytes = 16),
	CALL("alloc_pages_bulk of 300", sweep_by_bulk, .bytes = SWEEP_BULK_MOST),
	CALL("alloc_pages_bulk of 20 zeros", sweep_by_bulk, .bytes = 20, .gfp = __GFP_ZERO),
	CALL("alloc_pages_bulk into 100 gaps", sweep_by_bulk, .bytes = 100, .order = 1),
	CALL("get_vm_area of a page", by_area, .bytes = 1),
	CALL("get_vm_area of a group", by_area, .bytes = CONT_PTE_SIZE, .order = CONT_PTES_SHIFT),
	CALL("get_vm_area of a block", by_area, .bytes = PMD_SIZE, .order = PMDS),
	CALL("vmalloc of a byte", by_vmalloc, .bytes = 1),
	CALL("vmalloc of 9 pages", by_vmalloc, .bytes = 9 * PAGE_SIZE - 5),
	CALL("vmalloc of 70 pages", by_vmalloc, .bytes = 70 * PAGE_SIZE),
	CALL("vmalloc with a long list", by_vmalloc, .bytes = LONG_LIST * PAGE_SIZE),
	CALL("vmalloc over two tables", by_vmalloc, .bytes = PMD_SIZE + 3 * PAGE_SIZE),
	CALL("vzalloc of 3 pages", by_vzalloc, .bytes = 3 * PAGE_SIZE, .gfp = __GFP_ZERO),
	CALL("vzalloc of 40 pages", by_vzalloc, .bytes = 40 * PAGE_SIZE, .gfp = __GFP_ZERO),
	CALL("vmalloc_huge of a page", by_huge, .bytes = PAGE_SIZE),
	CALL("vmalloc_huge of two groups", by_huge, .bytes = 2 * CONT_PTE_SIZE),
	CALL("vmalloc_huge of zeros", by_huge, .bytes = CONT_PTE_SIZE + 1, .gfp = __GFP_ZERO),
	CALL("vmalloc_huge of a block", by_huge, .bytes = PMD_SIZE),
	CALL("vmalloc_huge of blocks and a byte", by_huge, .bytes = PMD_SIZE + 1, .gfp = GFP_DMA32),
	CALL("vmap of a page", by_vmap, .bytes = PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vmap of 20 pages", by_vmap, .bytes = 20 * PAGE_SIZE, .prot = PAGE_KERNEL_RO),
	CALL("vmap of pages over two tables", by_vmap, .bytes = PMD_SIZE + 5 * PAGE_SIZE,
	     .prot = PAGE_KERNEL),
	CALL("vmap of groups", by_vmap, .bytes = 3 * CONT_PTE_SIZE, .order = CONT_PTES_SHIFT,
	     .prot = PAGE_KERNEL),
	CALL("vmap of a block", by_vmap, .bytes = PMD_SIZE, .order = PMDS, .prot = PAGE_KERNEL),
	CALL("vmap with its pages", by_vmap_put, .bytes = 30 * PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vmalloc_huge of split blocks", sweep_by_split, .bytes = 3 * CONT_PTE_SIZE,
	     .prot = PAGE_KERNEL_RO),
	CALL("vrealloc in place", sweep_by_vrealloc, .bytes = 5 * PAGE_SIZE, .twice = true),
	CALL("vrealloc with zeros", sweep_by_vrealloc, .bytes = 40 * PAGE_SIZE, .gfp = __GFP_ZERO,
	     .twice = true),
	CALL("vrealloc elsewhere", sweep_by_vrealloc, .bytes = 9 * PAGE_SIZE, .far = true,
	     .twice = true),
	CALL("vmap_sg of a page", sweep_by_sg, .bytes = PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vmap_sg of runs", sweep_by_sg, .bytes = 200 * PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vmap_pfn", sweep_by_pfn, .bytes = 70 * PAGE_SIZE, .prot = PROT_NORMAL_NC),
	CALL("vm_map_ram of a page", sweep_by_map_ram, .bytes = PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vm_map_ram of a few", sweep_by_map_ram, .bytes = 60 * PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vm_map_ram of many", sweep_by_map_ram, .bytes = 99 * PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("vm_area_map_pages", sweep_by_sparse, .bytes = 90 * PAGE_SIZE, .order = VM_SPARSE,
	     .prot = PAGE_KERNEL),
	CALL("__alloc_percpu", sweep_by_percpu, .bytes = 24, .order = 3, .prot = PAGE_KERNEL),
	CALL("__alloc_percpu of a page", sweep_by_percpu, .bytes = PAGE_SIZE, .order = PAGE_SHIFT,
	     .prot = PAGE_KERNEL),
	CALL("vmap_page_range", sweep_by_page_range, .bytes = 90 * PAGE_SIZE, .order = VM_MAP,
	     .prot = PAGE_KERNEL),
	CALL("ioremap_page_range", sweep_by_page_range, .bytes = CONT_PTE_SIZE, .order = VM_IOREMAP,
	     .prot = PROT_DEVICE_nGnRE),
	CALL("ioremap of a page", by_ioremap, .bytes = 1, .prot = PROT_DEVICE_nGnRE),
	CALL("ioremap of a few", by_ioremap, .bytes = 5 * PAGE_SIZE, .order = 3,
	     .prot = PROT_DEVICE_nGnRE),
	CALL("ioremap_np of a group", by_ioremap, .bytes = CONT_PTE_SIZE,
	     .prot = PROT_DEVICE_nGnRnE),
	CALL("ioremap_wc of a block", by_ioremap, .bytes = PMD_SIZE, .prot = PROT_NORMAL_NC),
	CALL("ioremap_cache, blocks between pages", by_ioremap, .bytes = 3 * PMD_SIZE, .order = 1,
	     .prot = PAGE_KERNEL),
	CALL("ioremap of grouped blocks", by_ioremap, .bytes = CONT_PMD_SIZE,
	     .prot = PROT_DEVICE_nGnRE),
	CALL("map_range of a page", by_range, .bytes = PAGE_SIZE, .prot = PROT_DEVICE_nGnRE),
	CALL("map_range of two tables", by_range, .bytes = PMD_SIZE + PAGE_SIZE,
	     .prot = PROT_DEVICE_nGnRE),
	CALL("map_pages near", by_map_pages, .bytes = 100 * PAGE_SIZE, .prot = PAGE_KERNEL),
	CALL("map_blocks near", by_map_blocks, .bytes = 4 * CONT_PTE_SIZE, .order = CONT_PTES_SHIFT,
	     .prot = PAGE_KERNEL),
	CALL("map_range far", by_range, .bytes = 5 * PMD_SIZE, .prot = PROT_DEVICE_nGnRE,
	     .far = true),
	/* Its plan is not on the stack. */
	CALL("map_range far and long", by_range, .bytes = 300 * PMD_SIZE, .prot = PROT_DEVICE_nGnRE,
	     .far = true),
	CALL("map_pages far", by_map_pages, .bytes = 200 * PAGE_SIZE, .prot = PAGE_KERNEL,
	     .far = true),
	CALL("map_blocks far", by_map_blocks, .bytes = 2 * CONT_PTE_SIZE, .order = CONT_PTES_SHIFT,
	     .prot = PAGE_KERNEL, .far = true),
	CALL("map_populate_upper", by_upper, .bytes = 4 * PAGE_SIZE, .far = true),
	CALL("set_memory_ro from block to block", sweep_by_set_memory, .bytes = 2 * PMD_SIZE,
	     .prot = PROT_DEVICE_nGnRE),
	CALL("set_memory_ro of most of a large leaf", sweep_by_set_memory,
	     .bytes = HAVE_PUD_BLOCK ? PUD_SIZE : CONT_PMD_SIZE, .prot = PROT_NORMAL_NC),
};
const unsigned nr_sweep_calls = ARRAY_SIZE(sweep_calls);
#endif
