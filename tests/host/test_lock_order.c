// SPDX-License-Identifier: MIT
// sources: lib/lock/order.c
/*
 * The judge of lock order: every pair of classes, one lock twice, IRQs, letting go in any
 * order, more locks than it follows; and random sequences against a judge that looks at
 * nothing but counts.
 */
#include <string.h>

#include "lib/lock/order.h"
#include "tests/host/tap.h"

static struct held_locks held;
static struct held_lock other;
static int locks[16];

static enum lock_fault take_place(int i, enum lock_class class, uint64_t place)
{
	struct held_lock wanted = { .lock = &locks[i], .class = class, .place = place };

	return lock_order_take(&held, &wanted, true, &other);
}

static enum lock_fault take(int i, enum lock_class class)
{
	return take_place(i, class, 0);
}

static enum lock_fault drop(int i)
{
	return lock_order_drop(&held, &locks[i]);
}

static void start(void)
{
	memset(&held, 0, sizeof(held));
}

static void test_pairs(void)
{
	bool good = true;

	for (enum lock_class a = 0; a < NR_LOCK_CLASSES; a++)
		for (enum lock_class b = 0; b < NR_LOCK_CLASSES; b++) {
			start();
			good &= take_place(0, a, 77) == LOCK_GOOD && !other.lock;
			if (a < b)
				good &= take(1, b) == LOCK_GOOD && !other.lock;
			else
				good &= take(1, b) == LOCK_OUT_OF_ORDER &&
					other.lock == &locks[0] && other.class == a &&
					other.place == 77;
		}
	ok(good, "of two classes only the later may be taken second, and the other one is named");
}

static void test_far_below(void)
{
	start();
	take(0, LOCK_AREAS);
	take(1, LOCK_LOG);
	drop(1);
	ok(take(2, LOCK_LOG) == LOCK_GOOD, "what was let go of is in nobody's way");
	drop(2);
	take(2, LOCK_PGTABLE);
	ok(take(3, LOCK_AREAS) == LOCK_OUT_OF_ORDER && take(4, LOCK_LOG) == LOCK_GOOD,
	   "a lock taken out of order is held all the same");
	start();
	take(0, LOCK_PGTABLE);
	take(1, LOCK_ZONE);
	ok(take(2, LOCK_AREAS) == LOCK_OUT_OF_ORDER && other.lock == &locks[0],
	   "not only the newest lock is looked at");
}

static void test_twice(void)
{
	start();
	take_place(0, LOCK_ZONE, 5);
	take(1, LOCK_PGTABLE);
	ok(take(0, LOCK_ZONE) == LOCK_TWICE && other.place == 5,
	   "one lock twice is told from two of one class, past other locks");
	ok(drop(0) == LOCK_GOOD && drop(0) == LOCK_GOOD && drop(0) == LOCK_NOT_HELD,
	   "it is held twice then");
}

static void test_irqs(void)
{
	struct held_lock wanted = { .lock = &locks[0], .class = LOCK_ZONE };

	start();
	ok(lock_order_take(&held, &wanted, false, &other) == LOCK_IRQS_ON && !other.lock,
	   "IRQs must be masked");
	ok(drop(0) == LOCK_GOOD, "the lock is held all the same");
	take(1, LOCK_LOG);
	ok(lock_order_take(&held, &wanted, false, &other) == LOCK_OUT_OF_ORDER,
	   "a wrong order is worse");
}

static void test_drop(void)
{
	start();
	ok(drop(0) == LOCK_NOT_HELD, "nothing is held at first");
	for (int i = 0; i < 3; i++)
		take(i, LOCK_SLAB + i);
	ok(drop(1) == LOCK_GOOD && held.count == 2 && held.locks[0].lock == &locks[0] &&
		   held.locks[1].lock == &locks[2],
	   "out of the middle");
	ok(drop(1) == LOCK_NOT_HELD && drop(0) == LOCK_GOOD && drop(2) == LOCK_GOOD && !held.count,
	   "each once, in any order");
}

static void test_full(void)
{
	start();
	for (int i = 0; i < HELD_LOCKS_MAX; i++)
		take(i, LOCK_LOG);
	ok(take(HELD_LOCKS_MAX, LOCK_LOG) == LOCK_TOO_MANY && held.count == HELD_LOCKS_MAX &&
		   drop(HELD_LOCKS_MAX) == LOCK_NOT_HELD,
	   "one more than it follows is said, and not followed");
}

static void test_random(void)
{
	unsigned long long seed = 11;
	unsigned count[NR_LOCK_CLASSES], taken[16], total;
	bool good = true;

	start();
	memset(count, 0, sizeof(count));
	memset(taken, 0, sizeof(taken));
	for (int n = total = 0; n < 200000; n++) {
		unsigned i = tap_random(&seed) % 16, class = i % NR_LOCK_CLASSES, above = 0;
		enum lock_fault fault;

		if (tap_random(&seed) % 2) {
			fault = drop(i);
			good &= fault == (taken[i] ? LOCK_GOOD : LOCK_NOT_HELD);
			count[class] -= taken[i] > 0;
			total -= taken[i] > 0;
			taken[i] -= taken[i] > 0;
			continue;
		}
		for (unsigned c = class; c < NR_LOCK_CLASSES; c++)
			above += count[c];
		fault = take(i, class);
		if (total == HELD_LOCKS_MAX) {
			good &= fault == LOCK_TOO_MANY;
			continue;
		}
		good &= fault == (taken[i] ? LOCK_TWICE : above ? LOCK_OUT_OF_ORDER : LOCK_GOOD);
		taken[i]++;
		count[class]++;
		total++;
	}
	ok(good && held.count == total, "200,000 random calls are judged as counting says");
}

int main(void)
{
	test_pairs();
	test_far_below();
	test_twice();
	test_irqs();
	test_drop();
	test_full();
	test_random();
	return tap_done();
}
