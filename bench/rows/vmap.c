// SPDX-License-Identifier: MIT
/*
 * vmap() of page arrays of every layout, and its inverse.
 */
#include <errno.h>

#include "bench/rows/arrays.h"
#include "bench/rows/readback.h"
#include "bench/rungs/calls.h"
#include "mm/areas/vmalloc.h"

static int choose_array(struct pass *pass)
{
	pass->pages = array_pages(pass->turn);
	return 0;
}

static void vmap_body(struct pass *pass)
{
	pass->va = vmap(pass->pages, pass->bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
}

static void vmap_rung_body(struct pass *pass)
{
	pass->va = rung_vmap(pass->rung, pass->pages, pass->bytes >> PAGE_SHIFT);
}

static void vunmap_body(struct pass *pass)
{
	vunmap(pass->va);
}

static void vunmap_rung_body(struct pass *pass)
{
	rung_vunmap(pass->va);
}

static int vmap_check(struct pass *pass)
{
	return pass->va ? check_pages(pass, pass->pages) : 0;
}

static int vmap_after(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	(pass->rung ? vunmap_rung_body : vunmap_body)(pass);
	pass->va = NULL;
	return 0;
}

static int vunmap_before(struct pass *pass)
{
	choose_array(pass);
	(pass->rung ? vmap_rung_body : vmap_body)(pass);
	if (!pass->va)
		return -ENOMEM;
	/* Also so that the TLB holds what the call has to get rid of. */
	return pass->checked ? check_pages(pass, pass->pages) : 0;
}

static int vunmap_check(struct pass *pass)
{
	return check_unmapped(pass, (uint64_t)pass->va);
}

static int vunmap_after(struct pass *pass)
{
	pass->va = NULL;
	return 0;
}

static void vmap_finish(struct pass *pass)
{
	(void)pass;
	arrays_free();
}

#define VMAP(ident, label, size, block_order, layout)                                 \
	BENCH(ident, .name = "vmap/" label, .rungs = RUNGS_ALL, .bytes = size,        \
	      .order = block_order, .kind = layout, .prepare = arrays_make,           \
	      .before = choose_array, .body = vmap_body, .rung_body = vmap_rung_body, \
	      .check = vmap_check, .after = vmap_after, .finish = vmap_finish)

VMAP(vmap_order8_apart, "100M/order8-apart", 100 * MiB, 8, ARRAY_APART);
VMAP(vmap_order8_adjacent, "100M/order8-adjacent", 100 * MiB, 8, ARRAY_ADJACENT);
VMAP(vmap_order4_apart, "100M/order4-apart", 100 * MiB, 4, ARRAY_APART);
VMAP(vmap_order9_apart, "100M/order9-apart", 100 * MiB, 9, ARRAY_APART);
VMAP(vmap_order0_scattered, "100M/order0-scattered", 100 * MiB, 0, ARRAY_SCATTERED);
VMAP(vmap_1m_order0, "1M/order0", 1 * MiB, 0, ARRAY_SCATTERED);
VMAP(vmap_4k, "4K", 4 * KiB, 0, ARRAY_SCATTERED);

BENCH(ladder_vmap, .name = "ladder/vmap-100M-order8-apart", .rungs = RUNGS_SERIES, .ladder = true,
      .bytes = 100 * MiB, .order = 8, .kind = ARRAY_APART, .prepare = arrays_make,
      .before = choose_array, .rung_body = vmap_rung_body, .check = vmap_check, .after = vmap_after,
      .finish = vmap_finish);

#define VUNMAP(ident, label, size, block_order, layout)                                    \
	BENCH(ident, .name = "vunmap/" label, .rungs = RUNGS_ALL, .bytes = size,           \
	      .order = block_order, .kind = layout, .prepare = arrays_make,                \
	      .before = vunmap_before, .body = vunmap_body, .rung_body = vunmap_rung_body, \
	      .check = vunmap_check, .after = vunmap_after, .finish = vmap_finish)

VUNMAP(vunmap_order0_scattered, "100M/order0-scattered", 100 * MiB, 0, ARRAY_SCATTERED);
VUNMAP(vunmap_order9_apart, "100M/order9-apart", 100 * MiB, 9, ARRAY_APART);
