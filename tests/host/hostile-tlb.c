// SPDX-License-Identifier: MIT
/*
 * The hostile MMU's TLBs and walk caches (hostile.h), one of each a CPU, its walker and what
 * TLBIs do to them.
 */
#include <stdlib.h>

#include "tests/host/arena.h"
#include "tests/host/hostile-tlbi.h"
#include "tests/host/hostile.h"

#define ENTRIES	     24
#define WALK_ENTRIES 8
#define RUNS	     64

/* A leaf, or a part of one, or of a contiguous group. */
struct entry {
	uint64_t va, pa;
	uint64_t leaf_read; /* when its descriptor was read */
	uint64_t oldest;    /* of all that the walk was based on */
	desc_t d;
	uint8_t shift;	/* log2 of what it translates; 0: no entry */
	uint8_t origin; /* of what its descriptor maps */
	uint8_t level;
};

/* A table descriptor. */
struct walk_entry {
	uint64_t va, table;
	uint64_t oldest;
	uint8_t shift; /* of what it leads to; 0: no entry */
	uint8_t level; /* of the table */
};

/*
 * The walker runs a thousand times for each call; its own code goes without sanitizers, which
 * watch mm/ and the rest of the model.
 */
#pragma clang attribute push(__attribute__((no_sanitize("address", "undefined"))), \
			     apply_to = function)

static struct tlb {
	struct entry entries[ENTRIES];
	struct walk_entry walks[WALK_ENTRIES];
} tlbs[HOSTILE_CPUS];

/* TLBIs that were issued one right after the other, addresses a step apart. */
struct run {
	enum tlbi_kind kind;
	unsigned ttl; /* the level hint */
	uint64_t va, step, count;
	uint64_t issued; /* the first; the others one event later each */
	bool at_once;	 /* all of them are one instruction */
};
static struct run runs[HOSTILE_CPUS][RUNS];
static unsigned nr_runs[HOSTILE_CPUS];
static unsigned nr_held[HOSTILE_CPUS]; /* of them a DSB was too early for */

void tlb_start(void)
{
	for (unsigned cpu = 0; cpu < HOSTILE_CPUS; cpu++) {
		tlbs[cpu] = (struct tlb){ 0 };
		nr_runs[cpu] = nr_held[cpu] = 0;
	}
}

static __always_inline bool covers(uint64_t va, unsigned shift, uint64_t of)
{
	return shift && (of ^ va) >> shift == 0;
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

/* From the root, or from what @from remembers. @learn: into the walk cache as well. */
static struct result walk(unsigned cpu, uint64_t va, const struct walk_entry *from, bool learn)
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
			r.kind = LEAF;
			return r;
		}
		if (r.level == LEVEL_PTE || !desc_is_table(r.d)) {
			r.kind = FAULT;
			return r;
		}
		table = desc_addr(r.d);
		if (learn)
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
	struct result r = walk(cpu, va, from ? &copy : NULL, hostile_pick(2));

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
		walk(hostile_pick(hostile.cpus), oracle_target(), NULL, false);
	hostile.choices += 3;
}

/* --- accesses ----------------------------------------------------------------------------- */

static void judge(const char *how, unsigned cpu, uint64_t va, const struct answer *got,
		  const struct answer *want)
{
	if (got->mapped == want->mapped &&
	    (!got->mapped ||
	     (got->pa == want->pa && (got->prot == want->prot || got->prot == want->either))))
		return;
	if (!want->mapped)
		hostile_fail("CPU %u: 0x%lx is not mapped, %s gives 0x%lx", cpu, va, how, got->pa);
	else if (!got->mapped)
		hostile_fail("CPU %u: 0x%lx maps 0x%lx, %s gives a fault", cpu, va, want->pa, how);
	else
		hostile_fail("CPU %u: 0x%lx maps 0x%lx (%lx), %s gives 0x%lx (%lx)", cpu, va,
			     want->pa, want->prot, how, got->pa, got->prot);
}

static __always_inline struct answer entry_answer(const struct entry *e, uint64_t va)
{
	return (struct answer){ true, e->pa + (va - e->va), e->d & DESC_PROT_MASK, 0 };
}

static __always_inline struct answer walk_answer(const struct result *r, uint64_t va)
{
	uint64_t offset = va & ((1UL << level_shift(r->level)) - 1);

	return (struct answer){ r->kind == LEAF, desc_addr(r->d) + offset, r->d & DESC_PROT_MASK,
				0 };
}

/*
 * Two entries for one address: the architecture allows neither answer (D8.16.1), unless it is
 * permissions alone that differ, each of which is judged by itself.
 */
static void check_conflict(unsigned cpu, uint64_t va, const struct entry *a, const struct entry *b)
{
	if (a->pa - a->va == b->pa - b->va && a->level == b->level &&
	    !((a->d ^ b->d) & ((DESC_PROT_MASK & ~(DESC_RO | DESC_PXN)) | DESC_CONT)))
		return;
	hostile_fail("CPU %u: TLB conflict at 0x%lx: 0x%lx (level %d) and 0x%lx (level %d)", cpu,
		     va, a->d, a->level, b->d, b->level);
}

/* From the root; what this CPU has changed itself it may not have seen without ISB. */
static void access_from_root(unsigned cpu, uint64_t va, const struct answer *want)
{
	struct result r = walk(cpu, va, NULL, hostile_pick(2));
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
			check_conflict(cpu, va, hit, e);
		hit = e;
	}
	for (unsigned i = 0; i < WALK_ENTRIES; i++) {
		struct walk_entry from = tlb->walks[i];
		struct result r;
		struct answer got;

		if (!covers(from.va, from.shift, va))
			continue;
		r = walk(cpu, va, &from, false);
		got = walk_answer(&r, va);
		judge("the walk cache", cpu, va, &got, want);
	}
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
	r = walk(cpu, va, &from, false);
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

/* --- TLBI --------------------------------------------------------------------------------- */

static void add_run(struct run run)
{
	unsigned cpu = hostile.cpu;

	if (nr_runs[cpu] == RUNS) {
		hostile_fail("CPU %u: more than %u runs of TLBIs without a DSB", cpu, RUNS);
		nr_runs[cpu] = nr_held[cpu] = 0;
	}
	runs[cpu][nr_runs[cpu]++] = run;
}

void tlbi_issue_range(enum tlbi_kind kind, uint64_t operand)
{
	uint64_t va = (uint64_t)((int64_t)(operand << 27) >> 27) * PAGE_SIZE;
	uint64_t granule = operand >> 46 & 3, scale = operand >> 44 & 3, num = operand >> 39 & 31;
	unsigned ttl = operand >> 37 & 3;

	hostile_note(va + kind + operand);
	if (granule != (PAGE_SHIFT - 10u) / 2 || (hostile.deaf == DEAF_TLBI && !hostile_pick(8)))
		return;
	add_run((struct run){ .kind = kind,
			      .ttl = ttl ? (PAGE_SHIFT - 10u) / 2 << 2 | ttl : 0,
			      .va = va,
			      .step = PAGE_SIZE,
			      .count = (num + 1) << (5 * scale + 1),
			      .issued = hostile.now,
			      .at_once = true });
}

void tlbi_issue(enum tlbi_kind kind, uint64_t operand)
{
	unsigned cpu = hostile.cpu, ttl = operand >> 44 & 0xf;
	uint64_t va = (uint64_t)((int64_t)(operand << 20) >> 8) & PAGE_MASK;
	struct run *last = nr_runs[cpu] > nr_held[cpu] ? &runs[cpu][nr_runs[cpu] - 1] : NULL;

	hostile_note(va + kind);
	if (hostile.deaf == DEAF_TLBI && !hostile_pick(8))
		return;
	if (last && !last->at_once && last->kind == kind && kind != TLBI_EVERYTHING &&
	    last->ttl == ttl && hostile.now == last->issued + last->count && va > last->va &&
	    (last->count == 1 || va == last->va + last->count * last->step)) {
		last->step = (va - last->va) / last->count;
		last->count++;
		return;
	}
	add_run((struct run){ kind, ttl, va, PAGE_SIZE, 1, hostile.now, false });
}

/* When the last TLBI of the run was issued that is about [va, va + 1 << shift); 0: none is. */
static __always_inline uint64_t issued_for(const struct run *run, uint64_t va, unsigned shift,
					   int level)
{
	uint64_t last = va + (1UL << shift) - 1, k;

	if (run->kind == TLBI_EVERYTHING)
		return run->issued;
	/* A hint of another level or granule: the TLBI may do nothing (D8.14.5). */
	if (run->ttl && run->ttl != ((PAGE_SHIFT - 10u) / 2 << 2 | (unsigned)level))
		return 0;
	if (last < run->va)
		return 0;
	k = MIN((last - run->va) / run->step, run->count - 1);
	if (run->va + k * run->step < va)
		return 0;
	return run->at_once ? run->issued : run->issued + k;
}

static __always_inline bool removes(const struct run *run, const struct entry *e)
{
	unsigned shift = MAX(e->shift, e->origin);
	uint64_t issued = issued_for(run, ALIGN_DOWN(e->va, 1UL << shift), shift, e->level);

	return issued >= (run->kind == TLBI_LAST_LEVEL ? e->leaf_read : e->oldest);
}

static __always_inline bool removes_walk(const struct run *run, const struct walk_entry *w)
{
	return run->kind != TLBI_LAST_LEVEL &&
	       issued_for(run, w->va, w->shift, w->level - 1) >= w->oldest;
}

static void complete_run(const struct run *run, struct tlb *tlb)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (tlb->entries[i].shift && removes(run, &tlb->entries[i]))
			tlb->entries[i].shift = 0;
	for (unsigned i = 0; i < WALK_ENTRIES; i++)
		if (tlb->walks[i].shift && removes_walk(run, &tlb->walks[i]))
			tlb->walks[i].shift = 0;
}

/* Not every CPU hears of it, when the test says so. */
static bool reaches(const struct run *run, unsigned from, unsigned to)
{
	return from == to || !(hostile.deaf == DEAF_BROADCAST ||
			       (hostile.deaf == DEAF_VMALLE1 && run->kind == TLBI_EVERYTHING));
}

bool tlbi_complete(unsigned cpu, bool early)
{
	unsigned n = nr_runs[cpu];

	if (early && !nr_held[cpu] && hostile_pick(2)) {
		nr_held[cpu] = n;
		return false;
	}
	if (n == nr_held[cpu]) /* no TLBI since that DSB */
		return false;
	for (unsigned i = 0; i < n; i++)
		for (unsigned to = 0; to < hostile.cpus; to++)
			if (reaches(&runs[cpu][i], cpu, to))
				complete_run(&runs[cpu][i], &tlbs[to]);
	nr_runs[cpu] = nr_held[cpu] = 0;
	return true;
}

#pragma clang attribute pop
