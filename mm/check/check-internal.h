// SPDX-License-Identifier: MIT
/*
 * Between the checker's files: a table and its slots, frames, what is stale.
 *
 * A slot's life: clean (invalid, or valid and nothing else cached) -> stored (changed, the
 * old translation may be cached) -> DSB -> flushable -> TLBI -> flushed -> DSB ISH -> clean.
 */
#pragma once

#include "mm/check/check.h"

#define CHECK_CPUS   256
#define MEMORY_TYPES 4 /* AttrIndx of our MAIR */

enum phase { PHASE_CLEAN, PHASE_STORED, PHASE_FLUSHABLE, PHASE_FLUSHED };

/* What may be cached of a slot besides what is in it; phase and cpu say what it waits for. */
struct slot {
	uint8_t phase;	 /* enum phase */
	uint8_t cpu;	 /* that stored or flushed */
	bool gone : 1;	 /* the slot is invalid; the shadow has what it was */
	bool walk : 1;	 /* it was a table: a walk cache may hold it */
	bool normal : 1; /* it was a Normal write-back leaf, and nothing else since */
	bool filled : 1; /* the table is detached and fresh: the slot was stored to */
	bool moved : 1;	 /* it named another frame, which a TLB may still map: moved_from[] */
};

enum table_state {
	TABLE_UNUSED,
	TABLE_DETACHED, /* allocated, no walker reaches it */
	TABLE_LIVE,
	TABLE_UNLINKED, /* a walk cache may still lead to it */
	TABLE_GHOST,	/* the page is free, translations that it held may be cached */
};

/* A page that holds descriptors. */
struct table {
	uint64_t pa, va; /* va: of its first slot */
	uint64_t link;	 /* PA of the slot that links it */
	uint64_t stored; /* barriers of stored_cpu at the last store, while detached */
	struct table *same_hash, *next_free, *next_touched, *next_unlinked;
	struct table *next_dirty, **prev_dirty;
	uint32_t valid;			      /* descriptors */
	uint32_t stale, walks;		      /* slots that are not clean; those that were tables */
	uint32_t normal;		      /* those that were Normal write-back leaves */
	uint32_t dirty_first, dirty_last;     /* stale ones lie between */
	uint32_t touched_first, touched_last; /* stored to since groups were judged */
	uint8_t state, level;
	uint8_t stored_cpu, touched_cpu;
	desc_t *moved_from; /* of slots that moved: the descriptor before; NULL: none has */
	uint32_t moved;	    /* how many have */
	bool touched;
	bool fresh; /* detached, and nothing else than what is filled in is known of its contents */
	desc_t shadow[PTRS_PER_TABLE]; /* what the door stored; of a slot that is gone: before */
	struct slot slots[PTRS_PER_TABLE];
};

/* Leaves, by memory type, that map a block as a whole (own) or a part of it (below). */
struct region {
	uint64_t key;
	uint32_t next;
	uint32_t linear; /* of own: from the linear map, which is not counted at free */
	uint32_t own[MEMORY_TYPES], below[MEMORY_TYPES];
};

/* The same for one frame; the top bit of the first: mapped in the linear map. */
struct frame {
	uint32_t own[MEMORY_TYPES]; /* a shared tail page has thousands for each huge page */
};

/* The frames that one PMD entry covers; there while any of them is mapped by the page. */
struct frame_block {
	struct frame frame[PTRS_PER_TABLE];
	uint32_t mapped;    /* frames of which any leaf is counted */
	uint32_t next_free; /* of blocks that are not in use; 0 ends the chain */
};

struct check_cpu {
	uint64_t barriers;   /* that order stores: DMB and DSB */
	uint64_t last_store; /* the address, if its last event was a store to a table */
	bool want_dsb;	     /* changed a live table since the last DSB */
	bool want_tlbi_dsb;  /* TLBI since the last DSB ISH */
	bool want_isb;
	bool heard;	/* of, by any event */
	bool sets_flag; /* TCR_EL1.HA */
};

struct checker {
	struct checker_config config;
	const struct mm_event *event; /* the one that is looked at, NULL: none */
	unsigned reports;
	struct checker_stats stats;
	struct check_cpu cpus[CHECK_CPUS];

	struct table *tables, *free, **table_hash, *last_found;
	uint32_t nr_tables, used_tables, table_buckets;
	bool tables_lost; /* out of memory: some are not followed */
	void *moved_from; /* arrays that are free, each begins with the next one's address */
	desc_t *unused_moved_from, *end_moved_from; /* those that were never used */
	unsigned heard_cpus, flag_setters;	    /* how many */
	struct table *dirty[LEVEL_PTE + 1], *touched, *unlinked;
	uint32_t in_phase[PHASE_FLUSHED + 1]; /* slots, of all tables; clean ones are not counted */

	uint32_t *frame_block_of; /* by PA >> PMD_SHIFT: of frame_blocks, 0: no frame is mapped */
	struct frame_block *frame_blocks;
	uint64_t nr_frames;
	uint32_t nr_frame_blocks, used_frame_blocks, free_frame_block;
	struct region *regions, *last_region[LEVEL_PTE + 1];
	uint32_t *region_hash, region_buckets, nr_regions, used_regions, free_region;
	bool regions_lost;
};

#define for_each_dirty(t, c, level)                                                                \
	for (int level = LEVEL_ROOT; level <= LEVEL_PTE; level++)                                  \
		for (struct table *t = (c)->dirty[level], *next_; t && (next_ = t->next_dirty, 1); \
		     t = next_)

static __always_inline uint64_t entry_size(int level)
{
	return 1UL << level_shift(level);
}

static __always_inline uint64_t nr_slots(const struct table *t)
{
	return t->level == LEVEL_ROOT ? PTRS_PER_ROOT : PTRS_PER_TABLE;
}

static __always_inline uint64_t slot_va(const struct table *t, uint64_t i)
{
	return t->va + (i << level_shift(t->level));
}

static __always_inline uint64_t table_span(const struct table *t)
{
	return nr_slots(t) << level_shift(t->level);
}

static __always_inline bool slot_is_live(const struct table *t, uint64_t i)
{
	return (t->shadow[i] & DESC_VALID) && !t->slots[i].gone;
}

static __always_inline unsigned desc_type(desc_t d)
{
	return d >> 2 & (MEMORY_TYPES - 1);
}

/* rules.c: says it, counts it. */
void check_report(struct checker *c, enum check_rule rule, uint64_t va, int level, const char *fmt,
		  ...) __printf_like(5, 6);

/* rules.c: a valid descriptor by itself. */
void check_format(struct checker *c, desc_t d, int level, uint64_t va);

/*
 * change.c: the event stores another valid descriptor to slot @i, which is live. False: it was
 * reported, and nothing was done; else all is.
 */
bool change_live(struct checker *c, struct table *t, uint64_t i, const struct mm_event *e);

/* change.c: whether @found is the leaf @known after a walker has set its access flag. */
bool check_is_flag_update(const struct checker *c, desc_t known, desc_t found, int level);

/* change.c: whether every CPU that was heard of sets access flags by itself. */
bool check_flag_is_managed(const struct checker *c);

/* tables.c */
struct table *table_find(const struct checker *c, uint64_t pa);
struct table *table_new(struct checker *c, uint64_t pa);
void table_drop(struct checker *c, struct table *t);
void table_store(struct checker *c, const struct mm_event *e);
void table_attach(struct checker *c, uint64_t pa, uint64_t link, int level, uint64_t va);
void tables_freed(struct checker *c, uint64_t pa, uint64_t bytes);
/*
 * An invalid slot becomes @d, where nothing may be cached, or whatever is; one that is live
 * becomes invalid, and whether it may be cached is the caller's to say.
 */
void slot_valid(struct checker *c, struct table *t, uint64_t i, desc_t d);
void slot_set(struct checker *c, struct table *t, uint64_t i, desc_t d);
void slot_drop(struct checker *c, struct table *t, uint64_t i);
/* Unlinked tables that no walk cache leads to any more are just pages again. */
void tables_retire(struct checker *c);

/* groups.c: judges the contiguous groups in what @cpu stored to; negative: any CPU. */
void groups_touch(struct checker *c, struct table *t, uint64_t first, uint64_t last);
void groups_judge(struct checker *c, int cpu);

/* stale.c */
/* @old, which was in the slot, may be cached from here on. */
void stale_add(struct checker *c, struct table *t, uint64_t i, desc_t old, bool gone, bool walk);
/* After stale_add(): its frame was another one. */
void stale_moved(struct checker *c, struct table *t, uint64_t i, desc_t old);
void stale_drop(struct checker *c, struct table *t, uint64_t i);
/* What is to happen at an address where something may be cached still. */
enum stale_for { STALE_FOR_LEAF, STALE_FOR_LINK, STALE_FOR_OWNER };
bool stale_in_range(const struct checker *c, uint64_t va, uint64_t bytes, enum stale_for what);
bool stale_walk_above(const struct checker *c, uint64_t va, int level);
void stale_stores_completed(struct checker *c, unsigned cpu);
void stale_tlbis_completed(struct checker *c, unsigned cpu);
void stale_tlbi(struct checker *c, unsigned cpu, uint64_t operand, bool all_levels);
void stale_tlbi_range(struct checker *c, unsigned cpu, uint64_t operand, bool all_levels);
void stale_tlbi_all(struct checker *c, unsigned cpu);
void stale_frames_freed(struct checker *c, uint64_t pa, uint64_t bytes);
void stale_report(struct checker *c);
void stale_forget(struct checker *c);

/* frames.c */
void frames_mapped(struct checker *c, desc_t d, int level, uint64_t va);
void frames_unmapped(struct checker *c, desc_t d, int level, uint64_t va);
void frames_freed(struct checker *c, uint64_t pa, uint64_t bytes);
