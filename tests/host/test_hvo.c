// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
// granules: 12 14 16
/*
 * HVO at run time, by each strategy: single and many, twice, back, refused, out of memory, with
 * CPUs that do not answer; what other CPUs see at each moment in between; what it allocates and
 * frees.
 */
#include <errno.h>
#include <string.h>

#include "mm/map/map.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"
#include "tests/host/hold.h"
#include "tests/host/pages-world.h"
#include "tests/host/tap.h"

/* RAM of the page allocator's in both zones, and what huge pages of a larger order are made of. */
#define LOW	    (4 * GiB - RAM_BYTES)
#define HIGH	    (4 * GiB)
#define RAM_BYTES   MAX(GiB, 4 * SECTION_SIZE)
#define GIANT	    (8 * GiB)
#define GIANT_ORDER (30 - PAGE_SHIFT)

/* Pages that one more optimised huge page gives back. */
#define GAIN (order_vmemmap_pages(HUGE_ORDER) - 1)

/* --- what other CPUs see ------------------------------------------------------------------ */

/* The huge pages whose struct pages are looked at, at each event of the door. */
static struct page *watched[8];
static unsigned nr_watched, watched_order;
static uint64_t looks, faults, faults_unheld, lies;

static void look_at(struct page *head)
{
	for (uint64_t i = 0; i < 1UL << watched_order; i += STRUCTS_PER_PAGE / 2) {
		looks++;
		if (read_faults(&head[i])) {
			faults++;
			faults_unheld += !hold.held;
		} else {
			lies += compound_head(&head[i]) != head || !(head[i].flags & PG_TAIL) != !i;
		}
	}
}

static void watch(const struct mm_event *event)
{
	live_vmemmap_event(event);
	for (unsigned i = 0; i < nr_watched; i++)
		look_at(watched[i]);
}

static void begin_watch(unsigned order)
{
	watched_order = order;
	nr_watched = 0;
	looks = faults = faults_unheld = lies = 0;
	mmu_model_recorder = watch;
}

static void end_watch(void)
{
	mmu_model_recorder = live_vmemmap_event;
}

/* --- calls -------------------------------------------------------------------------------- */

static struct huge *take(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_COMP, HUGE_ORDER);

	return page ? world_huge(page, HUGE_ORDER, page->flags, false) : NULL;
}

static void give(struct huge *h)
{
	struct page *page = h->head;

	world_forget(h);
	__free_pages(page, HUGE_ORDER);
}

static int optimize(struct huge *h)
{
	int error = hugetlb_vmemmap_optimize(h->head);

	h->optimized |= !error;
	return error;
}

static int restore(struct huge *h)
{
	int error = hugetlb_vmemmap_restore(h->head);

	h->optimized &= error != 0;
	return error;
}

static bool right(void)
{
	return world_wrong() == 0;
}

/* --- out of memory, and without CPUs that answer ------------------------------------------ */

/*
 * The first time in a block of the vmemmap: with each allocation failing, alone and with all that
 * follow. Nothing changes, until it works.
 */
static uint64_t starve(struct huge *h, int (*call)(struct huge *), bool *good)
{
	uint64_t n, before = nr_free_pages();
	bool state = h->optimized;

	for (n = 1; *good && h->optimized == state; n++) {
		for (unsigned alone = 0; alone < 2 && h->optimized == state; alone++) {
			uint64_t failed;
			int error;

			fail_nth_begin(n, alone ? n : UINT64_MAX);
			error = call(h);
			failed = fail_nth_end();
			*good = right() && (error ? error == -ENOMEM && failed : alone || !failed);
			/* A shared tail page stays that was new. */
			*good = *good && (!error || before - nr_free_pages() <= 1);
		}
	}
	return n - 1;
}

static void test_starved(gfp_t gfp, const char *where)
{
	struct huge *h = take(gfp);
	bool good = true;
	uint64_t first = starve(h, optimize, &good), again;

	ok(good && h->optimized && first > 1,
	   "%s: optimising for the first time: each of %lu allocations fails", where, first - 1);
	again = starve(h, restore, &good);
	ok(good && !h->optimized && again > 1, "%s: restoring: each of %lu", where, again - 1);
	again = starve(h, optimize, &good);
	ok(good && h->optimized && again == 1, "%s: once more: there is none to fail", where);
	ok(!restore(h) && right(), "%s: and back", where);
	give(h);
}

static void test_deaf(void)
{
	struct huge *h = take(GFP_KERNEL);
	uint64_t digest = mmu_model_digest(), before = nr_free_pages();
	unsigned stops = hold.stops;

	hold.error = -ETIMEDOUT;
	ok(optimize(h) == -ETIMEDOUT && right() && digest == mmu_model_digest() &&
		   before - nr_free_pages() <= 1,
	   "a block is not split while a CPU does not answer");
	hold.error = 0;
	ok(!optimize(h) && hold.stops == stops + 1, "it is when all do, and they are held once");
	hold.error = -ETIMEDOUT;
	ok(!restore(h) && !optimize(h) && right(), "nobody is held after that");
	hold.error = 0;
	ok(!restore(h), "and back");
	give(h);
}

/* --- one at a time ------------------------------------------------------------------------ */

static void test_single(void)
{
	struct huge *h = take(GFP_KERNEL);
	uint64_t before = nr_free_pages(), digest, live;
	struct hvo_counts counts = hvo_counts;

	fail_nth_begin(0, 0);
	ok(!optimize(h) && right(), "a huge page is optimised");
	fail_nth_end();
	ok(nr_free_pages() == before + GAIN && !fail_nth.asked,
	   "which gives back %lu pages and asks for none", GAIN);
	digest = mmu_model_digest();
	live = mmu_model.events.live_stores;
	ok(!optimize(h) && right() && live == mmu_model.events.live_stores &&
		   digest == mmu_model_digest(),
	   "once more: nothing is done");
	get_page(h->head + 77);
	ok(h->head->refcount == 2, "a reference by way of a shared tail is the head's");
	put_page(h->head + (1UL << HUGE_ORDER) - 1);
	ok(h->head->refcount == 1 && right(), "so is dropping it");
	ok(!restore(h) && right() && nr_free_pages() == before, "it is restored");
	live = mmu_model.events.live_stores;
	ok(!restore(h) && right() && live == mmu_model.events.live_stores,
	   "once more: nothing is done");
	ok(hvo_counts.optimized == counts.optimized + 1 &&
		   hvo_counts.restored == counts.restored + 1 &&
		   hvo_counts.pages_freed == counts.pages_freed + GAIN &&
		   hvo_counts.pages_taken == counts.pages_taken + GAIN,
	   "all of which was counted");
	give(h);
	ok(right(), "and given back to the page allocator");
}

/* A larger one, of reserved memory: made by hand. */
static void test_giant(unsigned order)
{
	struct page *head = phys_to_page(GIANT);
	struct huge *h;
	uint64_t before;

	head->state = PAGE_STATE(WORLD_HEAD_FLAGS, ZONE_NORMAL, order, 1);
	page_fill_tails(head + 1, (1UL << order) - 1, ZONE_NORMAL, order);
	h = world_huge(head, order, WORLD_HEAD_FLAGS, false);
	ok(right() && !optimize(h) && right(), "order %u: optimised", order);
	before = nr_free_pages();
	ok(!restore(h) && right() && before - nr_free_pages() == order_vmemmap_pages(order) - 1,
	   "order %u: restored, with %lu pages", order, order_vmemmap_pages(order) - 1);
	ok(!optimize(h) && right() && nr_free_pages() == before, "order %u: and again", order);
	ok(!restore(h), "order %u: and back", order);
	world_forget(h);
	page_fill(head, 0, 0, 1UL << order);
}

/* --- refused ------------------------------------------------------------------------------ */

static void refuse(struct page *page, const char *what)
{
	uint64_t digest = mmu_model_digest(), before = nr_free_pages();

	ok(hugetlb_vmemmap_optimize(page) == -EINVAL && hugetlb_vmemmap_restore(page) == -EINVAL &&
		   digest == mmu_model_digest() && before == nr_free_pages() && right(),
	   "-EINVAL: %s", what);
}

static void test_refused(void)
{
	struct huge *h = take(GFP_KERNEL);
	struct page *one = alloc_pages(GFP_KERNEL, 0);
	struct page *small = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	struct page *block = alloc_pages(GFP_KERNEL, HUGE_ORDER);

	refuse(NULL, "no page");
	refuse((struct page *)((char *)h->head + 8), "an address inside a struct page");
	refuse(phys_to_page(0), "a frame without a struct page");
	refuse(phys_to_page(ARENA_END), "a frame past all RAM");
	refuse((struct page *)&h, "an address that is no struct page's");
	refuse(h->head + 1, "a tail");
	refuse(one, "a page");
	refuse(small, "a compound page that is too small");
	refuse(block, "a block that is not compound");
	__free_pages(block, HUGE_ORDER);
	refuse(block, "a free block");
	optimize(h);
	refuse(h->head + STRUCTS_PER_PAGE, "a shared tail");
	restore(h);
	__free_pages(one, 0);
	__free_pages(small, 2);
	give(h);
}

/* --- many --------------------------------------------------------------------------------- */

#define MANY 6

static struct huge *many[MANY];
static struct page *heads[MANY];

static void take_many(gfp_t gfp)
{
	for (unsigned i = 0; i < MANY; i++) {
		many[i] = take(gfp);
		heads[i] = many[i]->head;
	}
}

static void give_many(void)
{
	for (unsigned i = 0; i < MANY; i++)
		give(many[i]);
}

/* The first @n of them are optimised, or not, as a call says; all others as they were. */
static void model_many(uint64_t n, bool optimized)
{
	for (uint64_t i = 0; i < n; i++)
		many[i]->optimized = optimized;
}

static void test_bulk(void)
{
	uint64_t before, done = 99;

	take_many(GFP_KERNEL);
	before = nr_free_pages();
	ok(!hugetlb_vmemmap_optimize_pages(heads, MANY, &done) && done == MANY,
	   "%u at a time are optimised", MANY);
	model_many(MANY, true);
	ok(right() && nr_free_pages() == before + MANY * GAIN, "each gives back %lu pages", GAIN);
	ok(!hugetlb_vmemmap_restore_pages(heads, MANY, NULL), "and restored");
	model_many(MANY, false);
	ok(right() && nr_free_pages() == before, "as it was");
	ok(!hugetlb_vmemmap_optimize_pages(heads, 0, &done) && !done &&
		   !hugetlb_vmemmap_optimize_pages(NULL, 0, NULL),
	   "none are no error");
	optimize(many[1]);
	optimize(many[4]);
	ok(!hugetlb_vmemmap_optimize_pages(heads, MANY, &done) && done == MANY,
	   "some of which are optimised already");
	model_many(MANY, true);
	ok(right() && nr_free_pages() == before + MANY * GAIN, "no page counts twice");
	restore(many[0]);
	restore(many[5]);
	ok(!hugetlb_vmemmap_restore_pages(heads, MANY, &done) && done == MANY, "or restored");
	model_many(MANY, false);
	ok(right() && nr_free_pages() == before, "as it was");
	give_many();
}

/* One is no huge page: those before it are done. */
static void test_bulk_refused(void)
{
	uint64_t done = 99;

	take_many(GFP_KERNEL);
	heads[3]++;
	ok(hugetlb_vmemmap_optimize_pages(heads, MANY, &done) == -EINVAL && done == 3,
	   "-EINVAL at the fourth of many: three are optimised");
	model_many(3, true);
	ok(right(), "and no more");
	ok(hugetlb_vmemmap_restore_pages(heads, MANY, &done) == -EINVAL && done == 3,
	   "likewise restored");
	model_many(3, false);
	ok(right(), "as it was");
	heads[3] = heads[1];
	ok(!hugetlb_vmemmap_optimize_pages(heads, 4, &done) && done == 4, "one of them twice");
	model_many(3, true);
	ok(right(), "is optimised once");
	ok(!hugetlb_vmemmap_restore_pages(heads, 4, NULL), "and restored");
	model_many(3, false);
	ok(right(), "once");
	give_many();
}

/* Out of memory on the way: what is done is done, the rest is as it was. */
static void test_bulk_starved(void)
{
	uint64_t done, n, before, middle = 0;
	bool good = true;
	int error = -ENOMEM;

	take_many(GFP_KERNEL);
	before = nr_free_pages();
	for (n = 1; error && good && n < 1000; n++) {
		good = !hugetlb_vmemmap_optimize_pages(heads, MANY, NULL);
		model_many(MANY, true);
		fail_nth_begin(n, UINT64_MAX);
		error = hugetlb_vmemmap_restore_pages(heads, MANY, &done);
		fail_nth_end();
		model_many(done, false);
		middle += done > 0 && done < MANY;
		good = good && (!error ? done == MANY : error == -ENOMEM && done < MANY) &&
		       right() && nr_free_pages() == before + (MANY - done) * GAIN;
	}
	ok(good && middle && n > 2,
	   "restoring many, each allocation fails: %lu times in the middle", middle);
	give_many();
}

/* --- strategies --------------------------------------------------------------------------- */

/* Optimised and restored under the eyes of the other CPUs, @order the pages'. */
static void watch_many(const char *name, bool window)
{
	bool good;

	take_many(GFP_KERNEL);
	begin_watch(HUGE_ORDER);
	for (unsigned i = 0; i < MANY; i++)
		watched[nr_watched++] = heads[i];
	good = !hugetlb_vmemmap_optimize_pages(heads, MANY, NULL);
	model_many(MANY, true);
	good = good && right() && !hugetlb_vmemmap_restore_pages(heads, MANY, NULL);
	model_many(MANY, false);
	good = good && !optimize(many[2]) && !restore(many[2]);
	end_watch();
	ok(good && right(), "hvo=%s: many, and one", name);
	ok(looks && !lies && !faults_unheld && (window || !faults),
	   "hvo=%s: struct pages are right at each moment%s (%lu looks, %lu faults)", name,
	   window ? " that others are not held" : "", looks, faults);
	give_many();
}

static void test_ro(void)
{
	unsigned stops = hold.stops;

	ok(!hvo_strategy_refused(HVO_RO) && !hvo_set_strategy(HVO_RO), "hvo=ro is never refused");
	watch_many("ro", false);
	ok(hold.stops == stops, "hvo=ro: nobody is held");
}

static void test_bbm(void)
{
	struct huge *h = take(GFP_KERNEL);
	uint64_t digest, before;

	ok(!hvo_strategy_refused(HVO_BBM) && !hvo_set_strategy(HVO_BBM),
	   "hvo=bbm is never refused");
	watch_many("bbm", true);
	ok(faults, "hvo=bbm: they were held for a reason");
	digest = mmu_model_digest();
	before = nr_free_pages();
	hold.error = -ETIMEDOUT;
	ok(optimize(h) == -ETIMEDOUT && digest == mmu_model_digest() && before == nr_free_pages() &&
		   right(),
	   "hvo=bbm: a CPU that does not answer: nothing changes");
	hold.error = 0;
	optimize(h);
	digest = mmu_model_digest();
	hold.error = -ETIMEDOUT;
	before = nr_free_pages();
	ok(restore(h) == -ETIMEDOUT && digest == mmu_model_digest() && before == nr_free_pages() &&
		   right(),
	   "hvo=bbm: nor when it is restored");
	hold.error = 0;
	ok(!restore(h), "hvo=bbm: and back");
	give(h);
	hvo_set_strategy(HVO_RO);
}

int main(void)
{
	world_begin();
	world_ram(LOW, RAM_BYTES, 0);
	world_ram(HIGH, RAM_BYTES, 0);
	world_ram(GIANT, GiB, 0);
	boot_ram_reserve(GIANT, GiB);
	world_boot();
	ok(right(), "boot's vmemmap");
	test_starved(GFP_KERNEL, "above 4G");
	test_starved(GFP_DMA32, "below 4G");
	test_deaf();
	test_single();
	test_refused();
	test_bulk();
	test_bulk_refused();
	test_bulk_starved();
	test_ro();
	test_bbm();
	test_giant(GIANT_ORDER);
	test_giant(HUGE_ORDER + 2 > GIANT_ORDER ? GIANT_ORDER : HUGE_ORDER + 2);
	return tap_done();
}
