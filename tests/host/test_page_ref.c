// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/phys/*.c mm/arm64/prims-c.c mm/arm64/door.c tests/host/arena.c
// clang-format on
// granules: 12 14 16
/*
 * References: speculative ones, to compound pages past MAX_ORDER, to huge pages that a pool takes
 * back and to those of a device. Tails are really read-only meanwhile, so that a write ends it.
 */
#include <errno.h>
#include <sys/mman.h>

#include "lib/arm64/cpu.h"
#include "mm/phys/hot-internal.h"
#include "mm/phys/page-ref.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

#define B	ARENA_BLOCK
#define PFN(pa) ((pa) >> PAGE_SHIFT)

/* RAM of 14 B; in it a gigantic page that boot reserved and memory for a device. */
#define RAM	   (2 * B)
#define RAM_END	   (16 * B)
#define HUGE	   (4 * B)
#define HUGE_ORDER (MAX_ORDER + 2u)
#define DEVICE	   (8 * B)
#define DEVICE_END (10 * B)

#define COMPOUND (PG_BLOCK | PG_ALLOCATED | PG_HEAD)

/* What mm/pages does. */
static struct page *make_compound(uint64_t pa, unsigned order, unsigned zone, uint16_t flags)
{
	struct page *head = phys_to_page(pa);

	page_fill_tails(head + 1, (1UL << order) - 1, zone, order);
	head->compound_info = 0;
	head->state = PAGE_STATE(COMPOUND | flags, zone, order, 1);
	return head;
}

/* Struct pages of tails alone, in whole pages of the host. */
static void protect_tails(struct page *head, unsigned order, int prot)
{
	char *from = (char *)ALIGN_UP((uint64_t)(head + 1), 4 * KiB);

	if (mprotect(from, (char *)(head + (1UL << order)) - from, prot))
		abort();
}

static void test_unless_zero(void)
{
	struct page *single = alloc_pages(GFP_KERNEL, 0), *plain = alloc_pages(GFP_KERNEL, 3);
	bool inside = false;

	ok(get_page_unless_zero(single) && single->refcount == 2 && page_count(single) == 2,
	   "one more reference");
	__free_pages(single, 0);
	ok(single->refcount == 1 && single->flags == (PG_BLOCK | PG_ALLOCATED), "and dropped");
	for (unsigned i = 1; i < 8; i++)
		inside = inside || get_page_unless_zero(plain + i);
	ok(!inside && get_page_unless_zero(plain), "of a plain block its first page alone");
	put_page(plain);
	__free_pages(plain, 3);
	__free_pages(single, 0);
	ok(!get_page_unless_zero(single) && page_count(single) == 0 && single->refcount == 0,
	   "a page on a hot list has none");
	drain_hot_lists();
	ok(!get_page_unless_zero(single) && !get_page_unless_zero(phys_to_page(HUGE - PAGE_SIZE)),
	   "nor one in the zones, nor one that was never in use");
}

static void test_try_get(void)
{
	const unsigned order = 9;
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, order), *got[3];
	struct page *single = alloc_pages(GFP_KERNEL, 0);
	bool good = true;

	protect_tails(head, order, PROT_READ);
	for (unsigned i = 0; i < 1u << order; i++)
		good = good && try_get_page(head + i) == head && page_count(head + i) == (int)i + 2;
	ok(good, "try_get_page() from any page is the head's, and writes no tail");
	for (unsigned i = 1; i < 1u << order; i++)
		good = good && !get_page_unless_zero(head + i);
	ok(good && head->refcount == (1 << order) + 1, "a tail itself has no references");
	for (unsigned i = 0; i < 1u << order; i++)
		put_page(head + i);
	protect_tails(head, order, PROT_READ | PROT_WRITE);
	got[0] = try_get_page(head + 5);
	__free_pages(head, order);
	ok(got[0] == head && page_count(head + 9) == 1, "the owner's goes first, the page stays");
	put_page(head);
	got[1] = try_get_page(head);
	got[2] = try_get_page(head + 5);
	ok(!got[1] && !got[2] && page_count(head) == 0, "a page that is free has no head");
	ok(!try_get_page(single) && single->refcount == 1, "nor has a single page");
	__free_pages(single, 0);
}

/* --- what another CPU does between the look and the swap ---------------------------------------
 */

static struct page *victim;
static void (*meanwhile)(void);

void host_before_cas(uint64_t *word)
{
	void (*once)(void) = meanwhile;

	meanwhile = NULL;
	if (once && word == &victim->state)
		once();
}

static void becomes_plain(void)
{
	put_page(victim);
	if (alloc_pages(GFP_KERNEL, 4) != victim)
		abort();
}

static void becomes_smaller(void)
{
	struct page *block;

	put_page(victim);
	drain_hot_lists();
	/* What is freed last is given out first. */
	block = alloc_pages(GFP_KERNEL, 4);
	if (block != victim)
		abort();
	split_page(block, 4);
	for (unsigned i = 15; i; i--)
		__free_pages(block + i, 0);
	__free_pages(block, 0);
	drain_hot_lists();
	victim = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
}

static void gets_a_reference(void)
{
	get_page(victim + 3);
}

static void test_races(void)
{
	struct page *head = victim = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);

	meanwhile = gets_a_reference;
	ok(try_get_page(head + 3) == head && head->refcount == 3, "two at the same time");
	put_page(head);
	put_page(head);
	meanwhile = becomes_plain;
	ok(!try_get_page(head + 3) && head->refcount == 1, "a head that became a plain block");
	__free_pages(head, 4);
	drain_hot_lists();
	head = victim = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);
	meanwhile = becomes_smaller;
	ok(!try_get_page(head + 5) && victim == head && head->order == 2 && head->refcount == 1,
	   "a head that became another's");
	ok(try_get_page(head + 3) == head, "which has tails of its own");
	put_page(head);
	put_page(head);
}

/* --- huge pages ---------------------------------------------------------------------------------
 */

static struct page *released;
static unsigned releases;
static uint64_t irq_depth_there;

static void release(struct page *head)
{
	released = head;
	releases++;
	irq_depth_there = host_irq_depth;
}

static void test_gigantic(void)
{
	const uint64_t pages = 1UL << HUGE_ORDER, before = nr_free_pages();
	struct page *head = make_compound(HUGE, HUGE_ORDER, ZONE_DMA32, PG_HUGE | PG_HVO);
	bool good = true;

	protect_tails(head, HUGE_ORDER, PROT_READ);
	release_huge_page = release;
	for (uint64_t i = 0; i < pages; i += i < 70 ? 1 : pages / 64 - 1) {
		struct page *page = head + i;

		good = good && compound_head(page) == head && allocated_block(page) == head;
		get_page(page);
		good = good && try_get_page(page) == head && page_count(page) == 3;
		put_page(page);
		__free_pages(head, HUGE_ORDER);
	}
	ok(good && head->refcount == 1 && head->order == HUGE_ORDER && !releases,
	   "a page past MAX_ORDER has one head from everywhere");
	put_page(head + pages - 1);
	ok(releases == 1 && released == head && irq_depth_there == 0, "the pool has it back");
	ok(head->state == PAGE_STATE(COMPOUND | PG_HUGE | PG_HVO, ZONE_DMA32, HUGE_ORDER, 0) &&
		   compound_head(head + pages - 1) == head && nr_free_pages() == before,
	   "as it was, and the zones have not");
	ok(!try_get_page(head + 7) && !get_page_unless_zero(head), "nobody gets it from the pool");
	protect_tails(head, HUGE_ORDER, PROT_READ | PROT_WRITE);
}

/* --- devices ------------------------------------------------------------------------------------
 */

static bool is_in_device(const struct page *page)
{
	return page >= phys_to_page(DEVICE) && page < phys_to_page(DEVICE_END);
}

static void test_device(void)
{
	struct page *head, *single = alloc_pages(GFP_KERNEL, 0);
	bool good = true;

	ok(!pfn_valid(PFN(DEVICE)) && pfn_is_linear(PFN(DEVICE)) &&
		   nr_managed_pages() ==
			   PFN(RAM_END - RAM) - PFN(DEVICE_END - DEVICE) - (1UL << HUGE_ORDER),
	   "memory for a device is nobody's");
	head = make_compound(DEVICE, MAX_ORDER, ZONE_DEVICE, PG_HVO);
	protect_tails(head, MAX_ORDER, PROT_READ);
	ok(device_range_add(PFN(DEVICE), PFN(DEVICE_END - DEVICE)) == 0 && pfn_valid(PFN(DEVICE)),
	   "it has struct pages");
	for (unsigned i = 0; i < 1u << MAX_ORDER; i += 97) {
		get_page(head + i);
		good = good && try_get_page(head + i) == head && head->refcount == 3;
		__free_pages(head, MAX_ORDER);
		good = good && !is_in_device(this_cpu(hot_cpu).ram);
		put_page(head + i);
		good = good && !is_in_device(this_cpu(hot_cpu).ram);
	}
	ok(good && head->refcount == 1 && allocated_block(head + 77) == head,
	   "references come and go, and it is never the range of the short way");
	__free_pages(single, 0);
	ok(!is_device_range(ram_range_hint) && single >= this_cpu(hot_cpu).ram,
	   "nor the lookups' hint");
	protect_tails(head, MAX_ORDER, PROT_READ | PROT_WRITE);
	ok(device_range_remove(PFN(DEVICE), PFN(DEVICE_END - DEVICE)) == 0 &&
		   !pfn_valid(PFN(DEVICE)),
	   "and it goes");
}

int main(void)
{
	arena_add_ram(RAM, RAM_END - RAM);
	ok(!boot_ram_reserve(HUGE, PAGE_SIZE << HUGE_ORDER) &&
		   !boot_ram_reserve_device(DEVICE, DEVICE_END - DEVICE),
	   "boot reserves");
	buddy_init();
	test_unless_zero();
	test_try_get();
	test_races();
	test_gigantic();
	test_device();
	drain_hot_lists();
	ok(nr_free_pages() == nr_managed_pages(), "nothing is lost");
	ok(host_irq_depth == 0, "IRQ masks balance");
	return tap_done();
}
