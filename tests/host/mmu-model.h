// SPDX-License-Identifier: MIT
/*
 * A strict MMU behind the one door: it follows the tables from swapper_pg_dir through each
 * store, keeps what a TLB or a walk cache may still hold, and counts broken rules.
 *
 * The rules: contents of a table are ordered before the link to it (DMB or DSB); a
 * descriptor goes from invalid to valid or back, and becomes valid only after all that was
 * cached of its range is gone; gone means DSB, then a TLBI that matches, then DSB ISH; a
 * leaf needs a TLBI of its own, group or not, an unlinked table one in the all-levels form;
 * a last-level TLBI below an unlinked table counts only when that one has completed, for
 * until then a walker fetches the leaf again (TLBIs are ordered by DSB alone, D8.14.5).
 * Nothing writes to a table but the door, no table is freed that a walker may still reach.
 *
 * Table pages are pages of the arena (arena.h), whose struct pages are not looked at.
 */
#pragma once

#include "mm/arm64/pgtable.h"

struct mmu_events {
	uint64_t dmb, dsb, isb, tlbi;
	uint64_t live_stores; /* to tables that a walker can reach */
	uint64_t changes;     /* live stores that changed something, and valid leaves linked in */
};

struct mmu_model {
	unsigned violations;
	char text[160]; /* of the first */
	uint64_t mapped_bytes;
	unsigned tables; /* that a walker can reach, the root not counted */
	struct mmu_events events;
};

extern struct mmu_model mmu_model;

struct mmu_table {
	desc_t *slots;
	uint64_t va;
	int level;
	unsigned valid; /* descriptors */
};

/*
 * To be asked between public calls: nothing stale, the last stores and TLBIs completed,
 * contiguous groups whole, memory as the door left it. What is not becomes a violation.
 * Returns whether there was none, ever.
 */
bool mmu_model_clean(void);

/* Forgets violations and all that is stale; what is linked stays. */
void mmu_model_forgive(void);

/* The table in a page that a walker can reach; NULL slots if there is none. */
struct mmu_table mmu_model_table(uint64_t pa);

/* Calls @visit for each table that a walker can reach but the root. */
void mmu_model_each_table(void (*visit)(const struct mmu_table *table));

/* Fingerprint of all live descriptors and where they are. */
uint64_t mmu_model_digest(void);

/* The allocator's side of it: [@pa, @pa + @bytes) goes back, so it may hold no table. */
void mmu_model_freed(uint64_t pa, uint64_t bytes);
