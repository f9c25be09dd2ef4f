// SPDX-License-Identifier: MIT
/*
 * Public calls of mm/ in random order and sizes (hostile-calls.h): areas, which take the
 * lowest addresses that are free, and calls of the engine in two windows of its own, one
 * around a boundary of tables of all levels, one where blocks take turns with tables.
 */
#include <stdlib.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/areas/map-ram.h"
#include "mm/areas/set_memory.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/holes.h"
#include "mm/map/protect.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-calls.h"
#include "tests/host/hostile-oracle.h"

#define RAM_START  (4 * ARENA_BLOCK)
#define RAM_BLOCKS 6UL

/* RAM that arrays name and nobody touches: it has struct pages by address alone. */
#define FRAMES_START (128 * GiB)
#define FRAMES_PAGES (8 * CONT_PMD_PAGES)
#define FAR_DEVICE   (1UL << 40)

#define CONT_PMD_PAGES (CONT_PMD_SIZE >> PAGE_SHIFT)
#define PMD_PAGES      PTRS_PER_TABLE
#define ARRAY_PAGES    (PMD_PAGES + 4 * CONT_PTES)

/* The boundary, and where blocks are at home. */
#define MIDDLE	   (VMALLOC_START + MAX(512 * GiB, PUD_SIZE))
#define WINDOW	   (MIDDLE - 2 * PMD_SIZE)
#define WINDOW_END (MIDDLE + 2 * PMD_SIZE)
#define BLOCKS	   (MIDDLE + 2 * PUD_SIZE)
#define BLOCKS_END (BLOCKS + MAX(PUD_SIZE * HAVE_PUD_BLOCK, 4 * CONT_PMD_SIZE))

static struct page **arrays[LIVE_MAX];
static unsigned nr_arrays;
static const pgprot_t prots[] = { PAGE_KERNEL, PAGE_KERNEL_RO, PROT_DEVICE_nGnRE, PROT_NORMAL_NC };

void calls_init(void)
{
	arena_add_ram(RAM_START, RAM_BLOCKS * ARENA_BLOCK);
	boot_ram_add(FRAMES_START, FRAMES_PAGES * PAGE_SIZE);
	boot_ram_reserve(FRAMES_START, FRAMES_PAGES * PAGE_SIZE);
	buddy_init();
	hostile_init();
	for (nr_arrays = 0; nr_arrays < LIVE_MAX; nr_arrays++)
		arrays[nr_arrays] = calloc(ARRAY_PAGES, sizeof(struct page *));
}

void calls_start(void)
{
	oracle_start();
}

static __always_inline uint64_t pick(uint64_t below)
{
	return hostile_pick_long(below);
}

/* Mostly small; now and then around a group, a table, past the flush of everything. */
static uint64_t pick_pages(uint64_t most)
{
	unsigned kind = hostile_pick(128);
	uint64_t n;

	/* Large granules have long groups and tables, which cost so much more time. */
	if (kind < 90 || hostile_pick(PTRS_PER_TABLE / 512))
		n = 1 + pick(8);
	else if (kind < 118)
		n = CONT_PTES - 1 + pick(3);
	else if (kind < 124)
		n = 1 + pick(3 * CONT_PTES);
	else if (kind < 126)
		n = 510 + pick(6);
	else
		n = kind < 127 ? PMD_PAGES - 1 + pick(3) : 1 + pick(PMD_PAGES);
	return MIN(n, most);
}

/* --- frames ------------------------------------------------------------------------------- */

static struct page *frame(uint64_t index)
{
	return phys_to_page(FRAMES_START) + index;
}

/* A run's first frame, mostly in phase with @va for groups or blocks. */
static uint64_t pick_frame(uint64_t va, uint64_t n)
{
	uint64_t unit = hostile_pick(4) ? CONT_PTES : PMD_PAGES;
	uint64_t at = ALIGN_DOWN(pick(FRAMES_PAGES - n), unit);

	if (hostile_pick(4))
		at += (va >> PAGE_SHIFT) % unit;
	return MIN(at, FRAMES_PAGES - n);
}

static struct page **take_array(void)
{
	return arrays[--nr_arrays];
}

/* A run, a run with a flaw, runs of groups, or pages from anywhere. */
static void fill_array(struct page **pages, uint64_t va, uint64_t n)
{
	uint64_t run, style = hostile_pick(4);

	for (uint64_t i = 0; i < n; i += run) {
		run = style < 2 ? n : style == 2 ? CONT_PTES : 1;
		run = MIN(run, n - i);
		for (uint64_t k = 0, at = pick_frame(va + (i << PAGE_SHIFT), run); k < run; k++)
			pages[i + k] = frame(at + k);
	}
	if (style == 1)
		pages[pick(n)] = frame(pick(FRAMES_PAGES));
}

/* --- areas -------------------------------------------------------------------------------- */

/* What vmalloc() or vrealloc() has given, if it has. */
static bool learn_area(struct mapping *m)
{
	const struct vm_struct *area;

	if (!m->handle)
		return false;
	area = find_vm_area(m->handle);
	m->owner = OWNER_VMALLOC;
	m->kind = BY_BLOCKS;
	m->order = area->page_order;
	m->array = area->pages;
	m->pages = area->nr_pages;
	m->prot = PAGE_KERNEL;
	return true;
}

static bool do_vmalloc(struct mapping *m)
{
	uint64_t n = pick_pages(PMD_PAGES);
	bool huge = hostile_pick(3) == 0;

	m->handle = huge ? vmalloc_huge(n << PAGE_SHIFT, GFP_KERNEL) : vmalloc(n << PAGE_SHIFT);
	return learn_area(m);
}

/* The array as runs, for the calls that take those. */
static const void *map_runs_of(const struct mapping *m)
{
	static struct phys_range runs[ARRAY_PAGES];
	uint64_t nr = 0;

	for (uint64_t i = 0; i < m->pages; i++) {
		uint64_t pfn = page_to_pfn(m->array[i]);

		if (nr && runs[nr - 1].first_pfn + runs[nr - 1].pages == pfn)
			runs[nr - 1].pages++;
		else
			runs[nr++] = (struct phys_range){ pfn, 1 };
	}
	return vmap_sg(runs, nr, VM_MAP, m->prot);
}

static bool do_vmap(struct mapping *m)
{
	struct page **pages = take_array();

	m->owner = OWNER_VMAP;
	m->kind = BY_PAGES;
	m->array = m->frees = pages;
	m->pages = pick_pages(ARRAY_PAGES);
	m->prot = prots[hostile_pick(ARRAY_SIZE(prots))];
	fill_array(pages, 0, m->pages);
	m->handle = hostile_pick(3) ? vmap(pages, m->pages, VM_MAP, m->prot) : map_runs_of(m);
	return m->handle;
}

/* Side by side with others in a block, or an area. */
static bool do_map_ram(struct mapping *m)
{
	struct page **pages = take_array();

	m->owner = OWNER_RAM;
	m->kind = BY_PAGES;
	m->array = m->frees = pages;
	m->pages = hostile_pick(8) ? 1 + pick(VMAP_MAX_ALLOC / 8) : pick_pages(3 * VMAP_MAX_ALLOC);
	m->prot = PAGE_KERNEL;
	fill_array(pages, 0, m->pages);
	m->handle = vm_map_ram(pages, m->pages);
	return m->handle;
}

static bool do_ioremap(struct mapping *m)
{
	const uint64_t sizes[] = { CONT_PTE_SIZE, PMD_SIZE, 3 * PMD_SIZE, CONT_PMD_SIZE };
	uint64_t size = hostile_pick(8) ? pick_pages(2 * CONT_PTES) << PAGE_SHIFT
					: sizes[hostile_pick(ARRAY_SIZE(sizes))];
	uint64_t unit;

	if (HAVE_PUD_BLOCK && !hostile_pick(64))
		size = PUD_SIZE;
	m->owner = OWNER_IOREMAP;
	m->kind = BY_RANGE;
	unit = size > PMD_SIZE ? PMD_SIZE : hostile_pick(2) ? size & -size : PAGE_SIZE;
	if (hostile_pick(2))
		unit = MAX(unit, size & -size);
	m->pa = FAR_DEVICE + ALIGN_DOWN(pick(64 * GiB), unit);
	m->pages = size >> PAGE_SHIFT;
	m->prot = hostile_pick(2) ? PROT_DEVICE_nGnRE : PROT_NORMAL_NC;
	m->handle = m->prot == PROT_NORMAL_NC ? ioremap_wc(m->pa, size) : ioremap(m->pa, size);
	return m->handle;
}

/* --- the engine --------------------------------------------------------------------------- */

/* Free addresses of one of the two windows. */
static bool pick_place(struct mapping *m)
{
	const uint64_t sizes[] = { PMD_SIZE, CONT_PMD_SIZE, PUD_SIZE };
	uint64_t size = pick_pages(ARRAY_PAGES) << PAGE_SHIFT, lo = WINDOW, hi = WINDOW_END;
	uint64_t unit = hostile_pick(3) ? PAGE_SIZE : CONT_PTE_SIZE;

	if (!hostile_pick(8)) {
		lo = BLOCKS;
		hi = BLOCKS_END;
		if (hostile_pick(4))
			size = sizes[hostile_pick(2 + HAVE_PUD_BLOCK)];
		if (size >= PMD_SIZE)
			unit = hostile_pick(4) ? size : PMD_SIZE;
	}
	m->va = lo + ALIGN_DOWN(pick(hi - lo), unit);
	m->pages = oracle_free_bytes(m->va, MIN(size, hi - m->va)) >> PAGE_SHIFT;
	return m->pages;
}

static bool do_engine(struct mapping *m)
{
	const unsigned shifts[] = { PAGE_SHIFT, MAP_SHIFT_ANY, MAP_SHIFT_ANY, CONT_PTE_SHIFT };
	unsigned max_shift = shifts[hostile_pick(ARRAY_SIZE(shifts))];
	uint64_t end, order = hostile_pick(CONT_PTES_SHIFT + 2), blocks;

	if (!pick_place(m))
		return false;
	end = m->va + (m->pages << PAGE_SHIFT);
	m->owner = OWNER_ENGINE;
	m->kind = m->pages > ARRAY_PAGES ? BY_RANGE : hostile_pick(3);
	m->prot = prots[hostile_pick(ARRAY_SIZE(prots))];
	if (m->pages > ARRAY_PAGES) /* by blocks, or it takes too long */
		max_shift = MAP_SHIFT_ANY;
	m->divisible = m->kind != BY_BLOCKS;
	oracle_current(m->va, end);
	if (m->kind == BY_RANGE) {
		m->pa = ALIGN_DOWN(FAR_DEVICE + pick(64 * GiB), PUD_SIZE);
		if (hostile_pick(4))
			m->pa += m->va % PUD_SIZE;
		else if (hostile_pick(2))
			m->pa += m->va % PUD_SIZE + PMD_SIZE;
		return map_range(m->va, end, m->pa, m->prot, max_shift) == 0;
	}
	m->array = m->frees = take_array();
	if (m->kind == BY_PAGES) {
		fill_array(m->frees, m->va, m->pages);
		return map_pages(m->va, end, m->array, m->prot, max_shift) == 0;
	}
	m->order = order;
	blocks = DIV_ROUND_UP(m->pages, 1UL << order);
	for (uint64_t i = 0; i < blocks; i++)
		m->frees[i] = i && hostile_pick(4)
				      ? m->frees[i - 1] + (1UL << order)
				      : frame(ALIGN_DOWN(pick(FRAMES_PAGES / 2), 1UL << order));
	return map_blocks(m->va, end, m->array, order, m->prot, max_shift) == 0;
}

/* --- steps -------------------------------------------------------------------------------- */

/* A call has returned: was there a purge in it? */
static void look_for_purge(void)
{
	if (flush_policy == FLUSH_LAZY && !nr_lazy_pages())
		oracle_purged();
}

static void map_something(void)
{
	struct mapping m = { 0 };
	unsigned kind = hostile_pick(9);
	bool good;

	if (kind < 2)
		good = do_vmalloc(&m);
	else if (kind < 4)
		good = do_vmap(&m);
	else if (kind < 5)
		good = do_map_ram(&m);
	else
		good = kind < 6 ? do_ioremap(&m) : do_engine(&m);
	if (!good) { /* no room; of memory there is enough, or another step has some */
		if (m.frees)
			arrays[nr_arrays++] = m.frees;
		look_for_purge();
		return;
	}
	if (m.owner != OWNER_ENGINE)
		m.va = (uint64_t)m.handle & PAGE_MASK;
	m.lasting = m.pages == 1 && hostile_pick(2);
	oracle_add(&m);
	look_for_purge();
	oracle_check(m.va, m.va + (m.pages << PAGE_SHIFT));
}

static void unmap_call(const struct mapping *m, uint64_t va, uint64_t end)
{
	switch (m->owner) {
	case OWNER_VMALLOC:
		vfree(m->handle);
		break;
	case OWNER_VMAP:
		vunmap(m->handle);
		break;
	case OWNER_RAM:
		vm_unmap_ram(m->handle, m->pages);
		break;
	case OWNER_IOREMAP:
		iounmap(m->handle);
		break;
	default:
		if (hostile_pick(2)) /* and the hole behind it */
			unmap_holes(va, end + oracle_free_bytes(end, 4 * CONT_PTE_SIZE));
		else
			unmap_range(va, end);
	}
}

/* Those that last are there for others to share a table with. */
static unsigned pick_victim(void)
{
	unsigned at = hostile_pick(nr_live);

	for (unsigned i = 0; i < 5 && live[at].lasting; i++)
		at = hostile_pick(nr_live);
	return at;
}

/*
 * Of vmalloc()'s: shorter, longer where it is, or elsewhere. Meanwhile it is nobody's. With
 * nothing on the list of flush=lazy before, what is there after is what it left.
 */
static void resize_something(unsigned at)
{
	struct mapping m = live[at];
	uint64_t va = m.va, end = va + (m.pages << PAGE_SHIFT);
	uint64_t bytes = pick_pages(PMD_PAGES) << PAGE_SHIFT;
	const void *moved;

	if (flush_policy == FLUSH_LAZY) {
		vm_unmap_aliases();
		look_for_purge();
	}
	oracle_current(va, end);
	oracle_give_up(at, va, end);
	moved = vrealloc(m.handle, bytes, GFP_KERNEL);
	if (nr_lazy_pages())
		oracle_unmapped_lazily(va, end);
	else
		oracle_unmapped();
	m.handle = moved ?: m.handle;
	m.va = (uint64_t)m.handle;
	learn_area(&m);
	oracle_add(&m);
	oracle_check(va, end);
	oracle_check(m.va, m.va + (m.pages << PAGE_SHIFT));
}

static void unmap_something(void)
{
	unsigned at = pick_victim();
	struct mapping m = live[at];
	uint64_t va = m.va, end = va + (m.pages << PAGE_SHIFT), lazy;

	if (m.owner == OWNER_VMALLOC && !m.nr_changes && m.prot == PAGE_KERNEL && hostile_pick(2))
		return resize_something(at);
	if (m.divisible && m.pages > 1 && hostile_pick(2)) {
		uint64_t cut = va + ((1 + pick(m.pages - 1)) << PAGE_SHIFT);

		*(hostile_pick(2) ? &va : &end) = cut;
		oracle_current(va, end);
		map_split(cut);
	}
	oracle_current(va, end);
	oracle_give_up(at, va, end);
	lazy = nr_lazy_pages();
	unmap_call(&m, va, end);
	if (nr_lazy_pages() > lazy) {
		oracle_unmapped_lazily(va, end);
		oracle_check(va, end);
	} else {
		oracle_unmapped();
		look_for_purge();
		oracle_check(va, end);
	}
	if (m.frees && end - va == m.pages << PAGE_SHIFT)
		arrays[nr_arrays++] = m.frees;
}

/* --- permissions -------------------------------------------------------------------------- */

static int change_call(const struct mapping *m, const struct change *c)
{
	int n = (int)((c->end - c->va) >> PAGE_SHIFT);

	if (m->owner == OWNER_ENGINE)
		return map_protect(c->va, c->end, c->set, c->clear);
	if ((c->set | c->clear) & DESC_VALID)
		return set_memory_valid(c->va, n, !c->clear);
	return c->set ? set_memory_ro(c->va, n) : set_memory_rw(c->va, n);
}

static void change(unsigned at, uint64_t va, uint64_t end, desc_t set, desc_t clear)
{
	const struct change c = { va, end, set, clear };
	int error;

	hostile.in_call = true;
	oracle_current(va, end);
	oracle_change(&c);
	error = change_call(&live[at], &c);
	oracle_changed(at);
	if (error)
		hostile_fail("0x%lx, 0x%lx: permissions: error %d", va, end, error);
	oracle_check(va, end);
}

static void merge(const struct mapping *m, uint64_t va, uint64_t end)
{
	int error;

	hostile.in_call = true;
	oracle_current(va, end);
	error = m->owner == OWNER_ENGINE
			? map_merge(va, end, m->va, m->va + (m->pages << PAGE_SHIFT))
			: set_memory_merge(va, (int)((end - va) >> PAGE_SHIFT));
	if (error)
		hostile_fail("0x%lx, 0x%lx: merge: error %d", va, end, error);
	oracle_check(va, end);
}

/* Often the same pages twice, so that parts become equal again. */
static void change_something(void)
{
	unsigned at = hostile_pick(nr_live), kind = hostile_pick(7);
	struct mapping *m = &live[at];
	uint64_t first = pick(m->pages), n = pick_pages(m->pages - first), end, va;

	if (m->owner == OWNER_RAM)
		return; /* no area that set_memory_ro() and its kin know */
	if (!hostile_pick(4)) {
		first = 0;
		n = m->pages;
	}
	va = m->va + (first << PAGE_SHIFT);
	end = va + (n << PAGE_SHIFT);
	if (m->nr_changes == CHANGES_MAX - 2) {
		/* More could not be remembered: all of it becomes the same. */
		va = m->va;
		end = va + (m->pages << PAGE_SHIFT);
		change(at, va, end, DESC_VALID, 0);
		change(at, va, end, DESC_RO, 0);
		m->nr_changes = 0;
		m->prot |= DESC_RO;
		merge(m, va, end);
	} else if (kind < 4) {
		change(at, va, end, kind < 2 ? DESC_RO : 0, kind < 2 ? 0 : DESC_RO);
	} else if (kind < 6) {
		change(at, va, end, kind == 4 ? DESC_VALID : 0, kind == 4 ? 0 : DESC_VALID);
	} else {
		merge(m, va, end);
	}
}

void calls_step(void)
{
	hostile_begin_call();
	if (flush_policy == FLUSH_LAZY && !hostile_pick(40)) {
		vm_unmap_aliases();
		look_for_purge();
		hostile.in_call = false;
	} else if (nr_live && !hostile_pick(3)) {
		change_something();
	} else if (hostile_pick(LIVE_MAX - 8) < nr_live) {
		unmap_something();
	} else {
		map_something();
	}
}
