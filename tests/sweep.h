// SPDX-License-Identifier: MIT
/*
 * Every public call that allocates, with each of its allocations failing in turn until it
 * needs no more: the first, the second, ... alone, and each with all that follow. A call
 * that failed has changed nothing; one that worked, for want of nothing or because it made
 * up for the loss, gave what it should, and nothing is lost once that is given back.
 *
 * One table of calls for the host and for the target; whoever runs it brings the eyes.
 */
#pragma once

#include "mm/arm64/pgtable.h"
#include "mm/phys/gfp.h"

/* --- what the runner brings ------------------------------------------------------------ */

/* What no failed call may change. The boot CPU, others idle; caches are given back first. */
struct sweep_state {
	uint64_t free_pages, table_pages, slab_pages, areas;
	uint64_t leaves; /* descriptors that map something in the vmalloc region and above */
};

struct sweep_state sweep_look(void);

/* @va translates to @pa with @prot, and, if that is RAM, reads what the frame holds. */
bool sweep_sees(uint64_t va, uint64_t pa, pgprot_t prot, bool ram);

/* An aligned physical address from which on there is neither RAM nor a device. Never accessed. */
uint64_t sweep_nowhere(void);

void sweep_complain(const char *fmt, ...) __printf_like(1, 2);

/* --- calls ------------------------------------------------------------------------------ */

struct sweep_call;

/* Those that are not needed are NULL. */
struct sweep_kind {
	/* What the call needs; false: there is no room for it in this machine. */
	bool (*prepare)(const struct sweep_call *c);
	/* False: it returned the error that its contract says, no memory. */
	bool (*call)(const struct sweep_call *c);
	/* After it worked: what it gave is whole. */
	bool (*right)(const struct sweep_call *c);
	void (*undo)(const struct sweep_call *c);
	void (*restore)(const struct sweep_call *c); /* gives back what prepare() took */
};

/* One row. What the fields mean is up to the kind. */
struct sweep_call {
	const char *name;
	const struct sweep_kind *kind;
	uint64_t bytes;
	unsigned order;
	gfp_t gfp;
	pgprot_t prot;
	bool far;   /* at addresses of which no table exists, not even an upper one */
	bool twice; /* it maps twice: upper tables of the first may stay when the second fails */
};

extern const struct sweep_call sweep_calls[];
extern const unsigned nr_sweep_calls;

/* The circumstances: all are tried. */
enum sweep_variant {
	SWEEP_WARM = 1,	     /* hot lists and small objects are at hand */
	SWEEP_NEIGHBOUR = 2, /* the first leaf table of the region is live already */
	SWEEP_VARIANTS = 4,
};

struct sweep_sum {
	uint64_t calls;	   /* rows in their variants that ran */
	uint64_t left_out; /* no room in this machine */
	uint64_t failures; /* allocations that were made to fail */
	uint64_t made_up;  /* calls that worked all the same */
	uint64_t wrong;
};

/* @call in all variants; adds to @sum. */
void sweep(const struct sweep_call *call, struct sweep_sum *sum);
