// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c
// clang-format on
// granules: 12 14 16
/*
 * The ways in which live leaves of the vmemmap get another output address: what other CPUs see at
 * each moment in between, whom they hold, CPUs that cannot, or do not answer.
 */
#include <errno.h>
#include <string.h>

#include "drivers/smp/cpus.h"
#include "mm/map/map.h"
#include "tests/host/hold.h"
#include "tests/host/hvo-program.h"
#include "tests/host/tap.h"

#define RAM	  (4 * GiB)
#define RAM_BYTES MAX(GiB, 8 * SECTION_SIZE)

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
	uint64_t digest, before, done = 99;

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
	ok(hugetlb_vmemmap_optimize_pages(&h->head, 1, &done) == -ETIMEDOUT && !done,
	   "hvo=bbm: of many none is said to be done");
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
	world_ram(RAM, RAM_BYTES, 0);
	vmemmap_max_shift = PAGE_SHIFT; /* split ahead of time: nobody is held for that */
	world_boot();
	ok(right(), "struct pages mapped by pages from boot on");
	test_ro();
	test_bbm();
	test_af_refused();
	test_af();
	test_af_late_cpu();
	test_af_left();
	return tap_done();
}
