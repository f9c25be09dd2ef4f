// SPDX-License-Identifier: MIT
/*
 * Cases among very many live areas of one page. As in Linux, making and freeing those is part
 * of the run.
 */
#include "bench/cases/case.h"
#include "drivers/smp/cpus.h"
#include "mm/areas/vmalloc.h"

#define BUSY_AREAS 15000
#define LARGE	   (100 * PAGE_SIZE)

struct held {
	void *at;
	uint64_t tag;
};

/* One area of a page; a failure is met by whoever needs one more. */
static void hold(struct worker *w, struct held *held)
{
	held->at = vmalloc(PAGE_SIZE);
	if (held->at)
		held->tag = case_tag(w, held->at, PAGE_SIZE);
}

/* Gives @n back. -1: one of them did not keep what was written to it. */
static int let_go(struct worker *w, const struct held *held, uint64_t n)
{
	int error = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (held[i].at && !case_tagged(w, held[i].at, PAGE_SIZE, held[i].tag))
			error = -1;
		vfree(held[i].at);
	}
	return error;
}

/* Linux's fls(): the number of its highest bit, from 1. */
static uint64_t gaps_wanted(void)
{
	return (ilog2(nr_online_cpus()) + 1) * (32 * MiB / PAGE_SIZE);
}

static int fill_gap(struct worker *w)
{
	char *p = vmalloc(PAGE_SIZE);
	int error;

	if (!p)
		return -1;
	*(volatile char *)p = 1;
	error = case_readback(w, p, PAGE_SIZE) ? 0 : -1;
	vfree(p);
	return error;
}

int full_fit_alloc(struct worker *w)
{
	uint64_t n = gaps_wanted();
	struct held *kept = vmalloc(n * sizeof(*kept)), *junk = vmalloc(n * sizeof(*junk));
	int error = 0;

	if (!kept || !junk) {
		vfree(kept);
		vfree(junk);
		return -1;
	}
	for (uint64_t i = 0; i < n; i++) {
		hold(w, &kept[i]);
		hold(w, &junk[i]);
	}
	error = let_go(w, junk, n);
	for (uint64_t i = 0; i < w->params.test_loop_count && !error; i++)
		error = fill_gap(w);
	error = let_go(w, kept, n) ?: error;
	vfree(kept);
	vfree(junk);
	return error;
}

static int large_and_small(struct worker *w)
{
	char *large = vmalloc(LARGE), *small = large ? vmalloc(PAGE_SIZE) : NULL;
	int error = -1;

	if (small) {
		*(volatile char *)large = 0;
		*(volatile char *)small = 1;
		if (case_readback(w, large, LARGE) && case_readback(w, small, PAGE_SIZE))
			error = 0;
	}
	vfree(large);
	vfree(small);
	return error;
}

int long_busy_list_alloc(struct worker *w)
{
	struct held *busy = vmalloc(BUSY_AREAS * sizeof(*busy));
	int error = 0;

	if (!busy)
		return -1;
	for (uint64_t i = 0; i < BUSY_AREAS; i++)
		hold(w, &busy[i]);
	for (uint64_t i = 0; i < w->params.test_loop_count && !error; i++)
		error = large_and_small(w);
	error = let_go(w, busy, BUSY_AREAS) ?: error;
	vfree(busy);
	return error;
}
