// SPDX-License-Identifier: MIT
/*
 * The window (protect-window.h).
 */
#include "tests/host/mistake.h"
#include "tests/host/protect-window.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/table-pages.h"
#include "tests/host/mmu-model.h"

#define TABLES_START (4 * ARENA_BLOCK)
#define TABLES_SIZE  (8 * ARENA_BLOCK)

uint8_t state[WINDOW_PAGES];
unsigned mistakes;
enum call window_call;
long alloc_fail_in = -1;

static uint64_t window_pa; /* of WINDOW_START */

void mistake(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	count_mistake(&mistakes, fmt, ap);
	va_end(ap);
}

struct page *__real_alloc_pages(gfp_t gfp, unsigned order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order);
struct page *__real_table_page_alloc(void);
struct page *__wrap_table_page_alloc(void);

/* Memory is full of what looks like leaves: a slot that nobody fills shows. */
static void put_rubbish(struct page *page, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		((desc_t *)page_address(page))[i] =
			leaf_desc(i << PAGE_SHIFT, PAGE_KERNEL, LEVEL_PTE);
}

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order)
{
	struct page *page = __real_alloc_pages(gfp, order);

	if (page)
		put_rubbish(page, 0, PTRS_PER_TABLE << order);
	return page;
}

struct page *__wrap_table_page_alloc(void)
{
	struct page *page;

	if (alloc_fail_in == 0)
		return NULL;
	alloc_fail_in -= alloc_fail_in > 0;
	page = __real_table_page_alloc();
	if (page)
		put_rubbish(page, page->table_extent.first, page->table_extent.end);
	return page;
}

/* --- what other CPUs would notice --------------------------------------------------------- */

/*
 * While they run, no live leaf may be taken away for a moment, and no member of a live group may
 * differ from the others.
 */
static void watch(const struct mm_event *e)
{
	bool live = mmu_model_table(ALIGN_DOWN(e->address, PAGE_SIZE)).slots;

	if (e->kind != EVENT_STORE || hold.held || window_call == CALL_OTHER || !live ||
	    !(e->old & DESC_VALID))
		return;
	if (!(e->new &DESC_VALID))
		mistake("0x%lx becomes invalid, and the other CPUs are not held", e->old);
	else if (e->old & DESC_CONT && e->old != e->new)
		mistake("0x%lx, of a group, becomes 0x%lx, and the other CPUs are not held", e->old,
			e->new);
}

void window_init(void)
{
	arena_add_ram(TABLES_START, TABLES_SIZE);
	buddy_init();
	mmu_model_recorder = watch;
}

/* --- looks -------------------------------------------------------------------------------- */

/* The slot that the walk for @va ends at. */
static desc_t end_of_walk(uint64_t va, int *level)
{
	desc_t d = 0;

	for (*level = LEVEL_ROOT; *level <= LEVEL_PTE; ++*level) {
		d = *walk_slot(va, *level);
		if (*level == LEVEL_PTE || !desc_is_table(d))
			break;
	}
	return d;
}

static unsigned leaf_of(uint64_t va, desc_t *d)
{
	int level;

	*d = end_of_walk(va, &level);
	if (!*d)
		return 0;
	if (*d & DESC_CONT)
		return level == LEVEL_PTE ? CONT_PTE_SHIFT : CONT_PMD_SHIFT;
	return level_shift(level);
}

unsigned window_leaf(uint64_t va)
{
	desc_t d;

	return leaf_of(va, &d);
}

static uint8_t state_of(desc_t d)
{
	return IS_MAPPED | (d & DESC_RO ? IS_RO : 0) | (d & DESC_PXN ? IS_NX : 0) |
	       (d & DESC_VALID ? 0 : IS_INVALID);
}

/* All of a leaf, which lies in the window. */
static void check_leaf(uint64_t va, uint64_t size, desc_t d)
{
	uint64_t page = (va - WINDOW_START) >> PAGE_SHIFT, n = size >> PAGE_SHIFT;
	int level;
	desc_t last = end_of_walk(va + size - 1, &level);
	uint64_t step = 1UL << level_shift(level);

	if (desc_addr(d) != window_pa + (va - WINDOW_START) ||
	    desc_addr(last) != window_pa + ALIGN_DOWN(va + size - 1, step) - WINDOW_START)
		mistake("0x%lx maps 0x%lx", va, desc_addr(d));
	for (uint64_t i = 0; i < n; i++)
		if (state[page + i] != state_of(d)) {
			mistake("0x%lx is %u, a leaf of 0x%lx bytes says %u",
				va + (i << PAGE_SHIFT), state[page + i], size, state_of(d));
			return;
		}
}

static void check(uint64_t va, uint64_t end)
{
	uint64_t size;

	for (va = ALIGN_DOWN(va, PMD_SIZE); va < end; va += size) {
		desc_t d;
		unsigned shift = leaf_of(va, &d);

		size = shift ? 1UL << shift : PAGE_SIZE;
		va = ALIGN_DOWN(va, size);
		leaf_of(va, &d); /* the first of a group */
		if (shift && (va < WINDOW_START || va + size > WINDOW_END))
			mistake("0x%lx: a leaf sticks out", va);
		else if (shift)
			check_leaf(va, size, d);
		else if (state[(va - WINDOW_START) >> PAGE_SHIFT])
			mistake("0x%lx is lost", va);
	}
}

/* The live count of a leaf table is that of its leaves, valid or not. */
static void check_count(const struct mmu_table *t)
{
	unsigned leaves = 0;

	if (t->level != LEVEL_PTE)
		return;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		leaves += t->slots[i] != 0;
	if (virt_to_page(t->slots)->table_live != leaves)
		mistake("table of 0x%lx: live count %u, %u leaves", t->va,
			virt_to_page(t->slots)->table_live, leaves);
}

static void check_all(uint64_t va, uint64_t end)
{
	check(MAX(va, WINDOW_START), MIN(end, WINDOW_END));
	mmu_model_each_table(check_count);
	if (!mmu_model_clean() || hold.held)
		mistake("after 0x%lx, 0x%lx: %s", va, end, mmu_model.text);
	if (map_table_pages() != mmu_model.tables)
		mistake("%lu table pages are counted, %u are linked", map_table_pages(),
			mmu_model.tables);
}

static unsigned largest(uint64_t va, uint64_t run_start, uint64_t run_end)
{
	const unsigned shifts[] = { PUD_SHIFT, CONT_PMD_SHIFT, PMD_SHIFT, CONT_PTE_SHIFT };

	for (unsigned i = !HAVE_PUD_BLOCK; i < ARRAY_SIZE(shifts); i++) {
		uint64_t size = 1UL << shifts[i], start = ALIGN_DOWN(va, size);

		if (start >= run_start && start + size <= run_end &&
		    IS_ALIGNED(window_pa + (start - WINDOW_START), size))
			return shifts[i];
	}
	return PAGE_SHIFT;
}

void window_check_largest(uint64_t va, uint64_t end, uint64_t cut)
{
	while (va < end) {
		uint64_t first = (va - WINDOW_START) >> PAGE_SHIFT, last = first, stop;

		while (last < (end - WINDOW_START) >> PAGE_SHIFT && state[last] == state[first])
			last++;
		stop = WINDOW_START + (last << PAGE_SHIFT);
		if (va < cut && cut < stop)
			stop = cut;
		for (uint64_t at = va; state[first] && at < stop;
		     at += 1UL << largest(at, va, stop))
			if (window_leaf(at) != largest(at, va, stop))
				mistake("0x%lx: a leaf of 1 << %u, 1 << %u is possible", at,
					window_leaf(at), largest(at, va, stop));
		va = stop;
	}
}

/* --- calls -------------------------------------------------------------------------------- */

static uint8_t *at(uint64_t va)
{
	return &state[(va - WINDOW_START) >> PAGE_SHIFT];
}

void window_map(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift)
{
	window_call = CALL_OTHER;
	window_pa = pa;
	if (map_range(va, end, pa + (va - WINDOW_START), prot, max_shift))
		mistake("0x%lx: not mapped", va);
	memset(at(va), state_of(leaf_desc(0, prot, LEVEL_PTE)), (end - va) >> PAGE_SHIFT);
	check_all(va, end);
}

void window_unmap(uint64_t va, uint64_t end)
{
	window_call = CALL_OTHER;
	unmap_range(va, end);
	memset(at(va), 0, (end - va) >> PAGE_SHIFT);
	check_all(va, end);
}

/* An error changed nothing at all. */
static void check_result(int got, int error, uint64_t digest, uint64_t tables, uint64_t free)
{
	if (got != error)
		mistake("the call returns %d, not %d", got, error);
	if (error && (mmu_model_digest() != digest || map_table_pages() != tables ||
		      nr_free_pages() != free))
		mistake("the call failed with %d and changed something", error);
}

#define CALL_AND_CHECK(call, error)                                                             \
	do {                                                                                    \
		uint64_t digest_ = error ? mmu_model_digest() : 0;                              \
		uint64_t tables_ = map_table_pages(), free_ = nr_free_pages();                  \
                                                                                                \
		check_result(call, error, digest_, tables_, free_);                             \
		/* Every page is in a table or free. */                                         \
		if (tables_ + free_ != map_table_pages() + nr_free_pages())                     \
			mistake("%ld pages are lost",                                           \
				(long)(tables_ + free_ - map_table_pages() - nr_free_pages())); \
	} while (0)

static uint8_t new_state(uint8_t old, desc_t set, desc_t clear)
{
	const struct {
		desc_t bit;
		uint8_t state;
		bool inverted;
	} bits[] = { { DESC_RO, IS_RO, false },
		     { DESC_PXN, IS_NX, false },
		     { DESC_VALID, IS_INVALID, true } };

	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		if (set & bits[i].bit)
			old = bits[i].inverted ? old & ~bits[i].state : old | bits[i].state;
		if (clear & bits[i].bit)
			old = bits[i].inverted ? old | bits[i].state : old & ~bits[i].state;
	}
	return old;
}

void window_protect(uint64_t va, uint64_t end, desc_t set, desc_t clear, int error)
{
	window_call = (set | clear) & DESC_VALID ? CALL_OTHER : CALL_PERMISSIONS;
	CALL_AND_CHECK(map_protect(va, end, set, clear), error);
	window_call = CALL_OTHER;
	for (uint8_t *page = at(va); !error && page < at(end - 1) + 1; page++)
		*page = new_state(*page, set, clear);
	check_all(va - PMD_SIZE, end + PMD_SIZE);
}

void window_split(uint64_t va, int error)
{
	window_call = CALL_SIZES;
	CALL_AND_CHECK(map_split(va), error);
	window_call = CALL_OTHER;
	if (!error && window_leaf(va) && !IS_ALIGNED(va, 1UL << window_leaf(va)))
		mistake("0x%lx is still in the middle of a leaf", va);
	check_all(va - PMD_SIZE, va + PMD_SIZE);
}

void window_merge(uint64_t va, uint64_t end, int error)
{
	window_call = CALL_SIZES;
	CALL_AND_CHECK(map_merge(va, end, WINDOW_START, WINDOW_END), error);
	window_call = CALL_OTHER;
	check_all(ALIGN_DOWN(va, CONT_PMD_SIZE), ALIGN_UP(end, CONT_PMD_SIZE));
}
