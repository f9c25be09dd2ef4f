// SPDX-License-Identifier: MIT
/*
 * The hostile MMU's TLBs and walk caches (hostile.h), one of each a CPU, its walker and accesses.
 */
#include <stdlib.h>

#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-entries.h"
#include "tests/host/hostile-tlbi.h"
#include "tests/host/hostile-vmemmap.h"
#include "tests/host/hostile.h"

/*
 * The walker runs a thousand times for each call; its own code goes without sanitizers, which
 * watch mm/ and the rest of the model.
 */
#pragma clang attribute push(__attribute__((no_sanitize("address", "undefined"))), \
			     apply_to = function)

struct tlb tlbs[HOSTILE_CPUS];

void tlb_start(void)
{
	for (unsigned cpu = 0; cpu < HOSTILE_CPUS; cpu++)
		tlbs[cpu] = (struct tlb){ 0 };
	tlbi_start();
}

/* --- the walker --------------------------------------------------------------------------- */

struct result {
	enum { FAULT, LEAF, NOWHERE } kind;
	desc_t d;
	int level;
	uint64_t index; /* of d in WALKER_VIEW */
	uint64_t oldest;
	bool unsynced; /* this CPU changed something on the way and has had no ISB since */
};

static __always_inline void remember_walk(unsigned cpu, uint64_t va, int level, desc_t d,
					  uint64_t oldest)
{
	struct walk_entry *walks = tlbs[cpu].walks;
	struct walk_entry new = { ALIGN_DOWN(va, 1UL << level_shift(level)), desc_addr(d), oldest,
				  level_shift(level), level + 1 };
	unsigned at = hostile_pick(WALK_ENTRIES);

	for (unsigned i = 0; i < WALK_ENTRIES; i++)
		if (walks[i].shift == new.shift && walks[i].va == new.va)
			at = i;
	walks[at] = new;
}

static __always_inline bool may_be_leaf(int level)
{
	return level >= LEVEL_PMD || (level == LEVEL_PUD && HAVE_PUD_BLOCK);
}

/* A walker's atomic update; a younger value that waits in a store buffer comes after it. */
noinline void tlb_set_flag(uint64_t index)
{
	uint64_t pa = index << 3;
	desc_t *slot = pa >= ROOT_PA ? (desc_t *)((char *)swapper_pg_dir + (pa - ROOT_PA))
				     : phys_to_virt(pa);

	WALKER_VIEW[index] |= DESC_AF;
	if (!(WALKER_STAMP[index] & STAMP_PENDING))
		*slot |= DESC_AF;
	if (hostile_stored)
		hostile_stored(pa, *slot);
}

/* An access must set the flag, a speculative walk may. Without it the leaf is no translation. */
static __always_inline bool has_flag(struct result *r, bool access)
{
	if (likely(r->d & DESC_AF))
		return true;
	if (!hostile.sets_flag || !(access || hostile_pick(2)))
		return false;
	tlb_set_flag(r->index);
	r->d |= DESC_AF;
	return true;
}

enum walk { SPECULATIVE, SPECULATIVE_LEARN, ACCESS, ACCESS_LEARN };

/* From the root, or from what @from remembers. _LEARN: into the walk cache as well. */
static struct result walk(unsigned cpu, uint64_t va, const struct walk_entry *from, enum walk why)
{
	struct result r = { .oldest = from ? from->oldest : hostile.now };
	uint64_t table = from ? from->table : ROOT_PA;

	for (r.level = from ? from->level : LEVEL_ROOT;; r.level++) {
		uint64_t index = (table >> 3) + table_index(va, r.level), stamp;

		if (!memory_is_table(table)) {
			r.kind = NOWHERE;
			hostile_fail("CPU %u walks 0x%lx and reads level %d from 0x%lx, no table",
				     cpu, va, r.level, table);
			return r;
		}
		r.d = WALKER_VIEW[r.index = index];
		stamp = WALKER_STAMP[index];
		r.unsynced |= STAMP_CPU(stamp) == cpu && STAMP_TIME(stamp) > hostile.isb_at[cpu];
		if (desc_is_leaf(r.d, r.level) && may_be_leaf(r.level) &&
		    (r.level != LEVEL_PTE || r.d & DESC_PAGE)) {
			r.kind = has_flag(&r, why >= ACCESS) ? LEAF : FAULT;
			return r;
		}
		if (r.level == LEVEL_PTE || !desc_is_table(r.d)) {
			r.kind = FAULT;
			return r;
		}
		table = desc_addr(r.d);
		if (why & 1)
			remember_walk(cpu, va, r.level, r.d, r.oldest);
		if (memory_is_table(table))
			memory_table_seen(table, va, r.level + 1);
	}
}

static __always_inline unsigned group_shift(const struct result *r)
{
	if (!(r->d & DESC_CONT))
		return level_shift(r->level);
	return r->level == LEVEL_PTE ? CONT_PTE_SHIFT : CONT_PMD_SHIFT;
}

/* Keeps a leaf: its whole group, or a part of it, down to a page. */
static void fill(unsigned cpu, uint64_t va, const struct result *r)
{
	struct entry *entries = tlbs[cpu].entries, new = { .d = r->d, .level = r->level };
	unsigned at = hostile_pick(ENTRIES), group = group_shift(r);
	const unsigned shifts[] = { group, group, new.origin = level_shift(r->level), PAGE_SHIFT,
				    PAGE_SHIFT + hostile_pick(group - PAGE_SHIFT + 1) };

	new.shift = shifts[hostile_pick(ARRAY_SIZE(shifts))];
	new.va = ALIGN_DOWN(va, 1UL << new.shift);
	/* Of a group any member's address will do for all, above the bits of the group. */
	if (new.shift > new.origin)
		new.pa = ALIGN_DOWN(desc_addr(r->d), 1UL << group) + new.va % (1UL << group);
	else
		new.pa = desc_addr(r->d) + new.va % (1UL << new.origin);
	new.leaf_read = hostile.now;
	new.oldest = r->oldest;
	for (unsigned i = 0; i < ENTRIES; i++)
		if (entries[i].shift == new.shift && entries[i].va == new.va)
			at = i;
	entries[at] = new;
	hostile.fills++;
	hostile_note(new.va ^ new.pa ^ new.shift ^ at << 8);
}

/* Any walk-cache entry that leads towards @va, or NULL: from the root. */
static __always_inline const struct walk_entry *pick_start(unsigned cpu, uint64_t va)
{
	const struct walk_entry *walks = tlbs[cpu].walks, *from = NULL;
	unsigned found = 1;

	for (unsigned i = 0; i < WALK_ENTRIES; i++)
		if (covers(walks[i].va, walks[i].shift, va) && !hostile_pick(++found))
			from = &walks[i];
	return from;
}

void tlb_speculate(unsigned cpu, uint64_t va)
{
	const struct walk_entry *from = pick_start(cpu, va), copy = from ? *from : *tlbs[0].walks;
	struct result r = walk(cpu, va, from ? &copy : NULL, SPECULATIVE + hostile_pick(2));

	hostile.walks++;
	if (r.kind == LEAF)
		fill(cpu, va, &r);
}

/* An address of [va, va + 1 << shift), if there is one of [lo, hi) too. */
static __always_inline uint64_t address_in(uint64_t va, unsigned shift, uint64_t lo, uint64_t hi)
{
	uint64_t end = va + (1UL << shift);

	if (lo < hi && lo < end && va < hi) {
		va = MAX(va, lo);
		end = MIN(end, hi);
	}
	return va + (hostile_pick_long((end - va) >> PAGE_SHIFT) << PAGE_SHIFT);
}

uint64_t tlb_address(unsigned cpu)
{
	const struct entry *e = &tlbs[cpu].entries[hostile_pick(ENTRIES)];

	return e->shift ? address_in(e->va, e->shift, 0, 0) : 0;
}

void tlb_evict(unsigned cpu)
{
	if (hostile_pick(4))
		tlbs[cpu].entries[hostile_pick(ENTRIES)].shift = 0;
	else
		tlbs[cpu].walks[hostile_pick(WALK_ENTRIES)].shift = 0;
}

void tlb_page_freed(uint64_t pa)
{
	for (unsigned cpu = 0; cpu < hostile.cpus; cpu++)
		for (unsigned i = 0; i < WALK_ENTRIES; i++)
			if (tlbs[cpu].walks[i].shift && tlbs[cpu].walks[i].table == pa)
				hostile_fail("table 0x%lx freed; CPU %u's walk cache leads to it "
					     "for 0x%lx",
					     pa, cpu, tlbs[cpu].walks[i].va);
	/* A walker that starts at the root must not get there either: walk() looks. */
	for (unsigned i = 0; i < 3; i++)
		walk(hostile_pick(hostile.cpus), oracle_target(), NULL, SPECULATIVE);
	hostile.choices += 3;
}

/* --- accesses ----------------------------------------------------------------------------- */

static bool is_right(const struct answer *got, const struct answer *want)
{
	if (got->mapped != want->mapped || !got->mapped)
		return got->mapped == want->mapped;
	if (got->prot != want->prot && got->prot != want->either)
		return false;
	return (want->any_pa || got->pa == want->pa) &&
	       (!want->contents || vmemmap_holds(got->pa, want->contents));
}

static void judge(const char *how, unsigned cpu, uint64_t va, const struct answer *got,
		  const struct answer *want)
{
	if (is_right(got, want))
		return;
	if (!want->mapped)
		hostile_fail("CPU %u: 0x%lx is not mapped, %s gives 0x%lx", cpu, va, how, got->pa);
	else if (!got->mapped)
		hostile_fail("CPU %u: 0x%lx maps 0x%lx, %s gives a fault", cpu, va, want->pa, how);
	else if (want->contents && !vmemmap_holds(got->pa, want->contents))
		hostile_fail("CPU %u: %s at 0x%lx reads something else than was there, from 0x%lx",
			     cpu, how, va, got->pa);
	else
		hostile_fail("CPU %u: 0x%lx maps 0x%lx (%lx), %s gives 0x%lx (%lx)", cpu, va,
			     want->pa, want->prot, how, got->pa, got->prot);
}

static __always_inline struct answer entry_answer(const struct entry *e, uint64_t va)
{
	return (struct answer){ .mapped = true,
				.pa = e->pa + (va - e->va),
				.prot = e->d & DESC_PROT_MASK };
}

static __always_inline struct answer walk_answer(const struct result *r, uint64_t va)
{
	uint64_t offset = va & ((1UL << level_shift(r->level)) - 1);

	return (struct answer){ .mapped = r->kind == LEAF,
				.pa = desc_addr(r->d) + offset,
				.prot = r->d & DESC_PROT_MASK };
}

/*
 * Two entries for one address: the architecture allows neither answer (D8.16.1), unless it is
 * permissions alone that differ, each of which is judged by itself.
 */
static void check_conflict(unsigned cpu, uint64_t va, const struct entry *a, const struct entry *b,
			   bool moves)
{
	desc_t differ = (a->d ^ b->d) & ((DESC_PROT_MASK & ~(DESC_RO | DESC_PXN)) | DESC_CONT);

	/* Sizes may differ with FEAT_BBM 2; addresses where check_moved() says so. */
	if (hostile.bbm2 || a->level == b->level)
		differ &= hostile.bbm2 ? ~DESC_CONT : ~0UL;
	else
		differ = ~0UL;
	if (!differ && (moves || a->pa - a->va == b->pa - b->va))
		return;
	hostile_fail("CPU %u: TLB conflict at 0x%lx: 0x%lx (level %d) and 0x%lx (level %d)", cpu,
		     va, a->d, a->level, b->d, b->level);
}

/* From the root; what this CPU has changed itself it may not have seen without ISB. */
static void access_from_root(unsigned cpu, uint64_t va, const struct answer *want)
{
	struct result r = walk(cpu, va, NULL, ACCESS + hostile_pick(2));
	struct answer got = walk_answer(&r, va);

	judge("the walk", cpu, va, &got, want);
	if (r.kind == LEAF && want->mapped && r.d & DESC_CONT)
		memory_check_group(cpu, va, r.index, r.level);
	r.unsynced |=
		!want->mapped && cpu == hostile.cpu && hostile.tlbi_at[cpu] > hostile.isb_at[cpu];
	if (r.unsynced && !hostile.in_call)
		hostile_fail("CPU %u: 0x%lx was %smapped by this CPU, no ISB since", cpu, va,
			     want->mapped ? "" : "un");
	if (r.kind == LEAF && hostile_pick(2))
		fill(cpu, va, &r);
}

/*
 * The frames that the CPUs' TLBs and the tables give for one address: several, only if no
 * translation is writable. That they hold the same, each access finds.
 */
static void check_moved(uint64_t va)
{
	struct result r = walk(0, va, NULL, SPECULATIVE);
	struct answer first = walk_answer(&r, va);
	bool writable = first.mapped && !(first.prot & DESC_RO), differ = false;

	for (unsigned cpu = 0; cpu < hostile.cpus; cpu++)
		for (unsigned i = 0; i < ENTRIES; i++) {
			const struct entry *e = &tlbs[cpu].entries[i];
			struct answer got;

			if (!covers(e->va, e->shift, va))
				continue;
			got = entry_answer(e, va);
			writable = writable || !(got.prot & DESC_RO);
			differ = differ || (first.mapped && got.pa != first.pa);
			first = got;
		}
	if (differ && writable)
		hostile_fail("0x%lx: translations to two frames at once, and one may write", va);
}

struct answer tlb_translate(unsigned cpu, uint64_t va)
{
	const struct entry *hit = NULL;
	unsigned found = 1;
	struct result r;

	for (const struct entry *e = tlbs[cpu].entries; e < tlbs[cpu].entries + ENTRIES; e++)
		if (covers(e->va, e->shift, va) && !hostile_pick(++found))
			hit = e;
	if (hit)
		return entry_answer(hit, va);
	r = walk(cpu, va, NULL, ACCESS);
	return walk_answer(&r, va);
}

void tlb_access(unsigned cpu, uint64_t va, const struct answer *want)
{
	struct tlb *tlb = &tlbs[cpu];
	const struct entry *hit = NULL;

	hostile.accesses++;
	hostile.choices++;
	hostile_note(va + cpu);
	va = ALIGN_DOWN(va, PAGE_SIZE);
	for (struct entry *e = tlb->entries; e < tlb->entries + ENTRIES; e++) {
		struct answer got;

		if (!covers(e->va, e->shift, va))
			continue;
		got = entry_answer(e, va);
		judge("the TLB", cpu, va, &got, want);
		if (hit)
			check_conflict(cpu, va, hit, e, want->contents);
		hit = e;
	}
	for (unsigned i = 0; i < WALK_ENTRIES; i++) {
		struct walk_entry from = tlb->walks[i];
		struct result r;
		struct answer got;

		if (!covers(from.va, from.shift, va))
			continue;
		r = walk(cpu, va, &from, ACCESS);
		got = walk_answer(&r, va);
		judge("the walk cache", cpu, va, &got, want);
	}
	if (want->contents)
		check_moved(va);
	access_from_root(cpu, va, want);
}

/* What the call was about, and a sample of the rest. */
static __always_inline bool worth_a_look(uint64_t va, unsigned shift, uint64_t lo, uint64_t hi)
{
	if (!shift)
		return false;
	return (va < hi && lo < va + (1UL << shift)) || !hostile_pick(4);
}

static void audit_entry(unsigned cpu, const struct entry *e, uint64_t lo, uint64_t hi)
{
	uint64_t va = address_in(e->va, e->shift, lo, hi);
	struct answer got = entry_answer(e, va), want;

	hostile.choices++;
	if (oracle_answer(va, &want))
		judge("the TLB", cpu, va, &got, &want);
}

static void audit_walk_entry(unsigned cpu, const struct walk_entry *w, uint64_t lo, uint64_t hi)
{
	uint64_t va = hostile_pick(2) ? 0 : oracle_mapped_address();
	struct walk_entry from = *w;
	struct answer got, want;
	struct result r;

	hostile.choices++;
	if (!covers(w->va, w->shift, va))
		va = address_in(w->va, w->shift, lo, hi);
	if (!oracle_answer(va, &want))
		return;
	r = walk(cpu, va, &from, ACCESS);
	got = walk_answer(&r, va);
	judge("the walk cache", cpu, va, &got, &want);
}

void tlb_audit(uint64_t lo, uint64_t hi)
{
	for (unsigned cpu = 0; cpu < hostile.cpus; cpu++) {
		const struct tlb *tlb = &tlbs[cpu];

		for (unsigned i = 0; i < ENTRIES; i++)
			if (worth_a_look(tlb->entries[i].va, tlb->entries[i].shift, lo, hi))
				audit_entry(cpu, &tlb->entries[i], lo, hi);
		for (unsigned i = 0; i < WALK_ENTRIES; i++)
			if (worth_a_look(tlb->walks[i].va, tlb->walks[i].shift, lo, hi))
				audit_walk_entry(cpu, &tlb->walks[i], lo, hi);
	}
}

#pragma clang attribute pop
