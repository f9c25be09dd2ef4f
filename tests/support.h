// SPDX-License-Identifier: MIT
/*
 * What the on-target suites share: totals that must not change, frames with a name
 * written on them, and memory that runs out on demand.
 */
#pragma once

#include "drivers/smp/cpus.h"
#include "lib/ktap.h"
#include "mm/arm64/pgtable.h"
#include "mm/phys/page.h"

/* A test whose body runs on every online CPU, at the same time. */
#define TEST_ON_EACH_CPU(ident, test_name)                \
	static void each_cpu_##ident(void *unused);       \
	TEST(ident, test_name)                            \
	{                                                 \
		work_on_each_cpu(each_cpu_##ident, NULL); \
	}                                                 \
	static void each_cpu_##ident(void *unused __attribute__((unused)))

/* --- what can be lost ---------------------------------------------------------------- */

struct totals {
	uint64_t free_pages;
	uint64_t table_pages;
	uint64_t slab_pages;
	uint64_t areas;
	uint64_t vmemmap_pages; /* that hold struct pages, shared tails, sections */
};

/*
 * All CPUs give their caches back first, so that equal states have equal totals. Boot CPU, the
 * others idle. Image.check: a CPU that holds a lock ends the run.
 */
struct totals count_totals(void);

/* Nothing was taken, given or linked since @before, a struct totals. */
#define CHECK_UNCHANGED(before)                                       \
	do {                                                          \
		struct totals now_ = count_totals();                  \
		CHECK_EQ(now_.free_pages, (before).free_pages);       \
		CHECK_EQ(now_.table_pages, (before).table_pages);     \
		CHECK_EQ(now_.slab_pages, (before).slab_pages);       \
		CHECK_EQ(now_.areas, (before).areas);                 \
		CHECK_EQ(now_.vmemmap_pages, (before).vmemmap_pages); \
	} while (0)

/*
 * The same for a call that worked and was undone: upper tables stay linked
 * (mm/map/map.h), so a page may have become a table; a shared tail page stays as well.
 */
#define CHECK_NOTHING_LOST(before)                                                             \
	do {                                                                                   \
		struct totals now_ = count_totals();                                           \
		CHECK_EQ(now_.free_pages + now_.table_pages + now_.vmemmap_pages,              \
			 (before).free_pages + (before).table_pages + (before).vmemmap_pages); \
		CHECK_EQ(now_.slab_pages, (before).slab_pages);                                \
		CHECK_EQ(now_.areas, (before).areas);                                          \
	} while (0)

/* --- frames --------------------------------------------------------------------------- */

/*
 * @n pages, tagged, each 1 << @order of them in a row at least, in an array from kmalloc();
 * freed one by one. NULL: no memory, and a failed check.
 */
struct page **take_pages(uint64_t n, unsigned order);
void drop_pages(struct page **pages, uint64_t n);

/* Whether @n blocks of 1 << @order pages are free together: at most eight are asked for. */
bool blocks_are_free(unsigned n, unsigned order);

/* Writes what only this frame holds to its first and last word, through the linear map. */
void tag_page(struct page *page);

/* Pages of @va.. that do not read as the tagged frames @pages; notes the first. */
uint64_t pages_misread(uint64_t va, struct page *const *pages, uint64_t n);

/* Pages of @va.. whose load does not end in a translation fault; notes the first. */
uint64_t pages_still_mapped(uint64_t va, uint64_t n);

/*
 * Pages of @va.. that the walker or AT do not translate to @pa.. with @prot, looking at
 * each @stride-th; notes the first. Accesses nothing: for devices too.
 */
uint64_t pages_mistranslated(uint64_t va, uint64_t pa, uint64_t n, pgprot_t prot, uint64_t stride);

/* ktap_note() of a line, for those who complain by one (mm/pages/audit.h). */
void note_line(const char *line);

/* The next test may note as much as the last one: those that go wrong in a loop are cut short. */
void allow_notes(void);

/* log2 of the bytes that the leaf or group at @va maps; 0 if nothing is mapped there. */
unsigned leaf_shift(uint64_t va);

/*
 * A physical address past RAM from which on there is neither RAM nor any device of a machine that
 * we boot on: a multiple of 128 GiB if this CPU has one there, else of the largest power of two.
 * Never to be accessed.
 */
uint64_t empty_pa(void);
#define EMPTY_PA empty_pa()

/* RAM of the linear map: @bytes, aligned to that, in one range. 0: there is none. */
uint64_t find_ram(uint64_t bytes);

/* --- memory that runs out -------------------------------------------------------------- */

SLIST_HEAD(block_chain, page);

struct hoard {
	struct block_chain blocks[MAX_ORDER + 1];
	uint64_t pages;
};

/* Takes all free memory, the largest blocks first. */
void hoard_all(struct hoard *hoard);

/* Gives one page back. */
void hoard_give_page(struct hoard *hoard);

void hoard_free(struct hoard *hoard);

/* Whether @page is in a block that was hoarded and has not been given back. */
bool hoard_has(struct page *page);

/* --- chance ------------------------------------------------------------------------------ */

/* 0 to @bound - 1; the sequence is that of `seed=`, begun anew with each test. */
uint64_t random_below(uint64_t *state, uint64_t bound);
uint64_t random_seed(void);

/* Whether this is an emulator, which has no TLB to count refills of. */
bool is_emulated(void);
