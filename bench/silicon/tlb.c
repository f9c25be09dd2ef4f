// SPDX-License-Identifier: MIT
/*
 * How the data TLB holds leaves of each size. A chain of dependent loads goes over N leaves, one
 * load a leaf: from where on it misses is how many the TLB holds. And 16 places of one leaf after
 * a flush: one refill if it is held whole, 16 if it is cut.
 *
 * Leaves larger than a page all map the same RAM, only to be read; pages map every fifth page of
 * a block, so that no two neighbours can share an entry. Addresses keep their low bits up to four
 * pages: no cache line is found under two indices.
 */
#include <stdio.h>

#include "bench/silicon/check-internal.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"
#include "mm/areas/area.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

#define LOADS	    4096u /* a point: bounded, 7 ms at 24 MHz and 40 cycles a miss */
#define PLACES	    16u
#define PAGES_MAX   2048u
#define LEAVES_MAX  256u
#define POOL_ORDER  4
#define POOL_STRIDE 5u /* 0, 5, 10, 15: each keeps its place in four, none follows another */
#define LINE_BYTES  64u
#define LINES	    32u

#define PMU_L2D_TLB_REFILL 0x2d
#define PMU_DTLB_WALK	   0x34

static const uint16_t points[] = { 4,  8,  12, 15, 16, 17,  20,	 24,  32,   40,	  44,	48,
				   49, 52, 56, 64, 96, 128, 256, 512, 1024, 1280, 1536, 2048 };

/* Event counters 1 to 3 count these. */
static const struct {
	const char *name;
	unsigned event;
} misses[] = {
	{ "l1d_tlb_refill", PMU_L1D_TLB_REFILL },
	{ "l2d_tlb_refill", PMU_L2D_TLB_REFILL },
	{ "dtlb_walk", PMU_DTLB_WALK },
};

struct reading {
	uint64_t cycles;
	uint32_t misses[ARRAY_SIZE(misses)];
};

/* A chain over @n places, @stride bytes apart. */
struct chain {
	const char *base;
	uint64_t stride, n;
};

/* --- measuring ---------------------------------------------------------------------------- */

static uint32_t counters_there(void)
{
	struct pmu_id id;
	uint32_t mask = 0;

	pmu_identify(&id);
	for (unsigned i = 0; i < ARRAY_SIZE(misses); i++)
		if (i + 1 < id.counters && pmu_id_has(&id, misses[i].event))
			mask |= 1u << (i + 1);
	return mask;
}

/*
 * @loads loads over the chain. What was loaded, of which @none (0) is used, goes into the next
 * address: no load begins before the last has ended.
 */
static noinline void follow(const struct chain *chain, uint64_t loads, uint64_t none)
{
	uint64_t i = 0, value = 0;

	for (; loads; loads--) {
		uint64_t line = i / 4 % LINES * LINE_BYTES;

		value = *(const volatile uint64_t *)(chain->base + i * chain->stride + line +
						     (value & none));
		if (++i == chain->n)
			i = 0;
	}
}

static void read_misses(uint32_t mask, struct reading *r)
{
	for (unsigned i = 0; i < ARRAY_SIZE(misses); i++)
		if (mask >> (i + 1) & 1)
			pmu_read_event(i + 1, &r->misses[i]);
}

/* One go of @loads, IRQs masked; @cold: after a flush of the whole TLB. */
static struct reading measure(const struct chain *chain, uint64_t loads, uint32_t mask, bool cold)
{
	uint64_t none = opaque_zero(), irq = local_irq_save();
	struct reading r = { 0 };

	pmu_reset_events(mask);
	if (cold) {
		door_before_tlbi(); /* no descriptor has changed: it is the door's order, no more */
		tlbi_all();
		door_after_tlbi(); /* complete: each load after it walks once more */
	}
	pmu_start_events(mask);
	r.cycles = pmu_cycles();
	follow(chain, loads, none);
	r.cycles = pmu_cycles() - r.cycles;
	pmu_stop_events(mask);
	local_irq_restore(irq);
	read_misses(mask, &r);
	return r;
}

static uint32_t set_up_counters(void)
{
	uint32_t mask = counters_there();

	for (unsigned i = 0; i < ARRAY_SIZE(misses); i++)
		if (mask >> (i + 1) & 1)
			pmu_set_event(i + 1, misses[i].event);
	return mask;
}

/* --- facts -------------------------------------------------------------------------------- */

static const char *size_text(char text[24], unsigned shift)
{
	static const char units[] = "KMGT";

	snprintf(text, 24, "%lu%c", 1UL << shift % 10, units[shift / 10 - 1]);
	return text;
}

/* "2.03 cycles, 0.00 l1d_tlb_refill, ..." a load. */
static void reach_fact(struct core *core, const char *size, uint64_t n, uint32_t mask,
		       const struct reading *r)
{
	char key[FACT_KEY_MAX], text[FACT_VALUE_MAX];
	uint64_t hundredths = (r->cycles * 100 + LOADS / 2) / LOADS;
	size_t len = snprintf(text, sizeof(text), "%lu.%02lu cycles", hundredths / 100,
			      hundredths % 100);

	for (unsigned i = 0; i < ARRAY_SIZE(misses); i++) {
		if (!(mask >> (i + 1) & 1))
			continue;
		hundredths = ((uint64_t)r->misses[i] * 100 + LOADS / 2) / LOADS;
		len += snprintf(text + len, sizeof(text) - len, ", %lu.%02lu %s", hundredths / 100,
				hundredths % 100, misses[i].name);
	}
	snprintf(key, sizeof(key), "reach.%s.%lu", size, n);
	figure(core->facts, key, "%s", text);
}

static void reach_facts(struct core *core, struct chain *chain, const char *size, unsigned leaves)
{
	uint32_t mask = set_up_counters();

	for (unsigned i = 0; i < ARRAY_SIZE(points) && points[i] <= leaves; i++) {
		struct reading r;

		chain->n = points[i];
		measure(chain, chain->n, mask, false); /* fills what holds it */
		r = measure(chain, LOADS, mask, false);
		reach_fact(core, size, chain->n, mask, &r);
	}
}

/* Refills of 16 places after a flush, less those of no load at all. */
static void places_facts(struct core *core, const struct chain *chain, const char *what)
{
	uint32_t mask = set_up_counters();
	struct reading none, all;
	char key[FACT_KEY_MAX];

	measure(chain, PLACES, mask, true); /* the code's own lines are there */
	none = measure(chain, 0, mask, true);
	all = measure(chain, PLACES, mask, true);
	for (unsigned i = 0; i < ARRAY_SIZE(misses); i++) {
		snprintf(key, sizeof(key), "places16.%s.%s", what, misses[i].name);
		if (mask >> (i + 1) & 1)
			figure(core->facts, key, "%d", (int)(all.misses[i] - none.misses[i]));
		else
			fact_absent(core->facts, key,
				    "PMCEID lacks the event, or a counter for it");
	}
}

/* --- leaves ------------------------------------------------------------------------------- */

static void free_mapped(struct vm_struct *area)
{
	uint64_t va = (uint64_t)area->addr;

	unmap_range(va, va + get_vm_area_size(area));
	free_vm_area(area);
}

/* Scattered: every fifth page of the pool. Else its pages in a row, each a leaf of its own. */
static struct vm_struct *map_pool(struct page *pool, unsigned count, bool scattered)
{
	struct vm_struct *area = get_vm_area_aligned(count * PAGE_SIZE, 4 * PAGE_SIZE, VM_MAP);
	static struct page *pages[PAGES_MAX];
	uint64_t va;

	if (!area)
		return NULL;
	for (unsigned i = 0; i < count; i++)
		pages[i] = pool + (scattered ? i % 4 * POOL_STRIDE : i % PLACES);
	va = (uint64_t)area->addr;
	if (!map_pages(va, va + count * PAGE_SIZE, pages, PAGE_KERNEL_RO, PAGE_SHIFT))
		return area;
	free_vm_area(area);
	return NULL;
}

/* @count leaves of 1 << @shift bytes, all of them of the RAM at @pa. */
static struct vm_struct *map_leaves(uint64_t pa, unsigned shift, unsigned count)
{
	uint64_t size = 1UL << shift, va, i;
	struct vm_struct *area = get_vm_area_aligned(count * size, size, VM_MAP);

	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	for (i = 0; i < count; i++)
		if (map_range(va + i * size, va + (i + 1) * size, pa, PAGE_KERNEL_RO, shift))
			break;
	if (i == count)
		return area;
	if (i)
		unmap_range(va, va + i * size);
	free_vm_area(area);
	return NULL;
}

/* log2 of the leaf or group that the first place of @area is mapped by. */
static unsigned mapped_shift(const struct vm_struct *area)
{
	struct leaf leaf;

	if (walk_lookup((uint64_t)area->addr, &leaf))
		return 0;
	if (leaf.level == LEVEL_PTE)
		return leaf.cont ? CONT_PTE_SHIFT : PAGE_SHIFT;
	return leaf.cont ? CONT_PMD_SHIFT : (unsigned)level_shift(leaf.level);
}

/* What the facts would be of is not what the engine mapped: says so. */
static bool is_mapped_by(struct core *core, const char *size, const struct vm_struct *area,
			 unsigned shift)
{
	char key[FACT_KEY_MAX];

	if (mapped_shift(area) == shift)
		return true;
	snprintf(key, sizeof(key), "reach.%s", size);
	fact_absent(core->facts, key, "the engine chose another leaf");
	return false;
}

/* RAM that such a leaf can map; 0: there is none. Who uses it does not matter: it is read. */
static uint64_t find_block(unsigned shift)
{
	struct phys_range r;

	for_each_ram_range (&r) {
		uint64_t first = ALIGN_UP(r.first_pfn << PAGE_SHIFT, 1UL << shift);

		if (first && first + (1UL << shift) <= (r.first_pfn + r.pages) << PAGE_SHIFT)
			return first;
	}
	return 0;
}

static void pages_facts(struct core *core, const struct vm_struct *scattered,
			const struct vm_struct *row)
{
	struct chain chain = { .base = scattered->addr, .stride = PAGE_SIZE };
	char size[24], what[40];

	size_text(size, PAGE_SHIFT);
	if (!is_mapped_by(core, size, scattered, PAGE_SHIFT) ||
	    !is_mapped_by(core, size, row, PAGE_SHIFT))
		return;
	reach_facts(core, &chain, size, PAGES_MAX);
	chain.n = PLACES;
	snprintf(what, sizeof(what), "%s-scattered", size);
	places_facts(core, &chain, what);
	chain.base = row->addr;
	snprintf(what, sizeof(what), "%s-in-a-row", size);
	places_facts(core, &chain, what);
}

static void page_facts(struct core *core)
{
	struct page *pool = alloc_pages(GFP_KERNEL, POOL_ORDER);
	struct vm_struct *scattered = pool ? map_pool(pool, PAGES_MAX, true) : NULL;
	struct vm_struct *row = pool ? map_pool(pool, PLACES, false) : NULL;

	if (scattered && row)
		pages_facts(core, scattered, row);
	else
		fact_absent(core->facts, "reach.page", "no memory");
	if (scattered)
		free_mapped(scattered);
	if (row)
		free_mapped(row);
	if (pool)
		__free_pages(pool, POOL_ORDER);
}

static void leaf_facts(struct core *core, unsigned shift)
{
	uint64_t block = find_block(shift);
	struct vm_struct *area = block ? map_leaves(block, shift, LEAVES_MAX) : NULL;
	char size[24], key[FACT_KEY_MAX];
	struct chain chain = { .stride = 1UL << shift };

	size_text(size, shift);
	if (!area) {
		snprintf(key, sizeof(key), "reach.%s", size);
		fact_absent(core->facts, key,
			    block ? "no memory" : "no RAM of that size and alignment");
		return;
	}
	chain.base = area->addr;
	if (is_mapped_by(core, size, area, shift)) {
		reach_facts(core, &chain, size, LEAVES_MAX);
		chain.stride = (1UL << shift) / PLACES;
		chain.n = PLACES;
		places_facts(core, &chain, size);
	}
	free_mapped(area);
}

void tlb_facts(struct core *core)
{
	if (core->no_cycles) {
		fact_absent(core->facts, "reach", core->no_cycles);
		fact_absent(core->facts, "places16", core->no_cycles);
		return;
	}
	page_facts(core);
	leaf_facts(core, CONT_PTE_SHIFT);
	leaf_facts(core, PMD_SHIFT);
	leaf_facts(core, CONT_PMD_SHIFT);
}
