// SPDX-License-Identifier: MIT
/*
 * Device memory gets its struct pages and loses them. All that can fail comes first, and is undone
 * in reverse; lookups are told last, and first when it goes.
 */
#include "mm/pages/users/memremap.h"

#include <errno.h>

#include "lib/lock.h"
#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

static spinlock_t lock = SPINLOCK_INIT; /* protects the list, and the sections of devices */
static LIST_HEAD(, dev_pagemap) pagemaps = LIST_HEAD_INITIALIZER(pagemaps);

/* Frames of a device. */
struct frames {
	uint64_t first, n;
	unsigned order;
};

static struct frames frames_of(const struct dev_pagemap *pgmap)
{
	return (struct frames){
		.first = pgmap->range.start >> PAGE_SHIFT,
		.n = (pgmap->range.end + 1 - pgmap->range.start) >> PAGE_SHIFT,
		.order = pgmap->vmemmap_shift,
	};
}

static int check_range(const struct dev_pagemap *pgmap)
{
	uint64_t start = pgmap->range.start, last = pgmap->range.end;
	unsigned order = pgmap->vmemmap_shift;

	if (last < start || (order && !has_huge_pool(order)) ||
	    !IS_ALIGNED(start | (last + 1), PAGE_SIZE << order))
		return -EINVAL;
	if (!IS_ALIGNED(start | (last + 1), SECTION_SIZE))
		return -EOPNOTSUPP;
	if (!dax_size || start < dax_base || last > dax_base + dax_size - 1)
		return -ENXIO;
	return 0;
}

/* Whether a part of @pgmap has struct pages. Under the lock. */
static bool overlaps(const struct dev_pagemap *pgmap)
{
	const struct dev_pagemap *other;

	LIST_FOREACH (other, &pagemaps, link)
		if (other->range.start <= pgmap->range.end &&
		    pgmap->range.start <= other->range.end)
			return true;
	return false;
}

/* The state of a page that only its device has a reference to. */
static uint64_t head_state(unsigned order)
{
	return PAGE_STATE(PG_BLOCK | PG_ALLOCATED | (order ? PG_HEAD : 0), ZONE_DEVICE, order, 1);
}

static int add_pages(const struct frames *f)
{
	int error = sections_add(f->first, f->n, f->order, ZONE_DEVICE);

	if (error)
		return error;
	error = vmemmap_populate(f->first, f->n, head_state(f->order));
	if (error)
		goto remove_sections;
	if (!f->order)
		page_fill(pfn_to_page(f->first), head_state(0), 0, f->n);
	error = device_range_add(f->first, f->n);
	if (!error)
		return 0;
	vmemmap_depopulate(f->first, f->n);
remove_sections:
	sections_remove(f->first, f->n);
	return error;
}

int memremap_pages(struct dev_pagemap *pgmap)
{
	struct frames f = frames_of(pgmap);
	int error = check_range(pgmap);
	uint64_t irq;

	if (error)
		return error;
	irq = spin_lock_irqsave(&lock);
	error = overlaps(pgmap) ? -EEXIST : add_pages(&f);
	if (!error)
		LIST_INSERT_HEAD(&pagemaps, pgmap, link);
	spin_unlock_irqrestore(&lock, irq);
	return error;
}

/* --- removal --------------------------------------------------------------------------------- */

static struct page *head_at(const struct frames *f, uint64_t i)
{
	return pfn_to_page(f->first + (i << f->order));
}

/* The device gives up its reference, if it is the last one. */
static bool freeze(struct page *head)
{
	int one = 1;

	return __atomic_compare_exchange_n(&head->refcount, &one, 0, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* All pages, so that nobody can get a reference any more; or none. */
static int freeze_pages(const struct frames *f)
{
	uint64_t n = f->n >> f->order, i = 0;

	while (i < n && freeze(head_at(f, i)))
		i++;
	if (i == n)
		return 0;
	while (i-- > 0)
		__atomic_store_n(&head_at(f, i)->refcount, 1, __ATOMIC_RELEASE);
	return -EBUSY;
}

static void remove_pages(const struct frames *f)
{
	device_range_remove(f->first, f->n);
	vmemmap_depopulate(f->first, f->n);
	sections_remove(f->first, f->n);
}

static bool is_there(const struct dev_pagemap *pgmap)
{
	const struct dev_pagemap *other;

	LIST_FOREACH (other, &pagemaps, link)
		if (other == pgmap)
			return true;
	return false;
}

int memunmap_pages(struct dev_pagemap *pgmap)
{
	struct frames f = frames_of(pgmap);
	uint64_t irq = spin_lock_irqsave(&lock);
	int error = is_there(pgmap) ? freeze_pages(&f) : -ENOENT;

	if (!error) {
		remove_pages(&f);
		LIST_REMOVE(pgmap, link);
	}
	spin_unlock_irqrestore(&lock, irq);
	return error;
}
