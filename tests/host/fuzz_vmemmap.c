// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/pages/*.c mm/pages/hvo/*.c mm/pages/users/*.c lib/cmdline/cmdline.c lib/cmdline/glob.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c mm/check/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/live-vmemmap.c tests/host/pages-world.c tests/host/users-world.c
// clang-format on
/*
 * Programs of all that changes the vmemmap: huge pages of the page allocator and of the pools are
 * taken, optimised, restored, referenced and given back, alone and many at a time; pools grow and
 * shrink; a device's memory comes and goes; by any strategy, with allocations that fail and CPUs
 * that do not answer. After each step all is held against the model, and at the end all goes back.
 */
#include <errno.h>
#include <string.h>

#include "lib/panic.h"
#include "mm/phys/fail.h"
#include "mm/phys/page-ref.h"
#include "tests/host/fuzz-input.h"
#include "tests/host/hold.h"
#include "tests/host/tap.h"
#include "tests/host/users-world.h"

#define OPS	 24
#define OWNED	 10 /* huge pages that the program has */
#define BULK	 8
#define POOL	 70 /* of the order that the page allocator has too */
#define SECTIONS 3  /* of the device */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct huge *owned[OWNED];
static struct dev_pagemap maps[SECTIONS]; /* one a section that it begins in; order 0 has none */
static bool mapped[SECTIONS];
static uint64_t accounted; /* with what the program owns */
static uint64_t tcr;

uint64_t host_read_sysreg(const char *name)
{
	if (!strcmp(name, "tcr_el1"))
		return tcr;
	return !strcmp(name, "id_aa64mmfr1_el1"); /* HAFDBS: access flags alone */
}

void mmu_model_write_tcr(uint64_t value)
{
	tcr = value;
}

/* --- choices ------------------------------------------------------------------------------ */

static struct huge *pick_owned(void)
{
	return owned[pick_input(OWNED)];
}

static struct page *pick_page(const struct huge *h)
{
	return h->head + pick_input(1UL << h->order);
}

/* --- what may go wrong -------------------------------------------------------------------- */

static void begin_trouble(void)
{
	uint64_t n = 1 + pick_input(pick_input(2) ? 4 : 40);

	hold.error = pick_input(8) ? 0 : -ETIMEDOUT;
	if (pick_input(3) == 0)
		fail_nth_begin(n, pick_input(2) ? n : UINT64_MAX);
}

/* Whether there was reason for @error. */
static bool end_trouble(int error)
{
	bool failed = fail_nth_end() > 0, deaf = hold.error;

	hold.error = 0;
	return !error || (error == -ENOMEM && failed) || (error == -ETIMEDOUT && deaf);
}

/* --- steps: huge pages -------------------------------------------------------------------- */

static bool is_pooled(const struct huge *h)
{
	return h->flags & PG_HUGE;
}

static void take(void)
{
	uint64_t i = pick_input(OWNED);
	unsigned order = pick_input(2) ? HUGE_ORDER : huge_orders[pick_input(NR_HUGE_SIZES)];
	struct page *page;

	if (owned[i])
		return;
	if (pick_input(2)) {
		page = alloc_huge_page(order);
		owned[i] = page ? world_find(page) : NULL;
		if (page)
			users_pooled(owned[i], false);
		return;
	}
	begin_trouble();
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, HUGE_ORDER);
	end_trouble(0);
	if (!page)
		return;
	owned[i] = world_huge(page, HUGE_ORDER, page->flags, false);
	accounted -= 1UL << HUGE_ORDER;
}

static bool change(struct huge *h, bool optimize)
{
	int error;

	if (!order_is_optimizable(h->order))
		return true;
	begin_trouble();
	error = optimize ? hugetlb_vmemmap_optimize(h->head) : hugetlb_vmemmap_restore(h->head);
	if (!error)
		h->optimized = optimize;
	return end_trouble(error);
}

/* References go, the last one last; what is the page allocator's has to be restored before. */
static bool give(uint64_t i)
{
	struct huge *h = owned[i];
	struct page *head = h->head;

	if (!is_pooled(h) && h->optimized && hugetlb_vmemmap_restore(head))
		return false;
	owned[i] = NULL;
	for (; h->refcount > 1; h->refcount--)
		put_page(pick_page(h));
	if (is_pooled(h)) {
		put_page(pick_page(h));
		users_pooled(h, true);
		return true;
	}
	world_forget(h);
	put_page(head + 1);
	accounted += 1UL << HUGE_ORDER;
	return true;
}

static void reference(struct huge *h)
{
	if (h->refcount > 1 && pick_input(2)) {
		put_page(pick_page(h));
		h->refcount--;
		return;
	}
	if (pick_input(2))
		get_page(pick_page(h));
	else
		panic_unless(try_get_page(pick_page(h)) == h->head, "fuzz: another head");
	h->refcount++;
}

/* Some of them, maybe twice, maybe with one that is no huge page. */
static bool change_many(bool optimize)
{
	uint64_t n = pick_input(BULK + 1), done = 99, bad = pick_input(4) ? BULK : pick_input(BULK);
	struct huge *huges[BULK];
	struct page *heads[BULK];
	int error;

	for (uint64_t i = 0; i < n; i++) {
		huges[i] = pick_owned();
		if (!huges[i] || !order_is_optimizable(huges[i]->order))
			return true;
		heads[i] = huges[i]->head + (i == bad);
	}
	begin_trouble();
	error = optimize ? hugetlb_vmemmap_optimize_pages(heads, n, &done)
			 : hugetlb_vmemmap_restore_pages(heads, n, &done);
	if (done > n || (error == 0) != (done == n))
		return false;
	for (uint64_t i = 0; i < done; i++)
		huges[i]->optimized = optimize;
	return end_trouble(error == -EINVAL && done == bad ? 0 : error);
}

/* --- steps: pools and devices -------------------------------------------------------------- */

/*
 * The pool takes its pages from the page allocator, which is not told to the model: they come and
 * go within this step, and none of the pool's own is given back for them.
 */
static bool resize(void)
{
	uint64_t n = nr_huge_pages(HUGE_ORDER), more = 1 + pick_input(5);
	struct page *pages[5] = { NULL };
	bool good = true;
	int error;

	begin_trouble();
	error = set_nr_huge_pages(HUGE_ORDER, n + more);
	if (!end_trouble(error))
		return false;
	if (error)
		return nr_huge_pages(HUGE_ORDER) == n;
	/* They were put on top, so that they are what comes out now. */
	for (uint64_t i = 0; i < more; i++) {
		pages[i] = alloc_huge_page(HUGE_ORDER);
		good = good && pages[i] && !world_find(pages[i]) && pages[i]->flags & PG_HUGE;
	}
	for (uint64_t i = 0; i < more && pages[i]; i++)
		put_page(pages[i]);
	while (good && nr_huge_pages(HUGE_ORDER) > n) {
		begin_trouble();
		error = set_nr_huge_pages(HUGE_ORDER, n);
		good = end_trouble(error);
	}
	return good;
}

static bool overlaps(uint64_t first, uint64_t n)
{
	for (uint64_t i = 0; i < SECTIONS; i++)
		if (mapped[i] && maps[i].range.start < dax_base + (first + n) * SECTION_SIZE &&
		    dax_base + first * SECTION_SIZE <= maps[i].range.end)
			return true;
	return false;
}

static bool remap(void)
{
	const unsigned orders[] = { HUGE_ORDER, HUGE_ORDER, 0, huge_orders[0], huge_orders[2] };
	uint64_t first = pick_input(SECTIONS), n = 1 + pick_input(SECTIONS - first);
	uint64_t start = dax_base + first * SECTION_SIZE;
	struct dev_pagemap new = { .range = { start, start + n * SECTION_SIZE - 1 },
				   .vmemmap_shift = orders[pick_input(ARRAY_SIZE(orders))] };
	bool there = overlaps(first, n);
	int error;

	if (!mapped[first])
		maps[first] = new;
	begin_trouble();
	error = users_memremap(mapped[first] ? &new : &maps[first]);
	if (!error)
		mapped[first] = true;
	return there ? error == -EEXIST && end_trouble(0) : end_trouble(error);
}

/* With a reference it stays. */
static bool unmap(uint64_t i)
{
	struct page *page = phys_to_page(maps[i].range.start);

	if (pick_input(2)) {
		page += pick_input(maps[i].vmemmap_shift ? 1UL << maps[i].vmemmap_shift : 1);
		get_page(page);
		if (users_memunmap(&maps[i]) != -EBUSY)
			return false;
		put_page(page);
	}
	mapped[i] = false;
	return !users_memunmap(&maps[i]);
}

/* --- programs ----------------------------------------------------------------------------- */

static bool step(void)
{
	uint64_t op = pick_input(16), i = pick_input(OWNED);
	struct huge *h = owned[i];

	switch (op) {
	case 0:
	case 1:
	case 2:
		take();
		return true;
	case 3:
		return !h || give(i);
	case 4:
	case 5:
		return !h || change(h, true);
	case 6:
	case 7:
		return !h || change(h, false);
	case 8:
	case 9:
		return change_many(true);
	case 10:
		return change_many(false);
	case 11:
		return resize();
	case 12:
		return remap();
	case 13:
		return !mapped[i % SECTIONS] || unmap(i % SECTIONS);
	case 14:
		return !hvo_set_strategy(pick_input(HVO_STRATEGIES));
	default:
		if (h)
			reference(h);
		return true;
	}
}

static void check(const char *what, unsigned n)
{
	panic_unless(!world_wrong_some(n < OPS ? 16 : 1), "fuzz: %s %u", what, n);
	panic_unless(users_accounted() == accounted, "fuzz: %s %u: %ld pages lost", what, n,
		     (long)(accounted - users_accounted()));
}

static void start(void)
{
	world_begin();
	users_ram(SECTION_SIZE, 7 * SECTION_SIZE);
	users_ram(4 * GiB, 2 * SECTION_SIZE);
	users_boot("dax=384M hugepages=64K:3,2M:70,32M:5");
	accounted = users_accounted();
	panic_unless(nr_huge_pages(HUGE_ORDER) == POOL && dax_size == SECTIONS * SECTION_SIZE,
		     "fuzz: no room at boot");
	check("boot", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!accounted)
		start();
	fuzz_input(data, size);
	for (unsigned i = 0; i < OPS; i++) {
		panic_unless(step(), "fuzz: operation %u gave a wrong answer", i);
		check("operation", i);
	}
	for (uint64_t i = 0; i < OWNED; i++)
		panic_unless(!owned[i] || give(i), "fuzz: not given back");
	for (uint64_t i = 0; i < SECTIONS; i++)
		panic_unless(!mapped[i] || unmap(i), "fuzz: not unmapped");
	check("the end", OPS);
	return 0;
}
