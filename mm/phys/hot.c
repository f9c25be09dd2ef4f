// SPDX-License-Identifier: MIT
/*
 * alloc_pages() and __free_pages(): per-CPU hot lists before the zones.
 *
 * A list per zone and order, so that no order needs mapping to a list; orders that
 * are not worth caching have no room and go to the zone each time. Each list is two
 * stacks of at most `high` blocks: allocation and freeing work on `head`, and a full
 * (or empty) head trades places with `spare`, so that a workload at the edge does
 * not go to the zone each time.
 *
 * Only its own CPU touches a hot list, with IRQs masked: the hot paths have no
 * atomic operation and no lock.
 */
#include <string.h>

#include "lib/percpu.h"
#include "mm/phys/buddy-internal.h"
#include "mm/phys/fail.h"
#include "mm/phys/hot-internal.h"
#include "mm/phys/ranges.h"

DEFINE_PER_CPU(struct hot_cpu, hot_cpu);

#if HAVE_FAIL_NTH
struct fail_nth fail_nth;
#endif

void (*release_huge_page)(struct page *head);

/* For statistics. CPUs push themselves and stay. */
static struct hot_cpu *hot_cpus;

/*
 * What a stack of one list may hold. The small orders up to a contiguous group and the
 * PMD block are what the mapping engine's callers use; between them nothing is cached.
 * PMD blocks are bounded by the machine's memory too, and the PMD block of 64K pages is
 * half a gigabyte, too much to keep from other CPUs.
 */
static uint64_t hot_high(unsigned order)
{
	uint64_t bytes = PAGE_SIZE << order;

	if (order <= CONT_PTES_SHIFT)
		return MAX(MIN(MiB / bytes, 128), 1);
	if (order == PMD_SHIFT - PAGE_SHIFT && bytes <= 32 * MiB)
		return MAX(MIN(16 * MiB, nr_managed_pages() * PAGE_SIZE / 64) / bytes, 1);
	return 0;
}

static void hot_cpu_init(struct hot_cpu *cpu)
{
	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++) {
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			cpu->lists[order][id].room = cpu->lists[order][id].high = hot_high(order);
		cpu->tables[id].room = cpu->tables[id].high = hot_high(0);
		if (zones[id].managed_pages)
			cpu->gfp_zone = id;
	}
	cpu->ready = true;
	cpu->next = __atomic_load_n(&hot_cpus, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&hot_cpus, &cpu->next, cpu, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

uint64_t hot_pages_of(enum zone_id id)
{
	struct hot_cpu *cpu = __atomic_load_n(&hot_cpus, __ATOMIC_ACQUIRE);
	uint64_t pages = 0;

	for (; cpu; cpu = cpu->next) {
		for (unsigned order = 0; order <= MAX_ORDER; order++) {
			struct hot_list *list = &cpu->lists[order][id];
			uint64_t blocks = READ_ONCE(list->high) - READ_ONCE(list->room);

			blocks += READ_ONCE(list->spare) ? list->high : 0;
			pages += blocks << order;
		}
		pages += READ_ONCE(cpu->tables[id].high) - READ_ONCE(cpu->tables[id].room);
	}
	return pages;
}

/* Carves 2^(got - order) blocks out of one, lowest address on top. */
static void fill(struct hot_list *list, enum zone_id id, struct page *page, unsigned got,
		 unsigned order)
{
	for (struct page *block = page + (1UL << got); block > page;) {
		block -= 1UL << order;
		hot_push(list, block, PAGE_STATE(PG_BLOCK, id, order, 0));
	}
}

/* @list has an empty head: fills it half from the zone. The zone's small pieces go first. */
static void refill(struct hot_list *list, enum zone_id id, unsigned order)
{
	struct zone *zone = &zones[id];

	raw_spin_lock(&zone->lock);
	while (list->room > list->high / 2) {
		unsigned top = order + ilog2(list->room - list->high / 2), got;
		struct page *page = zone_take(id, order, MIN(top, (unsigned)MAX_ORDER), &got);

		if (!page)
			break;
		fill(list, id, page, got, order);
	}
	raw_spin_unlock(&zone->lock);
}

/* A block from one zone for a CPU whose list had none in front. IRQs masked. */
static struct page *take_cold(struct hot_cpu *cpu, enum zone_id id, unsigned order)
{
	struct hot_list *list = &cpu->lists[order][id];
	struct page *page;
	unsigned got;

	if (!list->head && list->spare) {
		list->head = list->spare;
		list->spare = NULL;
		list->room = 0;
	} else if (!list->head && list->high) {
		refill(list, id, order);
	}
	page = hot_pop(list);
	if (page)
		return page;
	raw_spin_lock(&zones[id].lock);
	page = zone_take(id, order, order, &got);
	raw_spin_unlock(&zones[id].lock);
	if (page)
		page->state = PAGE_STATE(PG_BLOCK, id, order, 0) ^ PAGE_STATE_OWNED;
	return page;
}

/* zone lock held */
static void drain_stack(enum zone_id id, struct page *page, unsigned order)
{
	while (page) {
		struct page *next = page->hot_link.sle_next;

		zone_give(id, page, order);
		page = next;
	}
}

static void drain_list(struct hot_list *list, enum zone_id id, unsigned order)
{
	drain_stack(id, list->head, order);
	drain_stack(id, list->spare, order);
	list->head = list->spare = NULL;
	list->room = list->high;
}

static void drain(struct hot_cpu *cpu)
{
	for (unsigned id = 0; id < NR_BUDDY_ZONES; id++) {
		raw_spin_lock(&zones[id].lock);
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			drain_list(&cpu->lists[order][id], id, order);
		drain_list(&cpu->tables[id], id, 0);
		raw_spin_unlock(&zones[id].lock);
	}
}

void drain_hot_lists(void)
{
	uint64_t irq = local_irq_save();

	drain(&this_cpu(hot_cpu));
	local_irq_restore(irq);
}

/* A shorter way to write gfp & __GFP_DMA32 ? ZONE_DMA32 : gfp_zone is gfp_zone & ~gfp. */
static_assert(ZONE_DMA32 == 0 && ZONE_NORMAL == 1 && __GFP_DMA32 == 1, "a bit each");

static struct page *take_any_zone(struct hot_cpu *cpu, gfp_t gfp, unsigned order)
{
	struct page *page = NULL;

	for (int id = cpu->gfp_zone & ~gfp; !page && id >= 0; id--)
		page = take_cold(cpu, id, order);
	return page;
}

static noinline struct page *alloc_cold(gfp_t gfp, unsigned order, uint64_t irq)
{
	struct hot_cpu *cpu = &this_cpu(hot_cpu);
	struct page *page;

	if (!cpu->ready)
		hot_cpu_init(cpu);
	page = take_any_zone(cpu, gfp, order);
	if (!page) {
		/* What is missing may lie on this CPU's lists, in pieces or in another zone. */
		drain(cpu);
		page = take_any_zone(cpu, gfp, order);
	}
	local_irq_restore(irq);
	return page ? prepare_block(page, order, gfp) : NULL;
}

struct page *alloc_pages(gfp_t gfp, unsigned order)
{
	struct hot_cpu *cpu;
	struct hot_list *list;
	struct page *page;
	uint64_t irq;

	if (unlikely(order > MAX_ORDER || fail_this_allocation()))
		return NULL;
	irq = local_irq_save();
	cpu = &this_cpu(hot_cpu);
	list = &cpu->lists[order][cpu->gfp_zone & ~gfp];
	page = hot_pop(list);
	if (unlikely(!page))
		return alloc_cold(gfp, order, irq);
	local_irq_restore(irq);
	if (unlikely(gfp & (__GFP_ZERO | __GFP_COMP)))
		return prepare_block(page, order, gfp);
	return page;
}

/*
 * Frees a block whose list has no room: the older stack goes to the zone, or the block
 * itself if none is kept. Leaves IRQs as @irq.
 */
static noinline void free_full(struct hot_list *list, struct page *page, uint64_t state,
			       uint64_t irq)
{
	enum zone_id id = page->zone;
	unsigned order = page->order;

	if (!list->high || list->spare) {
		raw_spin_lock(&zones[id].lock);
		if (list->high)
			drain_stack(id, list->spare, order);
		else
			zone_give(id, page, order);
		raw_spin_unlock(&zones[id].lock);
	}
	if (list->high) {
		list->spare = list->head;
		list->head = NULL;
		list->room = list->high;
		hot_push(list, page, state);
	}
	local_irq_restore(irq);
}

/* Drops a reference. Returns whether it was the last. */
static bool drop_reference(struct page *page, unsigned order)
{
	const uint16_t known = PG_BLOCK | PG_ALLOCATED | PG_HEAD | PG_HUGE | PG_HVO;
	uint16_t flags = READ_ONCE(page->flags);

	if (flags & ~known || ~flags & (PG_BLOCK | PG_ALLOCATED) || page->order != order ||
	    READ_ONCE(page->refcount) < 1)
		bad_free(page, order);
	return __atomic_sub_fetch(&page->refcount, 1, __ATOMIC_ACQ_REL) == 0;
}

/* Makes a block that lost its last reference one that zones and hot lists may take. */
static void take_apart(struct page *page, unsigned order)
{
	if (page->zone >= NR_BUDDY_ZONES || order > MAX_ORDER || page->flags & (PG_HUGE | PG_HVO))
		bad_last_reference(page);
	for (unsigned long i = 1; page->flags & PG_HEAD && i < 1UL << order; i++) {
		page[i].state = 0;
		page[i].compound_info = 0;
	}
}

/*
 * A page that is not of the range last freed to, or not plainly allocated with this
 * order. Leaves IRQs as @irq.
 */
static noinline void free_cold(struct page *page, unsigned order, uint64_t irq)
{
	struct hot_cpu *cpu = &this_cpu(hot_cpu);
	const struct phys_range *ram = ram_range_of_pfn(page_index(page, vmemmap));
	struct hot_list *list;
	uint64_t state;

	if (!cpu->ready)
		hot_cpu_init(cpu);
	if (page && !ram)
		bad_free(page, order);
	/* Not a device's: it may go, and its pages never come by the short way. */
	if (page && !is_device_range(ram)) {
		cpu->ram = pfn_to_page(ram->first_pfn);
		cpu->ram_pages = ram->pages;
	}
	if (!page || !drop_reference(page, order)) {
		local_irq_restore(irq);
		return;
	}
	if (page->flags & PG_HUGE && release_huge_page) {
		local_irq_restore(irq);
		release_huge_page(page);
		return;
	}
	take_apart(page, order);
	state = PAGE_STATE(PG_BLOCK, page->zone, order, 0);
	tell_freed(page, 1UL << order);
	list = &cpu->lists[order][page->zone];
	if (!hot_push(list, page, state))
		return free_full(list, page, state, irq);
	local_irq_restore(irq);
}

void __free_pages(struct page *page, unsigned order)
{
	uint64_t irq = local_irq_save();
	struct hot_cpu *cpu = &this_cpu(hot_cpu);
	struct hot_list *list;
	uint64_t state;

	if (unlikely(page_index(page, cpu->ram) >= cpu->ram_pages))
		return free_cold(page, order, irq);
	/* What it will be when nothing is wrong with it; the check wants just that. */
	state = page->state ^ PAGE_STATE_OWNED;
	if (unlikely((state & ~(PAGE_STATE_ZONE | PAGE_STATE_ORDER)) != PG_BLOCK ||
		     page->order != order))
		return free_cold(page, order, irq);
	tell_freed(page, 1UL << order);
	list = &cpu->lists[order][page->zone];
	if (unlikely(!hot_push(list, page, state)))
		return free_full(list, page, state, irq);
	local_irq_restore(irq);
}
