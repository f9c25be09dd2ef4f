// SPDX-License-Identifier: MIT
/*
 * ioremap() of RAM that plays a device (devmem=), and its inverse.
 */
#include <errno.h>

#include "bench/rows/ioremap.h"
#include "bench/rows/readback.h"
#include "bench/rungs/calls.h"
#include "mm/areas/ioremap.h"
#include "mm/map/map.h"
#include "mm/phys/devmem.h"

/* Bases keep the alignment that the size can use; large ones overlap, as nothing reads them. */
static uint64_t turn_step(uint64_t bytes)
{
	if (bytes * BENCH_TURNS <= devmem_size)
		return bytes;
	return ALIGN_DOWN((devmem_size - bytes) / (BENCH_TURNS - 1), MIN(PMD_SIZE, 2 * MiB));
}

int ioremap_prepare(struct pass *pass)
{
	if (pass->bytes <= devmem_size)
		return 0;
	pass->why = "needs more devmem=";
	return -ENODEV;
}

int ioremap_before(struct pass *pass)
{
	pass->pa = devmem_base + pass->turn * turn_step(pass->bytes);
	return 0;
}

void ioremap_body(struct pass *pass)
{
	pass->va = ioremap(pass->pa, pass->bytes);
}

void ioremap_rung_body(struct pass *pass)
{
	pass->va = rung_ioremap(pass->rung, pass->pa, pass->bytes);
}

static void iounmap_body(struct pass *pass)
{
	iounmap(pass->va);
}

static void iounmap_rung_body(struct pass *pass)
{
	rung_iounmap(pass->va);
}

static void unmap_by_rung(struct pass *pass)
{
	(pass->rung ? iounmap_rung_body : iounmap_body)(pass);
	pass->va = NULL;
}

int ioremap_after(struct pass *pass)
{
	if (!pass->va)
		return -ENOMEM;
	unmap_by_rung(pass);
	return 0;
}

static int iounmap_before(struct pass *pass)
{
	ioremap_before(pass);
	(pass->rung ? ioremap_rung_body : ioremap_body)(pass);
	return pass->va ? 0 : -ENOMEM;
}

static int iounmap_check(struct pass *pass)
{
	return check_unmapped(pass, (uint64_t)pass->va);
}

static int iounmap_after(struct pass *pass)
{
	pass->va = NULL;
	return 0;
}

#define IOREMAP(ident, label, size)                                                       \
	BENCH(ident, .name = "ioremap/" label, .rungs = RUNGS_ALL, .bytes = size,         \
	      .prepare = ioremap_prepare, .before = ioremap_before, .body = ioremap_body, \
	      .rung_body = ioremap_rung_body, .check = check_device, .after = ioremap_after)

IOREMAP(ioremap_4k, "4K", 4 * KiB);
IOREMAP(ioremap_64k, "64K", 64 * KiB);
IOREMAP(ioremap_1m, "1M", 1 * MiB);
IOREMAP(ioremap_2m, "2M", 2 * MiB);
IOREMAP(ioremap_16m, "16M", 16 * MiB);

BENCH(ladder_ioremap, .name = "ladder/ioremap-1M", .rungs = RUNGS_SERIES, .ladder = true,
      .bytes = 1 * MiB, .prepare = ioremap_prepare, .before = ioremap_before,
      .rung_body = ioremap_rung_body, .check = check_device, .after = ioremap_after);

BENCH(iounmap_1m, .name = "iounmap/1M", .rungs = RUNGS_ALL, .bytes = 1 * MiB,
      .prepare = ioremap_prepare, .before = iounmap_before, .body = iounmap_body,
      .rung_body = iounmap_rung_body, .check = iounmap_check, .after = iounmap_after);

/* The mapping half alone, in an area that stays. */

static int map_prepare(struct pass *pass)
{
	uint64_t va;

	if (ioremap_prepare(pass))
		return -ENODEV;
	pass->area = get_vm_area(pass->bytes, VM_IOREMAP);
	if (!pass->area)
		return -ENOMEM;
	va = (uint64_t)pass->area->addr;
	return map_populate_upper(va, va + pass->bytes);
}

static void map_body(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->area->addr;

	pass->error = map_range(va, va + pass->bytes, pass->pa, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY);
	pass->va = (void *)va;
}

static void map_rung_body(struct pass *pass)
{
	uint64_t va = (uint64_t)pass->area->addr;

	pass->error = pass->rung->map_range(pass->rung, va, va + pass->bytes, pass->pa,
					    PROT_DEVICE_nGnRE);
	pass->va = (void *)va;
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
}

BENCH(ioremap_map_1m, .name = "ioremap-map/1M", .rungs = RUNGS_ALL, .bytes = 1 * MiB,
      .prepare = map_prepare, .before = ioremap_before, .body = map_body,
      .rung_body = map_rung_body, .check = check_device, .after = map_after, .finish = map_finish);
