// SPDX-License-Identifier: MIT
/*
 * The strict MMU (mmu-model.h): the checker, fed by the host's stand-in for the door.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mm/arm64/hw.h"
#include "mm/check/trace.h"
#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/mmu-model.h"

/* The root is no memory of the arena. */
#define ROOT_PA ARENA_END

/* Past all frames that tests have struct pages for, in the arena or not. */
#define FRAMES_COUNTED_END (256 * GiB)
#define TABLES		   (1u << 25 >> PAGE_SHIFT)
#define REGIONS		   (1u << 21)

struct mmu_model mmu_model;
void (*mmu_model_recorder)(const struct mm_event *event);
void (*mmu_model_before_cas)(desc_t *slot);
unsigned mmu_model_bbm_level;

static struct checker *checker;

static const desc_t *table_at(void *context, uint64_t pa)
{
	(void)context;
	if (pa == ROOT_PA)
		return swapper_pg_dir;
	return pa < ARENA_END ? phys_to_virt(pa) : NULL;
}

/* What is neither RAM of the arena nor opened by a test cannot be read. */
static const void *memory_at(void *context, uint64_t pa)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { phys_to_virt(pa), 1 };

	(void)context;
	if (pa >= ARENA_END || process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 1)
		return NULL;
	return phys_to_virt(pa);
}

static void reported(void *context, const struct check_report *report)
{
	(void)context;
	mmu_model.rules[report->rule]++;
	if (!mmu_model.frames_judged &&
	    (report->rule == RULE_MEMORY_TYPE || report->rule == RULE_MAP_COUNT))
		return;
	if (mmu_model.violations++)
		return;
	snprintf(mmu_model.text, sizeof(mmu_model.text), "%s", report->text);
	fprintf(stderr, "# mmu-model: %s (%s; %s)\n", report->text, check_rules[report->rule].name,
		check_rules[report->rule].section);
}

static struct checker *start(void)
{
	const struct checker_config config = { .table_at = table_at,
					       .memory_at = memory_at,
					       .report = reported,
					       .bbm_level = mmu_model_bbm_level,
					       .frames_end = FRAMES_COUNTED_END,
					       .regions = REGIONS };
	uint64_t bytes = checker_memory(&config, TABLES);
	void *memory;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED || !(checker = checker_init(&config, memory, bytes)))
		abort();
	checker_adopt(checker, ROOT_PA);
	return checker;
}

static struct checker *get(void)
{
	return checker ? checker : start();
}

static void copy_stats(void)
{
	const struct checker_stats *stats = checker_stats(get());

	mmu_model.mapped_bytes = stats->mapped_bytes;
	mmu_model.tables = stats->tables;
	mmu_model.events.live_stores = stats->live_stores;
	mmu_model.events.changes = stats->changes;
}

static void tell(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new)
{
	const struct mm_event event = { .kind = kind, .address = address, .old = old, .new = new };

	if (mmu_model_recorder)
		mmu_model_recorder(&event);
	checker_event(get(), &event);
	/* Most stores are to tables that no walker can reach: nothing is new. */
	if ((kind != EVENT_STORE && kind != EVENT_CAS) ||
	    checker_stats(checker)->live_stores != mmu_model.events.live_stores)
		copy_stats();
}

/* What mm/ tells besides: tables, frames, addresses, the lock. */
void mm_event(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new, uint64_t site)
{
	(void)site;
	tell(kind, address, old, new);
}

/* --- what the door does ------------------------------------------------------------------- */

static void tell_store(enum mm_event_kind kind, const desc_t *slot, desc_t old, desc_t value)
{
	uint64_t pa = (uint64_t)slot - PAGE_OFFSET,
		 in_root = (uint64_t)slot - (uint64_t)swapper_pg_dir;

	if (in_root < sizeof(swapper_pg_dir))
		tell(kind, ROOT_PA + in_root, old, value);
	else if (pa < ARENA_END)
		tell(kind, pa, old, value);
	/* else: a buffer */
}

void mmu_model_store(desc_t *slot, desc_t old, desc_t value)
{
	tell_store(EVENT_STORE, slot, old, value);
}

void mmu_model_cas_begins(desc_t *slot)
{
	if (mmu_model_before_cas)
		mmu_model_before_cas(slot);
}

void mmu_model_cas(desc_t *slot, desc_t old, desc_t value)
{
	tell_store(EVENT_CAS, slot, old, value);
}

void mmu_model_dmb_ishst(void)
{
	mmu_model.events.dmb++;
	tell(EVENT_DMB_ISHST, 0, 0, 0);
}

void mmu_model_dsb_ishst(void)
{
	mmu_model.events.dsb++;
	tell(EVENT_DSB_ISHST, 0, 0, 0);
}

void mmu_model_dsb_ish(void)
{
	mmu_model.events.dsb++;
	tell(EVENT_DSB_ISH, 0, 0, 0);
}

void mmu_model_isb(void)
{
	mmu_model.events.isb++;
	tell(EVENT_ISB, 0, 0, 0);
}

void mmu_model_tlbi_vaale1is(uint64_t operand)
{
	mmu_model.events.tlbi++;
	tell(EVENT_TLBI_VAALE1IS, 0, 0, operand);
}

void mmu_model_tlbi_vaae1is(uint64_t operand)
{
	mmu_model.events.tlbi++;
	tell(EVENT_TLBI_VAAE1IS, 0, 0, operand);
}

void mmu_model_tlbi_vmalle1is(void)
{
	mmu_model.events.tlbi++;
	tell(EVENT_TLBI_VMALLE1IS, 0, 0, 0);
}

void mmu_model_tlbi_rvaale1is(uint64_t operand)
{
	mmu_model.events.tlbi++;
	tell(EVENT_TLBI_RVAALE1IS, 0, 0, operand);
}

void mmu_model_tlbi_rvaae1is(uint64_t operand)
{
	mmu_model.events.tlbi++;
	tell(EVENT_TLBI_RVAAE1IS, 0, 0, operand);
}

/* --- what tests ask ----------------------------------------------------------------------- */

bool mmu_model_clean(void)
{
	checker_quiet(get());
	copy_stats();
	return mmu_model.violations == 0;
}

void mmu_model_forgive(void)
{
	checker_forgive(get());
	mmu_model.violations = 0;
	mmu_model.text[0] = '\0';
}

static struct mmu_table describe(const struct checker_table *t)
{
	return (struct mmu_table){ (desc_t *)table_at(NULL, t->pa), t->va, t->level, t->valid };
}

struct mmu_table mmu_model_table(uint64_t pa)
{
	struct checker_table t = checker_table(get(), pa);

	return t.pa ? describe(&t) : (struct mmu_table){ 0 };
}

static void visit_table(void *context, const struct checker_table *t)
{
	void (*visit)(const struct mmu_table *) = context;
	struct mmu_table described = describe(t);

	if (t->pa != ROOT_PA)
		visit(&described);
}

void mmu_model_each_table(void (*visit)(const struct mmu_table *))
{
	checker_each_table(get(), visit_table, visit);
}

static void add_digest(void *context, const struct checker_table *t)
{
	const desc_t *slots = table_at(NULL, t->pa);
	uint64_t hash = t->pa, *sum = context;

	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		hash = (hash ^ slots[i]) * 0x100000001b3UL;
	*sum += hash;
}

uint64_t mmu_model_digest(void)
{
	uint64_t sum = 0;

	checker_each_table(get(), add_digest, &sum);
	return sum;
}

void mmu_model_freed(uint64_t pa, uint64_t bytes)
{
	tell(EVENT_FREE, pa, 0, bytes);
}

void mmu_model_trace_begin(void (*write)(void *context, const char *line), void *context)
{
	trace_begin(get(), ROOT_PA, write, context);
}
