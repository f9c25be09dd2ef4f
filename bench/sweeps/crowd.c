// SPDX-License-Identifier: MIT
/*
 * Each area of a crowd is put where its pattern says, past all others; so the next one is
 * found at once, and nothing has to be freed to make a hole.
 */
#include <string.h>

#include "bench/random.h"
#include "bench/sweeps/crowd.h"
#include "lib/cmdline/options.h"
#include "mm/phys/buddy.h"

/* One of several blocks of pointers: a million of them are more than the largest block. */
#define CHUNK_BYTES (1 * MiB)
#define CHUNK	    (CHUNK_BYTES / sizeof(struct vm_struct *))

#define SAME_PAGES   16 /* of each area, where they are all alike */
#define LARGEST_HOLE 31 /* pages */

const struct crowd_pattern crowd_patterns[NR_CROWD_PATTERNS] = {
	[CROWD_END] = { "end", "no gaps: it comes last", SAME_PAGES, PAGE_SIZE, false },
	[CROWD_HOLE] = { "hole", "no gaps but one, anywhere, of just its size", SAME_PAGES,
			 PAGE_SIZE, true },
	/* With its guard page only the largest holes will do. */
	[CROWD_HOLES] = { "holes", "gaps of 0 to 31 pages, of which one in 32 will do",
			  LARGEST_HOLE - 1, PAGE_SIZE, false },
	[CROWD_MISALIGNED] = { "misaligned", "every gap is large enough, and none is aligned",
			       SAME_PAGES, SAME_PAGES *PAGE_SIZE, false },
};

static struct {
	const struct crowd_pattern *pattern;
	struct vm_struct **chunks[CROWD_MAX / CHUNK];
	uint64_t count;
	uint64_t end;	 /* of the last area, guard page included */
	uint64_t random; /* state of what is drawn for the pattern, and for picking */
} crowd;

static uint64_t draw(uint64_t bound)
{
	return next_random(&crowd.random) % bound;
}

static struct vm_struct **slot(uint64_t i)
{
	return &crowd.chunks[i / CHUNK][i % CHUNK];
}

/* Where the next area goes, and its pages. */
static uint64_t place(uint64_t *pages)
{
	*pages = SAME_PAGES;
	if (crowd.pattern == &crowd_patterns[CROWD_HOLES]) {
		*pages = 1 + draw(LARGEST_HOLE);
		return crowd.end + draw(LARGEST_HOLE + 1) * PAGE_SIZE;
	}
	if (crowd.pattern == &crowd_patterns[CROWD_MISALIGNED]) {
		/* Past each multiple there is room for a request, and not for its guard page. */
		*pages = 1;
		return VMALLOC_START + (2 * crowd.count + 1) * crowd.pattern->align - PAGE_SIZE;
	}
	return crowd.end;
}

static bool add(void)
{
	uint64_t pages, at = place(&pages);
	struct vm_struct *area;

	if (!crowd.chunks[crowd.count / CHUNK]) {
		struct page *page = alloc_pages(GFP_KERNEL, get_order(CHUNK_BYTES));

		if (!page)
			return false;
		crowd.chunks[crowd.count / CHUNK] = page_address(page);
	}
	area = __get_vm_area(pages * PAGE_SIZE, PAGE_SIZE, at, ~0UL, CROWD_FLAGS);
	if (!area)
		return false;
	*slot(crowd.count++) = area;
	crowd.end = (uint64_t)area->addr + area->size;
	return true;
}

bool crowd_make(const struct crowd_pattern *pattern, uint64_t count)
{
	if (crowd.pattern != pattern || crowd.count > count)
		crowd_free();
	if (!crowd.pattern) {
		if (nr_vm_areas() || count > CROWD_MAX)
			return false;
		crowd.pattern = pattern;
		crowd.end = VMALLOC_START + PAGE_SIZE;
		crowd.random = options.seed;
	}
	while (crowd.count < count)
		if (!add()) {
			crowd_free();
			return false;
		}
	return true;
}

struct vm_struct **crowd_pick(void)
{
	return slot(draw(crowd.count));
}

/* From the last one down: the tree's shape does not matter then. */
void crowd_free(void)
{
	while (crowd.count)
		free_vm_area(*slot(--crowd.count));
	for (unsigned i = 0; i < ARRAY_SIZE(crowd.chunks); i++)
		if (crowd.chunks[i])
			__free_pages(virt_to_page(crowd.chunks[i]), get_order(CHUNK_BYTES));
	memset(&crowd, 0, sizeof(crowd));
}
