// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
// granules: 12 14 16
/*
 * HVO at run time: single and many, twice, back, refused, out of memory, with CPUs that do not
 * answer; huge pages of the page allocator's, of boot's, and larger ones; what it allocates and
 * frees.
 */
#include <errno.h>

#include "mm/map/map.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"
#include "tests/host/hold.h"
#include "tests/host/hvo-program.h"
#include "tests/host/tap.h"

/*
 * RAM of the page allocator's in both zones, some of it with the largest leaves of the vmemmap that
 * there is room for, and what huge pages of a larger order are made of: by hand, or by boot.
 */
#define LOW	    (4 * GiB - LOW_BYTES)
#define LOW_BYTES   MAX(GiB, 4 * SECTION_SIZE)
#define HIGH	    (4 * GiB)
#define HIGH_BYTES  (PAGE_SIZE == 4 * KiB ? 2 * GiB : 8 * GiB)
#define GIANT	    (12 * GiB)
#define BOOTS	    (13 * GiB)
#define GIANT_ORDER (30 - PAGE_SHIFT)

/* --- out of memory, and without CPUs that answer ------------------------------------------ */

/*
 * The first time in a block of the vmemmap: with each allocation failing, alone and with all that
 * follow. Nothing changes, until it works.
 */
static uint64_t starve(struct huge *h, int (*call)(struct huge *), bool *good)
{
	uint64_t n, before = kept_pages();
	bool state = h->optimized;

	for (n = 1; *good && h->optimized == state; n++) {
		for (unsigned alone = 0; alone < 2 && h->optimized == state; alone++) {
			uint64_t failed;
			int error;

			fail_nth_begin(n, alone ? n : UINT64_MAX);
			error = call(h);
			failed = fail_nth_end();
			*good = right() && (error ? error == -ENOMEM && failed : alone || !failed);
			/* A shared tail page stays that was new, and tables. */
			*good = *good && (!error || before == kept_pages());
		}
	}
	return n - 1;
}

static void test_starved(gfp_t gfp, const char *where)
{
	struct huge *h = take_unsplit(gfp);
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
	struct huge *h = take_unsplit(GFP_KERNEL);
	uint64_t digest = mmu_model_digest(), before = kept_pages();
	unsigned stops = hold.stops;

	hold.error = -ETIMEDOUT;
	ok(optimize(h) == -ETIMEDOUT && right() && digest == mmu_model_digest() &&
		   before == kept_pages(),
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

/* Another CPU that is about to be held. */
static struct huge *others;
static int others_error;

static void optimize_others(void)
{
	others_error = optimize(others);
}

/* Two CPUs find the same block in their way; one is first. */
static void test_two_cpus(void)
{
	struct huge *h = take_unsplit(GFP_KERNEL);
	uint64_t before;

	others = take_near(h);
	before = kept_pages();
	hold.late = optimize_others;
	ok(!optimize(h) && !others_error && !hold.late && right(),
	   "another CPU splits the same block first: both are optimised");
	ok(kept_pages() == before + 2 * GAIN, "and a table that was not needed went back");
	ok(!restore(h) && !restore(others) && right(), "and back");
	give(h);
	give(others);
}

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

/*
 * One of boot's, whose tables are shared as well where they hold nothing but tails: they have to
 * become its own first, for which CPUs are held.
 */
static void test_boots(void)
{
	struct huge *h = world_find(phys_to_page(BOOTS));
	uint64_t kept = kept_pages(), n;
	bool tables = order_vmemmap_pages(h->order) > PTRS_PER_TABLE, good = true;

	hold.error = -ETIMEDOUT;
	if (tables)
		ok(restore(h) == -ETIMEDOUT && right() && kept_pages() == kept,
		   "boot's: not restored while a CPU does not answer");
	hold.error = 0;
	n = starve(h, restore, &good);
	ok(good && !h->optimized && n > 1 &&
		   kept == kept_pages() + order_vmemmap_pages(h->order) - 1,
	   "boot's: restored, each of %lu allocations fails", n - 1);
	ok(!optimize(h) && right() && kept_pages() == kept, "boot's: optimised");
	n = starve(h, restore, &good);
	ok(good && n > 1 && !optimize(h) && right(), "boot's: and again");
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

int main(void)
{
	world_begin();
	world_ram(LOW, LOW_BYTES, 0);
	world_ram(HIGH, HIGH_BYTES, 0);
	world_ram(GIANT, GiB, 0);
	world_ram(BOOTS, GiB, GIANT_ORDER);
	boot_ram_reserve(GIANT, GiB);
	world_boot();
	ok(right(), "boot's vmemmap");
	test_starved(GFP_KERNEL, "above 4G");
	test_starved(GFP_DMA32, "below 4G");
	test_deaf();
	test_two_cpus();
	test_single();
	test_boots();
	test_refused();
	test_bulk();
	test_bulk_refused();
	test_bulk_starved();
	test_giant(GIANT_ORDER);
	test_giant(HUGE_ORDER + 2 > GIANT_ORDER ? GIANT_ORDER : HUGE_ORDER + 2);
	return tap_done();
}
