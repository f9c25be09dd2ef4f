// SPDX-License-Identifier: MIT
/*
 * What the on-target suites share.
 */
#include "tests/support.h"

#include "drivers/pmu/pmu.h"
#include "drivers/smp/cpus.h"
#include "lib/arm64/probe.h"
#include "lib/cmdline/options.h"
#include "lib/lock.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/arm64/at.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"

#define TAG_SALT 0x746c626564000000UL
/* Of what was wrong, in one test. */
#define NOTES_SHOWN 10

#define HOARD_MARK 0x686f617264UL
#define MAIR_OF(p) ((MAIR_EL1_VALUE >> (8 * (((p) >> 2) & 7))) & 0xff)
#define LAST_WORD  (PAGE_SIZE - sizeof(uint64_t))

/* What this CPU keeps for itself, back; between calls no lock is among it. */
static void give_back(void *unused)
{
	locks_held("where a test counts");
	drain_cpu_caches(unused);
}

struct totals count_totals(void)
{
	vm_unmap_aliases();
	work_on_each_cpu(give_back, NULL);
	return (struct totals){
		.free_pages = nr_free_pages(),
		.table_pages = map_table_pages(),
		.slab_pages = kmalloc_slab_pages(),
		.areas = nr_vm_areas(),
		.vmemmap_pages = vmemmap_counts.own + vmemmap_counts.tails + section_pages,
	};
}

uint64_t empty_pa(void)
{
	uint64_t end = ram_end_pfn() << PAGE_SHIFT, align = 128 * GiB;

	while (ALIGN_UP(end, align) >= ioremap_phys_end && align > GiB)
		align /= 2;
	return ALIGN_UP(end, align);
}

static uint64_t tag_of(const struct page *page)
{
	return TAG_SALT ^ page_to_pfn(page);
}

void tag_page(struct page *page)
{
	uint64_t *words = page_address(page);

	words[0] = tag_of(page);
	words[LAST_WORD / sizeof(*words)] = ~tag_of(page);
}

struct page **take_pages(uint64_t n, unsigned order)
{
	struct page **pages = kmalloc(n * sizeof(*pages), GFP_KERNEL);
	uint64_t got = 0;

	while (pages && got < n) {
		struct page *block = alloc_pages(GFP_KERNEL, order);

		if (!block)
			break;
		split_page(block, order);
		for (uint64_t i = 0; i < 1UL << order; i++, block++) {
			if (got == n) {
				__free_pages(block, 0);
				continue;
			}
			tag_page(block);
			pages[got++] = block;
		}
	}
	if (CHECK(pages && got == n))
		return pages;
	drop_pages(pages, got);
	return NULL;
}

void drop_pages(struct page **pages, uint64_t n)
{
	if (pages)
		free_pages_bulk(pages, n);
	kfree(pages);
}

bool blocks_are_free(unsigned n, unsigned order)
{
	struct page *blocks[8];
	unsigned got = 0;

	while (got < n && (blocks[got] = alloc_pages(GFP_KERNEL, order)))
		got++;
	for (unsigned i = 0; i < got; i++)
		__free_pages(blocks[i], order);
	return got == n;
}

void note_line(const char *line)
{
	ktap_note("%s", line);
}

static bool reads_as(uint64_t va, uint64_t expected)
{
	uint64_t value = 0;

	return probe_read((void *)va, &value).class == FAULT_NONE && value == expected;
}

static unsigned notes;

void allow_notes(void)
{
	notes = 0;
}

/* One wrong page; the first is worth a line. */
static void count_wrong(uint64_t *wrong, const char *what, uint64_t va)
{
	if ((*wrong)++ == 0 && notes++ < NOTES_SHOWN)
		ktap_note("%s at 0x%lx", what, va);
}

uint64_t pages_misread(uint64_t va, struct page *const *pages, uint64_t n)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE)
		if (!reads_as(va, tag_of(pages[i])) || !reads_as(va + LAST_WORD, ~tag_of(pages[i])))
			count_wrong(&wrong, "misread", va);
	return wrong;
}

uint64_t pages_still_mapped(uint64_t va, uint64_t n)
{
	uint64_t wrong = 0, value;

	vm_unmap_aliases(); /* with flush=lazy nothing is promised before */
	for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE)
		if (probe_read((void *)va, &value).class != FAULT_TRANSLATION)
			count_wrong(&wrong, "still mapped", va);
	return wrong;
}

uint64_t pages_mistranslated(uint64_t va, uint64_t pa, uint64_t n, pgprot_t prot, uint64_t stride)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < n; i += stride) {
		uint64_t offset = i << PAGE_SHIFT, par = at_s1e1r(va + offset);
		struct leaf leaf;

		if (walk_lookup(va + offset, &leaf) || leaf.pa != pa + offset || leaf.prot != prot)
			count_wrong(&wrong, "wrong leaf", va + offset);
		else if (par & PAR_F || PAR_ADDR(par) != pa + offset ||
			 PAR_ATTR(par) != MAIR_OF(prot))
			count_wrong(&wrong, "wrong by AT", va + offset);
	}
	return wrong;
}

unsigned leaf_shift(uint64_t va)
{
	struct leaf leaf;

	if (walk_lookup(va, &leaf))
		return 0;
	if (leaf.level == LEVEL_PTE)
		return leaf.cont ? CONT_PTE_SHIFT : PAGE_SHIFT;
	return leaf.level == LEVEL_PMD && leaf.cont ? CONT_PMD_SHIFT : level_shift(leaf.level);
}

/*
 * Where @bytes fit in @r, a quarter in if they can: the image is at the start, and what boot
 * keeps (the checker's memory is half of a small machine) at the end.
 */
static uint64_t find_in(const struct phys_range *r, uint64_t bytes)
{
	uint64_t start = MAX(r->first_pfn, 1) << PAGE_SHIFT;
	uint64_t end = (r->first_pfn + r->pages) << PAGE_SHIFT;
	uint64_t inside = ALIGN_UP(start + (end - start) / 4, bytes);

	if (inside + bytes <= end)
		return inside;
	start = ALIGN_UP(start, bytes);
	return start + bytes <= end ? start : 0;
}

/* The end of the largest block that is free now, which is the last that anybody else will take. */
static uint64_t find_free(uint64_t bytes)
{
	struct page *page = NULL;
	unsigned order = MAX_ORDER;

	while (PAGE_SIZE << order >= bytes && !(page = alloc_pages(GFP_KERNEL, order)) && order)
		order--;
	if (!page)
		return 0;
	__free_pages(page, order);
	return page_to_phys(page) + (PAGE_SIZE << order) - bytes;
}

static bool is_free(uint64_t pa)
{
	return phys_to_page(pa)->flags & PG_BUDDY;
}

/* More than a block, whose beginning and middle are free: most of a large machine is not. */
static uint64_t find_mostly_free(uint64_t bytes)
{
	struct phys_range r;

	for_each_ram_range (&r) {
		uint64_t end = (r.first_pfn + r.pages) << PAGE_SHIFT;
		uint64_t pa = ALIGN_UP(r.first_pfn << PAGE_SHIFT, bytes);

		for (; pa + bytes <= end; pa += bytes)
			if (is_free(pa) && is_free(pa + bytes / 2))
				return pa;
	}
	return 0;
}

uint64_t find_ram(uint64_t bytes)
{
	struct phys_range r, largest = { 0 };
	uint64_t found = 0;

	/* What the allocator has can be hoarded; of more than that no range is sure to be its. */
	found = find_free(bytes) ?: find_mostly_free(bytes);
	if (found)
		return found;
	for_each_ram_range (&r)
		if (r.pages > largest.pages)
			largest = r;
	found = find_in(&largest, bytes);
	for_each_ram_range (&r)
		if (!found)
			found = find_in(&r, bytes);
	return found;
}

void hoard_all(struct hoard *hoard)
{
	struct page *block;

	hoard->pages = 0;
	for (int order = MAX_ORDER; order >= 0; order--) {
		SLIST_INIT(&hoard->blocks[order]);
		while ((block = alloc_pages(GFP_KERNEL, order))) {
			block->private[0] = HOARD_MARK;
			SLIST_INSERT_HEAD(&hoard->blocks[order], block, hot_link);
			hoard->pages += 1UL << order;
		}
	}
}

static struct page *hoard_pop(struct hoard *hoard, unsigned order)
{
	struct page *block = SLIST_FIRST(&hoard->blocks[order]);

	SLIST_REMOVE_HEAD(&hoard->blocks[order], hot_link);
	hoard->pages -= 1UL << order;
	block->private[0] = 0;
	return block;
}

/* Breaks the smallest block up into pages, which stay hoarded. */
static void hoard_split(struct hoard *hoard)
{
	struct page *block;
	unsigned order = 1;

	while (order < MAX_ORDER && SLIST_EMPTY(&hoard->blocks[order]))
		order++;
	block = hoard_pop(hoard, order);
	split_page(block, order);
	for (uint64_t i = 0; i < 1UL << order; i++) {
		block[i].private[0] = HOARD_MARK;
		SLIST_INSERT_HEAD(&hoard->blocks[0], &block[i], hot_link);
		hoard->pages++;
	}
}

void hoard_give_page(struct hoard *hoard)
{
	if (SLIST_EMPTY(&hoard->blocks[0]))
		hoard_split(hoard);
	__free_pages(hoard_pop(hoard, 0), 0);
}

void hoard_free(struct hoard *hoard)
{
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		while (!SLIST_EMPTY(&hoard->blocks[order]))
			__free_pages(hoard_pop(hoard, order), order);
}

bool hoard_has(struct page *page)
{
	struct page *block = allocated_block(page);

	return block && block->private[0] == HOARD_MARK;
}

uint64_t random_seed(void)
{
	return options.seed;
}

uint64_t random_below(uint64_t *state, uint64_t bound)
{
	/* splitmix64, as the host's tests have it. */
	uint64_t z = (*state += 0x9e3779b97f4a7c15UL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
	return (z ^ (z >> 31)) % bound;
}

bool is_emulated(void)
{
	return pmu_is_emulated();
}
