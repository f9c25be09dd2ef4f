// SPDX-License-Identifier: MIT
/*
 * How live leaves of the vmemmap get another output address while everybody reads through them.
 *
 * Break-before-make is required of a change of output address if the old or the new entry is
 * writable, or if what is at the two addresses differs (Arm ARM DDI 0487, D8.16.1). Tails of one
 * (zone, order) are the same bit by bit, so a read-only leaf may go from a frame full of them to
 * another at once: whichever of the two a TLB holds, a load gives the same. Permissions alone may
 * change without break too; until TLBI and DSB a TLB may hold either.
 *
 * All: under pgtable_lock. Frames were chained, and their contents are in place, before.
 */
#include <string.h>

#include "lib/panic.h"
#include "mm/map/flush.h"
#include "mm/pages/hvo/hvo-internal.h"

/* Ends are looked up once: a store to a slot is none to a row. */
#define for_each_row(row, b)                                                           \
	for (const struct hvo_row *row = (b)->rows, *const last_ = row + (b)->nr_rows; \
	     row < last_; row++)

#define for_each_leaf(slot_, row) \
	for (desc_t *slot_ = (row)->slot, *const end_ = slot_ + (row)->n; slot_ < end_; slot_++)

/*
 * Forgets all leaves of the batch, by the policy in force (mm/map/flush.h); tables stay, so the
 * last level is enough. Its first DSB: no walker finds what the leaves were before. Its last: no
 * TLB holds it either, on any CPU.
 */
static void flush(const struct hvo_batch *b)
{
	door_before_tlbi();
	if (likely(b->leaves <= flush_each_max)) {
		for_each_row (row, b)
			tlbi_leaves(row->va, row->n, PAGE_SIZE);
	} else if (flush_policy == FLUSH_RANGE) {
		for_each_row (row, b)
			tlbi_range(row->va, row->n, false);
	} else {
		tlbi_all();
	}
	door_after_tlbi();
}

/* What a leaf is going to be: shared, or of the next frame of the chain. */
static __always_inline desc_t target(const struct hvo_row *row, bool share,
				     const struct page **page)
{
	desc_t d;

	if (share)
		return row->shared;
	d = leaf_desc(page_to_phys(*page), PAGE_KERNEL, LEVEL_PTE);
	*page = (*page)->hot_link.sle_next;
	return d;
}

/* Leaves for the frames of the chain, in its order, but for the bits @toggle of each. */
static void store_frames(const struct hvo_batch *b, desc_t toggle)
{
	const struct page *page = b->frames;

	for_each_row (row, b)
		for_each_leaf (slot, row)
			set_desc_in_loop(slot, target(row, false, &page) ^ toggle);
	door_stored(b->leaves);
}

/* Leaves for the shared page, as above. */
static void store_shared(const struct hvo_batch *b, desc_t toggle)
{
	for_each_row (row, b) {
		desc_t d = row->shared ^ toggle;

		for_each_leaf (slot, row)
			set_desc_in_loop(slot, d);
	}
	door_stored(b->leaves);
}

/* Sets bits in every leaf, and clears others. */
static __always_inline void change_all(const struct hvo_batch *b, desc_t set, desc_t clear)
{
	for_each_row (row, b)
		for_each_leaf (slot, row)
			set_desc_in_loop(slot, (get_desc(slot) | set) & ~clear);
	door_stored(b->leaves);
}

/*
 * What makes HVO_RO legal, looked at where looking is paid for: all that the leaves lead to now is
 * what the shared page holds. After the flush that ended writing.
 */
static void check_equal(const struct hvo_batch *b)
{
#if defined(CHECKED) || defined(HOST)
	for_each_row (row, b)
		for_each_leaf (slot, row) {
			const void *own = phys_to_virt(desc_addr(*slot));

			panic_unless(!memcmp(own, phys_to_virt(desc_addr(row->shared)), PAGE_SIZE),
				     "hvo: %#lx: a tail of pfn %#lx was written to",
				     row->va + ((uint64_t)(slot - row->slot) << PAGE_SHIFT),
				     page_to_pfn(row->head));
		}
#else
	(void)b;
#endif
}

/* --- read-only first ------------------------------------------------------------------------ */

static void ro_share(const struct hvo_batch *b)
{
	change_all(b, DESC_RO, 0);
	flush(b); /* from here on no TLB holds a writable entry: the address may change */
	check_equal(b);
	store_shared(b, 0);
	flush(b); /* from here on none leads to the old frames: they may be freed */
}

static void ro_unshare(const struct hvo_batch *b)
{
	store_frames(b, DESC_RO);
	flush(b); /* from here on no TLB holds the shared page: the leaves may be writable */
	change_all(b, 0, DESC_RO);
	flush(b); /* from here on a write does not fault, which the owner may rely on */
}

/* --- break-before-make ---------------------------------------------------------------------- */

/*
 * Other CPUs are held. What the leaves are going to be is in them already, so that between break
 * and make nothing is looked up in a struct page, whose own translation may be broken.
 */
static void break_and_make(const struct hvo_batch *b)
{
	flush(b); /* nothing is left of the old leaves: any others may take their place */
	change_all(b, DESC_VALID, 0);
	door_mapped(); /* invalid leaves became valid: there is nothing to forget (rule XCLRD) */
}

static void bbm_share(const struct hvo_batch *b)
{
	check_equal(b);
	store_shared(b, DESC_VALID);
	break_and_make(b);
}

static void bbm_unshare(const struct hvo_batch *b)
{
	store_frames(b, DESC_VALID);
	break_and_make(b);
}

/* --- by the access flag --------------------------------------------------------------------- */

/* Leaves that lost against a walker are tried so often. */
#define AF_TRIES 16

/*
 * Stores leaves without access flag where they are not yet what they are going to be: a walker
 * that wants to use one has to set the flag first, which no TLB may skip (rule XCLRD). Returns
 * whether there were any.
 */
static bool clear_flags(const struct hvo_batch *b, bool share)
{
	const struct page *page = b->frames;
	uint64_t cleared = 0;

	for_each_row (row, b)
		for_each_leaf (slot, row) {
			desc_t d = get_desc(slot);

			if (d != target(row, share, &page)) {
				set_desc_in_loop(slot, d & ~DESC_AF);
				cleared++;
			}
		}
	door_stored(cleared);
	return cleared;
}

/* A leaf whose flag was set meanwhile, by an access or by speculation, stays as it is. */
static void swap_leaves(const struct hvo_batch *b, bool share)
{
	const struct page *page = b->frames;

	for_each_row (row, b)
		for_each_leaf (slot, row) {
			desc_t d = get_desc(slot), new = target(row, share, &page);

			if (d != new && (d & DESC_AF || !cas_desc(slot, d, new)))
				hvo_counts.af_lost++;
		}
}

/*
 * Whether all leaves were replaced. What has no access flag is in no TLB once it was flushed, and
 * its replacement needs no break then; a walker that sets the flag first makes the swap fail.
 */
static bool replace_by_flag(const struct hvo_batch *b, bool share)
{
	/* A CPU that does not set flags itself came online: an access of its would fault. */
	if (hvo_current != &hvo_ways[HVO_AF])
		return false;
	for (unsigned i = 0; i < AF_TRIES; i++) {
		if (!clear_flags(b, share))
			return true;
		flush(b); /* from here on no TLB holds them, and none may take them up */
		swap_leaves(b, share);
		door_mapped(); /* what no TLB held is new: there is nothing to forget */
	}
	return !clear_flags(b, share);
}

/*
 * Those that are left go another way, which nobody can be in the way of, and which begins where
 * no TLB holds anything older than what the leaves are.
 */
static void give_up(const struct hvo_batch *b)
{
	change_all(b, DESC_AF, 0);
	flush(b); /* from here on no TLB holds what a leaf was before its flag was cleared */
	hvo_counts.af_given_up++;
}

static void af_share(const struct hvo_batch *b)
{
	check_equal(b);
	if (replace_by_flag(b, true))
		return;
	give_up(b);
	ro_share(b);
}

static void af_unshare(const struct hvo_batch *b)
{
	if (replace_by_flag(b, false))
		return;
	give_up(b);
	ro_unshare(b);
}

const struct hvo_ways hvo_ways[HVO_STRATEGIES] = {
	[HVO_RO] = { .share = ro_share, .unshare = ro_unshare },
	[HVO_BBM] = { .share = bbm_share, .unshare = bbm_unshare, .held = true },
	[HVO_AF] = { .share = af_share, .unshare = af_unshare },
};
