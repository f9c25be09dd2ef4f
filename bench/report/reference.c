// SPDX-License-Identifier: MIT
/*
 * Real Linux 7.2.13 on QEMU 7.2.22, -M virt -cpu cortex-a76 -m 2G -smp 1 -icount
 * shift=0,sleep=off: INST_RETIRED, medians of 64, an empty sample subtracted, all page
 * tables present. "lean" is allnoconfig plus the least that boots (no NUMA, memcg, tracing,
 * KPTI), gcc 12.2 -O2; "series" is the same with the mail series rebuilt in, an
 * approximation of its v4. Neither was measured by this program.
 *
 * The targets and their budgets of work are this project's own: what the rung tlbed is to cost.
 */
#include <string.h>

#include "bench/report/reference.h"
#include "mm/arm64/geometry.h"

#define MAPPING(n)                                        \
	{                                                 \
		.stores = n, .dmb = 1, .dsb = 1, .isb = 1 \
	}
#define UNMAPPING(n)                              \
	{                                         \
		n, NO_LIMIT, 3, NO_LIMIT, n, n, 1 \
	}

static const struct work_budget map_256 = MAPPING(256), map_25600 = MAPPING(25600),
				map_50_blocks = MAPPING(50), unmap_256 = UNMAPPING(256),
				unmap_50_blocks = UNMAPPING(50);

/* Nothing but that 256 pages are flushed by address. */
static const struct work_budget flush_256 = { NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT,
					      256,	NO_LIMIT, 1 };

/*
 * The seven pages of tails of 2M change twice, each time with a flush of its own: to read-only and
 * to the shared page, or back. DSBs with the repeat of each flush. On the way back the contents of
 * the new pages come before their leaves.
 */
#define SHARING(contents)                            \
	{                                            \
		14, contents, 6, NO_LIMIT, 14, 14, 2 \
	}

static const struct work_budget optimize_2m = SHARING(0), restore_2m = SHARING(1);

const struct reference references[] = {
	{ "ioremap/4K", 1164, 0, 1190, 0, 340, NULL },
	{ "ioremap/64K", 1868, 0, 1835, 0, 380, NULL },
	{ "ioremap/1M", 5093, 0, 3557, 0, 680, &map_256 },
	{ "ioremap-map/1M", 3648, 0, 2161, 0, 350, NULL },
	{ "ioremap/2M", 1633, 0, 1598, 0, 380, NULL },
	{ "ioremap/16M", 2122, 0, 2167, 0, 420, NULL },
	{ "iounmap/1M", 6394, 5461, 6394, 5537, 1300, &unmap_256 },
	{ "vmalloc-map/1M", 6679, 0, 4673, 0, 500, NULL },
	{ "vmalloc_huge/1M", 11054, 0, 8975, 0, 2000, NULL },
	{ "vmalloc/1M", 26404, 0, 28382, 0, 6500, NULL },
	{ "vfree/1M", 50567, 5461, 50568, 5537, 6500, &flush_256 },
	{ "vmalloc_huge/100M", 250392, 0, 247539, 0, 30000, NULL },
	{ "vfree/100M/huge", 4476313, 0, 4476315, 0, 9000, NULL },
	{ "vmalloc/100M", 2450560, 0, 2655761, 0, 500000, NULL },
	{ "vfree/100M", 4964502, 0, 4964504, 0, 450000, NULL },
	{ "vmap/100M/order8-apart", 2210547, 0, 384887, 0, 80000, &map_25600 },
	{ "vmap/100M/order8-adjacent", 2210547, 0, 190911, 0, 60000, &map_50_blocks },
	{ "vmap/100M/order4-apart", 2210547, 0, 683637, 0, 120000, NULL },
	{ "vmap/100M/order9-apart", 2210547, 0, 188012, 0, 60000, &map_50_blocks },
	{ "vmap/100M/order0-scattered", 2211897, 0, 2417167, 0, 160000, NULL },
	{ "vmap/1M/order0", 23211, 0, 25456, 0, 2100, NULL },
	{ "vmap/4K", 938, 0, 1005, 0, 340, NULL },
	{ "vunmap/100M/order0-scattered", 491063, 3881, 491063, 4073, 4500, NULL },
	{ "vunmap/100M/order9-apart", 491063, 3881, 2913, 4000, 700, &unmap_50_blocks },
	{ "get_vm_area/1M", 1199, 0, 1150, 0, 280, NULL },
	{ "alloc_pages/order0", 292, 0, 292, 0, 40, NULL },
	{ "free_pages/order0", 261, 0, 261, 0, 40, NULL },
	{ "alloc_pages_bulk/512", 48285, 0, 48285, 0, 5120, NULL },
	{ "alloc_pages/order9", 350, 0, 344, 0, 120, NULL },
	{ "free_pages/order9", 4356, 0, 4356, 0, 120, NULL },
	{ "hvo-optimize/2M", 4552, 0, 4536, 0, 900, &optimize_2m },
	{ "hvo-restore/2M", 7906, 0, 7906, 0, 2100, &restore_2m },
};
const unsigned nr_references = ARRAY_SIZE(references);

/*
 * Cover letter of "[PATCH v4 0/6] mm/vmalloc: Speed up ioremap, vmalloc and vmap with
 * contiguous memory", Wen Jiang, 2026-06-18.
 */
const struct claim claims[NR_CLAIMS] = {
	{ "ioremap/1M", "ladder/ioremap-1M", "ioremap of 1 MB", 3407, 2526 },
	{ "vmalloc-map/1M", "ladder/vmalloc-map-1M", "vmalloc of 1 MB, mapping without allocation",
	  5000, 3530 },
	{ "vmap/100M/order8-apart", "ladder/vmap-100M-order8-apart",
	  "vmap of 100 MB in order-8 blocks", 1235000, 149000 },
};

const char *const held_against_linux[NR_HELD] = {
	"ioremap/1M",
	"vmalloc-map/1M",
	"vmap/100M/order8-apart",
	"vmap/100M/order0-scattered",
};

/* Of every Linux that was measured. */
#define REFERENCE_PAGE_SIZE (4 * KiB)

bool have_references(void)
{
	return PAGE_SIZE == REFERENCE_PAGE_SIZE;
}

unsigned reference_rank(const char *name)
{
	unsigned i = 0;

	while (i < ARRAY_SIZE(references) && strcmp(references[i].name, name))
		i++;
	return i;
}

/* linux-peer: selected by hand, no kernel for arm64 that is shipped has it. */
const char *reference_note(const char *name)
{
	if (strncmp(name, "hvo-", 4) != 0)
		return NULL;
	return "Linux's figures of hvo-*/2M: HVO forced on. It changes live leaves without "
	       "break-before-make, which\nis not safe on arm64, and so not in mainline; what "
	       "safety takes is in ours alone.\n";
}

const struct reference *find_reference(const char *name)
{
	unsigned i = reference_rank(name);

	return have_references() && i < ARRAY_SIZE(references) ? &references[i] : NULL;
}
