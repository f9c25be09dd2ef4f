// SPDX-License-Identifier: MIT
/*
 * The machine and the model (pages-world.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arm64/cpu.h"
#include "mm/map/view/walk.h"
#include "mm/pages/audit.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/host/mistake.h"
#include "tests/host/pages-world.h"

#define FRAMES (ARENA_END >> PAGE_SHIFT)
#define PAGES  (FRAMES / STRUCTS_PER_PAGE) /* of the vmemmap */
#define HUGES  8192
#define RANGES 8
#define FEW    64 /* pages of the vmemmap of which one is looked at if nothing is there */

static struct {
	uint64_t start, bytes;
	unsigned order;
} ranges[RANGES];
static unsigned nr_ranges;

static struct huge huges[HUGES], *huges_end = huges, *huge_free = huges;
static uint16_t huge_of_frame[FRAMES]; /* 1 and its number, of a head */
static unsigned wrongs;

/* What each page of the vmemmap is: */
enum { NOTHING, OWN, SHARED };
static uint8_t populated[PAGES], kind[PAGES];
static uint8_t orders[PAGES]; /* of the huge page whose struct pages are in it */

/* When each frame was seen last as a page of its own, so that no two are one. */
static uint32_t seen[FRAMES], look;

static struct page tails[STRUCTS_PER_PAGE]; /* what a page of tails holds */

__attribute__((format(printf, 1, 2))) static void wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	count_mistake(&wrongs, fmt, ap);
	va_end(ap);
}

/* --- the machine -------------------------------------------------------------------------- */

void world_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	live_vmemmap_start();
}

void world_ram(uint64_t start, uint64_t bytes, unsigned order)
{
	if (nr_ranges == RANGES)
		abort();
	arena_add_ram(start, bytes);
	if (order)
		boot_ram_reserve(start, bytes);
	ranges[nr_ranges].start = start;
	ranges[nr_ranges].bytes = bytes;
	ranges[nr_ranges++].order = order;
}

void world_populated(uint64_t pfn, uint64_t nr, bool is)
{
	memset(&populated[pfn / STRUCTS_PER_PAGE], is ? OWN : NOTHING,
	       DIV_ROUND_UP(pfn % STRUCTS_PER_PAGE + nr, STRUCTS_PER_PAGE));
}

/* Sections of an order consist of huge pages, optimised if they can be. */
static void huge_range(uint64_t pfn, uint64_t nr, unsigned order)
{
	for (uint64_t i = 0; i < nr; i += 1UL << order)
		world_huge(pfn_to_page(pfn + i), order, WORLD_HEAD_FLAGS,
			   order_is_optimizable(order));
}

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "pages-world: %s: %d\n", what, error);
	exit(99);
}

/* Sections know their zone: two calls where a range is of two. */
static void add_sections(uint64_t start, uint64_t end, unsigned order)
{
	uint64_t middle = MIN(MAX(start, 4 * GiB), end);

	if (start < middle)
		must(sections_add(start >> PAGE_SHIFT, (middle - start) >> PAGE_SHIFT, order,
				  ZONE_DMA32),
		     "sections_add");
	if (middle < end)
		must(sections_add(middle >> PAGE_SHIFT, (end - middle) >> PAGE_SHIFT, order,
				  ZONE_NORMAL),
		     "sections_add");
}

static void populate(unsigned i)
{
	uint64_t start = ALIGN_DOWN(ranges[i].start, ARENA_BLOCK);
	uint64_t end = ALIGN_UP(ranges[i].start + ranges[i].bytes, ARENA_BLOCK);
	uint64_t pfn = start >> PAGE_SHIFT, nr = (end - start) >> PAGE_SHIFT;

	add_sections(start, end, ranges[i].order);
	must(vmemmap_populate(pfn, nr, PAGE_STATE(WORLD_HEAD_FLAGS, 0, 0, 1)), "vmemmap_populate");
	world_populated(pfn, nr, true);
	if (ranges[i].order)
		huge_range(pfn, nr, ranges[i].order);
}

void world_boot(void)
{
	for (unsigned i = 0; i < nr_ranges; i++)
		populate(i);
	buddy_init();
	vmemmap_late_init();
}

/* --- the model ---------------------------------------------------------------------------- */

struct huge *world_huge(struct page *head, unsigned order, uint16_t flags, bool optimized)
{
	struct huge *huge = huge_free;

	while (huge < huges + HUGES && huge->head)
		huge++;
	if (huge == huges + HUGES)
		abort();
	huge_free = huge + 1;
	huges_end = MAX(huges_end, huge_free);
	huge_of_frame[page_to_pfn(head)] = (uint16_t)(huge_free - huges);
	*huge = (struct huge){ .head = head,
			       .order = order,
			       .zone = section_of_pfn(page_to_pfn(head)).zone,
			       .flags = flags,
			       .refcount = 1,
			       .optimized = optimized };
	return huge;
}

void world_forget(struct huge *huge)
{
	huge_of_frame[page_to_pfn(huge->head)] = 0;
	huge->head = NULL;
	huge_free = MIN(huge_free, huge);
}

struct huge *world_find(const struct page *head)
{
	uint16_t number = huge_of_frame[page_to_pfn(head)];

	return number ? &huges[number - 1] : NULL;
}

/* The one after @h, NULL: the first. NULL: no more. */
static struct huge *next_huge(struct huge *h)
{
	for (h = h ? h + 1 : huges; h < huges_end; h++)
		if (h->head)
			return h;
	return NULL;
}

static uint64_t page_index(const struct page *page)
{
	return page_to_pfn(page) / STRUCTS_PER_PAGE;
}

static void mark_kinds(void)
{
	memcpy(kind, populated, sizeof(kind));
	for (struct huge *h = NULL; (h = next_huge(h));) {
		uint64_t first = page_index(h->head) + 1, n = order_vmemmap_pages(h->order) - 1;

		if (!h->optimized)
			continue;
		memset(&kind[first], SHARED, n);
		memset(&orders[first], (int)h->order, n);
	}
}

/* --- leaves ------------------------------------------------------------------------------- */

struct sums {
	uint64_t own, shared;
	uint64_t mapped[3][MAX_HUGE_ORDER + 1]; /* leaves of each shared page */
};

static void check_shared(uint64_t index, const struct leaf *leaf, struct sums *sums)
{
	struct page *head = pfn_to_page(index * STRUCTS_PER_PAGE);
	enum zone_id zone = section_of_pfn(page_to_pfn(head)).zone;
	unsigned order = orders[index];
	struct page *tail = vmemmap_find_shared_tail(zone, order);

	if (leaf->prot != PAGE_KERNEL_RO || leaf->level != LEVEL_PTE || leaf->cont)
		wrong("page %lu: a shared tail, prot %lx, level %d", index, leaf->prot,
		      leaf->level);
	if (!tail || leaf->pa != page_to_phys(tail))
		wrong("page %lu: 0x%lx is not the tail page of zone %u, order %u", index, leaf->pa,
		      zone, order);
	sums->shared++;
	sums->mapped[zone][order]++;
}

static void check_own(uint64_t index, const struct leaf *leaf, struct sums *sums)
{
	uint64_t frame = leaf->pa >> PAGE_SHIFT;

	if (leaf->prot != PAGE_KERNEL)
		wrong("page %lu: its own memory, prot %lx", index, leaf->prot);
	if (seen[frame] == look)
		wrong("page %lu: frame 0x%lx is another page's too", index, leaf->pa);
	seen[frame] = look;
	sums->own++;
}

static void check_leaves(struct sums *sums)
{
	static const uint8_t nothing[FEW];
	struct leaf leaf;

	look++;
	for (uint64_t i = 0; i < PAGES; i++) {
		int error = walk_lookup(VMEMMAP_START + (i << PAGE_SHIFT), &leaf);

		if (!error != (kind[i] != NOTHING))
			wrong("page %lu is %smapped", i, error ? "not " : "");
		else if (kind[i] == SHARED)
			check_shared(i, &leaf, sums);
		else if (kind[i] == OWN)
			check_own(i, &leaf, sums);
		else if (i % FEW == 0 && !memcmp(&kind[i], nothing, FEW))
			i += FEW - 1; /* one of them stands for all */
	}
}

/* --- struct pages ------------------------------------------------------------------------- */

uint64_t vmemmap_find_tail_table(enum zone_id zone, unsigned order); /* mm/pages' own */

static void check_tail_pages(const struct sums *sums)
{
	unsigned pages = 0, tables = 0;

	for (unsigned zone = 0; zone < 3; zone++)
		for (unsigned order = 0; order <= MAX_HUGE_ORDER; order++) {
			uint64_t mapped = sums->mapped[zone][order];
			struct page *tail = vmemmap_find_shared_tail(zone, order);

			pages += tail != NULL;
			tables += vmemmap_find_tail_table(zone, order) != 0;
			if (!tail)
				continue;
			if ((uint64_t)tail->refcount != 1 + mapped)
				wrong("tail page of zone %u, order %u: %d references, %lu leaves",
				      zone, order, tail->refcount, mapped);
			page_fill_tails(tails, STRUCTS_PER_PAGE, zone, order);
			if (memcmp(page_address(tail), tails, PAGE_SIZE))
				wrong("tail page of zone %u, order %u: not what it should hold",
				      zone, order);
		}
	if (vmemmap_counts.tails != pages + tables)
		wrong("%u tail pages, %u tables of them, %lu counted", pages, tables,
		      vmemmap_counts.tails);
}

static void check_head(const struct huge *h)
{
	const struct page *head = h->head;
	uint16_t flags = h->flags | (h->optimized ? PG_HVO : 0);

	if (head->flags != flags || head->zone != h->zone || head->order != h->order ||
	    head->refcount != h->refcount)
		wrong("head 0x%lx: flags %x, zone %u, order %u, refcount %d, not %x, %u, %u, %d",
		      page_to_pfn(head), head->flags, head->zone, head->order, head->refcount,
		      flags, h->zone, h->order, h->refcount);
	if (compound_head(head) != head)
		wrong("head 0x%lx: not its own head", page_to_pfn(head));
}

/* Each of its struct pages. */
static void check_huge(const struct huge *h)
{
	struct page want;

	page_fill_tails(&want, 1, h->zone, h->order);
	for (uint64_t i = 1; i < 1UL << h->order; i++) {
		if (memcmp(&h->head[i], &want, sizeof(want)))
			wrong("tail %lu of 0x%lx: state %lx, info %lx", i, page_to_pfn(h->head),
			      h->head[i].state, h->head[i].compound_info);
		if (compound_head(&h->head[i]) != h->head)
			wrong("tail %lu of 0x%lx: another head", i, page_to_pfn(h->head));
	}
	for (uint64_t i = 1; i < order_vmemmap_pages(h->order); i++)
		if (write_faults(h->head + i * STRUCTS_PER_PAGE) != h->optimized)
			wrong("page %lu of 0x%lx: stores %s", i, page_to_pfn(h->head),
			      h->optimized ? "do not fault" : "fault");
	if (write_faults(h->head))
		wrong("head 0x%lx: stores fault", page_to_pfn(h->head));
}

/* --- all of it ---------------------------------------------------------------------------- */

static uint64_t vmemmap_tables;

/* The one for (zone, order), which is counted with the tail pages. */
static bool is_tail_table(const struct mmu_table *table)
{
	for (unsigned zone = 0; zone <= ZONE_DEVICE; zone++)
		for (unsigned order = 0; order <= MAX_HUGE_ORDER; order++)
			if (vmemmap_find_tail_table(zone, order) == virt_to_phys(table->slots))
				return true;
	return false;
}

static void count_table(const struct mmu_table *table)
{
	uint64_t va = table->va & ((1UL << VA_BITS) - 1);

	vmemmap_tables += va + (PTRS_PER_TABLE << level_shift(table->level)) > VMEMMAP_START &&
			  va < VMEMMAP_START + VMEMMAP_SIZE && !is_tail_table(table);
}

static void check_counts(const struct sums *sums)
{
	const struct vmemmap_counts *c = &vmemmap_counts;

	vmemmap_tables = 0;
	mmu_model_each_table(count_table);
	if (c->own != sums->own || c->shared != sums->shared || c->tables != vmemmap_tables)
		wrong("counted %lu own, %lu shared, %lu tables; there are %lu, %lu, %lu", c->own,
		      c->shared, c->tables, sums->own, sums->shared, vmemmap_tables);
}

static void complain(const char *line)
{
	wrong("audit: %s", line);
}

/* Two opinions: the model's, and the audit's that every test on the target ends with. */
unsigned world_wrong_some(unsigned n)
{
	struct zone_stats stats;
	struct sums sums = { 0 };

	wrongs = 0;
	mark_kinds();
	check_leaves(&sums);
	check_tail_pages(&sums);
	check_counts(&sums);
	for (struct huge *h = NULL; (h = next_huge(h));) {
		check_head(h);
		if ((h - huges + look) % n == 0)
			check_huge(h);
	}
	vmemmap_audit(complain);
	for (unsigned zone = 0; zone < NR_BUDDY_ZONES; zone++)
		get_zone_stats(zone, &stats);
	if (!mmu_model_clean())
		wrong("the MMU: %s", mmu_model.text);
	if (host_irq_depth)
		wrong("IRQs are masked");
	return wrongs;
}

unsigned world_wrong(void)
{
	return world_wrong_some(1);
}
