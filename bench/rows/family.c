// SPDX-License-Identifier: MIT
/*
 * What Linux decides otherwise, or its reviewers want otherwise, beside what we do: vmap() where
 * large leaves are opt-in, vmap_sg() on the memory that vmap() maps, huge blocks that are split
 * into pages. And the short-lived mappings of vm_map_ram(). Only if named.
 */
#include <errno.h>

#include "bench/rows/arrays.h"
#include "bench/rows/readback.h"
#include "mm/areas/map-ram.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"

static int choose_array(struct pass *pass)
{
	pass->pages = array_pages(pass->turn);
	return 0;
}

static int array_check(struct pass *pass)
{
	return pass->va ? check_pages(pass, pass->pages) : 0;
}

static int vunmap_after(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	vunmap(pass->va);
	pass->va = NULL;
	return 0;
}

/* --- vmap=optin ----------------------------------------------------------------------- */

static int optin_prepare(struct pass *pass)
{
	vmap_mode = VMAP_OPTIN;
	return arrays_make(pass);
}

static void optin_finish(struct pass *pass)
{
	(void)pass;
	vmap_mode = VMAP_ALWAYS;
	arrays_free();
}

static void vmap_plain_body(struct pass *pass)
{
	pass->va = vmap(pass->pages, pass->bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
}

static void vmap_huge_body(struct pass *pass)
{
	const uint32_t flags = VM_MAP | VM_ALLOW_HUGE_VMAP;

	pass->va = vmap(pass->pages, pass->bytes >> PAGE_SHIFT, flags, PAGE_KERNEL);
}

#define OPTIN(ident, label, block_order, timed)                                            \
	BENCH(ident, .name = "vmap/100M/" label, .rungs = RUNGS_TLBED, .only_named = true, \
	      .bytes = 100 * MiB, .order = block_order, .kind = ARRAY_APART,               \
	      .prepare = optin_prepare, .before = choose_array, .body = timed,             \
	      .check = array_check, .after = vunmap_after, .finish = optin_finish)

OPTIN(vmap_optin_8, "order8-apart/optin", 8, vmap_plain_body);
OPTIN(vmap_optin_8_huge, "order8-apart/optin-huge", 8, vmap_huge_body);
OPTIN(vmap_optin_9, "order9-apart/optin", 9, vmap_plain_body);
OPTIN(vmap_optin_9_huge, "order9-apart/optin-huge", 9, vmap_huge_body);

/* --- vmap_sg -------------------------------------------------------------------------- */

static struct phys_range *runs[BENCH_TURNS];
static uint64_t nr_runs;

static void sg_finish(struct pass *pass)
{
	(void)pass;
	for (unsigned turn = 0; turn < BENCH_TURNS; turn++) {
		kfree(runs[turn]);
		runs[turn] = NULL;
	}
	arrays_free();
}

/* A run a block, as whoever allocated them would have them. */
static int sg_prepare(struct pass *pass)
{
	int error = arrays_make(pass);

	if (error)
		return error;
	nr_runs = (pass->bytes >> PAGE_SHIFT) >> pass->bench->order;
	for (unsigned turn = 0; turn < BENCH_TURNS; turn++) {
		runs[turn] = kmalloc(nr_runs * sizeof(*runs[turn]), GFP_KERNEL);
		if (!runs[turn])
			return -ENOMEM;
		for (uint64_t i = 0; i < nr_runs; i++) {
			const struct page *first = array_pages(turn)[i << pass->bench->order];

			runs[turn][i].first_pfn = page_to_pfn(first);
			runs[turn][i].pages = 1UL << pass->bench->order;
		}
	}
	return 0;
}

static void sg_body(struct pass *pass)
{
	pass->va = vmap_sg(runs[pass->turn], nr_runs, VM_MAP, PAGE_KERNEL);
}

#define SG(ident, label, block_order, layout)                                                  \
	BENCH(ident, .name = "vmap_sg/100M/" label, .rungs = RUNGS_TLBED, .only_named = true,  \
	      .bytes = 100 * MiB, .order = block_order, .kind = layout, .prepare = sg_prepare, \
	      .before = choose_array, .body = sg_body, .check = array_check,                   \
	      .after = vunmap_after, .finish = sg_finish)

SG(sg_order8, "order8-apart", 8, ARRAY_APART);
SG(sg_order4, "order4-apart", 4, ARRAY_APART);
SG(sg_order9, "order9-apart", 9, ARRAY_APART);
SG(sg_order0, "order0-scattered", 0, ARRAY_SCATTERED);

/* --- split=1 -------------------------------------------------------------------------- */

static int split_prepare(struct pass *pass)
{
	vmalloc_split = true;
	if (nr_free_pages() >= 2 * pass->bytes >> PAGE_SHIFT)
		return 0;
	pass->why = "not enough memory";
	return -ENOMEM;
}

static void split_finish(struct pass *pass)
{
	(void)pass;
	vmalloc_split = false;
}

static void huge_body(struct pass *pass)
{
	pass->va = vmalloc_huge(pass->bytes, GFP_KERNEL);
}

static int huge_check(struct pass *pass)
{
	return pass->va ? check_writable(pass) : 0;
}

static int vfree_after(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	vfree(pass->va);
	pass->va = NULL;
	return 0;
}

static int vfree_before(struct pass *pass)
{
	huge_body(pass);
	if (!pass->va)
		return -ENOMEM;
	return pass->checked ? check_writable(pass) : 0;
}

static void vfree_body(struct pass *pass)
{
	vfree(pass->va);
}

static int freed_check(struct pass *pass)
{
	return check_unmapped(pass, (uint64_t)pass->va);
}

static int freed_after(struct pass *pass)
{
	pass->va = NULL;
	return 0;
}

#define SPLIT_ALLOC(ident, label, size)                                                      \
	BENCH(ident, .name = label, .rungs = RUNGS_TLBED, .only_named = true, .bytes = size, \
	      .prepare = split_prepare, .body = huge_body, .check = huge_check,              \
	      .after = vfree_after, .finish = split_finish)

#define SPLIT_FREE(ident, label, size)                                                       \
	BENCH(ident, .name = label, .rungs = RUNGS_TLBED, .only_named = true, .bytes = size, \
	      .prepare = split_prepare, .before = vfree_before, .body = vfree_body,          \
	      .check = freed_check, .after = freed_after, .finish = split_finish)

SPLIT_ALLOC(split_1m, "vmalloc_huge/1M/split", 1 * MiB);
SPLIT_ALLOC(split_100m, "vmalloc_huge/100M/split", 100 * MiB);
SPLIT_FREE(split_free_1m, "vfree/1M/split", 1 * MiB);
SPLIT_FREE(split_free_100m, "vfree/100M/split", 100 * MiB);

/* --- vm_map_ram ----------------------------------------------------------------------- */

static void map_ram_body(struct pass *pass)
{
	pass->va = vm_map_ram(pass->pages, pass->bytes >> PAGE_SHIFT);
}

static void unmap_ram_body(struct pass *pass)
{
	vm_unmap_ram(pass->va, pass->bytes >> PAGE_SHIFT);
}

static int unmap_ram_after(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	unmap_ram_body(pass);
	pass->va = NULL;
	return 0;
}

static int map_ram_before(struct pass *pass)
{
	choose_array(pass);
	map_ram_body(pass);
	if (!pass->va)
		return -ENOMEM;
	return pass->checked ? check_pages(pass, pass->pages) : 0;
}

static void map_ram_finish(struct pass *pass)
{
	(void)pass;
	purge_vmap_blocks();
	arrays_free();
}

#define MAP_RAM(ident, label, size)                                                               \
	BENCH(ident, .name = "vm_map_ram/" label, .rungs = RUNGS_TLBED, .only_named = true,       \
	      .bytes = size, .kind = ARRAY_SCATTERED, .prepare = arrays_make,                     \
	      .before = choose_array, .body = map_ram_body, .check = array_check,                 \
	      .after = unmap_ram_after, .finish = map_ram_finish);                                \
	BENCH(un##ident, .name = "vm_unmap_ram/" label, .rungs = RUNGS_TLBED, .only_named = true, \
	      .bytes = size, .kind = ARRAY_SCATTERED, .prepare = arrays_make,                     \
	      .before = map_ram_before, .body = unmap_ram_body, .check = freed_check,             \
	      .after = freed_after, .finish = map_ram_finish)

MAP_RAM(map_ram_4k, "4K", 4 * KiB);
MAP_RAM(map_ram_64k, "64K", 64 * KiB);
MAP_RAM(map_ram_1m, "1M", 1 * MiB);
