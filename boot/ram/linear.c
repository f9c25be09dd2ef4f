// SPDX-License-Identifier: MIT
/*
 * The linear map (plan.h).
 */
#include "boot/ram/plan.h"
#include "boot/tables.h"
#include "mm/arm64/layout.h"
#include "mm/phys/ranges.h"

static uint64_t range_start(const struct phys_range *r)
{
	return r->first_pfn << PAGE_SHIFT;
}

static uint64_t range_end(const struct phys_range *r)
{
	return (r->first_pfn + r->pages) << PAGE_SHIFT;
}

static void map_one(desc_t *root, const struct phys_range *r)
{
	boot_map(root, (uint64_t)phys_to_virt(range_start(r)), range_start(r),
		 range_end(r) - range_start(r), PAGE_KERNEL);
}

static void tables_from(const struct phys_range *r)
{
	boot_tables_from_ram(range_start(r), range_end(r));
}

/*
 * The image's range first. Tables come from the largest range that is mapped so far; the
 * image's pool helps out where that one is full.
 */
void map_linear(desc_t *root, const struct boot_image *image)
{
	struct phys_range home, r;
	uint64_t largest;

	for_each_ram_range (&home)
		if (image->writable >= range_start(&home) && image->end <= range_end(&home))
			break;
	map_one(root, &home);
	tables_from(&home);
	largest = home.pages;
	for_each_ram_range (&r) {
		if (r.first_pfn == home.first_pfn)
			continue;
		map_one(root, &r);
		if (r.pages > largest) {
			largest = r.pages;
			tables_from(&r);
		}
	}
}
