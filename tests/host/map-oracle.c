// SPDX-License-Identifier: MIT
/*
 * The mapping engine's judge (map-oracle.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lock.h"
#include "mm/arm64/door.h"
#include "mm/map/flush.h"
#include "mm/map/view/census.h"
#include "mm/map/view/walk.h"
#include "mm/phys/ranges.h"
#include "mm/phys/table-pages.h"
#include "tests/host/map-oracle.h"
#include "tests/host/mistake.h"
#include "tests/host/mmu-model.h"

/* Where the engine's tables come from. */
#define TABLES_START (4 * ARENA_BLOCK)
#define TABLES_SIZE  (3 * ARENA_BLOCK)

/* Past this many leaves an unmap flushes everything. */

struct expected *expected;
const pgprot_t protections[] = { PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_KERNEL_ROX, PROT_DEVICE_nGnRE,
				 PROT_NORMAL_NC };
unsigned mistakes;
long alloc_fail_in = -1;
unsigned alloc_failures;
void (*alloc_event)(void);
unsigned alloc_event_in;

static uint64_t expected_bytes, pages_at_start;
static uint32_t calls;

void mistake(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	count_mistake(&mistakes, fmt, ap);
	va_end(ap);
}

/* --- the allocator, watched --------------------------------------------------------------- */

struct page *__real_alloc_pages(gfp_t gfp, unsigned order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order);
struct page *__real_table_page_alloc(void);
struct page *__wrap_table_page_alloc(void);

static void maybe_event(void)
{
	void (*event)(void) = alloc_event;

	if (!event || alloc_event_in--)
		return;
	alloc_event = NULL;
	event();
}

/* An allocation of the engine's: another CPU's event may come first, and it may have to fail. */
static bool may_allocate(void)
{
	maybe_event();
	if (alloc_fail_in == 0) {
		alloc_failures++;
		return false;
	}
	if (alloc_fail_in > 0)
		alloc_fail_in--;
	return true;
}

/* The rubbish that memory holds looks like leaves: a slot that nobody zeroes shows. */
static void put_rubbish(struct page *page, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		((desc_t *)page_address(page))[i] =
			leaf_desc(i << PAGE_SHIFT, PAGE_KERNEL, LEVEL_PTE);
}

static bool in_table_alloc; /* what it allocates is one allocation with itself */

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order)
{
	struct page *page =
		in_table_alloc || may_allocate() ? __real_alloc_pages(gfp, order) : NULL;

	if (page)
		put_rubbish(page, 0, PTRS_PER_TABLE << order);
	return page;
}

struct page *__wrap_table_page_alloc(void)
{
	struct page *page;

	if (!may_allocate())
		return NULL;
	in_table_alloc = true;
	page = __real_table_page_alloc();
	in_table_alloc = false;
	if (page)
		put_rubbish(page, page->table_extent.first, page->table_extent.end);
	return page;
}

void oracle_init(void)
{
	arena_add_ram(TABLES_START, TABLES_SIZE);
	boot_ram_add(FRAMES_START, FRAMES_PAGES * PAGE_SIZE);
	boot_ram_add(OTHER_START, OTHER_PAGES * PAGE_SIZE);
	boot_ram_reserve(FRAMES_START, OTHER_START + OTHER_PAGES * PAGE_SIZE - FRAMES_START);
	boot_ram_reserve_nomap(OTHER_HOLE, PAGE_SIZE);
	buddy_init();
	expected = calloc(WINDOW_PAGES, sizeof(*expected));
	pages_at_start = nr_free_pages();
	door_counting = true;
}

/* --- what has to hold ---------------------------------------------------------------------- */

static uint64_t request_pa(const struct request *r, uint64_t i)
{
	switch (r->kind) {
	case BY_RANGE:
		return r->pa + (i << PAGE_SHIFT);
	case BY_PAGES:
		return page_to_phys(r->pages[i]);
	default:
		return page_to_phys(r->pages[i >> r->order] + (i & ((1UL << r->order) - 1)));
	}
}

/* The largest legal leaf or group for page @i, from which @run pages follow each other. */
static unsigned largest_leaf(const struct request *r, uint64_t i, uint64_t run)
{
	const unsigned shifts[] = { PUD_SHIFT, CONT_PMD_SHIFT, PMD_SHIFT, CONT_PTE_SHIFT };

	for (unsigned k = !HAVE_PUD_BLOCK; k < ARRAY_SIZE(shifts); k++) {
		uint64_t size = 1UL << shifts[k];

		if (shifts[k] <= r->max_shift && run >= size >> PAGE_SHIFT &&
		    IS_ALIGNED(window_va(r->first + i) | request_pa(r, i), size))
			return shifts[k];
	}
	return PAGE_SHIFT;
}

static uint8_t protection_index(pgprot_t prot)
{
	for (unsigned i = 0; i < ARRAY_SIZE(protections); i++)
		if (protections[i] == prot)
			return i;
	abort();
}

/* Writes down what the call has to have done. */
static void expect(const struct request *r)
{
	uint32_t *run = calloc(r->n + 1, sizeof(*run));
	struct expected e = { .call = ++calls, .prot = protection_index(r->prot) };
	uint64_t end = 0;

	for (uint64_t i = r->n; i-- > 0;)
		run[i] = i + 1 < r->n && request_pa(r, i + 1) == request_pa(r, i) + PAGE_SIZE
				 ? run[i + 1] + 1
				 : 1;
	for (uint64_t i = 0; i < r->n; i++) {
		if (i == end) {
			e.shift = largest_leaf(r, i, run[i]);
			end += 1UL << (e.shift - PAGE_SHIFT);
		}
		e.pa = request_pa(r, i);
		expected[r->first + i] = e;
	}
	expected_bytes += r->n << PAGE_SHIFT;
	free(run);
}

static bool page_is_right(uint64_t page)
{
	const struct expected *e = &expected[page];
	struct leaf leaf;
	int error = walk_lookup(window_va(page), &leaf), level;

	if (error || !e->shift)
		return error == -ENOENT && !e->shift;
	level = e->shift == PUD_SHIFT ? LEVEL_PUD : e->shift >= PMD_SHIFT ? LEVEL_PMD : LEVEL_PTE;
	return leaf.pa == e->pa && leaf.prot == protections[e->prot] && leaf.level == level &&
	       leaf.cont == (e->shift == CONT_PMD_SHIFT || e->shift == CONT_PTE_SHIFT);
}

static void say_wrong(uint64_t page)
{
	const struct expected *e = &expected[page];
	struct leaf leaf = { 0 };
	int error = walk_lookup(window_va(page), &leaf);

	mistake("page %lu (call %u): want 0x%lx shift %u prot %u, got %d 0x%lx level %d cont %d",
		page, e->call, e->pa, e->shift, e->prot, error, leaf.pa, leaf.level, leaf.cont);
}

void oracle_compare(uint64_t first, uint64_t n)
{
	uint64_t next, last_of_block;

	for (uint64_t i = first; i < first + n; i = next) {
		if (!page_is_right(i)) {
			say_wrong(i);
			return;
		}
		/* Of a block the first and the last page are enough. */
		last_of_block = i | (PTRS_PER_TABLE - 1);
		next = expected[i].shift >= PMD_SHIFT && i < last_of_block ? last_of_block : i + 1;
	}
}

static void audit_table(const struct mmu_table *table)
{
	const struct page *page = virt_to_page(table->slots);

	if (!(page->flags & PG_TABLE) || page->refcount != 1)
		mistake("0x%lx: page of a table is not one (flags %x)", table->va, page->flags);
	if (table->level != LEVEL_PTE)
		return;
	if (page->table_live != table->valid)
		mistake("0x%lx: table_live is %u, %u descriptors are valid", table->va,
			page->table_live, table->valid);
	if (!table->valid)
		mistake("0x%lx: an empty leaf table is still linked", table->va);
}

/* After each public call. */
static void audit_call(void)
{
	const struct mmu_events *e = &mmu_model.events;

	if (!mmu_model_clean())
		mistake("the MMU model: %s", mmu_model.text);
	if (mmu_model.mapped_bytes != expected_bytes)
		mistake("%lu bytes are mapped, not %lu", mmu_model.mapped_bytes, expected_bytes);
	if (mmu_model.tables != map_table_pages())
		mistake("%u tables are linked, %lu counted", mmu_model.tables, map_table_pages());
	if (nr_free_pages() + map_table_pages() != pages_at_start)
		mistake("%ld pages are lost",
			(long)(pages_at_start - nr_free_pages() - map_table_pages()));
	if (e->dmb != door_counts.dmb || e->dsb != door_counts.dsb || e->isb != door_counts.isb ||
	    e->tlbi != door_counts.tlbi ||
	    e->changes != door_counts.pte_writes + door_counts.table_writes)
		mistake("the door's counts are wrong: dmb %ld, dsb %ld, isb %ld, tlbi %ld, "
			"stores %ld",
			(long)(door_counts.dmb - e->dmb), (long)(door_counts.dsb - e->dsb),
			(long)(door_counts.isb - e->isb), (long)(door_counts.tlbi - e->tlbi),
			(long)(door_counts.pte_writes + door_counts.table_writes - e->changes));
	if (door_counts.tables_allocated - door_counts.tables_freed != map_table_pages())
		mistake("the door's table counts are wrong");
	if (host_irq_depth)
		mistake("IRQs are still masked");
	mmu_model_each_table(audit_table);
}

/* A range and a little around it. */
static void compare_around(uint64_t first, uint64_t n)
{
	uint64_t from = first - MIN(first, 2UL), to = MIN(first + n + 2, WINDOW_PAGES);

	oracle_compare(from, to - from);
}

/* How far page @i's frames go on in a row: the first and the last page of the call's run. */
static void run_around(const struct request *r, uint64_t i, uint64_t *first, uint64_t *last)
{
	for (*first = i; *first > 0; --*first)
		if (request_pa(r, *first - 1) + PAGE_SIZE != request_pa(r, *first))
			break;
	for (*last = i; *last + 1 < r->n; ++*last)
		if (request_pa(r, *last) + PAGE_SIZE != request_pa(r, *last + 1))
			break;
}

/*
 * The reason for page @i of the call, whose run is given, not to have a larger leaf, from the
 * call's own arguments. LIMIT_UNKNOWN: it should have one.
 */
static enum leaf_limit expected_limit(const struct request *r, uint64_t i, uint64_t first,
				      uint64_t last)
{
	const unsigned shifts[] = { CONT_PTE_SHIFT, PMD_SHIFT, CONT_PMD_SHIFT, PUD_SHIFT };
	const unsigned nr_shifts = HAVE_PUD_BLOCK ? 4 : 3;
	unsigned k = 0;

	while (k < nr_shifts && shifts[k] <= expected[r->first + i].shift)
		k++;
	if (k == nr_shifts)
		return LIMIT_NONE;

	/* Frames, in pages: of the block that the next larger leaf would map, and of the run. */
	uint64_t pages = 1UL << (shifts[k] - PAGE_SHIFT), frame = request_pa(r, i) >> PAGE_SHIFT;
	uint64_t block = frame / pages * pages, run = frame - (i - first);
	uint64_t va_page = (window_va(r->first + i) >> PAGE_SHIFT) - (frame - block);

	if (last - first + 1 < pages || block + pages > run + (last - first + 1))
		return LIMIT_RUN;
	if (block < run)
		return LIMIT_PA_PHASE;
	if (shifts[k] > r->max_shift)
		return LIMIT_CALLER;
	return va_page % pages ? LIMIT_VA_PHASE : LIMIT_UNKNOWN;
}

/* Leaf by leaf, and reason by reason; and that there is a reason for each. */
static void check_census(const struct request *r)
{
	struct map_limits limits = { .max_shift = r->max_shift };
	struct map_census want = { 0 }, got = { 0 };
	uint64_t first = 0, last = 0;

	for (uint64_t i = 0; i < r->n; i++) {
		unsigned kind = 0;

		if (i == 0 || i > last)
			run_around(r, i, &first, &last);
		while (leaf_shifts[kind] != expected[r->first + i].shift)
			kind++;
		want.mapped[kind][expected_limit(r, i, first, last)] += PAGE_SIZE;
	}
	census_range(window_va(r->first), window_va(r->first + r->n), limits, &got);
	if (census_of_limit(&got, LIMIT_UNKNOWN))
		mistake("[%lu, %lu): a leaf is smaller than it need be", r->first, r->first + r->n);
	if (memcmp(&got, &want, sizeof(got)))
		mistake("census of [%lu, %lu) is wrong", r->first, r->first + r->n);
}

/* --- calls --------------------------------------------------------------------------------- */

int request_call(const struct request *r)
{
	uint64_t va = window_va(r->first), end = window_va(r->first + r->n);

	switch (r->kind) {
	case BY_RANGE:
		return map_range(va, end, r->pa, r->prot, r->max_shift);
	case BY_PAGES:
		return map_pages(va, end, r->pages, r->prot, r->max_shift);
	default:
		return map_blocks(va, end, r->pages, r->order, r->prot, r->max_shift);
	}
}

/* At most one barrier of each kind; what breaking an empty table needs comes on top. */
static void check_map_barriers(const struct request *r, const struct mmu_events *before)
{
	const struct mmu_events *e = &mmu_model.events;
	uint64_t breaks = e->tlbi - before->tlbi;

	if (e->dmb - before->dmb > 1 || e->dsb - before->dsb != 1 + 2 * breaks ||
	    e->isb - before->isb != 1 + breaks)
		mistake("kind %d, page %lu, %lu pages: %lu dmb, %lu dsb, %lu isb, %lu tlbi",
			r->kind, r->first, r->n, e->dmb - before->dmb, e->dsb - before->dsb,
			e->isb - before->isb, breaks);
}

void oracle_map(const struct request *r)
{
	struct mmu_events before = mmu_model.events;
	int error = request_call(r);

	if (error) {
		mistake("kind %d, page %lu, %lu pages: error %d", r->kind, r->first, r->n, error);
		return;
	}
	check_map_barriers(r, &before);
	expect(r);
	audit_call();
	compare_around(r->first, r->n);
	check_census(r);
}

/* By the policy in force; the workaround's one comes on top. */
static bool tlbis_fit(uint64_t tlbis, uint64_t leaves, uint64_t pages)
{
	tlbis -= door_tlbi_twice;
	if (flush_policy == FLUSH_FULL)
		return tlbis == 1;
	if (flush_policy == FLUSH_RANGE)
		return tlbis >= 1 && tlbis <= 5 && (tlbis > 1 || !(pages & 1) || pages == 1);
	return leaves <= FLUSH_ALL_PAST ? tlbis == leaves : tlbis == 1;
}

void oracle_unmap(uint64_t first, uint64_t n)
{
	uint64_t leaves = 0, tlbis = mmu_model.events.tlbi;

	for (uint64_t i = first; i < first + n; leaves++) {
		unsigned shift = expected[i].shift;

		if (!shift) { /* the map call failed, which has been said */
			mistakes++;
			return;
		}
		shift = shift == CONT_PTE_SHIFT ? PAGE_SHIFT : shift;
		i += 1UL << ((shift == CONT_PMD_SHIFT ? PMD_SHIFT : shift) - PAGE_SHIFT);
	}
	unmap_range(window_va(first), window_va(first + n));
	for (uint64_t i = first; i < first + n; i++)
		expected[i] = (struct expected){ 0 };
	expected_bytes -= n << PAGE_SHIFT;
	tlbis = mmu_model.events.tlbi - tlbis;
	if (!tlbis_fit(tlbis, leaves, n))
		mistake("unmapping %lu leaves took %lu TLBIs", leaves, tlbis);
	audit_call();
	compare_around(first, n);
}

struct world {
	uint64_t free_pages, tables, digest, live_stores;
};

static struct world look(void)
{
	return (struct world){ nr_free_pages(), map_table_pages(), mmu_model_digest(),
			       mmu_model.events.live_stores };
}

static void check_unchanged(const struct world *before, const char *what)
{
	struct world now = look();

	if (now.free_pages != before->free_pages || now.tables != before->tables)
		mistake("%s: %ld free pages and %ld tables less than before", what,
			(long)(before->free_pages - now.free_pages),
			(long)(before->tables - now.tables));
	if (now.digest != before->digest || now.live_stores != before->live_stores)
		mistake("%s: %lu stores to live tables", what,
			now.live_stores - before->live_stores);
	audit_call();
}

void oracle_refuse(const struct request *r, int error)
{
	struct world before = look();
	int got = request_call(r);

	if (got != error)
		mistake("kind %d, page %lu, %lu pages: %d, not %d", r->kind, r->first, r->n, got,
			error);
	check_unchanged(&before, "a refused call");
}

void oracle_starve(const struct request *r)
{
	struct world before = look();
	struct mmu_events events;
	int error;

	for (long n = 0;; n++) {
		alloc_fail_in = n;
		alloc_failures = 0;
		events = mmu_model.events;
		error = request_call(r);
		alloc_fail_in = -1;
		if (!alloc_failures)
			break;
		if (error != -ENOMEM)
			mistake("allocation %ld failed: error %d", n, error);
		check_unchanged(&before, "a call out of memory");
	}
	if (error) {
		mistake("error %d with memory", error);
		return;
	}
	check_map_barriers(r, &events);
	expect(r);
	audit_call();
	compare_around(r->first, r->n);
}

void oracle_audit(void)
{
	audit_call();
	for (uint64_t i = 0, end; i < WINDOW_PAGES; i = end) {
		for (end = i + 1; end < WINDOW_PAGES && expected[end].shift && expected[i].shift;)
			end++;
		if (expected[i].shift)
			oracle_compare(i, end - i);
	}
}
