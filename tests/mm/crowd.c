// SPDX-License-Identifier: MIT
/*
 * Suite crowd: all CPUs map, touch, hand over and unmap at the same time, in leaf tables that
 * they share.
 */
#include "drivers/smp/hang.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

#define ROUNDS	  12
#define SHELVES	  16
#define MAX_PAGES 40 /* small: neighbours in one leaf table, which comes and goes */

/* What one CPU has mapped and another unmaps: @pages words, one a page, are @word, @word + 1, .. */
struct item {
	uint64_t *va, pages, word;
};

static struct item *shelves[SHELVES];
static uint64_t bad_words, refused;

static struct item *make_item(uint64_t *state)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);
	uint64_t large = random_below(state, 8) == 0;

	if (!item)
		return NULL;
	item->pages = 1 + random_below(state, large ? 600 : MAX_PAGES);
	item->word = (uint64_t)item * 3 + random_below(state, 1000);
	item->va = large ? vmalloc_huge(item->pages << PAGE_SHIFT, GFP_KERNEL)
			 : vmalloc(item->pages << PAGE_SHIFT);
	if (!item->va) {
		kfree(item);
		return NULL;
	}
	for (uint64_t i = 0; i < item->pages; i++)
		item->va[i * PAGE_SIZE / 8] = item->word + i;
	return item;
}

/* Looks at every page, on whatever CPU, and takes it down. */
static void use_up(struct item *item)
{
	for (uint64_t i = 0; i < item->pages; i++)
		if (item->va[i * PAGE_SIZE / 8] != item->word + i)
			__atomic_fetch_add(&bad_words, 1, __ATOMIC_RELAXED);
	vfree(item->va);
	kfree(item);
}

static void map_a_device(uint64_t *state)
{
	uint64_t pa = EMPTY_PA + (random_below(state, 512) << PAGE_SHIFT);
	uint64_t size = (1 + random_below(state, MAX_PAGES)) << PAGE_SHIFT;
	void *va = __ioremap(pa, size, PROT_DEVICE_nGnRE);
	struct leaf leaf;

	if (!va)
		return; /* a CPU without such addresses */
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		if (walk_lookup((uint64_t)va + at, &leaf) || leaf.pa != pa + at)
			__atomic_fetch_add(&bad_words, 1, __ATOMIC_RELAXED);
	iounmap(va);
}

static void live(void *arg)
{
	uint64_t state = random_seed() + smp_processor_id() * 0x9e3779b97f4a7c15UL;

	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++, hang_alive()) {
		struct item *item = make_item(&state), *found;
		unsigned shelf = random_below(&state, SHELVES);

		if (!item)
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
		found = __atomic_exchange_n(&shelves[shelf], item, __ATOMIC_ACQ_REL);
		if (found)
			use_up(found);
		map_a_device(&state);
	}
}

TEST(crowd_maps, "crowd/map-hand-over-unmap")
{
	struct totals before;

	work_on_each_cpu(drain_cpu_caches, NULL);
	before = count_totals();
	bad_words = refused = 0;
	work_on_each_cpu(live, NULL);
	for (unsigned i = 0; i < SHELVES; i++) {
		if (shelves[i])
			use_up(shelves[i]);
		shelves[i] = NULL;
	}
	CHECK_EQ(bad_words, 0);
	CHECK_EQ(refused, 0);
	work_on_each_cpu(drain_cpu_caches, NULL);
	CHECK_NOTHING_LOST(before);
}
