// SPDX-License-Identifier: MIT
/*
 * What boot reserves for huge pages, and for devices: between its files and the pools.
 */
#pragma once

#include "mm/pages/users/hugepages.h"

static __always_inline uint64_t huge_size(unsigned index)
{
	return PAGE_SIZE << huge_orders[index];
}

/* Huge pages of one size that follow each other, in one zone. */
struct huge_chunk {
	uint64_t pfn, pages;
	unsigned index; /* of huge_orders[] */
	bool whole;	/* whole sections, of that order */
};

/* Two zones, sections and the rest, a few free ranges: what would need more is not taken. */
#define HUGE_CHUNKS_MAX 64

/* What hugepages_reserve() took, in the order that it was taken. */
extern struct huge_chunk huge_chunks[HUGE_CHUNKS_MAX];
extern unsigned nr_huge_chunks;

/*
 * Bytes of free RAM that boot can do without: not needed for the struct pages of all RAM, each of
 * its own, nor for what a small machine boots and runs with. While no struct page is mapped.
 */
uint64_t boot_room(void);
