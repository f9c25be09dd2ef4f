// SPDX-License-Identifier: MIT
/*
 * The one door: the only functions that store a descriptor, publish a table,
 * issue a TLBI or a barrier that orders translation.
 *
 * They count when counting is on (one extra, unsampled pass of a bench); a
 * bulk call counts once, so that counting off costs it three instructions.
 * Counting is for one CPU at a time.
 */
#pragma once

#include "mm/arm64/hw.h"

struct door_counts {
	uint64_t pte_writes;   /* leaf descriptors, in tables that a walker can see or will see */
	uint64_t table_writes; /* links and unlinks of tables */
	uint64_t dsb, dmb, isb, tlbi;
	uint64_t tables_allocated, tables_freed;
	uint64_t dc, ic; /* cache lines cleaned, instruction caches emptied */
};

extern bool door_counting;
extern struct door_counts door_counts;

/*
 * Each batch of TLBIs is completed twice: errata of cores that report a TLBI as complete before
 * it is (docs/flush.md). Set once at boot, and by tests and benches while nobody else unmaps.
 */
extern bool door_tlbi_twice;

#define DOOR_COUNT(...)                                       \
	do {                                                  \
		if (unlikely(door_counting)) {                \
			struct door_counts *c = &door_counts; \
			__VA_ARGS__;                          \
		}                                             \
	} while (0)

/* Reads a descriptor of a table that may be live. */
static __always_inline desc_t get_desc(const desc_t *slot)
{
	return hw_load_desc(slot);
}

/*
 * Stores one descriptor; live tables too. Invalid to valid or valid to invalid:
 * any other change needs break-before-make by the caller (D8.16.1).
 */
static __always_inline void set_desc(desc_t *slot, desc_t value)
{
	hw_store_desc(slot, value);
	DOOR_COUNT(c->pte_writes++);
}

/*
 * The same if the slot holds @old, else nothing: for a descriptor without the access flag while
 * walkers may set it (TCR_EL1.HA), which a plain store would not notice (D8.5.1). Returns whether
 * it was stored.
 */
static __always_inline bool cas_desc(desc_t *slot, desc_t old, desc_t value)
{
	bool stored = hw_cas_desc(slot, old, value);

	DOOR_COUNT(c->pte_writes += stored);
	return stored;
}

/* The same as set_desc() for a descriptor that links a table, or one that unlinks it (0). */
static __always_inline void set_table_desc(desc_t *slot, desc_t value)
{
	hw_store_desc(slot, value);
	DOOR_COUNT(c->table_writes++);
}

/*
 * For loops that store one descriptor at a time: the stores go uncounted and
 * the loop's end calls door_stored() with their number.
 */
static __always_inline void set_desc_in_loop(desc_t *slot, desc_t value)
{
	hw_store_desc(slot, value);
}

static __always_inline void door_stored(unsigned long n)
{
	DOOR_COUNT(c->pte_writes += n);
}

static __always_inline void door_tables_stored(unsigned long n)
{
	DOOR_COUNT(c->table_writes += n);
}

/* What is in a detached table is observed before the link to it that follows (D8.2.5). */
static __always_inline void table_contents_before_link(void)
{
	hw_dmb_ishst();
	DOOR_COUNT(c->dmb++);
}

/*
 * Ends a call that made invalid entries valid: the DSB makes the stores visible to
 * walkers, the ISB keeps later accesses of this CPU from having been tried before.
 * No TLBI: an invalid entry is never cached (rule XCLRD).
 */
static __always_inline void door_mapped(void)
{
	hw_dsb_ishst();
	hw_isb();
	DOOR_COUNT(c->dsb++, c->isb++);
}

/* The same after @n leaf descriptors were stored uncounted. */
static __always_inline void door_mapped_leaves(unsigned long n)
{
	hw_dsb_ishst();
	hw_isb();
	DOOR_COUNT(c->pte_writes += n, c->dsb++, c->isb++);
}

/*
 * Links the new table of @d with its @n leaf descriptors, both uncounted so far, to @slot, which
 * is empty, and ends the call: contents before link, then as door_mapped().
 */
static __always_inline void door_mapped_table(desc_t *slot, desc_t d, unsigned long n)
{
	hw_dmb_ishst();
	hw_store_desc(slot, d);
	hw_dsb_ishst();
	hw_isb();
	DOOR_COUNT(c->pte_writes += n, c->table_writes++, c->tables_allocated++, c->dmb++, c->dsb++,
		   c->isb++);
}

/* Before the TLBIs of a batch: no walker can re-read the old descriptor after them. */
static __always_inline void door_before_tlbi(void)
{
	hw_dsb_ishst();
	DOOR_COUNT(c->dsb++);
}

static __always_inline void tlbi_one(uint64_t operand, bool all_levels)
{
	if (all_levels)
		hw_tlbi_vaae1is(operand);
	else
		hw_tlbi_vaale1is(operand);
}

/*
 * One TLBI for each of @n leaves from @va, @stride bytes apart, @all_levels or the last. Sixteen
 * a turn: what is left beside a TLBI is the addition that names the next leaf.
 */
static __always_inline void tlbi_each(uint64_t va, unsigned long n, uint64_t stride,
				      bool all_levels)
{
	uint64_t operand = tlbi_operand(va), step = stride >> 12;

	DOOR_COUNT(c->tlbi += n);
	for (; n >= 16; n -= 16) {
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++, operand += step)
			tlbi_one(operand, all_levels);
	}
#pragma GCC unroll 1
	for (; n; n--, operand += step)
		tlbi_one(operand, all_levels);
}

/* Last-level entries: the tables above stay. */
static __always_inline void tlbi_leaves(uint64_t va, unsigned long n, uint64_t stride)
{
	tlbi_each(va, n, stride, false);
}

/*
 * Entries of every level: the leaves' table was unlinked, and the walk cache may hold it.
 * In this form for each of its leaves: TLBIs are ordered by the DSB alone (D8.16.5), so a
 * leaf that was forgotten first could come back through a walk-cache entry forgotten last.
 */
static __always_inline void tlbi_walks(uint64_t va, unsigned long n, uint64_t stride)
{
	tlbi_each(va, n, stride, true);
}

static __always_inline void tlbi_all(void)
{
	hw_tlbi_vmalle1is();
	DOOR_COUNT(c->tlbi++);
}

/*
 * Every entry of @pages pages from @va, whatever the leaves are, by TLBIs of ranges
 * (FEAT_TLBIRANGE, D8.16.5): of 2^(5 * scale + 1) pages times 1 to 32 each, the largest scale
 * first, and by itself the page that is left of an odd number. @all_levels: as for tlbi_walks(),
 * the walk cache too.
 * @pages: 1 to TLBI_RANGE_PAGES_MAX, at most five TLBIs. Every CPU has the feature.
 */
static __always_inline void tlbi_range(uint64_t va, uint64_t pages, bool all_levels)
{
	for (int scale = 3; scale >= 0; scale--) {
		uint64_t num = pages >> tlbi_range_shift(scale);

		/* Below the largest scale fewer than 32 are left by the scale above. */
		if (!num)
			continue;
		if (all_levels)
			hw_tlbi_rvaae1is(tlbi_range_operand(va, num, scale));
		else
			hw_tlbi_rvaale1is(tlbi_range_operand(va, num, scale));
		DOOR_COUNT(c->tlbi++);
		va += num << (tlbi_range_shift(scale) + PAGE_SHIFT);
		pages -= num << tlbi_range_shift(scale);
	}
	tlbi_each(va, pages, PAGE_SIZE, all_levels);
}

/*
 * Ends a batch of TLBIs: after it nothing stale is used, tables and frames may be reused.
 *
 * With the workaround one more TLBI and DSB follow, whatever the batch was: what the first DSB
 * was too early for is complete with the second. The TLBI may be any that is broadcast; address 0
 * is TTBR0's, which is off, so that nothing useful is forgotten.
 */
static __always_inline void door_after_tlbi(void)
{
	hw_dsb_ish();
	DOOR_COUNT(c->dsb++, c->isb++);
	if (unlikely(door_tlbi_twice)) {
		hw_tlbi_vaale1is(0);
		hw_dsb_ish();
		DOOR_COUNT(c->dsb++, c->tlbi++);
	}
	hw_isb();
}

/*
 * Ends a call that made valid entries invalid and leaves their TLBI to a later purge, of whatever
 * CPU: the store is complete when the lock is dropped, so that the purge needs no more than its
 * TLBIs. The ISB: from here on this CPU itself at least does not use what it had fetched before.
 */
static __always_inline void door_cleared(void)
{
	hw_dsb_ishst();
	hw_isb();
	DOOR_COUNT(c->dsb++, c->isb++);
}

/*
 * This CPU's TCR_EL1, of which any bit may be cached in a TLB: who changes it on all
 * CPUs flushes once after the last, and nothing may rely on the new value before.
 */
static __always_inline void door_write_tcr(uint64_t value)
{
	hw_write_tcr(value);
	hw_isb(); /* in force for walks of what follows */
	DOOR_COUNT(c->isb++);
}

/*
 * Makes what was stored to [@va, @end) what any CPU fetches from there, once it has passed an
 * ISB. @line: bytes of a data cache line, 0: fetches see stores without cleaning; @invalidate:
 * instruction caches may hold what was there before (CTR_EL0: IDC, DIC). Mapped for reading.
 */
static __always_inline void door_make_code(uint64_t va, uint64_t end, uint64_t line,
					   bool invalidate)
{
	uint64_t lines = line ? (end - ALIGN_DOWN(va, line) + line - 1) / line : 0;

	for (uint64_t i = 0; i < lines; i++)
		hw_dc_cvau(ALIGN_DOWN(va, line) + i * line);
	hw_dsb_ish(); /* stores and cleaning are complete: what is fetched now is new */
	if (invalidate) {
		hw_ic_ialluis();
		hw_dsb_ish(); /* complete on every CPU */
	}
	hw_isb(); /* this CPU fetches anew */
	DOOR_COUNT(c->dc += lines, c->ic += invalidate, c->dsb += 1 + invalidate, c->isb++);
}
