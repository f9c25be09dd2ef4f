// SPDX-License-Identifier: MIT
/*
 * vrealloc(): shrink, grow in place, or move. The area is claimed meanwhile, so that nobody
 * frees it or looks into it.
 */
#include <string.h>

#include "lib/log.h"
#include "mm/areas/area-internal.h"
#include "mm/map/protect.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"

/*
 * Through the linear map, in which each page can be written whatever the area's protection is:
 * byte @at of @area. The rest of its page follows.
 */
static char *byte_of(const struct vm_struct *area, uint64_t at)
{
	uint64_t i = at >> PAGE_SHIFT, in_block = i & ((1UL << list_order(area)) - 1);

	return (char *)page_address(area->pages[i >> list_order(area)] + in_block) +
	       (at & ~PAGE_MASK);
}

static void zero_bytes(const struct vm_struct *area, uint64_t at, uint64_t end)
{
	for (uint64_t n; at < end; at += n) {
		n = MIN(end - at, PAGE_SIZE - (at & ~PAGE_MASK));
		memset(byte_of(area, at), 0, n);
	}
}

static void copy_bytes(const struct vm_struct *to, const struct vm_struct *from, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
		memcpy(byte_of(to, at), byte_of(from, at), MIN(PAGE_SIZE, bytes - at));
}

/*
 * Gives back the pages past the first @keep. They stay if a group or block that
 * set_memory_merge() made of them cannot be split.
 */
static void shrink(struct vm_struct *area, uint64_t keep)
{
	uint64_t va = (uint64_t)area->addr, old = area->nr_pages;

	if (keep >= old || area->page_order || area->flags & VM_FLUSH_RESET_PERMS ||
	    map_split(va + (keep << PAGE_SHIFT)))
		return;
	unmap_range(va + (keep << PAGE_SHIFT), va + (old << PAGE_SHIFT));
	free_pages_bulk(area->pages + keep, old - keep);
	area->nr_pages = keep;
}

/* Maps @n more blocks, named by @blocks, behind those that are there. 0 or an error. */
static int map_more(const struct vm_struct *area, struct page **blocks, uint64_t n)
{
	uint64_t start = (uint64_t)area->addr + (area->nr_pages << PAGE_SHIFT);
	unsigned order = area->page_order;

	return map_blocks(start, start + (n << order << PAGE_SHIFT), blocks, order, PAGE_KERNEL,
			  PAGE_SHIFT + order);
}

/* @n more blocks, in a list that has the old ones too, at the addresses behind. */
static bool add_blocks(struct vm_struct *area, uint64_t n, gfp_t gfp)
{
	uint64_t bytes = get_vm_area_size(area), have = area->nr_pages >> area->page_order;
	uint64_t want = (have + n) << area->page_order << PAGE_SHIFT;
	struct page **list = alloc_list(have + n);

	if (!list)
		return false;
	if (want <= bytes || resize_vm_area(area, want)) {
		if (alloc_blocks(list + have, n, area->page_order, gfp)) {
			if (!map_more(area, list + have, n)) {
				memcpy(list, area->pages, have * sizeof(*list));
				free_list(area->pages);
				area->pages = list;
				area->nr_pages += n << area->page_order;
				return true;
			}
			free_blocks(list + have, n, area->page_order);
		}
		resize_vm_area(area, bytes);
	}
	free_list(list);
	return false;
}

/* In place, with what is there or with more. */
static bool grow(struct vm_struct *area, uint64_t size, gfp_t gfp)
{
	uint64_t have = area->nr_pages << PAGE_SHIFT, block = PAGE_SIZE << area->page_order;
	struct leaf last;

	if (size <= have)
		return true;
	/* What is added is PAGE_KERNEL, as in an area that is new; and pages are no blocks. */
	if (area->flags & VM_SPLIT_PAGES || walk_lookup((uint64_t)area->addr + have - 1, &last) ||
	    last.prot != PAGE_KERNEL)
		return false;
	return add_blocks(area, DIV_ROUND_UP(size - have, block), gfp);
}

/* To a new area; the old one is gone if that works. */
static void *move(struct vm_struct *area, uint64_t size, uint64_t align, gfp_t gfp)
{
	void *to = __vmalloc_range(size, align, 0, ~0UL, gfp, PAGE_KERNEL, 0);

	if (!to) {
		publish_vm_area(area);
		return NULL;
	}
	copy_bytes(find_vm_area(to), area, area->requested_size);
	vfree_area(area);
	return to;
}

static void *resize(struct vm_struct *area, uint64_t size, uint64_t align, gfp_t gfp)
{
	uint64_t old = area->requested_size;

	if (size > old && !grow(area, size, gfp))
		return move(area, size, align, gfp);
	/* Also what is cut off: it may be grown into again. */
	if (gfp & __GFP_ZERO)
		zero_bytes(area, MIN(size, old), MAX(size, old));
	if (size < old)
		shrink(area, DIV_ROUND_UP(size, PAGE_SIZE));
	area->requested_size = size;
	publish_vm_area(area);
	return area->addr;
}

void *vrealloc_align(const void *addr, uint64_t size, uint64_t align, gfp_t gfp)
{
	struct vm_struct *area;

	if (!align || align & (align - 1))
		return NULL;
	if (addr && !size) {
		vfree(addr);
		return NULL;
	}
	if (!addr)
		return __vmalloc_range(size, align, 0, ~0UL, gfp, PAGE_KERNEL, 0);
	if (!IS_ALIGNED((uint64_t)addr, align)) {
		log_printf("vrealloc: %p has not the alignment %#lx\n", addr, align);
		return NULL;
	}
	/* More than all RAM could not be had in place either. */
	if ((size - 1) >> PAGE_SHIFT >= nr_managed_pages())
		return NULL;
	area = claim_vm_area(addr, VM_ALLOC, 0, "vrealloc");
	if (!area)
		return NULL;
	if (!area->pages) { /* get_vm_area()'s */
		publish_vm_area(area);
		log_printf("vrealloc: bad address %p\n", addr);
		return NULL;
	}
	return resize(area, size, align, gfp & (__GFP_DMA32 | __GFP_ZERO));
}

void *vrealloc(const void *addr, uint64_t size, gfp_t gfp)
{
	return vrealloc_align(addr, size, PAGE_SIZE, gfp);
}
