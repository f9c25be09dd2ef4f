// SPDX-License-Identifier: MIT
/*
 * The hostile MMU's memory (hostile.h): what walkers see of the tables, store buffers
 * between it and the door, the door's events; time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "drivers/smp/call.h"
#include "mm/arm64/hw.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/table-pages.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-tlbi.h"
#include "tests/host/hostile-vmemmap.h"
#include "tests/host/hostile.h"

#define BUFFER_STORES 4096

struct hostile hostile;
uint64_t stored_lo, stored_hi;

/* Stores of one CPU that walkers do not see yet; those before the fence come first. */
struct store_buffer {
	unsigned n, fence;
	struct {
		uint64_t index; /* of the slot in WALKER_VIEW */
		desc_t value;
	} stores[BUFFER_STORES];
};
static struct store_buffer buffers[HOSTILE_CPUS];

/* How long stores wait, by call. */
static enum { PROMPT, SOME, UNTIL_BARRIER } mood;
static uint32_t gap; /* between the adversary's moves, in events */

uint8_t *page_state;
static struct {
	uint64_t va;
	int level;
} * seen; /* of PAGE_REACHABLE pages */

void hostile_fail(const char *fmt, ...)
{
	va_list ap;

	if (hostile.failed)
		return;
	hostile.failed = true;
	hostile.failed_at = hostile_steps();
	va_start(ap, fmt);
	vsnprintf(hostile.failure, sizeof(hostile.failure), fmt, ap);
	va_end(ap);
}

static void reserve(void *at, uint64_t bytes)
{
	if (mmap(at, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == at)
		return;
	perror("hostile: mmap");
	exit(99);
}

void hostile_init(void)
{
	uint64_t pages = (ROOT_PA >> PAGE_SHIFT) + 1;

	reserve(WALKER_VIEW, ROOT_PA + PAGE_SIZE);
	reserve(WALKER_STAMP, ROOT_PA + PAGE_SIZE);
	page_state = calloc(pages, 1);
	seen = calloc(pages, sizeof(*seen));
	page_state[ROOT_PA >> PAGE_SHIFT] = PAGE_USED | PAGE_TABLE | PAGE_REACHABLE;
	seen[ROOT_PA >> PAGE_SHIFT].va = -1UL << VA_BITS;
	seen[ROOT_PA >> PAGE_SHIFT].level = LEVEL_ROOT;
}

void hostile_start(uint64_t seed, unsigned cpus, enum hostile_deaf deaf)
{
	hostile = (struct hostile){ .cpus = cpus, .deaf = deaf, .random = seed * 2 + 1, .now = 1 };
	for (unsigned i = 0; i < 8; i++)
		hostile_pick(1);
	memory_start();
	tlb_start();
}

void memory_start(void)
{
	stored_lo = ~0UL;
	stored_hi = 0;
	mood = PROMPT;
	gap = 1;
}

void hostile_begin_call(void)
{
	const uint32_t gaps[] = { 4, 32, 128, PTRS_PER_TABLE };

	hostile.calls++;
	hostile.in_call = true;
	hostile.cpu = hostile_pick(hostile.cpus);
	mood = hostile_pick(3);
	gap = gaps[hostile_pick(ARRAY_SIZE(gaps))];
	hostile.act_at = hostile.now + hostile_pick(gap);
	stored_lo = ~0UL;
	stored_hi = 0;
}

/* --- the adversary's moves ---------------------------------------------------------------- */

/*
 * Some CPU uses what is mapped in the middle of the call: at an address that its TLB holds
 * something for, or any. This CPU is one of them: a handler, or mm/ itself.
 */
static void access_somewhere(void)
{
	unsigned cpu = hostile_pick(hostile.cpus);
	uint64_t va = hostile_pick(2) ? tlb_address(cpu) : oracle_mapped_address();
	struct answer want;

	/* Held CPUs wait, and this one is busy; walkers go on. */
	if (hostile.held)
		return;
	if (!va || !oracle_answer(va, &want) || !want.mapped)
		return;
	tlb_access(cpu, va, &want);
	if (want.contents && hostile_pick(2))
		vmemmap_write(cpu, va);
}

static void move(void)
{
	uint64_t kind = hostile_pick(16);

	hostile.choices++;
	if (kind < 8)
		tlb_speculate(hostile_pick(hostile.cpus), oracle_target());
	else if (kind < 11)
		memory_drain_some(hostile_pick(hostile.cpus));
	else if (kind < 12)
		tlb_evict(hostile_pick(hostile.cpus));
	else
		access_somewhere();
}

static noinline void act(void)
{
	uint64_t moves = 1 + hostile_pick(3);

	hostile.act_at = hostile.now + 1 + hostile_pick(gap);
	while (moves--)
		move();
}

/* An event has taken place. Moves follow now and then, after each barrier in any case. */
static __always_inline void tick(bool barrier)
{
	hostile.now++;
	if (unlikely(barrier || hostile.now >= hostile.act_at))
		act();
}

/* --- holding the other CPUs --------------------------------------------------------------- */

int stop_others(void)
{
	act();
	hostile.held = hostile.deaf != DEAF_HOLD;
	return 0;
}

/* Each goes on with an ISB. */
void resume_others(void)
{
	hostile.held = false;
	for (unsigned cpu = 0; cpu < hostile.cpus; cpu++)
		if (cpu != hostile.cpu)
			hostile.isb_at[cpu] = hostile.now;
	act();
}

int smp_call_others(smp_call_fn *fn, void *arg)
{
	(void)fn;
	(void)arg;
	return 0;
}

void memory_check_group(unsigned cpu, uint64_t va, uint64_t index, int level)
{
	uint64_t members = level == LEVEL_PTE ? CONT_PTES : CONT_PMDS;
	const desc_t *group = &WALKER_VIEW[ALIGN_DOWN(index, members)];

	for (uint64_t i = 1; i < members; i++) {
		desc_t differ = group[i] ^ (group[0] + (i << level_shift(level)));

		if (differ && !(differ & ~(DESC_RO | DESC_PXN))) {
			hostile_fail("CPU %u: 0x%lx is in a contiguous group whose members "
				     "differ: 0x%lx, 0x%lx",
				     cpu, va, group[0], group[i]);
			return;
		}
	}
}

/* --- store buffers ------------------------------------------------------------------------ */

static __always_inline void make_visible(uint64_t index, desc_t value, unsigned cpu)
{
	WALKER_VIEW[index] = value;
	WALKER_STAMP[index] = hostile.now << 8 | cpu;
}

/* One of the oldest epoch: its youngest, or any. */
static void drain_one(unsigned cpu, bool youngest)
{
	struct store_buffer *b = &buffers[cpu];
	unsigned n = b->fence ? b->fence : b->n, i = youngest ? n - 1 : hostile_pick(n);

	make_visible(b->stores[i].index, b->stores[i].value, cpu);
	if (b->fence) {
		b->stores[i] = b->stores[--b->fence];
		i = b->fence;
	}
	b->stores[i] = b->stores[--b->n];
}

static void drain_all(unsigned cpu)
{
	struct store_buffer *b = &buffers[cpu];

	for (unsigned i = 0; i < b->n; i++)
		make_visible(b->stores[i].index, b->stores[i].value, cpu);
	b->n = b->fence = 0;
}

void memory_drain_some(unsigned cpu)
{
	struct store_buffer *b = &buffers[cpu];
	bool youngest = hostile_pick(2);

	if (!b->n)
		return;
	for (unsigned n = 1 + hostile_pick(hostile_pick(2) ? MIN(b->n, 64u) : 4); n && b->n; n--)
		drain_one(cpu, youngest);
}

/* An older value of the slot waits: it comes first, or is never seen. */
static void drain_slot(uint64_t index)
{
	for (unsigned cpu = 0; cpu < hostile.cpus; cpu++)
		for (unsigned i = 0; i < buffers[cpu].n; i++)
			if (buffers[cpu].stores[i].index == index) {
				drain_all(cpu);
				return;
			}
}

static void buffer_store(uint64_t index, desc_t value)
{
	struct store_buffer *b = &buffers[hostile.cpu];

	if (b->n == BUFFER_STORES)
		drain_all(hostile.cpu);
	b->stores[b->n].index = index;
	b->stores[b->n++].value = value;
	WALKER_STAMP[index] |= STAMP_PENDING;
	hostile.late_stores++;
	if (mood == SOME && b->n > hostile_pick(16))
		drain_one(hostile.cpu, false);
}

/* --- pages -------------------------------------------------------------------------------- */

/*
 * From now on the page holds descriptors. What it held before is what walkers see where
 * nothing is stored: its former life's descriptors, and at first rubbish that looks like some.
 */
static noinline void begin_table(uint64_t pa)
{
	uint64_t first = ALIGN_DOWN(pa, PAGE_SIZE) >> 3;

	if (!(page_state[pa >> PAGE_SHIFT] & PAGE_USED))
		for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
			WALKER_VIEW[first + i] =
				leaf_desc((i + 1) << PAGE_SHIFT, PAGE_KERNEL, LEVEL_PTE);
	page_state[pa >> PAGE_SHIFT] |= PAGE_USED | PAGE_TABLE;
}

void memory_table_seen(uint64_t pa, uint64_t va, int level)
{
	seen[pa >> PAGE_SHIFT].va = ALIGN_DOWN(va, 1UL << level_shift(level - 1));
	seen[pa >> PAGE_SHIFT].level = level;
	page_state[pa >> PAGE_SHIFT] |= PAGE_REACHABLE;
}

/* A store to a table that a walker has seen: now it is worth looking there. */
static noinline void stored_to_live(uint64_t pa)
{
	unsigned shift = level_shift(seen[pa >> PAGE_SHIFT].level);
	uint64_t va = seen[pa >> PAGE_SHIFT].va + ((pa & ~PAGE_MASK) >> 3 << shift);

	stored_lo = MIN(stored_lo, va);
	stored_hi = MAX(stored_hi, va + (1UL << shift));
	if (seen[pa >> PAGE_SHIFT].level < LEVEL_PTE)
		hostile.act_at = hostile.now; /* a link, maybe: look at once, and again later */
}

struct page *__real_alloc_pages(gfp_t gfp, unsigned order);
void __real___free_pages(struct page *page, unsigned order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order);
void __wrap___free_pages(struct page *page, unsigned order);
void __real_table_pages_free(struct table_list *list);
void __wrap_table_pages_free(struct table_list *list);

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order)
{
	return __real_alloc_pages(gfp, order);
}

static void freed(struct page *page)
{
	uint64_t pfn = page_to_pfn(page);

	if (page_state[pfn] & PAGE_TABLE) {
		page_state[pfn] &= ~(PAGE_TABLE | PAGE_REACHABLE);
		tlb_page_freed(pfn << PAGE_SHIFT);
	}
}

void __wrap___free_pages(struct page *page, unsigned order)
{
	freed(page);
	__real___free_pages(page, order);
}

void __wrap_table_pages_free(struct table_list *list)
{
	struct page *page;

	SLIST_FOREACH (page, list, hot_link)
		freed(page);
	__real_table_pages_free(list);
}

/* A page that is known to be zero is linked as a table without a store to it. */
void mm_event(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new, uint64_t site)
{
	(void)old;
	(void)site;
	if (kind == EVENT_TCR)
		hostile.sets_flag = new &TCR_HA;
	if (kind == EVENT_FREE)
		for (uint64_t pa = address; pa < address + new; pa += PAGE_SIZE)
			if (!(page_state[pa >> PAGE_SHIFT] & PAGE_USED))
				vmemmap_frame_freed(pa);
	if (kind == EVENT_TABLE_ALLOC && !(page_state[address >> PAGE_SHIFT] & PAGE_TABLE))
		begin_table(address);
}

/* Before a DSB: what it is there for may happen one last time. */
static void last_moment(void)
{
	if (buffers[hostile.cpu].n) {
		memory_drain_some(hostile.cpu);
		for (unsigned n = 2; n; n--, hostile.choices++)
			tlb_speculate(hostile_pick(hostile.cpus), oracle_target());
	}
	act();
}

/* --- what the door does ------------------------------------------------------------------- */

/* Of a table, or what will be one; past the root: of a buffer. */
static __always_inline uint64_t slot_pa(const desc_t *slot)
{
	uint64_t pa = (uint64_t)slot - PAGE_OFFSET;
	uint64_t in_root = (uint64_t)slot - (uint64_t)swapper_pg_dir;

	return likely(pa < ARENA_END) ? pa : ROOT_PA + MIN(in_root, PAGE_SIZE);
}

/* @at_once: no store buffer keeps it from walkers. */
static void store(uint64_t pa, desc_t value, bool at_once)
{
	uint64_t index = pa >> 3;

	if (pa >= ROOT_PA + PAGE_SIZE)
		return;
	if (hostile_stored)
		hostile_stored(pa, value);
	if (unlikely(!(page_state[pa >> PAGE_SHIFT] & PAGE_TABLE)))
		begin_table(pa);
	if (page_state[pa >> PAGE_SHIFT] & PAGE_REACHABLE)
		stored_to_live(pa);
	hostile_note(index ^ value);
	if (unlikely(WALKER_STAMP[index] & STAMP_PENDING))
		drain_slot(index);
	if (at_once || (mood == PROMPT && !buffers[hostile.cpu].n))
		make_visible(index, value, hostile.cpu);
	else
		buffer_store(index, value);
	tick(false);
}

void mmu_model_store(desc_t *slot, desc_t old, desc_t value)
{
	(void)old;
	store(slot_pa(slot), value, false);
}

/* The exclusive load sees what walkers see; one of them may have been there a moment ago. */
void mmu_model_cas_begins(desc_t *slot)
{
	uint64_t pa = slot_pa(slot);

	if (pa < ROOT_PA + PAGE_SIZE && WALKER_STAMP[pa >> 3] & STAMP_PENDING)
		drain_slot(pa >> 3);
	act();
	if (hostile.sets_flag && hostile.first && *slot & DESC_VALID)
		tlb_set_flag(pa >> 3);
}

void mmu_model_cas(desc_t *slot, desc_t old, desc_t value)
{
	(void)old;
	store(slot_pa(slot), value, true);
}

void mmu_model_dmb_ishst(void)
{
	struct store_buffer *b = &buffers[hostile.cpu];

	if (hostile.deaf != DEAF_DMB) {
		while (b->fence)
			drain_one(hostile.cpu, false);
		b->fence = b->n;
	}
	tick(true);
}

void mmu_model_dsb_ishst(void)
{
	last_moment();
	if (hostile.deaf != DEAF_DSB_ISHST)
		drain_all(hostile.cpu);
	tick(true);
}

void mmu_model_dsb_ish(void)
{
	last_moment();
	if (hostile.deaf != DEAF_DSB_ISH) {
		drain_all(hostile.cpu);
		if (tlbi_complete(hostile.cpu, hostile.deaf == DEAF_EARLY))
			hostile.tlbi_at[hostile.cpu] = hostile.now;
	}
	tick(true);
}

void mmu_model_isb(void)
{
	if (hostile.deaf != DEAF_ISB)
		hostile.isb_at[hostile.cpu] = hostile.now;
	tick(true);
}

void mmu_model_tlbi_vaale1is(uint64_t operand)
{
	tlbi_issue(TLBI_LAST_LEVEL, operand);
	tick(false);
}

void mmu_model_tlbi_vaae1is(uint64_t operand)
{
	tlbi_issue(hostile.deaf == DEAF_ALL_LEVELS ? TLBI_LAST_LEVEL : TLBI_ALL_LEVELS, operand);
	tick(false);
}

void mmu_model_tlbi_vmalle1is(void)
{
	tlbi_issue(TLBI_EVERYTHING, 0);
	tick(true);
}

void mmu_model_tlbi_rvaale1is(uint64_t operand)
{
	tlbi_issue_range(TLBI_LAST_LEVEL, operand);
	tick(false);
}

void mmu_model_tlbi_rvaae1is(uint64_t operand)
{
	tlbi_issue_range(hostile.deaf == DEAF_ALL_LEVELS ? TLBI_LAST_LEVEL : TLBI_ALL_LEVELS,
			 operand);
	tick(false);
}
