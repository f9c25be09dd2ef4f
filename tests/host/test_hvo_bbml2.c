// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
/*
 * Blocks of the vmemmap split live, on CPUs with FEAT_BBM level 2: nobody is held, and each struct
 * page can be read at each moment.
 */
#include <errno.h>
#include <string.h>

#include "drivers/smp/cpus.h"
#include "mm/map/view/walk.h"
#include "tests/host/hold.h"
#include "tests/host/pages-world.h"
#include "tests/host/tap.h"

#define RAM (SECTION_SIZE * 2)

static uint64_t bbm; /* of ID_AA64MMFR2_EL1 */
static uint64_t looks, wrong_looks;
static struct page *watched;

uint64_t host_read_sysreg(const char *name)
{
	return strcmp(name, "id_aa64mmfr2_el1") ? 0 : bbm << 52;
}

/* All struct pages that the block maps. */
static void watch(const struct mm_event *event)
{
	struct page *first = pfn_to_page(ALIGN_DOWN(page_to_pfn(watched), PAGES_PER_SECTION));

	live_vmemmap_event(event);
	for (uint64_t i = 0; i < PAGES_PER_SECTION; i += STRUCTS_PER_PAGE / 2, looks++)
		wrong_looks += read_faults(&first[i]);
	for (uint64_t i = 0; i < 1UL << HUGE_ORDER; i += STRUCTS_PER_PAGE / 2)
		wrong_looks += compound_head(&watched[i]) != watched;
}

static bool is_block(const struct page *page)
{
	struct leaf leaf;

	return !walk_lookup((uint64_t)page, &leaf) && leaf.level < LEVEL_PTE;
}

static struct huge *take(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, HUGE_ORDER);

	return world_huge(page, HUGE_ORDER, page->flags, false);
}

static void test_refused(void)
{
	bbm = 1;
	ok(hvo_split_refused(HVO_SPLIT_BBML2) && hvo_set_split(HVO_SPLIT_BBML2) == -EOPNOTSUPP &&
		   hvo_split == HVO_SPLIT_HELD,
	   "refused at level 1");
	bbm = 2;
	ok(!hvo_split_refused(HVO_SPLIT_BBML2) && !hvo_set_split(HVO_SPLIT_BBML2) &&
		   hvo_split == HVO_SPLIT_BBML2,
	   "allowed at level 2");
}

static void test_live(struct huge *h)
{
	uint64_t splits = hvo_counts.splits;
	bool block = is_block(h->head);

	watched = h->head;
	mmu_model_recorder = watch;
	hold.error = -ETIMEDOUT;
	h->optimized = !hugetlb_vmemmap_optimize(h->head);
	hold.error = 0;
	mmu_model_recorder = live_vmemmap_event;
	ok(block && h->optimized && !is_block(h->head) && hvo_counts.splits == splits + 1 &&
		   !world_wrong(),
	   "a block is split, though no CPU can be held");
	ok(looks && !wrong_looks, "no look at a struct page faults (%lu looks)", looks);
	h->optimized = hugetlb_vmemmap_restore(h->head);
	ok(!h->optimized && !world_wrong(), "and back");
}

/* A CPU starts that is below level 2. */
static void test_late_cpu(void)
{
	bbm = 0;
	cpu_starts();
	ok(hvo_split == HVO_SPLIT_HELD, "a CPU that cannot: blocks are split with CPUs held again");
}

int main(void)
{
	mmu_model_bbm_level = 2;
	world_begin();
	world_ram(RAM, 2 * SECTION_SIZE, 0);
	world_boot();
	test_refused();
	test_live(take());
	test_late_cpu();
	return tap_done();
}
