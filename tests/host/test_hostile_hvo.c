// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/live-vmemmap.c tests/host/hostile-live.c tests/host/hostile-memory.c tests/host/hostile-tlb.c tests/host/hostile-tlbi.c tests/host/hostile-vmemmap.c tests/host/hostile-oracle.c
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages,--wrap=table_pages_free
// granules: 12 14 16
// clang-format on
/*
 * HVO at run time on the hostile MMU: huge pages optimised and restored, one and several at once,
 * while other CPUs read all of their struct pages at any door event and take references on the
 * heads. Silent by each strategy; red as soon as an instruction that it relies on goes unheard.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm/map/flush.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-oracle.h"
#include "tests/host/hostile-vmemmap.h"
#include "tests/host/live-vmemmap.h"
#include "tests/host/tap.h"

#define RAM_START   (4 * GiB)
#define RAM_BYTES   MAX(GiB, 8 * SECTION_SIZE)
#define HUGE_ORDER  (PMD_SHIFT - PAGE_SHIFT)
#define HAVE_BLOCKS (RAM_BYTES / PAGE_SIZE * STRUCT_PAGE_SIZE >= PMD_SIZE) /* of the vmemmap */
#define EACH	    ((unsigned)order_vmemmap_pages(HUGE_ORDER)) /* vmemmap pages of one */
#define HUGES	    3
#define SEEDS	    3
#define CALLS	    (1500u >> (TABLE_SHIFT - 9))
#define DEAF_CALLS  (4 * CALLS)

struct run {
	enum hvo_strategy strategy;
	enum flush_policy policy;
	enum hostile_deaf deaf;
	bool first; /* a walker is, before each compare-and-swap */
	uint64_t seed;
	unsigned cpus, most;
	/* what became of it */
	unsigned calls, errors;
	struct hvo_counts counts;
	struct hostile state;
	bool ended;
};
static struct run *run; /* shared with the process that runs it */

static struct page *heads[HUGES]; /* neighbours, ascending */
static bool is_optimized[HUGES];

/* CPUs of which each sets access flags by itself. */
uint64_t host_read_sysreg(const char *name)
{
	return !strcmp(name, "id_aa64mmfr1_el1") ? 2 : 0;
}

/* --- the machine -------------------------------------------------------------------------- */

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "test_hostile_hvo: %s\n", what);
	exit(99);
}

static void boot(void)
{
	const uint64_t pfn = RAM_START >> PAGE_SHIFT, nr = RAM_BYTES >> PAGE_SHIFT;

	live_vmemmap_start();
	arena_add_ram(RAM_START, RAM_BYTES);
	hostile_init();
	hostile_start(0, 1, DEAF_NONE);
	must(!sections_add(pfn, nr, 0, ZONE_NORMAL), "sections_add");
	must(!vmemmap_populate(pfn, nr, 0), "vmemmap_populate");
	buddy_init();
	vmemmap_late_init();
}

static int compare(const void *a, const void *b)
{
	const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;

	return x < y ? -1 : x > y;
}

/* HUGES in a row of all that there are, whose struct pages are in a row too. */
static void take_huge_pages(void)
{
	static struct page *all[RAM_BYTES >> PMD_SHIFT];
	unsigned n = 0, run_of = 1;

	while ((all[n] = alloc_pages(GFP_KERNEL | __GFP_COMP, HUGE_ORDER)))
		n++;
	qsort(all, n, sizeof(*all), compare);
	for (unsigned i = 0; i < n; i++) {
		run_of = i && all[i] == all[i - 1] + (1UL << HUGE_ORDER) ? run_of + 1 : 1;
		if (run_of == HUGES)
			memcpy(heads, &all[i + 1 - HUGES], sizeof(heads));
	}
	must(heads[0], "no neighbours");
	for (unsigned i = 0; i < n; i++)
		if (all[i] < heads[0] || all[i] > heads[HUGES - 1])
			__free_pages(all[i], HUGE_ORDER);
	vmemmap_watch((uint64_t)heads[0] | -1UL << VA_BITS, HUGES * EACH);
	for (unsigned i = 0; i < HUGES; i++)
		vmemmap_set_head(i * EACH);
}

/* --- calls -------------------------------------------------------------------------------- */

static void announce(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		vmemmap_changing(i * EACH + 1, EACH - 1,
				 is_optimized[i] ? PAGE_KERNEL : PAGE_KERNEL_RO);
}

/* All of [first, first + n) are, or are not any more. */
static void call(unsigned first, unsigned n, bool optimize)
{
	uint64_t done;
	int error;

	hostile_begin_call();
	announce(first, n);
	error = optimize ? hugetlb_vmemmap_optimize_pages(&heads[first], n, &done)
			 : hugetlb_vmemmap_restore_pages(&heads[first], n, &done);
	run->errors += error || done != n;
	for (unsigned i = first; i < first + n; i++)
		is_optimized[i] = optimize;
	vmemmap_changed(0, HUGES * EACH);
	vmemmap_check();
	run->calls++;
}

static void run_here(void)
{
	boot();
	flush_set_policy(run->policy);
	oracle_start();
	hostile_start(run->seed, run->cpus, run->deaf);
	hostile.first = run->first;
	hostile_adopt();
	must(!hvo_set_strategy(run->strategy), "hvo_set_strategy");
	take_huge_pages();
	while (run->calls < run->most && !hostile.failed) {
		unsigned first = hostile_pick(HUGES), n = 1 + hostile_pick(HUGES - first);

		call(first, n, hostile_pick(2));
	}
	run->counts = hvo_counts;
	run->state = hostile;
	run->ended = true;
}

static void start_run(struct run how)
{
	pid_t pid;

	*run = how;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		run_here();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		perror("test_hostile_hvo: fork");
}

static void right(enum hvo_strategy strategy, enum flush_policy policy)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		start_run((struct run){ .strategy = strategy,
					.policy = policy,
					.seed = seed,
					.cpus = 2 + seed % 3,
					.most = CALLS });
		ok(run->ended && !run->state.failed && !run->errors && run->calls == CALLS &&
			   run->counts.optimized && run->counts.restored &&
			   (run->counts.splits || !HAVE_BLOCKS),
		   "hvo=%s, flush=%s, %u CPUs, seed %u: every read has the one right answer",
		   hvo_strategy_names[strategy], flush_policy_names[policy], run->cpus, seed);
		printf("# %lu optimised, %lu restored, %lu blocks split; %lu leaves lost to a "
		       "walker, %lu times given up; %lu events, %lu accesses, %lu cached leaves\n",
		       run->counts.optimized, run->counts.restored, run->counts.splits,
		       run->counts.af_lost, run->counts.af_given_up, run->state.now,
		       run->state.accesses, run->state.fills);
		if (run->state.failed)
			printf("# call %u: %s\n", run->calls, run->state.failure);
	}
}

/* All that the compare-and-swap cannot do is done the other way. */
static void test_giving_up(void)
{
	start_run((struct run){ .strategy = HVO_AF,
				.policy = FLUSH_EACH,
				.first = true,
				.seed = 1,
				.cpus = HOSTILE_CPUS,
				.most = CALLS });
	ok(run->ended && !run->state.failed && !run->errors && run->calls == CALLS &&
		   run->counts.optimized && run->counts.af_given_up,
	   "hvo=af, a walker before each compare-and-swap: %lu times given up",
	   run->counts.af_given_up);
	if (run->state.failed)
		printf("# call %u: %s\n", run->calls, run->state.failure);
}

static void deaf(enum hvo_strategy strategy, enum flush_policy policy, enum hostile_deaf which,
		 const char *what)
{
	unsigned most = 0;
	bool good = true;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		start_run((struct run){ .strategy = strategy,
					.policy = policy,
					.deaf = which,
					.seed = seed,
					.cpus = HOSTILE_CPUS,
					.most = DEAF_CALLS });
		good = good && run->ended && run->state.failed;
		most = MAX(most, run->calls);
	}
	ok(good, "hvo=%s, flush=%s, %s: it is found", hvo_strategy_names[strategy],
	   flush_policy_names[policy], what);
	printf("# after %u calls at most; the last: %s\n", most, run->state.failure);
}

int main(void)
{
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED)
		return 99;
	flush_has_ranges = true;
	for (enum hvo_strategy strategy = HVO_RO; strategy < HVO_STRATEGIES; strategy++) {
		for (enum flush_policy policy = FLUSH_EACH; policy < FLUSH_POLICIES; policy++)
			right(strategy, policy);
		deaf(strategy, FLUSH_EACH, DEAF_DSB_ISHST, "no DSB ISHST after stores");
		deaf(strategy, FLUSH_EACH, DEAF_DSB_ISH, "no DSB ISH after TLBIs");
		deaf(strategy, FLUSH_EACH, DEAF_TLBI, "one TLBI in eight lost");
		deaf(strategy, FLUSH_EACH, DEAF_BROADCAST, "no TLBI broadcast");
		deaf(strategy, FLUSH_FULL, DEAF_VMALLE1, "TLBI VMALLE1 not broadcast");
	}
	test_giving_up();
	deaf(HVO_BBM, FLUSH_EACH, DEAF_HOLD, "other CPUs not held");
	return tap_done();
}
