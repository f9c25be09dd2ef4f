// SPDX-License-Identifier: MIT
/*
 * The dump of translation tables (ptdump.h). Nothing is printed under the page-table lock:
 * a walk stops where a range ends, and begins again from the root after it was printed.
 */
#include "mm/map/view/ptdump.h"

#include <stdio.h>

#include "lib/log.h"
#include "mm/arm64/layout.h"
#include "mm/map/view/census.h"
#include "mm/map/view/walk.h"

#define NO_REGION "no region"

static const struct region {
	uint64_t start, last;
	const char *name;
} regions[] = {
	{ PAGE_OFFSET, PAGE_OFFSET + PHYS_END - 1, "linear map" },
	{ KIMAGE_VADDR, KIMAGE_VADDR + KIMAGE_SIZE - 1, "kernel image" },
	{ FIXED_START, FIXED_END - 1, "fixed slots" },
	{ VMALLOC_START, VMALLOC_END - 1, "vmalloc" },
	{ STACKS_START, STACKS_END - 1, "stacks" },
	{ VMEMMAP_START, VMEMMAP_START + VMEMMAP_SIZE - 1, "vmemmap" },
};

static const char *region_of(uint64_t va)
{
	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
		if (va >= regions[i].start && va <= regions[i].last)
			return regions[i].name;
	return NO_REGION;
}

/* What makes two descriptors alike. */
static desc_t attributes_of(const struct walk_entry *e)
{
	return e->desc & ~DESC_ADDR_MASK;
}

static bool extend_range(void *context, const struct walk_entry *e)
{
	struct ptdump_range *range = context;

	if (!range->size)
		*range = (struct ptdump_range){ .va = e->va,
						.size = e->size,
						.attributes = attributes_of(e),
						.level = e->level,
						.region = region_of(e->va) };
	else if (e->va == range->va + range->size && e->level == range->level &&
		 attributes_of(e) == range->attributes && region_of(e->va) == range->region)
		range->size += e->size;
	else
		return false;
	return true;
}

bool ptdump_next(struct ptdump *dump, struct ptdump_range *range)
{
	range->size = 0;
	while (dump->va != dump->end) {
		uint64_t seen = range->size;

		dump->va = walk_part(dump->va, dump->end, extend_range, range);
		/* What came was no part of it: holes, or what the next one begins with. */
		if (range->size && range->size == seen)
			break;
	}
	return range->size;
}

/* --- text ----------------------------------------------------------------------------------- */

static const char *memory_type(desc_t attributes)
{
	static const char *const types[8] = {
		[MAIR_NORMAL] = "MEM/NORMAL",
		[MAIR_DEVICE_nGnRE] = "DEVICE/nGnRE",
		[MAIR_DEVICE_nGnRnE] = "DEVICE/nGnRnE",
		[MAIR_NORMAL_NC] = "MEM/NORMAL-NC",
	};
	unsigned index = (attributes & DESC_ATTR(7)) / DESC_ATTR(1);

	return types[index] ? types[index] : "MEM/no such index";
}

const char *ptdump_text(char text[PTDUMP_TEXT_MAX], const struct ptdump_range *range)
{
	static const char *const levels[] = { "PGD", "PUD", "PMD", "PTE" };
	desc_t d = range->attributes;
	char size[SIZE_TEXT_MAX];

	snprintf(text, PTDUMP_TEXT_MAX, "0x%016lx-0x%016lx %8s %s %s %s %s %s %s %s %s%s",
		 range->va, range->va + range->size, text_size(size, range->size),
		 levels[range->level], d & DESC_RO ? "ro" : "RW", d & DESC_PXN ? "NX" : "x ",
		 d & DESC_CONT ? "CON" : "   ", (d & DESC_ISH) == DESC_ISH ? "SHD" : "   ",
		 d & DESC_AF ? "AF" : "  ", d & DESC_UXN ? "UXN" : "   ", memory_type(d),
		 d & DESC_VALID ? "" : " invalid");
	return text;
}

bool ptdump_is_wx(const struct ptdump_range *range)
{
	return range->attributes & DESC_VALID && !(range->attributes & (DESC_RO | DESC_PXN));
}

/* --- all of it ------------------------------------------------------------------------------ */

struct totals {
	struct map_census census; /* no reasons are looked for: LIMIT_NONE's column */
	uint64_t wx;		  /* descriptors, writable and executable */
};

static void add_range(struct totals *totals, const struct ptdump_range *range)
{
	enum leaf_kind kind = leaf_kind_of(range->attributes, range->level);

	if (range->attributes & DESC_VALID)
		totals->census.mapped[kind][LIMIT_NONE] += range->size;
	else
		totals->census.invalid += range->size;
	if (ptdump_is_wx(range))
		totals->wx += range->size >> level_shift(range->level);
}

static void log_totals(const char *what, const struct totals *totals)
{
	char leaves[CENSUS_TEXT_MAX], invalid[SIZE_TEXT_MAX];

	log_printf("%s: %s, invalid %s, W+X %lu\n", what, census_text(leaves, &totals->census),
		   text_size(invalid, totals->census.invalid), totals->wx);
}

void ptdump_log(void)
{
	struct ptdump dump = { TTBR1_START, TTBR1_END };
	struct totals all = { 0 }, here = { 0 };
	const char *region = NULL;
	struct ptdump_range range;
	char text[PTDUMP_TEXT_MAX];

	log_printf("\nptdump: TTBR1, %s granule\n", GRANULE_NAME);
	while (ptdump_next(&dump, &range)) {
		if (range.region != region) {
			if (region)
				log_totals(region, &here);
			region = range.region;
			here = (struct totals){ 0 };
			log_printf("---[ %s ]---\n", region);
		}
		add_range(&here, &range);
		add_range(&all, &range);
		log_printf("%s\n", ptdump_text(text, &range));
	}
	if (region)
		log_totals(region, &here);
	log_totals("ptdump: all", &all);
}
