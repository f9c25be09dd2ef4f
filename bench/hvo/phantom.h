// SPDX-License-Identifier: MIT
/*
 * Struct pages of memory that no machine has: sections far above all RAM, added as a device's are,
 * so that any size can be populated. The vmemmap needs memory only for itself; nobody is ever given
 * a page of these.
 */
#pragma once

#include "bench/measure.h"
#include "bench/hvo/layout.h"

/* Where they are: the first of a block of the vmemmap, of any granule. */
#define PHANTOM_PFN ((PHYS_END - (16UL << 40)) >> PAGE_SHIFT)

/* Struct pages that fill one vmemmap page: an order with nothing to share. */
#define PRIVATE_ORDER (PAGE_SHIFT - 6)

/* What a head of a device's page is, as memremap.c makes it: nobody's, with one reference. */
#define PHANTOM_HEAD_STATE PAGE_STATE(PG_ALLOCATED | PG_BLOCK | PG_HEAD, 0, 0, 1)

/*
 * Adds sections for @bytes of it, in compound pages of 2^@order, 0: single pages, which fill it. If
 * there is no room for what they will take: an error, and why is in @pass.
 */
int phantom_add(struct pass *pass, uint64_t bytes, unsigned order);

/* Of what was added last, if it was; nothing of it is populated. */
void phantom_remove(void);

/* vmemmap_populate() and vmemmap_depopulate() of @bytes. */
int phantom_populate(uint64_t bytes);
void phantom_depopulate(uint64_t bytes);

/* layout_cost() of it, as this boot populates: `vmemmap=`. */
struct layout_cost phantom_cost(enum vmemmap_layout layout, uint64_t bytes, unsigned order);

/* Makes compound pages of 2^@order of plain ones, as whoever does not share has to. */
void phantom_make_compound(uint64_t bytes, unsigned order);
