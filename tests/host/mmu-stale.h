// SPDX-License-Identifier: MIT
/*
 * mmu-model.c's list of stale translations, found by address, level and kind.
 */
#pragma once

#include <stdlib.h>

#include "mm/arm64/pgtable.h"

/* What a TLB (a leaf) or a walk cache (a table) may hold of a slot that was valid. */
struct stale {
	uint64_t va;
	int level;
	bool walk;
	uint64_t stored; /* value of `dsbs` at the store */
	bool flushed;	 /* a TLBI was issued that the next DSB ISH completes */
	uint32_t next;	 /* of the same hash, 0: none */
};

#define BUCKETS (1u << 16)
static struct stale *stale; /* [0] is not used */
static uint32_t nr_stale = 1, max_stale, buckets[BUCKETS];

static uint64_t entry_size(int level)
{
	return 1UL << level_shift(level);
}

static uint32_t bucket(uint64_t va, int level, bool walk)
{
	uint64_t key = (va >> PAGE_SHIFT << 3 | (uint64_t)level << 1 | walk) * 0x9e3779b97f4a7c15UL;

	return key >> 48 & (BUCKETS - 1);
}

static void add_stale(uint64_t va, int level, bool walk, uint64_t stored)
{
	uint32_t *head = &buckets[bucket(va, level, walk)];

	if (nr_stale >= max_stale) {
		max_stale = 2 * max_stale + 1024;
		stale = realloc(stale, max_stale * sizeof(*stale));
	}
	stale[nr_stale] = (struct stale){ va, level, walk, stored, false, *head };
	*head = nr_stale++;
}

/* What may be cached of the slot that maps @va at @level; NULL: nothing. */
static struct stale *find_stale(uint64_t va, int level, bool walk)
{
	uint32_t i;

	va = ALIGN_DOWN(va, entry_size(level));
	for (i = buckets[bucket(va, level, walk)]; i; i = stale[i].next)
		if (stale[i].va == va && stale[i].level == level && stale[i].walk == walk)
			return &stale[i];
	return NULL;
}

/* Forgets what has been flushed, or everything. */
static void forget_stale(bool everything)
{
	uint32_t old = nr_stale;

	for (uint32_t i = 1; i < old; i++)
		buckets[bucket(stale[i].va, stale[i].level, stale[i].walk)] = 0;
	nr_stale = 1;
	for (uint32_t i = 1; i < old; i++) {
		struct stale s = stale[i];

		if (!everything && !s.flushed)
			add_stale(s.va, s.level, s.walk, s.stored);
	}
}
