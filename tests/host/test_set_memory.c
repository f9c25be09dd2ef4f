// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c
// granules: 12 14 16
// clang-format on
/*
 * set_memory_x(): that what becomes executable was made coherent before, in the right order
 * and for the caches of every CPU, which no emulator sees; and what is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/set_memory.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "tests/host/arena.h"
#include "tests/host/hold.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

#define PAGES	  3UL
#define LEAST	  16UL /* bytes of the smallest line that is tried */
#define IDC	  (1UL << 28)
#define DIC	  (1UL << 29)
#define LINE(log) ((uint64_t)(log) << 16) /* 4 << log bytes */

/* CTR_EL0 of the CPU that is asked first, the other one, and of the one that calls. */
static uint64_t ctr[2];
static unsigned asked;

uint64_t host_read_sysreg(const char *name)
{
	if (strcmp(name, "ctr_el0"))
		abort();
	return ctr[asked++ % 2];
}

/* --- the caches --------------------------------------------------------------------------- */

static uint64_t code; /* the pages that become executable */
static bool cleaned[PAGES * PAGE_SIZE / LEAST];
static struct {
	uint64_t lines, outside;
	bool complete;	  /* a DSB ISH after the last line */
	bool invalidated; /* IC IALLUIS after that, and */
	bool forgotten;	  /* a DSB ISH after it */
	bool ready;	  /* what had happened when the first page became executable */
	bool executable;
	uint64_t line;
	bool clean, invalidate; /* what has to be done */
} cache;

void mmu_model_dc_cvau(uint64_t va)
{
	cache.lines++;
	if (va - code < PAGES * PAGE_SIZE)
		memset(&cleaned[(va - code) / LEAST], true, cache.line / LEAST);
	else
		cache.outside++;
	cache.complete = cache.invalidated = cache.forgotten = false;
}

void mmu_model_ic_ialluis(void)
{
	cache.invalidated = cache.complete;
	cache.forgotten = false;
}

static bool all_cleaned(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cleaned); i++)
		if (!cleaned[i])
			return false;
	return true;
}

static void watch(const struct mm_event *e)
{
	if (e->kind == EVENT_DSB_ISH) {
		cache.complete = true;
		cache.forgotten = cache.invalidated;
	}
	/* A leaf, not a link, in a table that a walker finds. */
	if (e->kind != EVENT_STORE || !(e->new &DESC_VALID) || !(e->new &DESC_AF) ||
	    e->new &DESC_PXN || cache.executable ||
	    !mmu_model_table(ALIGN_DOWN(e->address, PAGE_SIZE)).slots)
		return;
	cache.executable = true;
	cache.ready = cache.complete && (!cache.clean || all_cleaned()) &&
		      (!cache.invalidate || cache.forgotten) && hold.held;
}

/* One call, with the two CPUs' caches as they are. */
static bool makes_code(uint64_t va)
{
	memset(cleaned, 0, sizeof(cleaned));
	cache.lines = cache.outside = asked = 0;
	cache.complete = cache.invalidated = cache.forgotten = false;
	cache.ready = cache.executable = false;
	cache.line = 4UL << MIN(ctr[0] >> 16 & 15, ctr[1] >> 16 & 15);
	cache.clean = !(ctr[0] & ctr[1] & IDC);
	cache.invalidate = !(ctr[0] & ctr[1] & DIC);
	code = va;
	if (set_memory_x(va, PAGES) || set_memory_nx(va, PAGES) || !mmu_model_clean())
		return false;
	return cache.executable && cache.ready && !cache.outside &&
	       cache.lines == (cache.clean ? PAGES * PAGE_SIZE / cache.line : 0);
}

static void test_caches(void)
{
	const uint64_t kinds[] = { LINE(4), LINE(2), LINE(4) | IDC, LINE(4) | DIC,
				   LINE(9) | IDC | DIC };
	void *addr = vmalloc((PAGES + 2) * PAGE_SIZE);
	uint64_t va = (uint64_t)addr + PAGE_SIZE;
	bool good = set_memory_ro((uint64_t)addr, PAGES + 2) == 0;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
			ctr[0] = kinds[i];
			ctr[1] = kinds[k];
			good &= makes_code(va);
			if (!good)
				printf("# CTR_EL0 %lx and %lx: %lu lines\n", ctr[0], ctr[1],
				       cache.lines);
		}
	ok(good, "every line is clean and every cache empty before a page is executable");
	vfree(addr);
	addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	va = (uint64_t)addr + 2 * PAGE_SIZE;
	ctr[0] = ctr[1] = LINE(4);
	ok(!set_memory_ro((uint64_t)addr, CONT_PTES) && makes_code(va) &&
		   !set_memory_merge(va, 1) && makes_code(va),
	   "in the middle of a group too");
	vfree(addr);
}

/* --- what is refused ---------------------------------------------------------------------- */

static void test_refused(void)
{
	void *addr = vmalloc(PAGES * PAGE_SIZE), *device = ioremap(1UL << 40, PAGES * PAGE_SIZE);
	void *uncached = ioremap_wc(1UL << 41, PAGES * PAGE_SIZE);
	uint64_t va = (uint64_t)addr, digest;

	cache.lines = 0;
	ok(set_memory_x(va, PAGES) == -EINVAL && !cache.lines, "writable pages are no code");
	set_memory_ro(va, PAGES);
	set_memory_ro((uint64_t)device, PAGES);
	set_memory_ro((uint64_t)uncached, PAGES);
	ok(set_memory_x((uint64_t)device, PAGES) == -EINVAL &&
		   set_memory_x((uint64_t)uncached, 1) == -EINVAL && !cache.lines,
	   "nor is memory that is not write-back");
	set_memory_valid(va + PAGE_SIZE, 1, 0);
	ok(set_memory_x(va, PAGES) == -EINVAL && !cache.lines, "nor what cannot be read");
	set_memory_valid(va, PAGES, 1);
	digest = mmu_model_digest();
	hold.error = -ETIMEDOUT;
	ok(set_memory_x(va, PAGES) == -ETIMEDOUT && digest == mmu_model_digest(),
	   "CPUs that do not answer: nothing is changed");
	hold.error = 0;
	ok(!set_memory_x(va, PAGES) && set_memory_rw(va, 1) == -EINVAL &&
		   !set_memory_nx(va, PAGES) && !set_memory_rw(va, PAGES),
	   "code is not made writable");
	vfree(addr);
	iounmap(device);
	iounmap(uncached);
	ok(mmu_model_clean() && !mmu_model.mapped_bytes, "and the checker is silent");
}

/* Whether a contiguous group, or a page of its own, maps @addr; 0: nothing does. */
static unsigned leaf_pages(const char *addr)
{
	struct leaf leaf;

	if (walk_lookup((uint64_t)addr, &leaf))
		return 0;
	return leaf.cont ? CONT_PTES : 1;
}

/* vrealloc() of pages that set_memory_merge() has made a group of. */
static void test_shrunk(void)
{
	char *addr =
		__vmalloc_range(CONT_PTE_SIZE, CONT_PTE_SIZE, 0, ~0UL, GFP_KERNEL, PAGE_KERNEL, 0);

	ok(addr && !set_memory_merge((uint64_t)addr, CONT_PTES) && leaf_pages(addr) == CONT_PTES,
	   "the pages of an area become a group");
	hold.error = -ETIMEDOUT;
	ok(vrealloc(addr, 7 * PAGE_SIZE, GFP_KERNEL) == addr && leaf_pages(addr) == CONT_PTES,
	   "a group that cannot be split stays, with all its pages");
	hold.error = 0;
	ok(vrealloc(addr, 6 * PAGE_SIZE, GFP_KERNEL) == addr && leaf_pages(addr) == 1 &&
		   leaf_pages(addr + 5 * PAGE_SIZE) == 1 && !leaf_pages(addr + 6 * PAGE_SIZE),
	   "a group that can is split before a part of it goes");
	vfree(addr);
	ok(mmu_model_clean() && !mmu_model.mapped_bytes, "and the checker is silent");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_add_ram(4 * ARENA_BLOCK, 8 * ARENA_BLOCK);
	buddy_init();
	mmu_model.frames_judged = true;
	mmu_model_recorder = watch;
	test_caches();
	test_refused();
	test_shrunk();
	return tap_done();
}
