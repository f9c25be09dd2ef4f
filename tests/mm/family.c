// SPDX-License-Identifier: MIT
/*
 * Suite family: vrealloc(), vm_map_ram(), frames by number, mapping by hand, vread() and per-CPU
 * objects, through the MMU.
 */
#include <errno.h>
#include <string.h>

#include "lib/arm64/probe.h"
#include "lib/percpu.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/map-ram.h"
#include "mm/areas/percpu/percpu.h"
#include "mm/areas/range.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

/* --- vrealloc ------------------------------------------------------------------------- */

static void number(uint64_t *words, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		words[from] = from * 0x9e3779b97f4a7c15UL;
}

static uint64_t misnumbered(const uint64_t *words, uint64_t n)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i++)
		wrong += words[i] != i * 0x9e3779b97f4a7c15UL;
	return wrong;
}

/* Linux's case of test_vmalloc: 1 page, 4 pages, 1, half a page, 1; and more of the kind. */
TEST(family_vrealloc, "family/vrealloc-keeps-contents")
{
	const uint64_t sizes[] = { PAGE_SIZE,	  4 * PAGE_SIZE,   PAGE_SIZE,
				   PAGE_SIZE / 2, PAGE_SIZE,	   70 * PAGE_SIZE,
				   3 * PAGE_SIZE, 600 * PAGE_SIZE, 300 * PAGE_SIZE };
	struct totals before = count_totals();
	uint64_t *p = NULL, have = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t n = sizes[i] / 8, pages = DIV_ROUND_UP(sizes[i], PAGE_SIZE);

		if (sizes[i] >> PAGE_SHIFT > nr_managed_pages() / 4)
			break;
		p = vrealloc(p, sizes[i], GFP_KERNEL);
		if (!CHECK(p))
			return;
		CHECK_EQ(misnumbered(p, MIN(n, have)), 0);
		number(p, MIN(n, have), n);
		have = n;
		CHECK_EQ(misnumbered(p, n), 0);
		CHECK_EQ(pages_still_mapped((uint64_t)p + pages * PAGE_SIZE, 2), 0);
	}
	CHECK(!vrealloc(p, 0, GFP_KERNEL));
	CHECK_NOTHING_LOST(before);
}

TEST(family_vrealloc_busy, "family/vrealloc-moves-past-a-neighbour")
{
	uint64_t *p = vmalloc(3 * PAGE_SIZE), *behind, *q;

	if (!CHECK(p))
		return;
	number(p, 0, 3 * PAGE_SIZE / 8);
	behind = __vmalloc_range(PAGE_SIZE, 1, (uint64_t)p + 4 * PAGE_SIZE,
				 (uint64_t)p + 6 * PAGE_SIZE, GFP_KERNEL, PAGE_KERNEL, 0);
	q = vrealloc(p, 5 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (CHECK(q)) {
		CHECK(q != p);
		CHECK_EQ(misnumbered(q, 3 * PAGE_SIZE / 8), 0);
		CHECK_EQ(q[3 * PAGE_SIZE / 8], 0);
		CHECK_EQ(pages_still_mapped((uint64_t)p, 3), 0);
	}
	vfree(behind);
	vfree(q);
}

/* More pointers than one block holds. */
TEST(family_long_list, "family/vmalloc-whose-list-is-an-area")
{
	const uint64_t n = (PAGE_SIZE << MAX_ORDER) / sizeof(void *) + 1;
	struct totals before;
	uint64_t *p;

	if (nr_free_pages() < n + n / 64)
		SKIP("there are no %lu pages", n);
	before = count_totals();
	p = vmalloc(n * PAGE_SIZE);
	if (!CHECK(p))
		return;
	CHECK(is_vmalloc_addr(find_vm_area(p)->pages));
	CHECK_EQ(vmalloc_nr_pages() >= n, true);
	for (uint64_t i = 0; i < n; i += n / 50) {
		p[i * PAGE_SIZE / 8] = i;
		CHECK_EQ(*(uint64_t *)page_address(find_vm_area(p)->pages[i]), i);
	}
	vfree(p);
	CHECK_NOTHING_LOST(before);
}

TEST(family_split, "family/split-pages-outlive-their-area")
{
	struct page *kept;
	uint64_t *p;

	vmalloc_split = true;
	p = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL);
	vmalloc_split = false;
	if (!CHECK(p))
		return;
	CHECK_EQ(leaf_shift((uint64_t)p), CONT_PTE_SHIFT);
	p[5 * PAGE_SIZE / 8] = 1234;
	kept = vmalloc_to_page(&p[5 * PAGE_SIZE / 8]);
	get_page(kept);
	vfree(p);
	CHECK_EQ(pages_still_mapped((uint64_t)p, 2 * CONT_PTES), 0);
	CHECK_EQ(kept->refcount, 1);
	CHECK_EQ(*(uint64_t *)page_address(kept), 1234);
	put_page(kept);
}

/* --- vm_map_ram ----------------------------------------------------------------------- */

#define FEW 5

static struct page **few_pages;
static char *mapped_on[NR_CPUS];

static void map_here(void *unused)
{
	char *addr = vm_map_ram(few_pages, FEW);

	(void)unused;
	mapped_on[this_cpu(cpu_number)] = addr;
	if (CHECK(addr))
		CHECK_EQ(pages_misread((uint64_t)addr, few_pages, FEW), 0);
}

/* Blocks are a CPU's own; what another CPU maps, the boot CPU unmaps, and none reads any more. */
TEST(family_map_ram_cpus, "family/vm-map-ram-on-each-cpu")
{
	const uint64_t block = VMAP_BLOCK_PAGES << PAGE_SHIFT;
	struct totals before;

	few_pages = take_pages(FEW, 0);
	if (!few_pages)
		return;
	before = count_totals();
	memset(mapped_on, 0, sizeof(mapped_on));
	work_on_each_cpu(map_here, NULL);
	for (unsigned a = 0; a < NR_CPUS; a++)
		for (unsigned b = 0; b < a; b++)
			if (mapped_on[a] && mapped_on[b])
				CHECK(((uint64_t)mapped_on[a] ^ (uint64_t)mapped_on[b]) >= block);
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!mapped_on[cpu])
			continue;
		CHECK_EQ(pages_misread((uint64_t)mapped_on[cpu], few_pages, FEW), 0);
		vm_unmap_ram(mapped_on[cpu], FEW);
		CHECK_EQ(pages_still_mapped((uint64_t)mapped_on[cpu], FEW), 0);
	}
	purge_vmap_blocks();
	CHECK_NOTHING_LOST(before);
	drop_pages(few_pages, FEW);
}

/* Everybody maps, reads and unmaps at the same time, over several blocks. */
static void map_in_turn(void *unused)
{
	unsigned cpus = nr_online_cpus();

	(void)unused;
	/* Each wait for a lock may take a time slice of the host's, where it has fewer CPUs. */
	for (unsigned i = 0; i < 320 / (cpus * cpus); i++) {
		uint64_t n = 1 + i % FEW;
		char *a = vm_map_ram(few_pages, n), *b = vm_map_ram(few_pages + FEW - n, n);

		if (!CHECK(a && b))
			return;
		CHECK_EQ(pages_misread((uint64_t)a, few_pages, n), 0);
		CHECK_EQ(pages_misread((uint64_t)b, few_pages + FEW - n, n), 0);
		vm_unmap_ram(a, n);
		CHECK_EQ(pages_misread((uint64_t)b, few_pages + FEW - n, n), 0);
		vm_unmap_ram(b, n);
		if (i % 64 == 0)
			vm_unmap_aliases();
	}
}

TEST(family_map_ram_race, "family/vm-map-ram-by-all-at-once")
{
	struct totals before;

	few_pages = take_pages(FEW, 0);
	if (!few_pages)
		return;
	before = count_totals();
	work_on_each_cpu(map_in_turn, NULL);
	purge_vmap_blocks();
	CHECK_NOTHING_LOST(before);
	drop_pages(few_pages, FEW);
}

TEST(family_map_ram_many, "family/vm-map-ram-of-many-pages")
{
	const uint64_t n = 2 * CONT_PTES + VMAP_MAX_ALLOC;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	uint64_t va;

	if (!pages)
		return;
	va = (uint64_t)vm_map_ram(pages, n);
	CHECK_EQ(pages_misread(va, pages, n), 0);
	CHECK_EQ(leaf_shift(va), CONT_PTE_SHIFT);
	vm_unmap_ram((void *)va, n - 1); /* refused */
	CHECK_EQ(pages_misread(va, pages, n), 0);
	vm_unmap_ram((void *)va, n);
	CHECK_EQ(pages_still_mapped(va, n), 0);
	vm_unmap_ram((void *)va, n); /* refused */
	drop_pages(pages, n);
}

/* --- frames by number ----------------------------------------------------------------- */

TEST(family_sg, "family/vmap-sg-reads-its-runs")
{
	const uint64_t n = 3 * CONT_PTES + 5;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	struct phys_range *runs = kmalloc(n * sizeof(*runs), GFP_KERNEL);
	uint64_t nr = 0, va;

	if (!pages || !CHECK(runs))
		return;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t pfn = page_to_pfn(pages[i]);

		if (nr && runs[nr - 1].first_pfn + runs[nr - 1].pages == pfn)
			runs[nr - 1].pages++;
		else
			runs[nr++] = (struct phys_range){ pfn, 1 };
	}
	va = (uint64_t)vmap_sg(runs, nr, VM_MAP, PAGE_KERNEL);
	CHECK_EQ(pages_misread(va, pages, n), 0);
	CHECK_EQ(leaf_shift(va), CONT_PTE_SHIFT);
	vunmap((void *)va);
	CHECK_EQ(pages_still_mapped(va, n), 0);
	/* The same, a run a page. */
	for (uint64_t i = 0; i < n; i++)
		runs[i] = (struct phys_range){ page_to_pfn(pages[n - 1 - i]), 1 };
	va = (uint64_t)vmap_sg(runs, n, VM_MAP, PAGE_KERNEL);
	for (uint64_t i = 0; i < n; i++)
		CHECK_EQ(pages_misread(va + i * PAGE_SIZE, &pages[n - 1 - i], 1), 0);
	runs[n / 2].pages = 0;
	CHECK(!vmap_sg(runs, n, VM_MAP, PAGE_KERNEL));
	vunmap((void *)va);
	kfree(runs);
	drop_pages(pages, n);
}

TEST(family_pfn, "family/vmap-pfn-of-no-ram")
{
	uint64_t first = EMPTY_PA >> PAGE_SHIFT, pfns[2 * CONT_PTES + 1], va;
	struct page *ram = alloc_pages(GFP_KERNEL, 0);
	const uint64_t n = ARRAY_SIZE(pfns);
	struct totals before;

	for (uint64_t i = 0; i < n; i++)
		pfns[i] = first + i;
	va = (uint64_t)vmap_pfn(pfns, n, PROT_DEVICE_nGnRE);
	if (!CHECK(va && ram))
		return;
	CHECK_EQ(pages_mistranslated(va, EMPTY_PA, n, PROT_DEVICE_nGnRE, 1), 0);
	CHECK_EQ(leaf_shift(va), CONT_PTE_SHIFT);
	vunmap((void *)va);
	before = count_totals();
	pfns[n / 2] = page_to_pfn(ram);
	CHECK(!vmap_pfn(pfns, n, PROT_DEVICE_nGnRE));
	pfns[n / 2] = 1UL << (VA_BITS - PAGE_SHIFT);
	CHECK(!vmap_pfn(pfns, n, PROT_DEVICE_nGnRE));
	CHECK_UNCHANGED(before);
	__free_pages(ram, 0);
}

TEST(family_optin, "family/vmap-optin-takes-pages")
{
	struct page **pages = take_pages(2 * CONT_PTES, CONT_PTES_SHIFT);
	void *plain, *huge;

	if (!pages)
		return;
	vmap_mode = VMAP_OPTIN;
	plain = vmap(pages, 2 * CONT_PTES, VM_MAP, PAGE_KERNEL);
	huge = vmap(pages, 2 * CONT_PTES, VM_MAP | VM_ALLOW_HUGE_VMAP, PAGE_KERNEL);
	vmap_mode = VMAP_ALWAYS;
	CHECK_EQ(leaf_shift((uint64_t)plain), PAGE_SHIFT);
	CHECK_EQ(leaf_shift((uint64_t)huge), CONT_PTE_SHIFT);
	CHECK_EQ(pages_misread((uint64_t)plain, pages, 2 * CONT_PTES), 0);
	CHECK_EQ(pages_misread((uint64_t)huge, pages, 2 * CONT_PTES), 0);
	vunmap(plain);
	vunmap(huge);
	drop_pages(pages, 2 * CONT_PTES);
}

/* --- mapping by hand ------------------------------------------------------------------ */

TEST(family_sparse, "family/sparse-area")
{
	const uint64_t n = CONT_PTES + 7;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	struct vm_struct *area = get_vm_area(3 * PTRS_PER_TABLE * PAGE_SIZE, VM_SPARSE);
	uint64_t va, end;

	if (!pages || !CHECK(area))
		return;
	/* In the middle of nothing, over a table's end. */
	va = ALIGN_UP((uint64_t)area->addr, PMD_SIZE) + PMD_SIZE - 5 * PAGE_SIZE;
	end = va + n * PAGE_SIZE;
	CHECK_EQ(vm_area_map_pages(area, va, end, pages), 0);
	CHECK_EQ(pages_misread(va, pages, n), 0);
	CHECK_EQ(pages_still_mapped(va - 2 * PAGE_SIZE, 2), 0);
	CHECK_EQ(vm_area_map_pages(area, end - PAGE_SIZE, end + PAGE_SIZE, pages), -EBUSY);
	vm_area_unmap_pages(area, va + 2 * PAGE_SIZE, end - 2 * PAGE_SIZE);
	CHECK_EQ(pages_still_mapped(va + 2 * PAGE_SIZE, n - 4), 0);
	CHECK_EQ(pages_misread(va, pages, 2), 0);
	CHECK_EQ(pages_misread(end - 2 * PAGE_SIZE, pages + n - 2, 2), 0);
	CHECK_EQ(vm_area_map_pages(area, va + 2 * PAGE_SIZE, va + 4 * PAGE_SIZE, pages), 0);
	CHECK_EQ(pages_misread(va + 2 * PAGE_SIZE, pages, 2), 0);
	free_vm_area(area);
	CHECK_EQ(pages_still_mapped(va, n), 0);
	drop_pages(pages, n);
}

TEST(family_page_range, "family/ioremap-page-range")
{
	struct vm_struct *area = get_vm_area(CONT_PTE_SIZE, VM_IOREMAP);
	uint64_t va, end;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	end = va + CONT_PTE_SIZE;
	CHECK_EQ(ioremap_page_range(va, end - PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE), -ERANGE);
	CHECK_EQ(ioremap_page_range(va, end, find_ram(PAGE_SIZE), PROT_DEVICE_nGnRE), -EINVAL);
	CHECK_EQ(ioremap_page_range(va, end, EMPTY_PA, PROT_DEVICE_nGnRE), 0);
	CHECK_EQ(pages_mistranslated(va, EMPTY_PA, CONT_PTES, PROT_DEVICE_nGnRE, 1), 0);
	CHECK_EQ(leaf_shift(va), CONT_PTE_SHIFT);
	CHECK_EQ(vmap_page_range(va, va + PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE), -EBUSY);
	/* A group that is cut is split first. */
	CHECK_EQ(vunmap_range(va + PAGE_SIZE, end), 0);
	CHECK_EQ(pages_mistranslated(va, EMPTY_PA, 1, PROT_DEVICE_nGnRE, 1), 0);
	CHECK_EQ(leaf_shift(va), PAGE_SHIFT);
	CHECK_EQ(pages_still_mapped(va + PAGE_SIZE, CONT_PTES - 1), 0);
	iounmap((void *)va);
	CHECK_EQ(pages_still_mapped(va, CONT_PTES), 0);
}

/* --- vread ---------------------------------------------------------------------------- */

static uint64_t not_equal(const char *bytes, uint64_t n, char value)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i++)
		wrong += bytes[i] != value;
	return wrong;
}

TEST(family_vread, "family/vread-survives-holes-and-devices")
{
	const uint64_t lo = VMALLOC_START + 32 * GiB, room = 12 * PAGE_SIZE;
	char *buf = vmalloc(room), *v;
	struct vm_struct *io;

	v = __vmalloc_range(2 * PAGE_SIZE, 1, lo, lo + room, GFP_KERNEL, PAGE_KERNEL_RO, 0);
	io = __get_vm_area(PAGE_SIZE, 1, lo, lo + room, VM_IOREMAP);
	if (!CHECK(buf && v && io))
		return;
	for (unsigned i = 0; i < 2; i++)
		memset(page_address(vmalloc_to_page(v + i * PAGE_SIZE)), 'a', PAGE_SIZE);
	/* No register of any machine: a load from it might not return. */
	vmap_page_range((uint64_t)io->addr, (uint64_t)io->addr + PAGE_SIZE, EMPTY_PA,
			PROT_DEVICE_nGnRE);
	memset(buf, '?', room);
	CHECK_EQ(vread(buf, (void *)lo, room), room);
	CHECK_EQ(not_equal(buf, 2 * PAGE_SIZE, 'a'), 0);
	CHECK_EQ(not_equal(buf + 2 * PAGE_SIZE, room - 2 * PAGE_SIZE, 0), 0);
	vrealloc(v, 1, GFP_KERNEL);
	memset(buf, '?', 2 * PAGE_SIZE);
	CHECK_EQ(vread(buf, v, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	CHECK_EQ(not_equal(buf, PAGE_SIZE, 'a'), 0);
	CHECK_EQ(not_equal(buf + PAGE_SIZE, PAGE_SIZE, 0), 0);
	vfree(v);
	free_vm_area(io);
	CHECK_EQ(vread(buf, (void *)lo, room), 0);
	vfree(buf);
}

/* --- per-CPU objects ------------------------------------------------------------------ */

static uint64_t *counter; /* one that all CPUs have */

static void count_here(void *unused)
{
	uint64_t *mine = this_cpu_ptr(counter);

	(void)unused;
	CHECK_EQ(*mine, 0);
	for (unsigned i = 0; i <= smp_processor_id(); i++)
		++*mine;
}

TEST(family_percpu, "family/percpu-each-cpu-has-its-own")
{
	struct totals before;
	uint64_t value;

	free_percpu(alloc_percpu(uint64_t)); /* upper tables stay */
	before = count_totals();
	counter = alloc_percpu(uint64_t);
	if (!CHECK(counter))
		return;
	work_on_each_cpu(count_here, NULL);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		CHECK_EQ(*per_cpu_ptr(counter, cpu), cpu_online(cpu) ? cpu + 1 : 0);
	/* What was returned is no address. */
	CHECK(probe_read(counter, &value).class != FAULT_NONE);
	CHECK_EQ(pages_still_mapped((uint64_t)per_cpu_ptr(counter, nr_cpus), 1), 0);
	free_percpu(counter);
	CHECK_EQ(pages_still_mapped((uint64_t)per_cpu_ptr(counter, 0), 1), 0);
	CHECK_UNCHANGED(before);
}

/* Words of all copies of @object that are not @from; they are @to then. */
static uint64_t changed(uint64_t *object, uint64_t words, uint64_t from, uint64_t to)
{
	uint64_t wrong = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		for (uint64_t i = 0; i < words; i++) {
			wrong += per_cpu_ptr(object, cpu)[i] != from;
			per_cpu_ptr(object, cpu)[i] = to;
		}
	return wrong;
}

/* All CPUs take and give back in the same chunks. */
static void take_and_give(void *unused)
{
	enum { MOST = 24, STEPS = 400 };
	uint64_t *held[MOST] = { NULL }, words[MOST], wrong = 0;
	uint64_t seed = random_seed() + smp_processor_id();

	(void)unused;
	for (unsigned step = 0; step < STEPS + MOST; step++) {
		uint64_t i = step < STEPS ? random_below(&seed, MOST) : step - STEPS;
		uint64_t tag = (uint64_t)(smp_processor_id() + 1) << 32 | i;

		if (held[i]) {
			wrong += changed(held[i], words[i], tag, ~0UL);
			free_percpu(held[i]);
			held[i] = NULL;
		} else if (step < STEPS) {
			words[i] = 1 + random_below(&seed, 100);
			held[i] = __alloc_percpu(words[i] * sizeof(uint64_t),
						 8UL << random_below(&seed, 8));
			if (CHECK(held[i]))
				wrong += changed(held[i], words[i], 0, tag);
		}
	}
	CHECK_EQ(wrong, 0);
}

TEST(family_percpu_stress, "family/percpu-on-all-cpus-at-once")
{
	/*
	 * One chunk stays, and so does its leaf table: the checker, which does not know of the
	 * lock, takes addresses below a table that is just being unlinked for given out too early.
	 */
	char *first = alloc_percpu(char);
	struct totals before = count_totals();

	if (!CHECK(first))
		return;
	work_on_each_cpu(take_and_give, NULL);
	CHECK_UNCHANGED(before);
	free_percpu(first);
}
