// SPDX-License-Identifier: MIT
/*
 * What struct pages of huge pages take, by how the vmemmap is laid out. Pure arithmetic: it knows
 * none of the code that populates, so that the two can be held against each other.
 */
#pragma once

#include "mm/pages/hvo.h"

/* What each keeps of a huge page's vmemmap pages; all others share memory, or are gone. */
enum vmemmap_layout {
	LAYOUT_PLAIN,	/* all */
	LAYOUT_HUGETLB, /* 2021: the head's, which the tails' leaves map too, read-only */
	LAYOUT_DAX,	/* 2021: the head's and the first of tails, which all others map */
	LAYOUT_UNIFIED, /* the head's; one page of tails, and one table, for all of (zone, order) */
	NR_LAYOUTS,
};

/* In pages. */
struct layout_cost {
	uint64_t own;	 /* frames that belong to one huge page, or to none */
	uint64_t shared; /* leaves that map memory which another leaf maps too */
	uint64_t tables; /* leaf tables; those above are the same in each layout, a few */
	/* For all of the (zone, order): frames full of tails, leaf tables full of such leaves. */
	uint64_t tail_pages, tail_tables;
};

/*
 * Of @bytes of memory in huge pages of 2^@order pages, which are optimizable and fill it; it starts
 * where a block of the vmemmap does. @blocks: what is plain is in blocks where they fit, else all
 * of it is in pages.
 */
struct layout_cost layout_cost(enum vmemmap_layout layout, uint64_t bytes, unsigned order,
			       bool blocks);

/* All frames, in bytes. */
static __always_inline uint64_t layout_bytes(const struct layout_cost *cost)
{
	return (cost->own + cost->tables + cost->tail_pages + cost->tail_tables) << PAGE_SHIFT;
}

/* Bytes of struct pages of @bytes of memory. */
static __always_inline uint64_t structs_of(uint64_t bytes)
{
	return (bytes >> PAGE_SHIFT) * STRUCT_PAGE_SIZE;
}
