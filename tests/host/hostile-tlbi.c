// SPDX-License-Identifier: MIT
/*
 * What TLBIs do to the hostile MMU's TLBs and walk caches (hostile.h), and when.
 */
#include "tests/host/hostile-tlbi.h"
#include "tests/host/hostile-entries.h"

#define RUNS 64

/*
 * As the walker this goes without sanitizers, which watch mm/ and the rest of the model.
 */
#pragma clang attribute push(__attribute__((no_sanitize("address", "undefined"))), \
			     apply_to = function)

/* TLBIs that were issued one right after the other, addresses a step apart. */
struct run {
	enum tlbi_kind kind;
	unsigned ttl; /* the level hint */
	uint64_t va, step, count;
	uint64_t issued; /* the first; the others one event later each */
	bool at_once;	 /* all of them are one instruction */
};
static struct run runs[HOSTILE_CPUS][RUNS];
static unsigned nr_runs[HOSTILE_CPUS];
static unsigned nr_held[HOSTILE_CPUS]; /* of them a DSB was too early for */

void tlbi_start(void)
{
	for (unsigned cpu = 0; cpu < HOSTILE_CPUS; cpu++)
		nr_runs[cpu] = nr_held[cpu] = 0;
}

static void add_run(struct run run)
{
	unsigned cpu = hostile.cpu;

	if (nr_runs[cpu] == RUNS) {
		hostile_fail("CPU %u: more than %u runs of TLBIs without a DSB", cpu, RUNS);
		nr_runs[cpu] = nr_held[cpu] = 0;
	}
	runs[cpu][nr_runs[cpu]++] = run;
}

void tlbi_issue_range(enum tlbi_kind kind, uint64_t operand)
{
	uint64_t va = (uint64_t)((int64_t)(operand << 27) >> 27) * PAGE_SIZE;
	uint64_t granule = operand >> 46 & 3, scale = operand >> 44 & 3, num = operand >> 39 & 31;
	unsigned ttl = operand >> 37 & 3;

	hostile_note(va + kind + operand);
	if (granule != (PAGE_SHIFT - 10u) / 2 || (hostile.deaf == DEAF_TLBI && !hostile_pick(8)))
		return;
	add_run((struct run){ .kind = kind,
			      .ttl = ttl ? (PAGE_SHIFT - 10u) / 2 << 2 | ttl : 0,
			      .va = va,
			      .step = PAGE_SIZE,
			      .count = (num + 1) << (5 * scale + 1),
			      .issued = hostile.now,
			      .at_once = true });
}

void tlbi_issue(enum tlbi_kind kind, uint64_t operand)
{
	unsigned cpu = hostile.cpu, ttl = operand >> 44 & 0xf;
	uint64_t va = (uint64_t)((int64_t)(operand << 20) >> 8) & PAGE_MASK;
	struct run *last = nr_runs[cpu] > nr_held[cpu] ? &runs[cpu][nr_runs[cpu] - 1] : NULL;

	hostile_note(va + kind);
	if (hostile.deaf == DEAF_TLBI && !hostile_pick(8))
		return;
	if (last && !last->at_once && last->kind == kind && kind != TLBI_EVERYTHING &&
	    last->ttl == ttl && hostile.now == last->issued + last->count && va > last->va &&
	    (last->count == 1 || va == last->va + last->count * last->step)) {
		last->step = (va - last->va) / last->count;
		last->count++;
		return;
	}
	add_run((struct run){ kind, ttl, va, PAGE_SIZE, 1, hostile.now, false });
}

/* When the last TLBI of the run was issued that is about [va, va + 1 << shift); 0: none is. */
static __always_inline uint64_t issued_for(const struct run *run, uint64_t va, unsigned shift,
					   int level)
{
	uint64_t last = va + (1UL << shift) - 1, k;

	if (run->kind == TLBI_EVERYTHING)
		return run->issued;
	/* A hint of another level or granule: the TLBI may do nothing (D8.16.5). */
	if (run->ttl && run->ttl != ((PAGE_SHIFT - 10u) / 2 << 2 | (unsigned)level))
		return 0;
	if (last < run->va)
		return 0;
	k = MIN((last - run->va) / run->step, run->count - 1);
	if (run->va + k * run->step < va)
		return 0;
	return run->at_once ? run->issued : run->issued + k;
}

static __always_inline bool removes(const struct run *run, const struct entry *e)
{
	unsigned shift = MAX(e->shift, e->origin);
	uint64_t issued = issued_for(run, ALIGN_DOWN(e->va, 1UL << shift), shift, e->level);

	return issued >= (run->kind == TLBI_LAST_LEVEL ? e->leaf_read : e->oldest);
}

static __always_inline bool removes_walk(const struct run *run, const struct walk_entry *w)
{
	return run->kind != TLBI_LAST_LEVEL &&
	       issued_for(run, w->va, w->shift, w->level - 1) >= w->oldest;
}

static void complete_run(const struct run *run, struct tlb *tlb)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (tlb->entries[i].shift && removes(run, &tlb->entries[i]))
			tlb->entries[i].shift = 0;
	for (unsigned i = 0; i < WALK_ENTRIES; i++)
		if (tlb->walks[i].shift && removes_walk(run, &tlb->walks[i]))
			tlb->walks[i].shift = 0;
}

/* Not every CPU hears of it, when the test says so. */
static bool reaches(const struct run *run, unsigned from, unsigned to)
{
	return from == to || !(hostile.deaf == DEAF_BROADCAST ||
			       (hostile.deaf == DEAF_VMALLE1 && run->kind == TLBI_EVERYTHING));
}

bool tlbi_complete(unsigned cpu, bool early)
{
	unsigned n = nr_runs[cpu];

	if (early && !nr_held[cpu] && hostile_pick(2)) {
		nr_held[cpu] = n;
		return false;
	}
	if (n == nr_held[cpu]) /* no TLBI since that DSB */
		return false;
	for (unsigned i = 0; i < n; i++)
		for (unsigned to = 0; to < hostile.cpus; to++)
			if (reaches(&runs[cpu][i], cpu, to))
				complete_run(&runs[cpu][i], &tlbs[to]);
	nr_runs[cpu] = nr_held[cpu] = 0;
	return true;
}

#pragma clang attribute pop
