// SPDX-License-Identifier: MIT
/*
 * vread(): a look into the vmalloc region that survives whatever is there, and what it does
 * meanwhile.
 *
 * The list of areas says what may be read; each page is then looked up and copied under the
 * page-table lock, through the linear map. So an area that goes away in between reads as
 * zeros, and one that comes in its place as what it is.
 */
#include <string.h>

#include "mm/areas/area-internal.h"

static bool is_readable(const struct vm_struct *area)
{
	if (area->flags & VM_IOREMAP)
		return false;
	return !(area->flags & VM_UNINITIALIZED) || area->flags & (VM_MAP_RAM | VM_MAP_BLOCK);
}

/* [va, va + n) of one area, page by page. */
static void read_area(char *buf, uint64_t va, uint64_t n)
{
	while (n) {
		uint64_t step = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));

		read_mapped(buf, va, step);
		buf += step;
		va += step;
		n -= step;
	}
}

uint64_t vread(void *buf, const void *addr, uint64_t count)
{
	uint64_t va = (uint64_t)addr, end = va + count;
	struct vm_struct area;
	bool any = false;
	char *to = buf;

	if (end < va) { /* up to the top of all addresses */
		count = -va;
		end = UINT64_MAX;
	}
	while (va < end && next_vm_area(va, &area) && (uint64_t)area.addr < end) {
		uint64_t start = MAX(va, (uint64_t)area.addr),
			 top = (uint64_t)area.addr + area.size;
		uint64_t stop = MIN(end, (uint64_t)area.addr + get_vm_area_size(&area));

		if (start >= stop) { /* its guard page */
			stop = MIN(end, top);
			memset(to, 0, stop - va);
			to += stop - va;
			va = stop;
			continue;
		}
		any = any || !(area.flags & VM_LAZY);
		memset(to, 0, start - va);
		to += start - va;
		if (is_readable(&area))
			read_area(to, start, stop - start);
		else
			memset(to, 0, stop - start);
		to += stop - start;
		va = stop;
	}
	if (!any)
		return 0;
	memset(to, 0, (char *)buf + count - to);
	return count;
}
