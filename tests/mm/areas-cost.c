// SPDX-License-Identifier: MIT
/*
 * Suite areas: what one more area costs among very many, by counted instructions. It must not
 * grow faster than log n, whatever the gaps are like.
 */
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"
#include "lib/platform.h"
#include "mm/areas/area.h"
#include "mm/phys/buddy.h"
#include "tests/support.h"

#define MOST	(IS_CHECKED ? 1000 : 100000)
#define SAMPLES 31
#define BLOCK	(64 * KiB)
#define A_BLOCK (BLOCK / sizeof(struct vm_struct *))

/* In windows of their own, so that what others left in the region is not in the way. */
#define WINDOW (VMALLOC_START + 1024 * GiB)

#define ALIGN_PAGES 16

struct many {
	struct vm_struct **blocks[100000 / A_BLOCK + 1];
	uint64_t count, random;
	/* Either without gaps, and what is got fills a hole; or all gaps are misaligned. */
	bool misaligned;
};

static struct vm_struct **slot(struct many *m, uint64_t i)
{
	return &m->blocks[i / A_BLOCK][i % A_BLOCK];
}

static struct vm_struct *get(const struct many *m, uint64_t lo)
{
	uint64_t align = m->misaligned ? ALIGN_PAGES * PAGE_SIZE : PAGE_SIZE;

	return __get_vm_area(ALIGN_PAGES * PAGE_SIZE, align, lo, ~0UL, VM_MAP | VM_UNINITIALIZED);
}

/*
 * One more at the upper end: a page and its guard across an odd multiple of the alignment, or
 * right behind the last one.
 */
static bool add(struct many *m)
{
	uint64_t i = m->count, pages = m->misaligned ? 1 : ALIGN_PAGES;
	uint64_t at = m->misaligned ? WINDOW + (2 * i + 1) * ALIGN_PAGES * PAGE_SIZE - PAGE_SIZE
				    : WINDOW + i * (ALIGN_PAGES + 1) * PAGE_SIZE;

	if (!m->blocks[i / A_BLOCK]) {
		struct page *page = alloc_pages(GFP_KERNEL, get_order(BLOCK));

		if (!page)
			return false;
		m->blocks[i / A_BLOCK] = page_address(page);
	}
	*slot(m, i) =
		__get_vm_area(pages * PAGE_SIZE, PAGE_SIZE, at, ~0UL, VM_MAP | VM_UNINITIALIZED);
	m->count += *slot(m, i) != NULL;
	return *slot(m, i);
}

static void free_all(struct many *m)
{
	while (m->count)
		free_vm_area(*slot(m, --m->count));
	for (unsigned i = 0; i < ARRAY_SIZE(m->blocks); i++)
		if (m->blocks[i])
			__free_pages(virt_to_page(m->blocks[i]), get_order(BLOCK));
}

/* Instructions of one area that comes and goes, or goes and comes back; 0: it did not. */
static uint64_t one_cost(struct many *m)
{
	struct vm_struct **place = slot(m, random_below(&m->random, m->count)), *area;
	uint64_t irq = local_irq_save();
	uint32_t start = pmu_instructions(), cost;

	if (!m->misaligned)
		free_vm_area(*place);
	area = get(m, WINDOW);
	if (m->misaligned)
		free_vm_area(area);
	cost = pmu_instructions() - start;
	local_irq_restore(irq);
	if (m->misaligned)
		return area ? cost : 0;
	if (!CHECK(area))
		*place = get(m, WINDOW);
	else
		*place = area;
	return area ? cost : 0;
}

/* The median. */
static uint64_t cost_among(struct many *m)
{
	uint64_t costs[SAMPLES];

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t cost = one_cost(m), j = i;

		for (; j && costs[j - 1] > cost; j--)
			costs[j] = costs[j - 1];
		costs[j] = cost;
	}
	return costs[SAMPLES / 2];
}

/*
 * From 100 to 1000 areas log2(n) grows by half, later by less; the square root of n grows by more
 * than three. What a search finds by chance is given the room between.
 */
static void check_growth(bool misaligned)
{
	static struct many many;
	uint64_t before = 0, n;

	if (!pmu_has_event(PMU_INST_RETIRED) || pmu_start())
		SKIP("no instruction counter");
	many = (struct many){ .misaligned = misaligned, .random = random_seed() };
	for (n = 100; n <= MOST; n *= 10) {
		uint64_t cost;

		while (many.count < n && add(&many))
			;
		if (!CHECK_EQ(many.count, n))
			break;
		cost = cost_among(&many);
		ktap_note("%lu areas: %lu instructions", n, cost);
		CHECK(cost);
		if (before)
			CHECK(cost <= 2 * before);
		before = cost;
	}
	free_all(&many);
	pmu_stop();
}

TEST(areas_cost_hole, "areas/cost-grows-with-log-n")
{
	check_growth(false);
}

TEST(areas_cost_misaligned, "areas/cost-grows-with-log-n-if-no-gap-is-aligned")
{
	check_growth(true);
}
