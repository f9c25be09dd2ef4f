// SPDX-License-Identifier: MIT
/*
 * Struct pages for the memory of a device, which come and go at run time: what Linux has under
 * these names for pages of type MEMORY_DEVICE_GENERIC, as device DAX uses it. They are made by the
 * one populate path (vmemmap.h), so that the tails of compound pages are shared.
 *
 * All: any CPU, one call at a time, no lock held, not from an interrupt.
 */
#pragma once

#include <sys/queue.h>

#include "mm/phys/page.h"

/* Physical addresses in bytes, @end is the last one. */
struct range {
	uint64_t start, end;
};

/* The caller's, and left alone by it from memremap_pages() to memunmap_pages(). */
struct dev_pagemap {
	struct range range;
	unsigned vmemmap_shift; /* order of its compound pages; 0: single pages */
	LIST_ENTRY(dev_pagemap) link;
};

/*
 * Gives the range struct pages, of ZONE_DEVICE: compound pages of 2^vmemmap_shift, or single ones,
 * each with one reference, which is the device's. From then on pfn_valid() holds for them, and
 * they can be mapped and referenced as all pages. The memory itself is where it was, at
 * phys_to_virt(range.start).
 *	-EINVAL		empty, or vmemmap_shift is no order of huge pages (hugepages.h), or the
 *			range is not aligned to it
 *	-EOPNOTSUPP	parts of sections: they have one order and one zone
 *	-ENXIO		not memory of the device (dax.h)
 *	-EEXIST		a part of it has struct pages
 *	-ENOMEM
 * Nothing has changed then, but that upper tables may stay.
 */
int memremap_pages(struct dev_pagemap *pgmap);

/*
 * The reverse: whoever has not got a reference must not look at the pages any more.
 *	-ENOENT		it was not made by memremap_pages(), or is not there any more
 *	-EBUSY		a page has more references than the device's one. Linux waits until they
 *			are dropped; here the caller may ask again. Nothing has changed, but that
 *			for a moment speculative gets failed.
 */
int memunmap_pages(struct dev_pagemap *pgmap);
