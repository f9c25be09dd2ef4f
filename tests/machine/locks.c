// SPDX-License-Identifier: MIT
/*
 * Suite locks: what a lock costs when nobody else wants it, what happens to a CPU that waits
 * in vain, and (Image.check) that whoever breaks a rule is named.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/pmu/pmu.h"
#include "drivers/timer.h"
#include "lib/lock.h"
#include "lib/platform.h"
#include "tests/support.h"

/*
 * tests/machine/asm.S: takes a lock that has to be waited for, as arch_spin_lock() does. A bit for
 * each register that the wait changed: n for xn; 31 the flags, 32 SP.
 */
uint64_t lock_and_compare(arch_spinlock_t *lock);

#define PATIENCE_MS 2
#define PAIR_LIMIT  20 /* instructions, lock and unlock together */
#define DAIF_I	    (1UL << 7)

static struct {
	unsigned complaints;
	char line[256]; /* the last one */
	arch_spinlock_t *lock;
} heard;
static unsigned usual_patience_ms;

/* Opens the lock that this CPU waits for, which it holds itself. */
static void hear(const char *line)
{
	heard.complaints++;
	snprintf(heard.line, sizeof(heard.line), "%s", line);
	if (heard.lock && strstr(line, "waited"))
		arch_spin_unlock(heard.lock);
}

static void listen(arch_spinlock_t *lock)
{
	memset(&heard, 0, sizeof(heard));
	heard.lock = lock;
	lock_complaint = hear;
	usual_patience_ms = lock_patience_ms;
	lock_patience_ms = PATIENCE_MS;
}

static void listen_no_more(void)
{
	lock_complaint = NULL;
	lock_patience_ms = usual_patience_ms;
}

static bool heard_of(const char *what)
{
	if (strstr(heard.line, what))
		return true;
	ktap_note("heard: %s", heard.line);
	return false;
}

static uint64_t total_waits(const struct lock_stats *stats)
{
	uint64_t waited = 0;

	for (unsigned i = 0; i < NR_LOCK_CLASSES; i++)
		waited += stats->of[i].waited;
	return waited;
}

/* The CPU waits for itself: it says so in time, and goes on when the lock is opened. */
TEST(locks_bounded, "locks/a-wait-in-vain-ends-in-a-report")
{
	static arch_spinlock_t lock = ARCH_SPINLOCK_INIT;
	struct lock_stats before, after;
	uint64_t flags = local_irq_save(), start = timer_ticks(), passed;

	get_lock_stats(&before);
	listen(&lock);
	arch_spin_lock(&lock);
	arch_spin_lock(&lock);
	listen_no_more();
	get_lock_stats(&after);
	passed = timer_ns(timer_ticks() - start);
	arch_spin_unlock(&lock);
	local_irq_restore(flags);

	CHECK_EQ(heard.complaints, 1);
	CHECK(heard_of("waited 2 ms, as number 1; 0 is served, 2 are out"));
	CHECK(passed >= PATIENCE_MS * 1000000UL);
	CHECK_EQ(total_waits(&after) - total_waits(&before), 1);
	CHECK_EQ(lock.tickets, 2 << 16 | 2);
}

/* The compiler is told of no call: every register and the flags are as before. */
TEST(locks_registers, "locks/a-wait-changes-no-register")
{
	static arch_spinlock_t lock = ARCH_SPINLOCK_INIT;
	uint64_t flags = local_irq_save(), changed;

	listen(&lock);
	arch_spin_lock(&lock);
	changed = lock_and_compare(&lock);
	listen_no_more();
	arch_spin_unlock(&lock);
	local_irq_restore(flags);
	CHECK_EQ(changed, 0);
	CHECK_EQ(heard.complaints, 1);
}

/* The fewest of a few: an interrupt in between is not the lock's. */
static uint32_t pair_instructions(spinlock_t *lock)
{
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < 5; i++) {
		uint32_t start = pmu_instructions(), empty = pmu_instructions() - start, pair;
		uint64_t flags;

		start = pmu_instructions();
		flags = spin_lock_irqsave(lock);
		spin_unlock_irqrestore(lock, flags);
		pair = pmu_instructions() - start - empty;
		least = MIN(least, pair);
	}
	return least;
}

TEST(locks_cost, "locks/uncontended-in-20-instructions")
{
	static spinlock_t lock = SPINLOCK_INIT;
	uint32_t pair;

	if (IS_CHECKED)
		SKIP("Image.check follows every lock");
	if (!pmu_has_event(PMU_INST_RETIRED) || pmu_start())
		SKIP("no instruction counter");
	pair = pair_instructions(&lock);
	pmu_stop();
	CHECK(pair > 0);
	if (!CHECK(pair <= PAIR_LIMIT))
		ktap_note("%u instructions", pair);
}

#ifdef CHECKED

static spinlock_t zone = SPINLOCK(LOCK_ZONE), areas = SPINLOCK(LOCK_AREAS);
static spinlock_t other_areas = SPINLOCK(LOCK_AREAS);

static noinline void take_first(spinlock_t *lock)
{
	raw_spin_lock(lock);
	asm volatile("// no tail call, no twin: the place is here");
}

static noinline void take_second(spinlock_t *lock)
{
	raw_spin_lock(lock);
	asm volatile("// no tail call, and another place");
}

/* Takes @first, then @second; how many complaints that were. */
static unsigned complaints_of(spinlock_t *first, spinlock_t *second)
{
	uint64_t flags = local_irq_save();

	listen(NULL);
	take_first(first);
	take_second(second);
	listen_no_more();
	raw_spin_unlock(second);
	raw_spin_unlock(first);
	local_irq_restore(flags);
	return heard.complaints;
}

TEST(locks_order, "locks/order")
{
	CHECK_EQ(complaints_of(&zone, &areas), 0);
	CHECK_EQ(complaints_of(&areas, &zone), 1);
	CHECK(heard_of("locks: zone lock "));
	CHECK(heard_of(" at take_second+0x"));
	CHECK(heard_of(": taken out of order; held: areas lock "));
	CHECK(strstr(heard.line, "take_first+0x") > strstr(heard.line, "held: "));
	CHECK_EQ(complaints_of(&areas, &other_areas), 1);
	CHECK(heard_of(": taken out of order; held: areas lock "));
}

TEST(locks_misuse, "locks/misuse")
{
	uint64_t flags = local_irq_save();

	listen(NULL);
	raw_spin_lock(&zone);
	lock_check_take(&zone); /* to wait would be for ever */
	CHECK_EQ(heard.complaints, 1);
	CHECK(heard_of("zone lock "));
	CHECK(heard_of(": taken twice; held: zone lock "));
	lock_check_drop(&zone);
	CHECK_EQ(heard.complaints, 1);

	CHECK_EQ(locks_held("in this test"), 1);
	CHECK_EQ(heard.complaints, 2);
	CHECK(heard_of(": still held in this test"));
	raw_spin_unlock(&zone);
	CHECK_EQ(locks_held("in this test"), 0);
	CHECK_EQ(heard.complaints, 2);

	lock_check_drop(&zone);
	CHECK_EQ(heard.complaints, 3);
	CHECK(heard_of(": let go of but not held"));

	local_irq_restore(flags & ~DAIF_I);
	raw_spin_lock(&zone);
	raw_spin_unlock(&zone);
	local_irq_restore(flags);
	listen_no_more();
	CHECK_EQ(heard.complaints, 4);
	CHECK(heard_of(": taken with IRQs unmasked"));
}

/* Counted by class, each lock once. */
TEST(locks_counted, "locks/counted")
{
	struct lock_stats before, after;
	uint64_t flags;

	get_lock_stats(&before);
	flags = spin_lock_irqsave(&zone);
	raw_spin_lock(&areas);
	raw_spin_unlock(&areas);
	spin_unlock_irqrestore(&zone, flags);
	get_lock_stats(&after);
	for (unsigned i = 0; i < NR_LOCK_CLASSES; i++) {
		CHECK_EQ(after.of[i].taken - before.of[i].taken, i == LOCK_ZONE || i == LOCK_AREAS);
		CHECK_EQ(after.of[i].waited, before.of[i].waited);
	}
}

#endif
