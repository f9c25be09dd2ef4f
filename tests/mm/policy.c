// SPDX-License-Identifier: MIT
/*
 * Suite policy: each policy of flushing in turn, whatever `flush=` says: when what was unmapped is
 * gone, from the TLB of every CPU that is on, and when its addresses and tables may be used again.
 */
#include "lib/arm64/probe.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/check/live.h"
#include "mm/phys/buddy.h"
#include "tests/support.h"

static enum flush_policy before;

/* false: this machine cannot have it. */
static bool begin(enum flush_policy policy)
{
	vm_unmap_aliases();
	before = flush_set_policy(policy);
	return flush_policy == policy;
}

static void end(void)
{
	vm_unmap_aliases();
	flush_set_policy(before);
}

/* --- stale translations -------------------------------------------------------------------- */

struct range {
	uint64_t va, pages;
	struct page **frames;
	uint64_t wrong;
};

static void add_misread(void *arg)
{
	struct range *r = arg;

	__atomic_fetch_add(&r->wrong, pages_misread(r->va, r->frames, r->pages), __ATOMIC_RELAXED);
}

/* Without asking for a purge: it may be just that which is missing. */
static void add_still_mapped(void *arg)
{
	struct range *r = arg;
	uint64_t value, wrong = 0;

	for (uint64_t i = 0; i < r->pages; i++)
		wrong += probe_read((void *)(r->va + i * PAGE_SIZE), &value).class !=
			 FAULT_TRANSLATION;
	__atomic_fetch_add(&r->wrong, wrong, __ATOMIC_RELAXED);
}

static uint64_t on_each_cpu(void (*body)(void *), struct range *r)
{
	r->wrong = 0;
	work_on_each_cpu(body, r);
	return r->wrong;
}

/* @n pages, read on every CPU, unmapped, and not there any more when they may not be. */
static void check_gone(uint64_t n, unsigned order)
{
	struct range r = { .pages = n, .frames = take_pages(n, order) };
	void *addr;

	if (!r.frames)
		return;
	addr = vmap(r.frames, n, VM_MAP, PAGE_KERNEL);
	r.va = (uint64_t)addr;
	if (CHECK(addr)) {
		CHECK_EQ(on_each_cpu(add_misread, &r), 0);
		vunmap(addr);
		/* Past the limit the call has purged. */
		if (flush_policy == FLUSH_LAZY && n <= lazy_max_pages())
			CHECK(purge_vmap_areas());
		CHECK_EQ(on_each_cpu(add_still_mapped, &r), 0);
		CHECK(!purge_vmap_areas());
	}
	drop_pages(r.frames, n);
}

static void check_sizes(void)
{
	check_gone(1, 0);
	check_gone(CONT_PTES + 3, CONT_PTES_SHIFT);
	check_gone(FLUSH_ALL_PAST - 1, 0);
	check_gone(FLUSH_ALL_PAST + 2, 0);
}

#define POLICY_TEST(ident, name, policy)                                          \
	TEST(policy_##ident, "policy/" name "-nothing-stale")                     \
	{                                                                         \
		if (nr_managed_pages() < 1500)                                    \
			SKIP("not enough RAM to pass the flush of single pages"); \
		if (!begin(policy)) {                                             \
			end();                                                    \
			SKIP("no FEAT_TLBIRANGE");                                \
		}                                                                 \
		check_sizes();                                                    \
		end();                                                            \
	}

POLICY_TEST(each, "each", FLUSH_EACH)
POLICY_TEST(range, "range", FLUSH_RANGE)
POLICY_TEST(full, "full", FLUSH_FULL)
POLICY_TEST(lazy, "lazy", FLUSH_LAZY)

/* --- by range: every length up to some, beside what stays ----------------------------------- */

/* The neighbours on both sides are read before and after. */
static void check_length(struct page **frames, uint64_t va, uint64_t n)
{
	uint64_t end_va = va + (n + 2) * PAGE_SIZE;

	CHECK_EQ(map_pages(va, end_va, frames, PAGE_KERNEL, PAGE_SHIFT), 0);
	CHECK_EQ(pages_misread(va, frames, n + 2), 0);
	unmap_range(va + PAGE_SIZE, end_va - PAGE_SIZE);
	CHECK_EQ(pages_still_mapped(va + PAGE_SIZE, n), 0);
	CHECK_EQ(pages_misread(va, frames, 1) +
			 pages_misread(end_va - PAGE_SIZE, frames + n + 1, 1),
		 0);
	unmap_range(va, va + PAGE_SIZE);
	unmap_range(end_va - PAGE_SIZE, end_va);
}

TEST(policy_lengths, "policy/range-every-length")
{
	const uint64_t most = 70; /* past 64, where a larger unit begins */
	struct page **frames = take_pages(most + 2, 0);
	struct vm_struct *area = get_vm_area((most + 2) * PAGE_SIZE, VM_MAP);
	bool can = begin(FLUSH_RANGE);

	if (can && frames && CHECK(area))
		for (uint64_t n = 1; n <= most; n++)
			check_length(frames, (uint64_t)area->addr, n);
	end();
	free_vm_area(area);
	drop_pages(frames, most + 2);
	if (!can)
		SKIP("no FEAT_TLBIRANGE");
}

/* --- lazily --------------------------------------------------------------------------------- */

TEST(policy_addresses, "policy/lazy-addresses-wait-for-the-purge")
{
	void *first, *second;

	begin(FLUSH_LAZY);
	first = vmalloc(3 * PAGE_SIZE);
	vfree(first);
	CHECK_EQ(nr_lazy_pages(), 4);
	CHECK(!find_vm_area(first));
	second = vmalloc(3 * PAGE_SIZE);
	CHECK(second != first);
	CHECK(purge_vmap_areas());
	CHECK_EQ(nr_lazy_pages(), 0);
	vfree(second);
	vm_unmap_aliases();
	second = vmalloc(3 * PAGE_SIZE);
	CHECK_EQ((uint64_t)second, (uint64_t)first);
	vfree(second);
	vfree(second); /* one line, and nothing else */
	CHECK_EQ(nr_lazy_pages(), 4);
	end();
}

TEST(policy_pages, "policy/lazy-gives-pages-back-at-once")
{
	uint64_t free_before, n = 2 * CONT_PTES;
	void *addr;

	begin(FLUSH_LAZY);
	vfree(vmalloc(n * PAGE_SIZE)); /* upper tables, caches */
	vm_unmap_aliases();
	free_before = nr_free_pages();
	addr = vmalloc(n * PAGE_SIZE);
	vfree(addr);
	CHECK(nr_free_pages() + 2 >= free_before); /* but for a table, and a slab */
	CHECK_EQ(nr_lazy_pages(), n + 1);
	vm_unmap_aliases();
	CHECK_EQ(nr_free_pages(), free_before);
	end();
}

/* The table of an area that is gone stays linked, and others may use it. */
TEST(policy_tables, "policy/lazy-tables-stay-till-the-purge")
{
	uint64_t tables, size = MAX(PMD_SIZE, 4 * PAGE_SIZE);
	struct page **frames = take_pages(4, 0);
	struct vm_struct *area = __get_vm_area(size, size, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t va;

	if (!frames || !CHECK(area))
		return;
	va = (uint64_t)area->addr;
	begin(FLUSH_LAZY);
	CHECK_EQ(map_populate_upper(va, va + size), 0);
	tables = map_table_pages();
	CHECK_EQ(map_pages(va, va + 4 * PAGE_SIZE, frames, PAGE_KERNEL, PAGE_SHIFT), 0);
	CHECK(unmap_range_deferred(va, va + 2 * PAGE_SIZE));
	CHECK(unmap_range_deferred(va + 2 * PAGE_SIZE, va + 4 * PAGE_SIZE));
	CHECK_EQ(map_table_pages(), tables + 1);
	/* A device's mapping in the same table: it is flushed at once, and takes the table along.
	 */
	CHECK_EQ(map_range(va + 8 * PAGE_SIZE, va + 9 * PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE,
			   PAGE_SHIFT),
		 0);
	CHECK(!unmap_range_deferred(va + 8 * PAGE_SIZE, va + 9 * PAGE_SIZE));
	unmap_range(va + 8 * PAGE_SIZE, va + 9 * PAGE_SIZE);
	CHECK_EQ(map_table_pages(), tables);
	CHECK_EQ(
		map_pages(va + 9 * PAGE_SIZE, va + 10 * PAGE_SIZE, frames, PAGE_KERNEL, PAGE_SHIFT),
		0);
	CHECK(unmap_range_deferred(va + 9 * PAGE_SIZE, va + 10 * PAGE_SIZE));
	CHECK_EQ(map_table_pages(), tables + 1);
	{
		struct purge purge;

		purge_begin(&purge);
		purge_range(&purge, va, va + 10 * PAGE_SIZE);
		purge_end(&purge);
	}
	CHECK_EQ(map_table_pages(), tables);
	CHECK_EQ(pages_still_mapped(va, 10), 0);
	end();
	free_vm_area(area);
	drop_pages(frames, 4);
}

TEST(policy_at_once, "policy/lazy-is-not-for-devices")
{
	struct page **frames = take_pages(2, 0);

	if (!frames)
		return;
	begin(FLUSH_LAZY);
	iounmap(ioremap(EMPTY_PA, 3 * PAGE_SIZE));
	iounmap(ioremap_wc(EMPTY_PA, 3 * PAGE_SIZE));
	iounmap(ioremap_cache(EMPTY_PA, 3 * PAGE_SIZE));
	CHECK_EQ(nr_lazy_pages(), 0);
	live_check_allow(1U << RULE_MEMORY_TYPE); /* the linear map has them write-back */
	vunmap(vmap(frames, 2, VM_MAP, PROT_NORMAL_NC));
	live_check_allow(0);
	CHECK_EQ(nr_lazy_pages(), 0);
	vunmap(vmap(frames, 2, VM_MAP, PAGE_KERNEL_RO));
	CHECK_EQ(nr_lazy_pages(), 3);
	end();
	drop_pages(frames, 2);
}

/* So many that the last one is one too many: that call purges, and its own area too. */
TEST(policy_limit, "policy/lazy-purges-past-the-limit")
{
	uint64_t size = lazy_max_pages() / 4 << PAGE_SHIFT, calls = 0;

	if (nr_free_pages() < 2 * size >> PAGE_SHIFT)
		SKIP("not enough RAM for a quarter of the limit");
	begin(FLUSH_LAZY);
	CHECK_EQ(lazy_max_pages(), (ilog2(nr_online_cpus()) + 1) * (32 * MiB >> PAGE_SHIFT));
	do {
		uint64_t lazy = nr_lazy_pages();
		void *addr = vmalloc(size);

		if (!CHECK(addr))
			break;
		vfree(addr);
		calls++;
		CHECK(nr_lazy_pages() == 0 || nr_lazy_pages() == lazy + (size >> PAGE_SHIFT) + 1);
	} while (nr_lazy_pages() && calls < 10);
	CHECK_EQ(calls, 4);
	end();
}

/* --- short of addresses ---------------------------------------------------------------------- */

TEST(policy_short, "policy/lazy-purges-when-addresses-run-short")
{
	uint64_t lo = VMALLOC_END - 64 * PAGE_SIZE;
	struct page **frames = take_pages(60, 0);
	struct vm_struct *area, *again;

	if (!frames)
		return;
	begin(FLUSH_LAZY);
	area = __get_vm_area(60 * PAGE_SIZE, PAGE_SIZE, lo, VMALLOC_END, VM_MAP);
	if (CHECK(area)) {
		uint64_t va = (uint64_t)area->addr;

		CHECK_EQ(map_pages(va, va + 60 * PAGE_SIZE, frames, PAGE_KERNEL, PAGE_SHIFT), 0);
		area->nr_pages = 60; /* all of it is mapped */
		CHECK(!__get_vm_area(60 * PAGE_SIZE, PAGE_SIZE, lo, VMALLOC_END, VM_MAP));
		unmap_vm_area(area);
		free_vm_area(area);
		CHECK_EQ(nr_lazy_pages(), 61);
		again = __get_vm_area(60 * PAGE_SIZE, PAGE_SIZE, lo, VMALLOC_END, VM_MAP);
		CHECK_EQ(nr_lazy_pages(), 0);
		if (CHECK(again))
			CHECK_EQ((uint64_t)again->addr, va);
		free_vm_area(again);
	}
	end();
	drop_pages(frames, 60);
}
