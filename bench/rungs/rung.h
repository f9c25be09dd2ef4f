// SPDX-License-Identifier: MIT
/*
 * The rungs below our own engine: how Linux's mapping code goes about it, restated from
 * its published semantics over our door (docs/rungs.md). Only the mapping half differs
 * from rung to rung; addresses and pages come from our allocators in all of them.
 */
#pragma once

#include "mm/arm64/pgtable.h"
#include "mm/phys/page.h"

/* Patches 1-6 of the series, v4 (2026-06-18); what each does is said in series.c. */
enum series_patch {
	SERIES_SET_SEVERAL_GROUPS = 1 << 0, /* 1/6 */
	SERIES_SIZE_OF_SEVERAL = 1 << 1,    /* 2/6 */
	SERIES_ONE_SETTER = 1 << 2,	    /* 3/6 */
	SERIES_NO_REWALK = 1 << 3,	    /* 4/6 */
	SERIES_VMAP_BATCHES = 1 << 4,	    /* 5/6 */
	SERIES_VMAP_ALIGN = 1 << 5,	    /* 6/6 */
	SERIES_ALL = (1 << 6) - 1,

	/* No patch: what would keep a batch inside its block of memory (docs/rungs.md). */
	SERIES_CAP_BY_FRAME = 1 << 6,
};
#define SERIES_PATCHES 6

/*
 * All: [va, end) is page aligned and the caller's own; one CPU, IRQs as they are; no lock,
 * as in Linux, where the area's owner alone touches its entries. Errors, as Linux's:
 * -EBUSY (something is mapped there), -ENOMEM (no table page, or a NULL page pointer),
 * -EINVAL (no page of RAM). What was mapped before an error stays: unmap() clears it.
 */
struct rung {
	const char *name;
	unsigned patches; /* enum series_patch; 0 where they have no meaning */

	/* ioremap's half: to @pa and up. */
	int (*map_range)(const struct rung *rung, uint64_t va, uint64_t end, uint64_t pa,
			 pgprot_t prot);
	/*
	 * vmalloc's half: @pages has one pointer a page, and each naturally aligned
	 * 1 << @shift bytes of the range are physically contiguous.
	 */
	int (*map_pages)(const struct rung *rung, uint64_t va, uint64_t end,
			 struct page *const *pages, pgprot_t prot, unsigned shift);
	/* vmap's half: any @pages. */
	int (*map_array)(const struct rung *rung, uint64_t va, uint64_t end,
			 struct page *const *pages, pgprot_t prot);
	/* Alignment that vmap() asks of the area for @bytes. */
	uint64_t (*array_align)(const struct rung *rung, uint64_t bytes);
};

extern const struct rung rung_pages, rung_linux, rung_series;

/*
 * From `linux` to `series`: with none of the patches, the first, the first two, ...; and with all
 * but each one. All but the last are the first five, which are there already.
 */
struct ladder_step {
	const char *name; /* in the record's, "patches-1-2" */
	const char *title;
	unsigned patches;
};

#define LADDER_UP    (SERIES_PATCHES + 1)
#define LADDER_STEPS (LADDER_UP + SERIES_PATCHES - 1)
extern const struct ladder_step ladder_steps[LADDER_STEPS];

/* `series=`: the patches that the rung `series` has. */
extern unsigned series_patches;

/* Room for patches_text(). */
#define PATCHES_TEXT_MAX 16

/* @patches as `series=` takes them: "all", "none" or "1,2,4". Returns @text. */
const char *patches_text(char text[PATCHES_TEXT_MAX], unsigned patches);

/* What vmalloc maps @bytes with, if huge mappings are allowed: PMD, CONT_PTE or PAGE shift. */
unsigned rung_vmalloc_shift(uint64_t bytes);

/*
 * The same in all rungs: clears entry by entry, then flushes: one TLBI a page, the whole
 * TLB from one table's worth of pages on. Empty leaf tables stay, as Linux leaves them.
 */
void rung_unmap(uint64_t va, uint64_t end);

/*
 * Gives back the empty leaf tables of [va, end), so that no rung finds another's. Linux
 * never does this: it is for the end of a bench, outside what is timed.
 */
void rung_release_tables(uint64_t va, uint64_t end);
