// SPDX-License-Identifier: MIT
/*
 * The audit of translation tables, and the audit around each test. The latter walks the
 * vmalloc region, which is all that a test can change through the engine; the whole of
 * TTBR1 is a test of its own (state.c).
 */
#include "tests/audit.h"

#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/arm64/door.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/pages/audit.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"
#include "tests/mm/structs/struct-audit.h"
#include "tests/support.h"

/* Bits that a leaf of ours may have; nG, NS, AP[1] (EL0) and all that later versions add are not
 * among them. */
#define LEAF_BITS (DESC_ADDR_MASK | DESC_PROT_MASK | DESC_CONT | DESC_VALID | DESC_PAGE)

struct walk {
	uint64_t lo, end;
	bool loud;
	struct table_audit sum;
	uint64_t invalid; /* leaves that set_memory_valid() took away: they count as live */
};

static void violation(struct walk *w, uint64_t va, desc_t d, const char *what)
{
	if (w->sum.violations++ < 5 && w->loud)
		ktap_note("0x%lx: descriptor %016lx: %s", va, d, what);
}

/* Bytes of the image that have no writable alias: text and rodata. */
static bool is_image_constant(uint64_t pa, uint64_t size)
{
	uint64_t start = platform.image_pa, end = start + (_erodata - _text);

	return pa < end && pa + size > start;
}

static bool is_image_text(uint64_t pa, uint64_t size)
{
	return pa >= platform.image_pa && pa + size <= platform.image_pa + (_etext - _text);
}

static bool is_all_ram(uint64_t pa, uint64_t size)
{
	struct phys_range r;

	for_each_linear_range (&r)
		if (pa >= r.first_pfn << PAGE_SHIFT &&
		    (pa + size) >> PAGE_SHIFT <= r.first_pfn + r.pages)
			return true;
	return false;
}

static bool is_any_ram(uint64_t pa, uint64_t size)
{
	struct phys_range r;

	for_each_linear_range (&r)
		if (pa < (r.first_pfn + r.pages) << PAGE_SHIFT && pa + size > r.first_pfn
										      << PAGE_SHIFT)
			return true;
	return false;
}

static bool is_writable(desc_t d)
{
	return !(d & DESC_RO);
}

static bool is_executable(desc_t d)
{
	return !(d & DESC_PXN);
}

/* devmem plays a device that tests may also map Normal, as ioremap_cache() does. */
static bool is_devmem(uint64_t pa, uint64_t size)
{
	return pa >= devmem_base && pa + size <= devmem_base + devmem_size;
}

/* The tree may lie past what `mem=` leaves of RAM. */
static bool is_tree(desc_t d, uint64_t va)
{
	return va - FIXED_FDT < FIXED_FDT_SIZE && !is_writable(d);
}

static const char *wrong_frame(desc_t d, uint64_t va, uint64_t size)
{
	uint64_t pa = desc_addr(d);
	bool device = (d & DESC_ATTR(7)) == DESC_ATTR(MAIR_DEVICE_nGnRE) ||
		      (d & DESC_ATTR(7)) == DESC_ATTR(MAIR_DEVICE_nGnRnE);

	if (is_writable(d) && is_image_constant(pa, size))
		return "text or rodata has a writable alias";
	if (is_executable(d) && !is_image_text(pa, size))
		return "executable, and no text";
	if (!device && !is_all_ram(pa, size) && !is_image_constant(pa, size) &&
	    !is_devmem(pa, size) && !is_tree(d, va))
		return "Normal, and not RAM";
	if ((d & DESC_ATTR(7)) != DESC_ATTR(MAIR_NORMAL) && is_any_ram(pa, size))
		return "RAM with other attributes than the linear map's";
	if (va < KIMAGE_VADDR && pa != va - PAGE_OFFSET)
		return "not where the linear map has it";
	return NULL;
}

static const char *wrong_leaf(desc_t d, int level, uint64_t va)
{
	uint64_t size = 1UL << level_shift(level);

	if (level == LEVEL_PTE && !(d & DESC_PAGE))
		return "reserved type at level 3";
	if (level < LEVEL_PMD && !(level == LEVEL_PUD && HAVE_PUD_BLOCK))
		return "a block at a level that has none";
	if (d & ~LEAF_BITS)
		return "a bit that is not ours";
	if (!IS_ALIGNED(desc_addr(d), size))
		return "misaligned output address";
	if (!(d & DESC_AF))
		return "no access flag";
	if (!(d & DESC_UXN) || (d & DESC_ISH) != DESC_ISH)
		return "EL0 could execute it, or it is not inner shareable";
	if (is_writable(d) && is_executable(d))
		return "writable and executable";
	return wrong_frame(d, va, size);
}

/* Descriptors of a contiguous group (Arm ARM D8.7.1), not as the engine's own constants say. */
static unsigned long group_entries(int level)
{
	switch (PAGE_SIZE) {
	case 4 * KiB:
		return 16;
	case 16 * KiB:
		return level == LEVEL_PTE ? 128 : 32;
	default:
		return 32;
	}
}

/* The group that @table[@index] is in begins at a boundary and all its members agree. */
static const char *wrong_group(const desc_t *table, unsigned long index, int level)
{
	unsigned long n = group_entries(level);
	const desc_t *first = &table[index & ~(n - 1)];
	uint64_t size = 1UL << level_shift(level);

	if (level < LEVEL_PMD)
		return "contiguous bit above level 2";
	if (!(get_desc(first) & DESC_CONT))
		return "a contiguous group without its beginning";
	if (index & (n - 1))
		return NULL; /* judged at the first */
	if (!IS_ALIGNED(desc_addr(get_desc(first)), n * size))
		return "a contiguous group at a misaligned address";
	for (unsigned long i = 1; i < n; i++)
		if (get_desc(&first[i]) != get_desc(first) + i * size)
			return "a contiguous group with a foreign member";
	return NULL;
}

static void audit_leaf(struct walk *w, const desc_t *table, unsigned long i, int level, uint64_t va)
{
	desc_t d = get_desc(&table[i]);
	const char *wrong = wrong_leaf(d, level, va);

	if (!wrong && d & DESC_CONT)
		wrong = wrong_group(table, i, level);
	if (wrong)
		violation(w, va, d, wrong);
}

/* Engine tables know how many of their slots are in use; boot's have no such page. */
static void audit_live_count(struct walk *w, desc_t d, uint64_t va, uint64_t leaves)
{
	const struct page *page = phys_to_page(desc_addr(d));

	if (va < MAPPABLE_START || va >= MAPPABLE_END)
		return;
	if (!(page->flags & PG_TABLE) || page->table_live != leaves)
		violation(w, va, d, "a leaf table with a wrong live count");
}

/*
 * Slots of a table of pages from @i on that are the same bit by bit, as empty ones and those of
 * shared tails are: one judgement is all's. Not in the linear map, where it depends on the address.
 */
static unsigned long slots_alike(const struct walk *w, const desc_t *table, unsigned long i,
				 uint64_t va)
{
	uint64_t left = va < w->lo || va >= w->end ? 1 : (w->end - va) >> PAGE_SHIFT;
	unsigned long end = i + MIN(PTRS_PER_TABLE - i, left), next = i + 1;
	desc_t d = get_desc(&table[i]);

	if (va < KIMAGE_VADDR || d & DESC_CONT)
		return 1;
	while (next < end && get_desc(&table[next]) == d)
		next++;
	return next - i;
}

static void audit_table(struct walk *w, const desc_t *table, int level, uint64_t va)
{
	unsigned long entries = level == LEVEL_ROOT ? PTRS_PER_ROOT : PTRS_PER_TABLE;
	uint64_t size = 1UL << level_shift(level);

	for (unsigned long i = 0, n = 1; i < entries; i += n, va += n * size) {
		desc_t d = get_desc(&table[i]);
		uint64_t live = w->sum.leaves + w->invalid;

		n = level == LEVEL_PTE ? slots_alike(w, table, i, va) : 1;
		w->invalid += level == LEVEL_PTE && d && !(d & DESC_VALID) ? n : 0;
		if (!(d & DESC_VALID) || va + (size - 1) < w->lo || va >= w->end)
			continue;
		if (level == LEVEL_PTE || !desc_is_table(d)) {
			audit_leaf(w, table, i, level, va);
			w->sum.leaves += n;
			w->sum.bytes += n * size;
			continue;
		}
		w->sum.tables++;
		w->sum.leaf_tables += level == LEVEL_PMD;
		if (d & ~(DESC_ADDR_MASK | DESC_TABLE | DESC_VALID) ||
		    !is_all_ram(desc_addr(d), PAGE_SIZE)) {
			violation(w, va, d, "a table with attributes, or not in RAM");
			continue;
		}
		w->sum.own_tables += (phys_to_page(desc_addr(d))->flags & PG_TABLE) != 0;
		audit_table(w, phys_to_virt(desc_addr(d)), level + 1, va);
		if (level == LEVEL_PMD)
			audit_live_count(w, d, va, w->sum.leaves + w->invalid - live);
	}
}

struct table_audit audit_tables(uint64_t va, uint64_t end, bool loud)
{
	struct walk w = { .lo = va, .end = end, .loud = loud };

	audit_table(&w, swapper_pg_dir, LEVEL_ROOT, PAGE_OFFSET);
	return w.sum;
}

/* --- around each test --------------------------------------------------------------------- */

static struct {
	struct totals totals;
	struct table_audit tables;
} before;

/* Pairs of free buddies in one range: the allocator should have merged them. */
static uint64_t unmerged_in(const struct phys_range *r)
{
	uint64_t pfn = r->first_pfn, end = pfn + r->pages, pairs = 0;

	while (pfn < end) {
		const struct page *page = pfn_to_page(pfn);
		unsigned order = page->flags & (PG_BUDDY | PG_BLOCK) ? page->order : 0;

		if (page->flags & PG_BUDDY && order < MAX_ORDER &&
		    pfn_to_page(pfn ^ 1UL << order)->state == page->state)
			pairs++;
		pfn += 1UL << order;
	}
	return pairs;
}

static uint64_t unmerged_buddies(void)
{
	struct phys_range r;
	uint64_t pairs = 0;

	for_each_ram_range (&r)
		pairs += unmerged_in(&r);
	return pairs;
}

void audit_before(void)
{
	allow_notes();
	before.totals = count_totals();
	before.tables = audit_tables(MAPPABLE_START, MAPPABLE_END, false);
}

void audit_after(void)
{
	struct table_audit now;

	CHECK(live_check_quiet());
	CHECK_EQ(vmemmap_audit(note_line), 0);
	CHECK_NOTHING_LOST(before.totals);
	CHECK_EQ(unmerged_buddies(), 0);
	CHECK_EQ(structs_with_wrong_head(false), 0);
	now = audit_tables(MAPPABLE_START, MAPPABLE_END, true);
	CHECK_EQ(now.violations, 0);
	CHECK_EQ(now.leaves, before.tables.leaves);
	CHECK_EQ(now.leaf_tables, before.tables.leaf_tables);
	now.own_tables +=
		audit_tables(VMEMMAP_START, VMEMMAP_START + VMEMMAP_SIZE, true).own_tables;
	/* The engine's count is right, so that "a page became a table" is true. */
	CHECK_EQ(now.own_tables, count_totals().table_pages);
}
