// SPDX-License-Identifier: MIT
/*
 * A strict MMU behind the one door: the checker (mm/check/check.h), which follows the tables
 * from swapper_pg_dir through each store, barrier and TLBI and knows what is cached. What it
 * reports is a violation here.
 *
 * Table pages are pages of the arena (arena.h), whose struct pages are not looked at.
 */
#pragma once

#include "mm/check/check.h"

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
	/* Reports by rule. Those of frames are violations only if the test says that it obeys. */
	unsigned rules[RULE_COUNT];
	bool frames_judged; /* RULE_MAP_COUNT, RULE_MEMORY_TYPE */
};

extern struct mmu_model mmu_model;

struct mmu_table {
	desc_t *slots;
	uint64_t va;
	int level;
	unsigned valid; /* descriptors */
};

/* Hears each event before it is judged; NULL: nobody does. */
extern void (*mmu_model_recorder)(const struct mm_event *event);

/* What a walker does right before a compare-and-swap of @slot; NULL: nothing. */
extern void (*mmu_model_before_cas)(desc_t *slot);

/* FEAT_BBM of all CPUs, from the first event on. */
extern unsigned mmu_model_bbm_level;

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

/* The allocator's side, for tests without one: [@pa, @pa + @bytes) goes back, tables and all. */
void mmu_model_freed(uint64_t pa, uint64_t bytes);

/* trace_begin() (mm/check/trace.h): what is linked now, before the events that follow. */
void mmu_model_trace_begin(void (*write)(void *context, const char *line), void *context);
