// SPDX-License-Identifier: MIT
/*
 * Suite hvo, with the other CPUs on: they read every struct page of huge pages that come and go
 * and take references by tails; they do not answer; they come online later.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "drivers/smp/hang.h"
#include "lib/arm64/sysreg.h"
#include "mm/pages/hvo.h"
#include "mm/phys/buddy.h"
#include "mm/phys/page-ref.h"
#include "tests/mm/pages/huge.h"
#include "tests/support.h"

#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define ROUNDS	  24
#define HEADS	  5
#define TCR_HA	  (1UL << 39)

static struct {
	struct page *heads[HEADS];
	unsigned n;
	bool stop;
	uint64_t wrong, looks, running;
} flock;

/* One look at a tail, one at its head by a reference. */
static bool is_right(struct page *head, uint64_t i)
{
	struct page *page = head + i, *found;

	if (compound_head(page) != head || page->flags != PG_TAIL || page->refcount)
		return false;
	found = try_get_page(page);
	if (found)
		put_page(page);
	return found == head;
}

static void look(void *arg)
{
	uint64_t n = 0, i = 7 * smp_processor_id();

	(void)arg;
	__atomic_fetch_add(&flock.running, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&flock.stop, __ATOMIC_ACQUIRE)) {
		/* A prime: all tails of all, a vmemmap page or so apart. */
		i = (i + 61) % (1UL << PMD_ORDER);
		if (i && !is_right(flock.heads[n % flock.n], i))
			__atomic_fetch_add(&flock.wrong, 1, __ATOMIC_RELAXED);
		if (++n % 16 == 0)
			cpu_relax();
	}
	__atomic_fetch_add(&flock.looks, n, __ATOMIC_RELAXED);
}

/* The first has to be split before, if there is such a one. */
static bool take_flock(void)
{
	flock.heads[0] = take_unsplit_page(PMD_ORDER, LEVEL_PMD);
	for (flock.n = flock.heads[0] != NULL; flock.n < HEADS; flock.n++) {
		flock.heads[flock.n] = take_huge_page(PMD_ORDER);
		if (!flock.heads[flock.n])
			break;
	}
	return flock.n > 0;
}

static void drop_flock(void)
{
	while (flock.n)
		drop_huge_page(flock.heads[--flock.n], PMD_ORDER);
}

static void start_looking(void)
{
	unsigned others = nr_online_cpus() - 1;

	flock.stop = false;
	flock.wrong = flock.looks = flock.running = 0;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu != smp_processor_id() && cpu_online(cpu))
			CHECK_EQ(cpu_start_work(cpu, look, NULL), 0);
	while (__atomic_load_n(&flock.running, __ATOMIC_ACQUIRE) < others)
		cpu_relax();
}

static void stop_looking(void)
{
	__atomic_store_n(&flock.stop, true, __ATOMIC_RELEASE);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu != smp_processor_id() && cpu_online(cpu))
			cpu_wait(cpu);
	CHECK_EQ(flock.wrong, 0);
	CHECK(flock.looks > 0);
	for (unsigned i = 0; i < flock.n; i++)
		CHECK_EQ(flock.heads[i]->refcount, 1);
}

/* There and back, one and all, while the others look. */
static void herd(void)
{
	uint64_t before = nr_free_pages(), pages = order_vmemmap_pages(PMD_ORDER) - 1;

	for (unsigned i = 0; i < ROUNDS; i++, hang_alive()) {
		struct page *one = flock.heads[i % flock.n];

		CHECK_EQ(hugetlb_vmemmap_optimize(one), 0);
		CHECK_EQ(hugetlb_vmemmap_optimize_pages(flock.heads, flock.n, NULL), 0);
		CHECK_EQ(nr_free_pages(), before + flock.n * pages);
		cpu_relax();
		CHECK_EQ(hugetlb_vmemmap_restore(one), 0);
		CHECK_EQ(hugetlb_vmemmap_restore_pages(flock.heads, flock.n, NULL), 0);
		CHECK_EQ(nr_free_pages(), before);
		cpu_relax();
	}
}

static void meet(enum hvo_strategy strategy)
{
	const char *why = hvo_strategy_refused(strategy);
	unsigned before = hvo_strategy;
	struct hvo_counts counts = hvo_counts;

	if (why)
		SKIP("%s", why);
	if (nr_online_cpus() < 2)
		SKIP("one CPU");
	if (!take_flock())
		SKIP("no memory for a huge page");
	CHECK_EQ(hvo_set_strategy(strategy), 0);
	/* The first time, a block may have to be split, while they look as well. */
	start_looking();
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(flock.heads, flock.n, NULL), 0);
	CHECK_EQ(hugetlb_vmemmap_restore_pages(flock.heads, flock.n, NULL), 0);
	herd();
	stop_looking();
	hvo_set_strategy(before);
	drop_flock();
	ktap_note("%lu looks, %lu blocks split; %lu leaves lost against walkers, %lu batches given "
		  "up",
		  flock.looks, hvo_counts.splits - counts.splits,
		  hvo_counts.af_lost - counts.af_lost, hvo_counts.af_given_up - counts.af_given_up);
}

TEST(hvo_looks_ro, "hvo/looks-ro")
{
	meet(HVO_RO);
}

TEST(hvo_looks_bbm, "hvo/looks-bbm")
{
	meet(HVO_BBM);
}

TEST(hvo_looks_af, "hvo/looks-af")
{
	meet(HVO_AF);
}

/* --- CPUs that cannot be held --------------------------------------------------------------- */

static bool let_go;

static void deaf(void *arg)
{
	uint64_t irq = local_irq_save();

	(void)arg;
	__atomic_fetch_add(&flock.running, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&let_go, __ATOMIC_ACQUIRE))
		cpu_relax();
	local_irq_restore(irq);
}

TEST(hvo_deaf, "hvo/cpu-that-does-not-stop")
{
	unsigned patience = smp_patience_ms, cpu = (boot_cpu + 1) % nr_cpus,
		 strategy = hvo_strategy;
	struct totals before;

	if (nr_online_cpus() < 2 || !cpu_online(cpu))
		SKIP("one CPU");
	if (!take_flock())
		SKIP("no memory for a huge page");
	CHECK_EQ(hvo_set_strategy(HVO_BBM), 0);
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(flock.heads, flock.n, NULL), 0);
	CHECK_EQ(hugetlb_vmemmap_restore_pages(flock.heads + 1, flock.n - 1, NULL), 0);
	before = count_totals();
	let_go = false;
	flock.running = 0;
	smp_patience_ms = 20;
	CHECK_EQ(cpu_start_work(cpu, deaf, NULL), 0);
	while (!__atomic_load_n(&flock.running, __ATOMIC_ACQUIRE))
		cpu_relax();
	CHECK_EQ(hugetlb_vmemmap_restore(flock.heads[0]), -ETIMEDOUT);
	/* The others are held before a look at what is to be done: of one page that is nothing. */
	CHECK_EQ(hugetlb_vmemmap_optimize_pages(flock.heads, flock.n, NULL), -ETIMEDOUT);
	smp_patience_ms = patience;
	__atomic_store_n(&let_go, true, __ATOMIC_RELEASE);
	cpu_wait(cpu);
	for (unsigned i = 0; i < flock.n; i++)
		CHECK_EQ(!!(flock.heads[i]->flags & PG_HVO), i == 0);
	CHECK_UNCHANGED(before);
	CHECK_EQ(hugetlb_vmemmap_restore(flock.heads[0]), 0);
	hvo_set_strategy(strategy);
	drop_flock();
}

/* --- CPUs that come later ------------------------------------------------------------------- */

static void count_ha(void *arg)
{
	if (read_sysreg(tcr_el1) & TCR_HA)
		__atomic_fetch_add((uint64_t *)arg, 1, __ATOMIC_RELAXED);
}

static uint64_t cpus_with_ha(void)
{
	uint64_t n = 0;

	work_on_each_cpu(count_ha, &n);
	return n;
}

static void give_back(void *arg)
{
	(void)arg;
	drain_hot_lists();
}

TEST(hvo_late_cpu, "hvo/cpu-that-comes-later")
{
	unsigned cpu = (boot_cpu + 1) % nr_cpus, strategy = hvo_strategy;
	const char *why = hvo_strategy_refused(HVO_AF);

	if (why)
		SKIP("%s", why);
	if (nr_online_cpus() < 2 || !cpu_online(cpu))
		SKIP("one CPU");
	CHECK_EQ(hvo_set_strategy(HVO_RO), 0);
	CHECK_EQ(cpus_with_ha(), 0);
	work_on_cpu(cpu, give_back, NULL);
	if (!CHECK_EQ(cpu_down(cpu), 0))
		return;
	CHECK_EQ(hvo_set_strategy(HVO_AF), 0);
	CHECK_EQ(cpus_with_ha(), nr_online_cpus());
	CHECK_EQ(cpu_up(cpu), 0);
	CHECK_EQ(cpus_with_ha(), nr_online_cpus());
	CHECK_EQ(hvo_set_strategy(HVO_RO), 0);
	CHECK_EQ(cpus_with_ha(), 0);
	hvo_set_strategy(strategy);
}
