// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// clang-format on
/*
 * Sequences of page and small-object operations, two bytes an operation. No two blocks
 * may overlap, the count of free pages must follow, and at the end all of it must merge
 * back to what it was, which is also where the next input starts.
 */
#include <string.h>

#include "lib/panic.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page-ref.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"

#define START (4 * GiB - ARENA_BLOCK)
#define PAGES (2 * MAX_ORDER_PAGES + 37)
#define SLOTS 64
#define BULK  100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slot {
	struct page *page;
	unsigned order;
	void *object;
	size_t size;
} slots[SLOTS];

static bool owned[PAGES];
static uint64_t owned_pages;
static struct zone_stats initial[NR_BUDDY_ZONES];

static void own(struct page *page, unsigned order, bool now)
{
	uint64_t first = page_to_pfn(page) - (START >> PAGE_SHIFT);

	panic_unless(first + (1UL << order) <= PAGES, "fuzz: block outside RAM");
	for (uint64_t i = first; i < first + (1UL << order); i++) {
		panic_unless(owned[i] != now, "fuzz: page owned twice");
		owned[i] = now;
	}
	owned_pages += now ? 1L << order : -(1L << order);
}

static void release(struct slot *slot)
{
	if (slot->page) {
		own(slot->page, slot->order, false);
		__free_pages(slot->page, slot->order);
	}
	for (size_t i = 0; i < slot->size; i++)
		panic_unless(((uint8_t *)slot->object)[i] == (uint8_t)slot->size,
			     "fuzz: object overwritten");
	kfree(slot->object);
	*slot = (struct slot){ 0 };
}

static void take_pages(struct slot *slot, gfp_t gfp, unsigned order)
{
	slot->page = alloc_pages(gfp, order);
	slot->order = order;
	if (slot->page)
		own(slot->page, order, true);
}

static void take_object(struct slot *slot, size_t size)
{
	slot->object = kmalloc(size, GFP_KERNEL);
	slot->size = slot->object ? size : 0;
	if (slot->object)
		memset(slot->object, (uint8_t)size, size);
}

static void bulk(gfp_t gfp, unsigned nr)
{
	struct page *array[BULK] = { NULL };
	unsigned long got;

	nr = MIN(nr, (unsigned)BULK);
	got = alloc_pages_bulk(gfp, nr, array);
	for (unsigned i = 0; i < got; i++)
		own(array[i], 0, true);
	for (unsigned i = 0; i < got; i++)
		own(array[i], 0, false);
	free_pages_bulk(array, got);
}

static void split(struct slot *slot)
{
	struct page *page = slot->page;
	unsigned order = slot->order;

	if (!page || page->flags & PG_HEAD)
		return;
	split_page(page, order);
	slot->order = 0;
	for (uint64_t i = 1; i < 1UL << order; i++) {
		own(page + i, 0, false);
		__free_pages(page + i, 0);
	}
}

/* A page of the slot's block: whose it is, and that a lookup's reference is no harm. */
static void look_up(struct slot *slot, uint8_t which)
{
	struct page *page, *head, *got;

	if (!slot->page)
		return;
	page = slot->page + which % (1UL << slot->order);
	head = slot->page->flags & PG_HEAD ? slot->page : page;
	got = try_get_page(page);
	panic_unless(compound_head(page) == head && allocated_block(page) == slot->page &&
			     got == (slot->page->flags & PG_HEAD ? head : NULL),
		     "fuzz: wrong head");
	if (got)
		put_page(got);
	panic_unless(slot->page->refcount == 1, "fuzz: a reference too many");
}

static void step(uint8_t op, uint8_t arg)
{
	struct slot *slot = &slots[arg % SLOTS];

	switch (op % 8) {
	case 0:
		if (op & 8)
			drain_hot_lists();
		else
			look_up(slot, op >> 4 | arg);
		break;
	case 1:
		kmalloc_drain();
		break;
	case 2:
		bulk(arg & 1 ? GFP_DMA32 : GFP_KERNEL, op);
		break;
	case 3:
		split(slot);
		break;
	case 4:
		release(slot);
		take_object(slot, (op >> 3) << (arg % 9));
		break;
	case 5:
		release(slot);
		break;
	default:
		release(slot);
		take_pages(slot, op >> 3 & (__GFP_DMA32 | __GFP_COMP), (op >> 3) % (MAX_ORDER + 2));
	}
}

static void check_recovery(void)
{
	struct zone_stats stats;

	for (unsigned i = 0; i < SLOTS; i++)
		release(&slots[i]);
	kmalloc_drain();
	drain_hot_lists();
	for (struct page *page = phys_to_page(START); page < phys_to_page(START) + PAGES; page++)
		panic_unless(compound_head(page) == page && !(page->flags & (PG_TAIL | PG_HEAD)),
			     "fuzz: a tail of what is gone");
	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++) {
		get_zone_stats(id, &stats);
		panic_unless(memcmp(&stats, &initial[id], sizeof(stats)) == 0,
			     "fuzz: zone %u does not recover", id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (nr_managed_pages() == 0) {
		arena_add_ram(START, PAGES * PAGE_SIZE);
		buddy_init();
		for (unsigned id = 0; id < NR_BUDDY_ZONES; id++)
			get_zone_stats(id, &initial[id]);
	}
	for (size_t i = 0; i + 1 < size; i += 2) {
		step(data[i], data[i + 1]);
		panic_unless(nr_free_pages() + owned_pages <= PAGES, "fuzz: pages from nowhere");
	}
	check_recovery();
	return 0;
}
