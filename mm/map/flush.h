// SPDX-License-Identifier: MIT
/*
 * How translations are forgotten once a call has unmapped them: the policies, and the batch of
 * TLBIs that an unmapping call collects. What each costs: docs/flush.md.
 */
#pragma once

#include "lib/panic.h"
#include "mm/arm64/door.h"

enum flush_policy {
	FLUSH_EACH,  /* a TLBI a descriptor, one of everything past FLUSH_ALL_PAST */
	FLUSH_RANGE, /* TLBIs of ranges, where every CPU has FEAT_TLBIRANGE */
	FLUSH_FULL,  /* one of everything, always */
	FLUSH_LAZY,  /* RAM's areas: none till they are purged (mm/areas/lazy.h); others as each */
	FLUSH_POLICIES,
};

/* Their names, as `flush=` has them; NULL at the end. */
extern const char *const flush_policy_names[FLUSH_POLICIES + 1];

/* The one in force. Read by every unmapping call. */
extern unsigned flush_policy; /* enum flush_policy */

/*
 * Descriptors that one call flushes by themselves: FLUSH_ALL_PAST, or none where the policy has
 * another way for any number.
 */
extern uint64_t flush_each_max;

/* Every CPU has FEAT_TLBIRANGE. Set once, at boot. */
extern bool flush_has_ranges;

/*
 * Puts @policy in force, and returns the one before. FLUSH_RANGE is FLUSH_EACH where
 * !flush_has_ranges. While nobody else unmaps; what is on the lazy list stays there, so that
 * who leaves FLUSH_LAZY calls vm_unmap_aliases() first.
 */
enum flush_policy flush_set_policy(enum flush_policy policy);

/* More descriptors than this are flushed all at once, as in Linux (MAX_DVM_OPS at 4K). */
#define FLUSH_ALL_PAST 512

/*
 * Cleared runs of leaves whose TLBIs are due: at most a part of a table, blocks, 1G blocks,
 * blocks and a part of a table, since a whole table beside anything is past FLUSH_ALL_PAST.
 */
#define FLUSH_RUNS 5

struct flush_run {
	uint64_t va;
	uint32_t leaves;
	uint8_t shift; /* log2 of what one leaf maps */
	bool unlinked; /* a table went: the walk cache has to forget it */
};

struct flush {
	uint64_t va, end; /* of the call */
	uint64_t leaves;  /* cleared so far; past flush_each_max nothing more is noted */
	unsigned noted;
	bool unlinked; /* any table went */
	struct flush_run runs[FLUSH_RUNS];
};

static __always_inline void flush_begin(struct flush *f, uint64_t va, uint64_t end)
{
	f->va = va;
	f->end = end;
	f->leaves = f->noted = 0;
	f->unlinked = false;
}

/* @leaves of 1 << @shift bytes from @va were cleared, ascending from call to call. */
static __always_inline void flush_note(struct flush *f, uint64_t va, uint64_t leaves,
				       unsigned shift, bool unlinked)
{
	f->leaves += leaves;
	f->unlinked |= unlinked;
	if (f->leaves > flush_each_max)
		return;
	/* Blocks in a row are one entry. */
	if (!unlinked && f->noted) {
		struct flush_run *run = &f->runs[f->noted - 1];

		if (run->shift == shift && run->va + ((uint64_t)run->leaves << shift) == va) {
			run->leaves += (uint32_t)leaves;
			return;
		}
	}
	panic_unless(f->noted < FLUSH_RUNS, "unmap: 0x%lx: too many runs", va);
	f->runs[f->noted++] = (struct flush_run){
		.va = va, .leaves = (uint32_t)leaves, .shift = (uint8_t)shift, .unlinked = unlinked
	};
}

/*
 * Forgets all that was noted, as the policy has it: on return no stale translation is used. Under
 * the page-table lock, which the stores were made under.
 */
void flush_commit(struct flush *f);

/* The same for all that was cleared in [@va, @end) earlier, and for tables unlinked there now. */
void flush_purge(uint64_t va, uint64_t end);
