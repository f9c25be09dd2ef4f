// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
// granules: 12 14 16
/*
 * HVO at run time, by each strategy: single and many, twice, back, refused, out of memory, with
 * CPUs that do not answer; what other CPUs see at each moment in between; what it allocates and
 * frees.
 */
#include <errno.h>
#include <string.h>

#include "drivers/smp/cpus.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"
#include "tests/host/hold.h"
#include "tests/host/pages-world.h"
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

/* Pages that one more optimised huge page gives back. */
#define GAIN (order_vmemmap_pages(HUGE_ORDER) - 1)

/* --- the CPUs ----------------------------------------------------------------------------- */

static uint64_t hafdbs, tcr; /* of ID_AA64MMFR1_EL1; TCR_EL1 */

uint64_t host_read_sysreg(const char *name)
{
	if (!strcmp(name, "id_aa64mmfr1_el1"))
		return hafdbs;
	return strcmp(name, "tcr_el1") ? 0 : tcr;
}

void mmu_model_write_tcr(uint64_t value)
{
	tcr = value;
}

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

static void give(struct huge *h);

/* Whether the struct pages of @page are in a block or a group still, not in pages. */
static bool is_unsplit(const struct page *page)
{
	struct leaf leaf;

	return !walk_lookup((uint64_t)page, &leaf) && (leaf.level != LEVEL_PTE || leaf.cont);
}

/* One whose struct pages nothing has been done to. */
static struct huge *take_unsplit(gfp_t gfp)
{
	struct huge *h = take(gfp), *taken[256];
	unsigned n = 0;

	while (h && !is_unsplit(h->head) && n < ARRAY_SIZE(taken)) {
		taken[n++] = h;
		h = take(gfp);
	}
	while (n)
		give(taken[--n]);
	return h;
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

/* Free, or what stays whatever happens. */
static uint64_t kept_pages(void)
{
	return nr_free_pages() + vmemmap_counts.tables + vmemmap_counts.tails;
}

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

	others = take(GFP_KERNEL);
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

/* --- by the access flag ------------------------------------------------------------------- */

static unsigned long long seed = 3;
static unsigned rarely; /* one look in so many at a leaf that is about to be replaced */

/* A walker comes by right before a compare-and-swap. */
static void walk_before_swap(desc_t *slot)
{
	struct page *head = watched[0];

	(void)slot;
	if (tap_random(&seed) % rarely == 0)
		read_faults(head + STRUCTS_PER_PAGE * (1 + tap_random(&seed) % GAIN));
}

static void test_af_refused(void)
{
	ok(hvo_strategy_refused(HVO_AF) && hvo_set_strategy(HVO_AF) == -EOPNOTSUPP &&
		   hvo_strategy == HVO_RO && !tcr,
	   "hvo=af: refused where a CPU does not set flags");
	hafdbs = 1;
	hold.error = -ETIMEDOUT;
	ok(hvo_strategy_refused(HVO_AF) && hvo_set_strategy(HVO_AF) == -EOPNOTSUPP &&
		   hvo_strategy == HVO_RO && !tcr,
	   "hvo=af: or does not answer");
	hold.error = 0;
	ok(!hvo_strategy_refused(HVO_AF) && !hvo_set_strategy(HVO_AF) && tcr == TCR_HA &&
		   mmu_model_clean(),
	   "hvo=af: all set flags from here on");
}

/* Optimised and restored so often while walkers come by. */
static void race(unsigned times)
{
	struct huge *h = take(GFP_KERNEL);
	struct hvo_counts before = hvo_counts;
	bool good = true;

	watched[0] = h->head;
	mmu_model_before_cas = walk_before_swap;
	for (unsigned i = 0; i < times && good; i++)
		good = !optimize(h) && right() && !restore(h) && right();
	mmu_model_before_cas = NULL;
	ok(good && live_vmemmap.af_updates && hvo_counts.af_lost > before.af_lost,
	   "hvo=af: one walk in %u comes first: %lu swaps lost, %lu times given up", rarely,
	   hvo_counts.af_lost - before.af_lost, hvo_counts.af_given_up - before.af_given_up);
	give(h);
}

static void test_af(void)
{
	struct huge *h = take(GFP_KERNEL);
	struct hvo_counts before = hvo_counts;
	unsigned stops = hold.stops;

	ok(!optimize(h) && right() && !restore(h) && right() &&
		   hvo_counts.af_lost == before.af_lost,
	   "hvo=af: nobody comes by: no swap is lost");
	give(h);
	watch_many("af", false);
	ok(hvo_counts.af_given_up > before.af_given_up && hold.stops == stops,
	   "hvo=af: everybody looks all the time: it is given up, and done all the same");
	rarely = 3;
	race(40);
	rarely = 40;
	race(40);
	ok(hold.stops == stops, "hvo=af: nobody was held");
}

/* A CPU starts that cannot do what is in force. */
static void test_af_late_cpu(void)
{
	struct huge *h = take(GFP_KERNEL), *other = take(GFP_KERNEL);
	uint64_t digest;

	optimize(h);
	cpu_starts();
	ok(!restore(h) && !optimize(h) && tcr == TCR_HA, "hvo=af: a CPU starts that sets flags");
	hafdbs = 0;
	cpu_starts();
	digest = mmu_model_digest();
	ok(optimize(other) == -EOPNOTSUPP && restore(h) == -EOPNOTSUPP && right() &&
		   digest == mmu_model_digest(),
	   "hvo=af: one that does not: refused from then on, nothing changes");
	hafdbs = 1;
	ok(!hvo_set_strategy(HVO_AF) && !restore(h) && right(), "hvo=af: until it is set again");
	give(h);
	give(other);
}

/* Back to another strategy, while a CPU does not answer. */
static void test_af_left(void)
{
	struct huge *h = take(GFP_KERNEL);

	hold.error = -ETIMEDOUT;
	hvo_set_strategy(HVO_RO);
	hold.error = 0;
	ok(!optimize(h) && right() && !restore(h) && right(),
	   "hvo=af: left while a CPU does not answer, what is in force works");
	ok(!hvo_set_strategy(HVO_RO) && hvo_strategy == HVO_RO, "hvo=af: left");
	ok(!optimize(h) && right() && !restore(h) && right(), "hvo=ro again");
	give(h);
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
	test_ro();
	test_bbm();
	test_af_refused();
	test_af();
	test_af_late_cpu();
	test_af_left();
	test_giant(GIANT_ORDER);
	test_giant(HUGE_ORDER + 2 > GIANT_ORDER ? GIANT_ORDER : HUGE_ORDER + 2);
	return tap_done();
}
