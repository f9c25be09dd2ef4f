// SPDX-License-Identifier: MIT
/*
 * TLBIs, as the policy has them (flush.h). All of them between the two barriers of the door:
 * no walker can read what was cleared again, and nobody goes on before they are complete.
 */
#include "mm/map/flush.h"

const char *const flush_policy_names[FLUSH_POLICIES + 1] = { "each", "range", "full", "lazy" };

unsigned flush_policy;
uint64_t flush_each_max = FLUSH_ALL_PAST;
bool flush_has_ranges;

enum flush_policy flush_set_policy(enum flush_policy policy)
{
	enum flush_policy before = flush_policy;

	flush_policy = policy == FLUSH_RANGE && !flush_has_ranges ? FLUSH_EACH : policy;
	flush_each_max =
		flush_policy == FLUSH_RANGE || flush_policy == FLUSH_FULL ? 0 : FLUSH_ALL_PAST;
	MM_EVENT(EVENT_LAZY, 0, 0, flush_policy == FLUSH_LAZY);
	return before;
}

/* Every member of a contiguous group has its own TLBI, the hint binds nobody. */
static __always_inline void flush_runs(const struct flush *f)
{
	for (unsigned i = 0; i < f->noted; i++) {
		const struct flush_run *run = &f->runs[i];
		uint64_t size = 1UL << run->shift;

		if (run->unlinked)
			tlbi_walks(run->va, run->leaves, size);
		else
			tlbi_leaves(run->va, run->leaves, size);
	}
}

/* One form for the whole range: leaves whose table stays lose nothing by the stronger one. */
static void flush_range(uint64_t va, uint64_t end, bool unlinked)
{
	uint64_t pages = (end - va) >> PAGE_SHIFT;

	if (pages <= TLBI_RANGE_PAGES_MAX)
		tlbi_range(va, pages, unlinked);
	else
		tlbi_all();
}

void flush_commit(struct flush *f)
{
	door_before_tlbi();
	if (f->leaves <= flush_each_max)
		flush_runs(f);
	else if (flush_policy == FLUSH_RANGE)
		flush_range(f->va, f->end, f->unlinked);
	else
		tlbi_all();
	door_after_tlbi();
}

/* By the page, whatever the leaves were: nobody remembers. The walk cache forgets as well. */
void flush_purge(uint64_t va, uint64_t end)
{
	uint64_t pages = (end - va) >> PAGE_SHIFT;

	door_before_tlbi();
	if (flush_has_ranges)
		flush_range(va, end, true);
	else if (pages <= FLUSH_ALL_PAST)
		tlbi_walks(va, pages, PAGE_SIZE);
	else
		tlbi_all();
	door_after_tlbi();
}
