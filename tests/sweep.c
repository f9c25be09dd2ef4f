// SPDX-License-Identifier: MIT
/*
 * How a call is swept. In Image no allocation fails on demand, and nothing of this is there.
 */
#include "tests/sweep.h"

#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"

#if HAVE_FAIL_NTH
/* No call here needs so many. */
#define MOST_ALLOCATIONS 5000

static bool same(const struct sweep_state *a, const struct sweep_state *b)
{
	return a->free_pages == b->free_pages && a->table_pages == b->table_pages &&
	       a->slab_pages == b->slab_pages && a->areas == b->areas && a->leaves == b->leaves;
}

/* After a call that worked and was undone: upper tables stay linked (mm/map/map.h). */
static bool nothing_lost(const struct sweep_state *a, const struct sweep_state *b)
{
	return a->free_pages + a->table_pages == b->free_pages + b->table_pages &&
	       a->slab_pages == b->slab_pages && a->areas == b->areas && a->leaves == b->leaves;
}

/* Something on each list that a call could take from. */
static void warm_up(void)
{
	static const unsigned orders[] = { 0, CONT_PTES_SHIFT, PMD_SHIFT - PAGE_SHIFT };

	for (uint64_t size = 32; size <= PAGE_SIZE / 2; size *= 2)
		kfree(kmalloc(size, GFP_KERNEL));
	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++)
		__free_pages(alloc_pages(GFP_KERNEL, orders[i]), orders[i]);
}

struct attempt {
	const struct sweep_call *call;
	unsigned variant;
	uint64_t first, last; /* allocations that fail */
	struct sweep_state before;
};

static void complain(const struct attempt *a, struct sweep_sum *sum, const char *what)
{
	if (sum->wrong++ < 10)
		sweep_complain("%s, variant %u: allocation %lu%s failed: %s", a->call->name,
			       a->variant, a->first, a->last > a->first ? " and later ones" : "",
			       what);
}

/* One call with its allocations failing as @a says. Returns how many did. */
static uint64_t try(struct attempt *a, struct sweep_sum *sum)
{
	const struct sweep_kind *kind = a->call->kind;
	struct sweep_state before = a->before, after;
	bool worked, tables_stay;
	uint64_t failed;

	if (a->variant & SWEEP_WARM)
		warm_up();
	fail_nth_begin(a->first, a->last);
	worked = kind->call(a->call);
	failed = fail_nth_end();
	if (worked) {
		if (!kind->right(a->call))
			complain(a, sum, "what the call gave is not right");
		kind->undo(a->call);
	}
	a->before = after = sweep_look();
	tables_stay = worked || a->call->twice;
	if (tables_stay ? !nothing_lost(&before, &after) : !same(&before, &after)) {
		complain(a, sum, worked ? "something is lost" : "the call changed something");
		sweep_complain("free %ld, tables %ld, slabs %ld, areas %ld, leaves %ld more",
			       (long)(after.free_pages - before.free_pages),
			       (long)(after.table_pages - before.table_pages),
			       (long)(after.slab_pages - before.slab_pages),
			       (long)(after.areas - before.areas),
			       (long)(after.leaves - before.leaves));
	}
	if (!worked && !failed)
		complain(a, sum, "nothing did, and the call did not work");
	if (worked && failed && a->last > a->first)
		complain(a, sum, "and the call worked without memory");
	sum->failures += failed;
	sum->made_up += worked && failed;
	return failed;
}

/*
 * The next allocation to fail. On the host it is every one; on the target, where it takes longer,
 * from the 16th on every one of a growing step, as later ones are pages of the same list.
 */
static uint64_t next_to_fail(uint64_t n)
{
#ifdef HOST
	return n + 1;
#else
	return n < 16 ? n + 1 : n + n / 4;
#endif
}

static void sweep_variant(const struct sweep_call *call, unsigned variant, struct sweep_sum *sum)
{
	struct attempt a = { .call = call, .variant = variant, .before = sweep_look() };
	uint64_t wrong = sum->wrong;

	/* The last round has no failure: the call works. */
	for (a.first = 1; a.first < MOST_ALLOCATIONS && sum->wrong == wrong;
	     a.first = next_to_fail(a.first)) {
		a.last = UINT64_MAX;
		if (!try(&a, sum))
			break;
		a.last = a.first;
		try(&a, sum);
	}
	if (a.first >= MOST_ALLOCATIONS)
		complain(&a, sum, "the call has no end");
}

void sweep(const struct sweep_call *call, struct sweep_sum *sum)
{
	uint64_t calls = sum->calls, failures = sum->failures;

	fail_nth_end(); /* what the command line asked for is not for what prepares a call */
	for (unsigned variant = 0; variant < SWEEP_VARIANTS; variant++) {
		void *neighbour = variant & SWEEP_NEIGHBOUR ? vmalloc(1) : NULL;

		if (!call->kind->prepare || call->kind->prepare(call)) {
			sweep_variant(call, variant, sum);
			sum->calls++;
		} else {
			sum->left_out++;
		}
		if (call->kind->restore)
			call->kind->restore(call);
		vfree(neighbour);
	}
	/* Upper tables may be there from an earlier run. */
	if (sum->calls > calls && sum->failures == failures && !call->far) {
		sum->wrong++;
		sweep_complain("%s: no allocation of it could be made to fail", call->name);
	}
}
#endif
