// SPDX-License-Identifier: MIT
/*
 * The list of areas (vmallocinfo.h). Each is copied under the tree's lock, so that it may be
 * freed meanwhile; its tables are read as they are then.
 */
#include "mm/areas/view/vmallocinfo.h"

#include <stdio.h>

#include "lib/log.h"
#include "mm/map/map.h"

struct map_limits area_limits(const struct vm_struct *area)
{
	struct map_limits limits = { .max_shift = MAP_SHIFT_ANY, .fell_from = area->fell_from };

	if (area->max_shift)
		limits.max_shift = area->max_shift;
	else if (area->flags & (VM_SPARSE | VM_MAP_BLOCK))
		limits.max_shift = PAGE_SHIFT;
	else if (area->flags & VM_ALLOC)
		limits.max_shift = PAGE_SHIFT + area->page_order;
	return limits;
}

void census_area(const struct vm_struct *area, struct map_census *census)
{
	uint64_t va = (uint64_t)area->addr;

	census_range(va, va + get_vm_area_size(area), area_limits(area), census);
}

/* The words of its flags, each with a blank before it. */
static size_t add_flags(char *text, size_t size, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ VM_IOREMAP, "ioremap" },
		{ VM_ALLOC, "vmalloc" },
		{ VM_MAP, "vmap" },
		{ VM_ALLOW_HUGE_VMAP, "huge" },
		{ VM_MAP_PUT_PAGES, "put_pages" },
		{ VM_NO_GUARD, "no_guard" },
		{ VM_UNINITIALIZED, "unfinished" },
		{ VM_LAZY, "lazy" },
		{ VM_SPARSE, "sparse" },
		{ VM_MAP_RAM, "vm_map_ram" },
		{ VM_SPLIT_PAGES, "split" },
	};
	size_t n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].flag)
			n += snprintf(text + n, size - n, " %s", words[i].word);
	return n;
}

const char *vmallocinfo_text(char text[VMALLOCINFO_TEXT_MAX], const struct vm_struct *area,
			     const struct map_census *census)
{
	uint64_t start = (uint64_t)area->addr;
	enum leaf_limit main = census_main_limit(census, NR_LEAF_KINDS);
	char leaves[CENSUS_TEXT_MAX], size[SIZE_TEXT_MAX];
	size_t room = VMALLOCINFO_TEXT_MAX, n;

	n = snprintf(text, room, "0x%lx-0x%lx %6s", start, start + area->size,
		     text_size(size, area->size));
	n += add_flags(text + n, room - n, area->flags);
	if (area->flags & VM_IOREMAP)
		n += snprintf(text + n, room - n, " phys=0x%lx", area->phys_addr);
	n += snprintf(text + n, room - n, " pages=%lu", get_vm_area_size(area) >> PAGE_SHIFT);
	n += snprintf(text + n, room - n, " %s", census_text(leaves, census));
	if (census->invalid)
		n += snprintf(text + n, room - n, " invalid=%s", text_size(size, census->invalid));
	if (main != LIMIT_NONE)
		snprintf(text + n, room - n, " %s", leaf_limit_names[main]);
	return text;
}

static void log_totals(uint64_t areas, const struct map_census *sum)
{
	char text[CENSUS_TEXT_MAX], size[SIZE_TEXT_MAX];

	log_printf("vmallocinfo: %lu area%s, mapped %s\n", areas, areas == 1 ? "" : "s",
		   census_text(text, sum));
	for (unsigned limit = LIMIT_NONE + 1; limit < NR_LEAF_LIMITS; limit++) {
		if (!census_of_limit(sum, limit))
			continue;
		log_printf("  %-10s", leaf_limit_names[limit]);
		for (unsigned kind = NR_LEAF_KINDS; kind-- > 0;)
			if (sum->mapped[kind][limit])
				log_printf(" %s=%s", text_size(size, 1UL << leaf_shifts[kind]),
					   text_size(text, sum->mapped[kind][limit]));
		log_printf("\n");
	}
}

void vmallocinfo_log(void)
{
	char text[VMALLOCINFO_TEXT_MAX];
	struct map_census sum = { 0 };
	struct vm_struct area;
	uint64_t areas = 0;

	log_printf("\n");
	for (uint64_t va = VMALLOC_START; next_vm_area(va, &area); areas++) {
		struct map_census census = { 0 };

		census_area(&area, &census);
		census_add(&sum, &census);
		log_printf("%s\n", vmallocinfo_text(text, &area, &census));
		va = (uint64_t)area.addr + area.size;
	}
	log_totals(areas, &sum);
}
