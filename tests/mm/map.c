// SPDX-License-Identifier: MIT
/*
 * Suite map: the engine itself, with leaves of every size of the granule, on frames in any
 * arrangement. What RAM has is read back; what it has not is asked of the walker and of AT.
 */
#include "lib/arm64/probe.h"
#include "mm/areas/area.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/audit.h"
#include "tests/support.h"

/* Of a range too large to look at each page: an odd step, so that every phase is met. */
static uint64_t stride_of(uint64_t pages)
{
	return pages <= 1024 ? 1 : (pages / 512) | 1;
}

/* Fewer where frames are written to: an emulator has to find memory for each of them. */
static uint64_t touch_stride_of(uint64_t pages)
{
	return pages <= 1024 ? 1 : (pages / 32) | 1;
}

static int map_at(struct vm_struct *area, uint64_t bytes, uint64_t pa, pgprot_t prot,
		  unsigned limit)
{
	uint64_t va = (uint64_t)area->addr;

	return map_range(va, va + bytes, pa, prot, limit);
}

/* --- one leaf ------------------------------------------------------------------------------- */

/* Samples of [va, va + bytes), mapped to @pa, whose frames are hoarded: how many were read back. */
static uint64_t read_back(uint64_t va, uint64_t pa, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT, seen = 0;

	for (uint64_t i = 0; i < pages; i += touch_stride_of(pages)) {
		struct page *page = phys_to_page(pa + (i << PAGE_SHIFT));

		if (!hoard_has(page))
			continue;
		tag_page(page);
		CHECK_EQ(pages_misread(va + (i << PAGE_SHIFT), &page, 1), 0);
		seen++;
	}
	return seen;
}

static void check_gone(uint64_t va, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT;

	for (uint64_t i = 0; i < pages; i += touch_stride_of(pages)) {
		CHECK_EQ(leaf_shift(va + (i << PAGE_SHIFT)), 0);
		CHECK_EQ(pages_still_mapped(va + (i << PAGE_SHIFT), 1), 0);
	}
}

/* Exactly one leaf or group of 1 << @shift bytes for @pa, which has that alignment. */
static void check_one_leaf(struct vm_struct *area, unsigned shift, uint64_t pa, bool is_ram)
{
	uint64_t va = (uint64_t)area->addr, size = 1UL << shift, n = size >> PAGE_SHIFT;
	pgprot_t prot = is_ram ? PAGE_KERNEL_RO : PROT_DEVICE_nGnRE;
	struct hoard hoard;

	if (!CHECK_EQ(map_at(area, size, pa, prot, MAP_SHIFT_ANY), 0))
		return;
	CHECK_EQ(leaf_shift(va), shift);
	CHECK_EQ(leaf_shift(va + size - 1), shift);
	CHECK_EQ(leaf_shift(va + size), 0);
	CHECK_EQ(pages_mistranslated(va, pa, n, prot, stride_of(n)), 0);
	CHECK_EQ(audit_tables(va, va + size, true).violations, 0);
	if (is_ram) {
		hoard_all(&hoard);
		CHECK(read_back(va, pa, size) > 0);
	}
	unmap_range(va, va + size);
	if (is_ram) {
		hoard_free(&hoard); /* no sooner: a frame that is free is mapped nowhere */
		check_gone(va, size);
	}
	CHECK_EQ(leaf_shift(va), 0);
}

/* The same bytes when that leaf is not legal: the caller's limit, or where @pa begins. */
static void check_smaller_leaf(struct vm_struct *area, unsigned shift, uint64_t pa, unsigned limit)
{
	uint64_t va = (uint64_t)area->addr, size = 1UL << shift, n = size >> PAGE_SHIFT;

	if (!CHECK_EQ(map_at(area, size, pa, PROT_DEVICE_nGnRE, limit), 0))
		return;
	CHECK(leaf_shift(va) < shift);
	CHECK_EQ(pages_mistranslated(va, pa, n, PROT_DEVICE_nGnRE, stride_of(n)), 0);
	unmap_range(va, va + size);
	for (uint64_t i = 0; i < n; i += stride_of(n))
		CHECK_EQ(leaf_shift(va + (i << PAGE_SHIFT)), 0);
}

static void check_leaf_size(unsigned shift)
{
	uint64_t size = 1UL << shift, ram = find_ram(size);
	struct vm_struct *area = __get_vm_area(size, size, VMALLOC_START, VMALLOC_END, VM_MAP);

	if (!CHECK(area))
		return;
	check_one_leaf(area, shift, EMPTY_PA, false);
	if (ram)
		check_one_leaf(area, shift, ram, true);
	else
		ktap_note("no RAM for a leaf of 2^%u bytes: walker and AT only", shift);
	if (shift > PAGE_SHIFT) {
		check_smaller_leaf(area, shift, EMPTY_PA, shift - 1);
		check_smaller_leaf(area, shift, EMPTY_PA + size / 2, MAP_SHIFT_ANY);
		check_smaller_leaf(area, shift, EMPTY_PA + MIN(size, PMD_SIZE) / CONT_PTES,
				   MAP_SHIFT_ANY);
	}
	free_vm_area(area);
}

TEST(map_page, "map/leaf-page")
{
	check_leaf_size(PAGE_SHIFT);
}

TEST(map_cont_pte, "map/leaf-contiguous-pages")
{
	check_leaf_size(CONT_PTE_SHIFT);
}

TEST(map_pmd, "map/leaf-block")
{
	check_leaf_size(PMD_SHIFT);
}

TEST(map_cont_pmd, "map/leaf-contiguous-blocks")
{
	check_leaf_size(CONT_PMD_SHIFT);
}

TEST(map_pud, "map/leaf-1G")
{
	if (!HAVE_PUD_BLOCK)
		SKIP("no such leaf with %s pages", GRANULE_NAME);
	check_leaf_size(PUD_SHIFT);
}

/* --- frames in any arrangement, against the rule written down once more ------------------------
 */

struct frames {
	uint64_t n;
	struct page **pages;
	uint64_t *run; /* how many frames follow each other from here */
};

/* A run of frames of RAM that begins with slot @i of @va; half of them suit a group there. */
static uint64_t random_run(struct frames *f, uint64_t i, uint64_t va, uint64_t *seed)
{
	static const uint64_t lengths[] = { 1, 3, CONT_PTES, 3 * CONT_PTES, PTRS_PER_TABLE };
	uint64_t len = 1 + random_below(seed, lengths[random_below(seed, ARRAY_SIZE(lengths))]);
	uint64_t ram = find_ram(PAGE_SIZE), pfn, phase;
	const struct phys_range *r = ram_range_of_pfn(ram >> PAGE_SHIFT);

	len = MIN(len, f->n - i);
	len = MIN(len, r->pages / 2);
	pfn = r->first_pfn + CONT_PTES + random_below(seed, r->pages - len - CONT_PTES);
	phase = (pfn - ((va >> PAGE_SHIFT) + i)) % CONT_PTES;
	if (random_below(seed, 2))
		pfn -= phase;
	for (uint64_t j = 0; j < len; j++)
		f->pages[i + j] = pfn_to_page(pfn + j);
	return len;
}

static void measure_runs(struct frames *f)
{
	for (uint64_t i = f->n; i--;)
		f->run[i] =
			i + 1 < f->n && f->pages[i + 1] == f->pages[i] + 1 ? f->run[i + 1] + 1 : 1;
}

/* The largest legal leaf for slot @i (design: VA and PA alignment, run length, limit). */
static unsigned best_shift(const struct frames *f, uint64_t va, uint64_t i, unsigned limit)
{
	static const unsigned shifts[] = { CONT_PMD_SHIFT, PMD_SHIFT, CONT_PTE_SHIFT };

	for (unsigned s = 0; s < ARRAY_SIZE(shifts); s++) {
		uint64_t size = 1UL << shifts[s], at = ALIGN_DOWN(va + (i << PAGE_SHIFT), size);
		uint64_t first = (at - va) >> PAGE_SHIFT;

		if (shifts[s] <= limit && at >= va && first + (size >> PAGE_SHIFT) <= f->n &&
		    f->run[first] >= size >> PAGE_SHIFT &&
		    IS_ALIGNED(page_to_phys(f->pages[first]), size))
			return shifts[s];
	}
	return PAGE_SHIFT;
}

static void check_frames(const struct frames *f, uint64_t va, unsigned limit, pgprot_t prot)
{
	uint64_t wrong = 0;

	CHECK_EQ(leaf_shift(va - PAGE_SIZE), 0);
	CHECK_EQ(leaf_shift(va + (f->n << PAGE_SHIFT)), 0);
	for (uint64_t i = 0; i < f->n && !wrong; i++) {
		uint64_t at = va + (i << PAGE_SHIFT), pa = page_to_phys(f->pages[i]);

		wrong += pages_mistranslated(at, pa, 1, prot, 1);
		if (leaf_shift(at) != best_shift(f, va, i, limit) && !wrong++)
			ktap_note("0x%lx: leaf of 2^%u bytes, not 2^%u", at, leaf_shift(at),
				  best_shift(f, va, i, limit));
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(audit_tables(va, va + (f->n << PAGE_SHIFT), true).violations, 0);
}

/* Maps, judges and unmaps one arrangement at a random phase. */
static void check_arrangement(struct frames *f, uint64_t base, uint64_t *seed)
{
	static const unsigned limits[] = { PAGE_SHIFT, CONT_PTE_SHIFT, PMD_SHIFT, MAP_SHIFT_ANY,
					   MAP_SHIFT_ANY };
	unsigned limit = limits[random_below(seed, ARRAY_SIZE(limits))];
	uint64_t va = base + ((1 + random_below(seed, PTRS_PER_TABLE - 1)) << PAGE_SHIFT);
	uint64_t end;

	f->n = 1 + random_below(seed, random_below(seed, 2) ? 100 : PTRS_PER_TABLE * 3 / 2);
	for (uint64_t i = 0; i < f->n;)
		i += random_run(f, i, va, seed);
	measure_runs(f);
	end = va + (f->n << PAGE_SHIFT);
	if (!CHECK_EQ(map_pages(va, end, f->pages, PAGE_KERNEL_RO, limit), 0))
		return;
	check_frames(f, va, limit, PAGE_KERNEL_RO);
	unmap_range(va, end);
	for (uint64_t at = va; at < end; at += PAGE_SIZE)
		if (leaf_shift(at))
			CHECK_EQ(leaf_shift(at), 0);
}

/* One physical range, in phase with the addresses by a page, a group, a block, or not at all. */
static void check_range(struct frames *f, uint64_t base, uint64_t *seed)
{
	static const uint64_t phases[] = { PAGE_SIZE, CONT_PTE_SIZE, PMD_SIZE };
	uint64_t in_phase = phases[random_below(seed, ARRAY_SIZE(phases))];
	uint64_t va = base + ((1 + random_below(seed, PTRS_PER_TABLE - 1)) << PAGE_SHIFT), end, pa;

	f->n = 1 + random_below(seed, PTRS_PER_TABLE * 3 / 2);
	end = va + (f->n << PAGE_SHIFT);
	pa = EMPTY_PA + 4 * PMD_SIZE + va % in_phase + random_below(seed, 8) * in_phase;
	for (uint64_t i = 0; i < f->n; i++)
		f->pages[i] = phys_to_page(pa) + i; /* only to name the frames: there is no page */
	measure_runs(f);
	if (!CHECK_EQ(map_range(va, end, pa, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY), 0))
		return;
	check_frames(f, va, MAP_SHIFT_ANY, PROT_DEVICE_nGnRE);
	unmap_range(va, end);
	CHECK_EQ(leaf_shift(va), 0);
}

/* Room for what the checks above map, and for its description. */
static void with_frames(uint64_t rounds, void (*check)(struct frames *, uint64_t, uint64_t *))
{
	struct vm_struct *area =
		__get_vm_area(3 * PMD_SIZE, PMD_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t most = PTRS_PER_TABLE * 2 * sizeof(void *), seed = random_seed();
	struct frames f = { .pages = kmalloc(most, GFP_KERNEL), .run = kmalloc(most, GFP_KERNEL) };

	/* Frames of RAM that are anybody's, or nobody's. */
	live_check_allow(1U << RULE_MAP_COUNT);
	if (CHECK(area && f.pages && f.run))
		while (rounds--)
			check(&f, (uint64_t)area->addr, &seed);
	live_check_allow(0);
	kfree(f.run);
	kfree(f.pages);
	free_vm_area(area);
}

/* About the same number of pages for every granule. */
#define ROUNDS MAX(32 * 512 / PTRS_PER_TABLE, 6)

TEST(map_arrangements, "map/pages-in-any-arrangement")
{
	with_frames(ROUNDS, check_arrangement);
}

TEST(map_ranges, "map/ranges-in-any-phase")
{
	with_frames(ROUNDS, check_range);
}

/* A group, then a whole block, all one run: the block is found in its middle. */
static void check_one_run(struct frames *f, uint64_t base, uint64_t *seed)
{
	uint64_t ram = find_ram(2 * PMD_SIZE), va = base + PMD_SIZE - CONT_PTE_SIZE, end;

	(void)seed;
	f->n = PTRS_PER_TABLE + CONT_PTES;
	end = va + (f->n << PAGE_SHIFT);
	for (uint64_t i = 0; i < f->n; i++)
		f->pages[i] = phys_to_page(ram + PMD_SIZE) + i - CONT_PTES;
	measure_runs(f);
	if (!CHECK_EQ(map_pages(va, end, f->pages, PAGE_KERNEL_RO, MAP_SHIFT_ANY), 0))
		return;
	CHECK_EQ(leaf_shift(va), CONT_PTE_SHIFT);
	CHECK_EQ(leaf_shift(va + CONT_PTE_SIZE), PMD_SHIFT);
	check_frames(f, va, MAP_SHIFT_ANY, PAGE_KERNEL_RO);
	unmap_range(va, end);
}

TEST(map_one_run, "map/pages-that-are-one-large-run")
{
	if (!find_ram(2 * PMD_SIZE))
		SKIP("not enough RAM for two blocks of 2^%u bytes", PMD_SHIFT);
	with_frames(1, check_one_run);
}

/* Two whole blocks of 1 << @order pages and a third of another; they may be neighbours. */
static void check_blocks(struct frames *f, uint64_t va, unsigned order)
{
	struct page *blocks[3] = { NULL };
	uint64_t end;

	f->n = (2UL << order) + ((1UL << order) + 2) / 3;
	end = va + (f->n << PAGE_SHIFT);
	for (unsigned i = 0; i < 3; i++)
		if (!CHECK(blocks[i] = alloc_pages(GFP_KERNEL, order)))
			goto out;
	for (uint64_t i = 0; i < f->n; i++) {
		f->pages[i] = blocks[i >> order] + (i & ((1UL << order) - 1));
		tag_page(f->pages[i]);
	}
	measure_runs(f);
	if (!CHECK_EQ(map_blocks(va, end, blocks, order, PAGE_KERNEL, MAP_SHIFT_ANY), 0))
		goto out;
	check_frames(f, va, MAP_SHIFT_ANY, PAGE_KERNEL);
	CHECK_EQ(pages_misread(va, f->pages, f->n), 0);
	unmap_range(va, end);
	CHECK_EQ(pages_still_mapped(va, f->n), 0);
out:
	for (unsigned i = 0; i < 3; i++)
		__free_pages(blocks[i], order);
}

/* At a group's boundary, and in the middle of one. */
static void check_all_blocks(struct frames *f, uint64_t base, uint64_t *seed)
{
	(void)seed;
	for (unsigned order = 0; order <= CONT_PTES_SHIFT + 2; order++) {
		/* Pages that stay (shared tails, sections) may lie in the middle of a small
		 * machine. */
		if (order > CONT_PTES_SHIFT && !blocks_are_free(3, order)) {
			ktap_note("order %u: no three blocks are free", order);
			break;
		}
		check_blocks(f, base + CONT_PTE_SIZE, order);
		check_blocks(f, base + CONT_PTE_SIZE / 2, order);
	}
}

TEST(map_blocks, "map/blocks-of-every-order")
{
	with_frames(1, check_all_blocks);
}
