// SPDX-License-Identifier: MIT
/*
 * vmalloc(), plain and huge, and vfree(): whole calls; and the mapping half of a huge one.
 */
#include <errno.h>

#include "bench/rows/arrays.h"
#include "bench/rows/readback.h"
#include "bench/rungs/calls.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"

/* Twice as much, so that blocks of the wanted order are there without compaction. */
static int needs_memory(struct pass *pass)
{
	if (nr_free_pages() >= 2 * pass->bytes >> PAGE_SHIFT)
		return 0;
	pass->why = "not enough memory";
	return -ENOMEM;
}

static void vmalloc_body(struct pass *pass)
{
	pass->va = vmalloc(pass->bytes);
}

static void vmalloc_rung_body(struct pass *pass)
{
	pass->va = rung_vmalloc(pass->rung, pass->bytes);
}

static void huge_body(struct pass *pass)
{
	pass->va = vmalloc_huge(pass->bytes, GFP_KERNEL);
}

static void huge_rung_body(struct pass *pass)
{
	pass->va = rung_vmalloc_huge(pass->rung, pass->bytes);
}

static void vfree_body(struct pass *pass)
{
	vfree(pass->va);
}

static void vfree_rung_body(struct pass *pass)
{
	rung_vfree(pass->va);
}

static int vmalloc_check(struct pass *pass)
{
	return pass->va ? check_writable(pass) : 0;
}

static int vmalloc_after(struct pass *pass)
{
	if (!pass->va) {
		pass->why = "out of memory";
		return -ENOMEM;
	}
	(pass->rung ? vfree_rung_body : vfree_body)(pass);
	pass->va = NULL;
	return 0;
}

/* After the mapping call: read back, also so that the TLB holds what vfree() has to get rid of. */
static int vfree_ready(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	return pass->checked ? check_writable(pass) : 0;
}

static int vfree_before(struct pass *pass)
{
	(pass->rung ? vmalloc_rung_body : vmalloc_body)(pass);
	return vfree_ready(pass);
}

static int vfree_huge_before(struct pass *pass)
{
	(pass->rung ? huge_rung_body : huge_body)(pass);
	return vfree_ready(pass);
}

static int vfree_check(struct pass *pass)
{
	return check_unmapped(pass, (uint64_t)pass->va);
}

static int vfree_after(struct pass *pass)
{
	pass->va = NULL;
	return 0;
}

#define VMALLOC(ident, label, size, timed)                                                      \
	BENCH(ident, .name = label, .rungs = RUNGS_ALL, .bytes = size, .prepare = needs_memory, \
	      .body = timed##_body, .rung_body = timed##_rung_body, .check = vmalloc_check,     \
	      .after = vmalloc_after)

#define VFREE(ident, label, size, first)                                                        \
	BENCH(ident, .name = label, .rungs = RUNGS_ALL, .bytes = size, .prepare = needs_memory, \
	      .before = first, .body = vfree_body, .rung_body = vfree_rung_body,                \
	      .check = vfree_check, .after = vfree_after)

VMALLOC(vmalloc_1m, "vmalloc/1M", 1 * MiB, vmalloc);
VMALLOC(vmalloc_100m, "vmalloc/100M", 100 * MiB, vmalloc);
VMALLOC(vmalloc_huge_1m, "vmalloc_huge/1M", 1 * MiB, huge);
VMALLOC(vmalloc_huge_100m, "vmalloc_huge/100M", 100 * MiB, huge);
VFREE(vfree_1m, "vfree/1M", 1 * MiB, vfree_before);
VFREE(vfree_100m, "vfree/100M", 100 * MiB, vfree_before);
VFREE(vfree_100m_huge, "vfree/100M/huge", 100 * MiB, vfree_huge_before);

/*
 * The mapping half of a huge vmalloc: blocks of one contiguous group each, apart; single pages
 * where a group is larger than the whole, as vmalloc() has them then.
 */
#define MAP_BYTES (1 * MiB)
#define MAP_ORDER (MAP_BYTES < CONT_PTE_SIZE ? 0 : CONT_PTES_SHIFT)
#define MAP_SHIFT (PAGE_SHIFT + MAP_ORDER)

static int map_prepare(struct pass *pass)
{
	uint64_t va;
	int error = arrays_make(pass);

	if (error)
		return error;
	pass->area = __get_vm_area(pass->bytes, pass->bytes, VMALLOC_START, VMALLOC_END, VM_ALLOC);
	if (!pass->area)
		return -ENOMEM;
	va = (uint64_t)pass->area->addr;
	return map_populate_upper(va, va + pass->bytes);
}

static int map_before(struct pass *pass)
{
	pass->pages = pass->rung || !MAP_ORDER ? array_pages(pass->turn) : array_blocks(pass->turn);
	return 0;
}

static void map_body(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->area->addr, end = va + pass->bytes;

	if (MAP_ORDER)
		pass->error = map_blocks(va, end, pass->pages, MAP_ORDER, PAGE_KERNEL, MAP_SHIFT);
	else
		pass->error = map_pages(va, end, pass->pages, PAGE_KERNEL, MAP_SHIFT);
	pass->va = (void *)va;
}

static void map_rung_body(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->area->addr;

	pass->error = pass->rung->map_pages(pass->rung, va, va + pass->bytes, pass->pages,
					    PAGE_KERNEL, MAP_SHIFT);
	pass->va = (void *)va;
}

static int map_check(struct pass *pass)
{
	return check_pages(pass, array_pages(pass->turn));
}

static int map_after(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->va;

	(pass->rung ? rung_unmap : unmap_range)(va, va + pass->bytes);
	pass->va = NULL;
	return 0;
}

static void map_finish(struct pass *pass)
{
	free_vm_area(pass->area);
	arrays_free();
}

BENCH(vmalloc_map_1m, .name = "vmalloc-map/1M", .rungs = RUNGS_ALL, .bytes = MAP_BYTES,
      .order = MAP_ORDER, .kind = ARRAY_APART, .prepare = map_prepare, .before = map_before,
      .body = map_body, .rung_body = map_rung_body, .check = map_check, .after = map_after,
      .finish = map_finish);

BENCH(ladder_vmalloc, .name = "ladder/vmalloc-map-1M", .rungs = RUNGS_SERIES, .ladder = true,
      .bytes = MAP_BYTES, .order = MAP_ORDER, .kind = ARRAY_APART, .prepare = map_prepare,
      .before = map_before, .rung_body = map_rung_body, .check = map_check, .after = map_after,
      .finish = map_finish);
