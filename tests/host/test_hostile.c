// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/hostile-memory.c tests/host/hostile-tlb.c tests/host/hostile-tlbi.c tests/host/hostile-vmemmap.c tests/host/hostile-oracle.c tests/host/hostile-calls.c
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages,--wrap=table_pages_free
// granules: 12 14 16
// clang-format on
/*
 * mm/ on the hostile MMU (hostile.h): silent with each number of CPUs, the same for the same
 * seed, and red as soon as one kind of instruction goes unheard, when everything that software
 * reads back is still right.
 *
 * Each run is a process of its own, which starts from the same memory. From the environment:
 *   HOSTILE_STEPS  events and choices of each run, default 5,000,000
 *   HOSTILE_SEED   only the run of this seed, with HOSTILE_CPUS CPUs (default 4)
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mm/map/flush.h"
#include "mm/map/view/walk.h"
#include "tests/host/hostile-calls.h"
#include "tests/host/hostile-oracle.h"
#include "tests/host/tap.h"

#define STEPS	   5000000UL
#define SEEDS	   3
#define DEAF_SEEDS 4
/* By then each deafness has shown itself, with a factor to spare. */
#define DEAF_STEPS 20000000UL

struct run {
	uint64_t seed, steps;
	unsigned cpus;
	enum hostile_deaf deaf;
	enum flush_policy policy;
	bool twice; /* tlbi=twice */
	/* what became of it */
	struct hostile state;
	double seconds;
	unsigned wrong_read_back;
	bool ended;
};
static struct run *run; /* shared with the process that runs it */

/* Of the runs that follow. */
static enum flush_policy policy;
static bool twice;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* What software can find out for itself: walking the tables in memory. */
static unsigned read_back(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < nr_live; i++)
		for (uint64_t page = 0; page < live[i].pages; page += live[i].pages / 64 + 1) {
			uint64_t va = live[i].va + (page << PAGE_SHIFT);
			struct answer want;
			struct leaf leaf;

			oracle_answer(va, &want);
			wrong += !walk_lookup(va, &leaf) != want.mapped ||
				 (want.mapped && (leaf.pa != want.pa || leaf.prot != want.prot));
		}
	return wrong;
}

static void run_here(void)
{
	double start = seconds();

	flush_set_policy(run->policy);
	door_tlbi_twice = run->twice;
	calls_start();
	hostile_start(run->seed, run->cpus, run->deaf);
	while (hostile_steps() < run->steps && !hostile.failed)
		calls_step();
	run->seconds = seconds() - start;
	run->wrong_read_back = read_back();
	run->state = hostile;
	run->ended = true;
}

static const struct hostile *start_run(uint64_t seed, unsigned cpus, enum hostile_deaf deaf,
				       uint64_t steps)
{
	pid_t pid;

	*run = (struct run){ .seed = seed,
			     .steps = steps,
			     .cpus = cpus,
			     .deaf = deaf,
			     .policy = policy,
			     .twice = twice };
	fflush(NULL);
	pid = fork();
	if (!pid) {
		run_here();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		perror("hostile: fork");
	return &run->state;
}

/* A run in which nothing may go wrong. */
static void right_run(uint64_t seed, unsigned cpus, uint64_t steps)
{
	const struct hostile *h = start_run(seed, cpus, DEAF_NONE, steps);

	ok(run->ended && !h->failed && h->now + h->choices >= steps && !run->wrong_read_back,
	   "%sflush=%s, %u CPUs, seed %lu: every access has the one right answer",
	   twice ? "tlbi=twice, " : "", flush_policy_names[policy], cpus, seed);
	printf("# %lu calls, %.0f a second; %lu steps: %lu door events, %lu choices (%lu walks, "
	       "%lu cached leaves, %lu accesses), %lu late stores; digest %016lx\n",
	       h->calls, h->calls / run->seconds, h->now + h->choices, h->now, h->choices, h->walks,
	       h->fills, h->accesses, h->late_stores, h->digest);
	if (!run->ended)
		printf("# it ended before its time\n");
	if (h->failed)
		printf("# call %lu, step %lu: %s\n", h->calls, h->failed_at, h->failure);
	if (!run->ended || h->failed)
		printf("# again: HOSTILE_SEED=%lu HOSTILE_CPUS=%u HOSTILE_STEPS=%lu\n", seed, cpus,
		       steps);
}

static void test_replay(void)
{
	uint64_t digest = start_run(1, 4, DEAF_NONE, STEPS / 4)->digest, again, other;
	bool ended = run->ended;

	again = start_run(1, 4, DEAF_NONE, STEPS / 4)->digest;
	other = start_run(2, 4, DEAF_NONE, STEPS / 4)->digest;
	ok(ended && run->ended && digest == again && digest != other,
	   "a seed replays to the same digest, another seed does not");
}

static const char *const deaf_names[DEAF_KINDS] = {
	[DEAF_DMB] = "no DMB between a table's contents and its link",
	[DEAF_DSB_ISHST] = "no DSB ISHST after stores",
	[DEAF_DSB_ISH] = "no DSB ISH after TLBIs",
	[DEAF_ISB] = "no ISB",
	[DEAF_TLBI] = "one TLBI in eight lost",
	[DEAF_ALL_LEVELS] = "last-level TLBIs for unlinked tables",
	[DEAF_VMALLE1] = "TLBI VMALLE1 not broadcast",
	[DEAF_BROADCAST] = "no TLBI broadcast",
	[DEAF_EARLY] = "DSB ISH before its TLBIs are complete",
	[DEAF_HOLD] = "other CPUs not held",
};

/* Every seed finds it; what is in memory is as it should be all the while. */
static void test_deaf(enum hostile_deaf deaf)
{
	uint64_t most = 0, least = UINT64_MAX, calls = 0;
	bool good = true;

	for (unsigned seed = 1; seed <= DEAF_SEEDS; seed++) {
		const struct hostile *h = start_run(seed, 4, deaf, DEAF_STEPS);

		good = good && run->ended && h->failed && !run->wrong_read_back;
		most = MAX(most, h->failed_at);
		least = MIN(least, h->failed_at);
		calls = MAX(calls, h->calls);
		if (seed == 1)
			printf("# %s\n", h->failure);
	}
	ok(good, "flush=%s, %s: found by %u of %u seeds, read back it is right",
	   flush_policy_names[policy], deaf_names[deaf], good ? DEAF_SEEDS : 0, DEAF_SEEDS);
	printf("# after %lu to %lu steps, at most %lu calls\n", least, most, calls);
}

/*
 * The other policies, and each of them deaf to what it relies on. With lazy freeing most of what is
 * wrong shows only when addresses are used again.
 */
static void test_policies(uint64_t steps)
{
	for (policy = FLUSH_RANGE; policy < FLUSH_POLICIES; policy++)
		for (unsigned cpus = 1; cpus <= HOSTILE_CPUS; cpus += HOSTILE_CPUS - 1)
			right_run(policy, cpus, steps);
	policy = FLUSH_RANGE;
	test_deaf(DEAF_TLBI);
	test_deaf(DEAF_ALL_LEVELS);
	policy = FLUSH_FULL;
	test_deaf(DEAF_VMALLE1);
	policy = FLUSH_LAZY;
	test_deaf(DEAF_TLBI);
	test_deaf(DEAF_BROADCAST);
	policy = FLUSH_EACH;
}

/* The same MMU: with one more TLBI and DSB nothing is left of the error. */
static void test_workaround(uint64_t steps)
{
	twice = true;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		const struct hostile *h = start_run(seed, HOSTILE_CPUS, DEAF_EARLY, steps);

		ok(run->ended && !h->failed && h->now + h->choices >= steps,
		   "tlbi=twice, DSB ISH before its TLBIs are complete, seed %u: nothing is found",
		   seed);
		if (h->failed)
			printf("# %s\n", h->failure);
	}
	right_run(1, HOSTILE_CPUS, steps);
	twice = false;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	uint64_t steps = number("HOSTILE_STEPS", STEPS), seed = number("HOSTILE_SEED", 0);

	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED)
		return 99;
	flush_has_ranges = true;
	calls_init();
	if (seed) {
		right_run(seed, MIN(number("HOSTILE_CPUS", HOSTILE_CPUS), HOSTILE_CPUS), steps);
		return tap_done();
	}
	for (unsigned cpus = 1; cpus <= HOSTILE_CPUS; cpus++)
		for (seed = 1; seed <= SEEDS; seed++)
			right_run(seed, cpus, steps);
	test_policies(steps);
	test_workaround(steps);
	test_replay();
	for (enum hostile_deaf deaf = DEAF_NONE + 1; deaf < DEAF_KINDS; deaf++)
		test_deaf(deaf);
	return tap_done();
}
