// SPDX-License-Identifier: MIT
/*
 * The calls that are swept: vrealloc(), vm_map_ram(), frames by number, mapping by hand.
 */
#include <errno.h>
#include <string.h>

#include "mm/areas/map-ram.h"
#include "mm/areas/range.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "tests/sweep-internal.h"

#if HAVE_FAIL_NTH
/* What the running call works on and what it gave. */
static struct {
	char *addr;
	struct vm_struct *area;
	uint64_t n;
	struct page *block; /* its pages are the frames */
	struct page *pages[SWEEP_BULK_MOST];
	uint64_t pfns[SWEEP_BULK_MOST];
	struct phys_range runs[SWEEP_BULK_MOST];
} it;

static bool is_hole(uint64_t va)
{
	struct leaf leaf;

	return walk_lookup(va, &leaf) == -ENOENT;
}

static bool sees_frames(uint64_t va, pgprot_t prot, bool ram)
{
	for (uint64_t i = 0; i < it.n; i++)
		if (!sweep_sees(va + (i << PAGE_SHIFT), it.pfns[i] << PAGE_SHIFT, prot, ram))
			return false;
	return is_hole(va - 1) && is_hole(va + (it.n << PAGE_SHIFT));
}

/* --- vrealloc ------------------------------------------------------------------------- */

#define OLD_BYTES (2 * PAGE_SIZE)

static void tag(const void *addr, uint64_t at)
{
	*(uint64_t *)page_address(vmalloc_to_page((const char *)addr + at)) = 0x5eed + at;
}

static bool is_tagged(const void *addr, uint64_t at)
{
	const struct page *page = vmalloc_to_page((const char *)addr + at);

	return page && *(uint64_t *)page_address(page) == 0x5eed + at;
}

/* All of the pages that are wanted are there, and the old ones hold what they held. */
static bool is_area(const void *addr, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
		if (!vmalloc_to_page((const char *)addr + at))
			return false;
	return is_tagged(addr, 0) && is_tagged(addr, PAGE_SIZE) && find_vm_area(addr);
}

/* With c->far something lies behind the area, so that it has to move. */
static bool call_vrealloc(const struct sweep_call *c)
{
	char *old = vmalloc(OLD_BYTES), *behind = c->far && old ? vmalloc(1) : NULL;

	it.addr = NULL;
	if (old) {
		tag(old, 0);
		tag(old, PAGE_SIZE);
		if (!c->far || behind)
			it.addr = vrealloc(old, c->bytes, c->gfp);
		if (!it.addr) {
			if (!is_area(old, OLD_BYTES) ||
			    find_vm_area(old)->requested_size != OLD_BYTES)
				sweep_complain("%s: the old area is not as it was", c->name);
			vfree(old);
		}
	}
	vfree(behind);
	return it.addr;
}

static bool right_vrealloc(const struct sweep_call *c)
{
	return is_area(it.addr, c->bytes) && find_vm_area(it.addr)->requested_size == c->bytes &&
	       is_hole((uint64_t)it.addr + ALIGN_UP(c->bytes, PAGE_SIZE));
}

static void undo_vfree(const struct sweep_call *c)
{
	(void)c;
	vfree(it.addr);
}

const struct sweep_kind sweep_by_vrealloc = { sweep_has_room_for_bytes, call_vrealloc,
					      right_vrealloc, undo_vfree, NULL };

/* --- blocks that are split ------------------------------------------------------------ */

static bool call_split(const struct sweep_call *c)
{
	vmalloc_split = true;
	it.addr =
		__vmalloc_range(c->bytes, PAGE_SIZE, 0, ~0UL, c->gfp, c->prot, VM_ALLOW_HUGE_VMAP);
	vmalloc_split = false;
	return it.addr;
}

static bool right_split(const struct sweep_call *c)
{
	const struct vm_struct *area = find_vm_area(it.addr);

	for (uint64_t i = 0; i < c->bytes >> PAGE_SHIFT; i++) {
		struct page *page = area->pages[i];

		if (page->refcount != 1 || page->order ||
		    !sweep_sees((uint64_t)it.addr + (i << PAGE_SHIFT), page_to_phys(page), c->prot,
				true))
			return false;
	}
	return area;
}

const struct sweep_kind sweep_by_split = { sweep_has_room_for_bytes, call_split, right_split,
					   undo_vfree, NULL };

/* --- frames --------------------------------------------------------------------------- */

/* RAM, a block of it, or frames that are none; runs of 1, 2, 3, ... pages. */
static bool prepare_frames(const struct sweep_call *c)
{
	bool ram = c->prot == PAGE_KERNEL;
	uint64_t first = sweep_nowhere() >> PAGE_SHIFT;

	it.n = c->bytes >> PAGE_SHIFT;
	it.block = NULL;
	if (ram) {
		if (!sweep_has_room(PAGE_SIZE << get_order(c->bytes)))
			return false;
		it.block = alloc_pages(GFP_KERNEL, get_order(c->bytes));
		if (!it.block)
			return false;
		first = page_to_pfn(it.block);
	}
	for (uint64_t i = 0; i < it.n; i++) {
		it.pfns[i] = first + i;
		it.pages[i] = pfn_to_page(first + i);
	}
	return true;
}

static void restore_frames(const struct sweep_call *c)
{
	__free_pages(it.block, get_order(c->bytes));
	it.block = NULL;
}

static bool right_frames(const struct sweep_call *c)
{
	return sees_frames((uint64_t)it.addr, c->prot, it.block);
}

static bool call_sg(const struct sweep_call *c)
{
	uint64_t nr = 0;

	for (uint64_t at = 0; at < it.n; at += it.runs[nr++].pages)
		it.runs[nr] = (struct phys_range){ it.pfns[at], MIN(nr + 1, it.n - at) };
	return (it.addr = vmap_sg(it.runs, nr, VM_MAP, c->prot));
}

static bool call_pfn(const struct sweep_call *c)
{
	return (it.addr = vmap_pfn(it.pfns, it.n, c->prot));
}

static void undo_vunmap(const struct sweep_call *c)
{
	(void)c;
	vunmap(it.addr);
}

/* What failed may have left addresses in a block, but nothing that a purge does not give back. */
static bool call_map_ram(const struct sweep_call *c)
{
	(void)c;
	it.addr = vm_map_ram(it.pages, it.n);
	if (!it.addr)
		purge_vmap_blocks();
	return it.addr;
}

static void undo_map_ram(const struct sweep_call *c)
{
	(void)c;
	vm_unmap_ram(it.addr, it.n);
	purge_vmap_blocks();
}

const struct sweep_kind sweep_by_sg = { prepare_frames, call_sg, right_frames, undo_vunmap,
					restore_frames };
const struct sweep_kind sweep_by_pfn = { prepare_frames, call_pfn, right_frames, undo_vunmap,
					 restore_frames };
const struct sweep_kind sweep_by_map_ram = { prepare_frames, call_map_ram, right_frames,
					     undo_map_ram, restore_frames };

/* --- by hand -------------------------------------------------------------------------- */

/* Frames and an area of just their size; c->order are its flags. */
static bool prepare_area(const struct sweep_call *c)
{
	if (!prepare_frames(c))
		return false;
	it.area = get_vm_area(c->bytes, c->order);
	it.addr = it.area ? it.area->addr : NULL;
	return it.area;
}

static void restore_area(const struct sweep_call *c)
{
	free_vm_area(it.area);
	it.area = NULL;
	restore_frames(c);
}

static bool no_memory(const struct sweep_call *c, int error)
{
	if (error && error != -ENOMEM)
		sweep_complain("%s: error %d", c->name, error);
	return error;
}

static bool call_sparse(const struct sweep_call *c)
{
	uint64_t va = (uint64_t)it.addr;

	return !no_memory(c, vm_area_map_pages(it.area, va, va + c->bytes, it.pages));
}

static bool call_page_range(const struct sweep_call *c)
{
	uint64_t va = (uint64_t)it.addr, pa = it.pfns[0] << PAGE_SHIFT;

	return !no_memory(c, c->order == VM_IOREMAP
				     ? ioremap_page_range(va, va + c->bytes, pa, c->prot)
				     : vmap_page_range(va, va + c->bytes, pa, c->prot));
}

static void undo_by_hand(const struct sweep_call *c)
{
	uint64_t va = (uint64_t)it.addr;

	if (c->order == VM_SPARSE)
		vm_area_unmap_pages(it.area, va, va + c->bytes);
	else
		vunmap_range(va, va + c->bytes);
}

const struct sweep_kind sweep_by_sparse = { prepare_area, call_sparse, right_frames, undo_by_hand,
					    restore_area };
const struct sweep_kind sweep_by_page_range = { prepare_area, call_page_range, right_frames,
						undo_by_hand, restore_area };
#endif
