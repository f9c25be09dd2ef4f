// SPDX-License-Identifier: MIT
/*
 * Suite tables: all of TTBR1 is what the address map says, judged descriptor by
 * descriptor, and the judge is seen to judge.
 */
#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/map/map.h"
#include "mm/map/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"
#include "tests/audit.h"
#include "tests/support.h"

/* Bits that a leaf of ours may have; nG, NS, AP[1] (EL0) and all that later versions add are not
 * among them. */
#define LEAF_BITS (DESC_ADDR_MASK | DESC_PROT_MASK | DESC_CONT | DESC_VALID | DESC_PAGE)

struct walk {
	uint64_t lo, end;
	bool loud;
	struct table_audit sum;
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
	const struct phys_range *r = ram_range_of_pfn(pa >> PAGE_SHIFT);

	return r && ((pa + size) >> PAGE_SHIFT) - r->first_pfn <= r->pages;
}

static bool is_any_ram(uint64_t pa, uint64_t size)
{
	struct phys_range r;

	for_each_ram_range (&r)
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

static const char *wrong_frame(desc_t d, uint64_t va, uint64_t size)
{
	uint64_t pa = desc_addr(d);
	bool device = (d & DESC_ATTR(7)) == DESC_ATTR(MAIR_DEVICE_nGnRE) ||
		      (d & DESC_ATTR(7)) == DESC_ATTR(MAIR_DEVICE_nGnRnE);

	if (is_writable(d) && is_image_constant(pa, size))
		return "text or rodata has a writable alias";
	if (is_executable(d) && !is_image_text(pa, size))
		return "executable, and no text";
	if (!device && !is_all_ram(pa, size) && !is_devmem(pa, size))
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

/* The group that @table[@index] is in begins at a boundary and all its members agree. */
static const char *wrong_group(const desc_t *table, unsigned long index, int level)
{
	unsigned long n = level == LEVEL_PTE ? CONT_PTES : CONT_PMDS;
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

	w->sum.leaves++;
	if (!wrong && d & DESC_CONT)
		wrong = wrong_group(table, i, level);
	if (wrong)
		violation(w, va, d, wrong);
}

/* Engine tables know how many of their descriptors are valid; boot's have no such page. */
static void audit_live_count(struct walk *w, desc_t d, uint64_t va, uint64_t leaves)
{
	const struct page *page = phys_to_page(desc_addr(d));

	if (va < VMALLOC_START || va >= VMALLOC_END)
		return;
	if (!(page->flags & PG_TABLE) || page->table_live != leaves)
		violation(w, va, d, "a leaf table with a wrong live count");
}

static void audit_table(struct walk *w, const desc_t *table, int level, uint64_t va)
{
	unsigned long entries = level == LEVEL_ROOT ? PTRS_PER_ROOT : PTRS_PER_TABLE;
	uint64_t size = 1UL << level_shift(level);

	for (unsigned long i = 0; i < entries; i++, va += size) {
		desc_t d = get_desc(&table[i]);
		uint64_t leaves = w->sum.leaves;

		if (!(d & DESC_VALID) || va + (size - 1) < w->lo || va >= w->end)
			continue;
		if (level == LEVEL_PTE || !desc_is_table(d)) {
			audit_leaf(w, table, i, level, va);
			continue;
		}
		w->sum.tables++;
		w->sum.leaf_tables += level == LEVEL_PMD;
		if (d & ~(DESC_ADDR_MASK | DESC_TABLE | DESC_VALID) ||
		    !is_all_ram(desc_addr(d), PAGE_SIZE)) {
			violation(w, va, d, "a table with attributes, or not in RAM");
			continue;
		}
		audit_table(w, phys_to_virt(desc_addr(d)), level + 1, va);
		if (level == LEVEL_PMD)
			audit_live_count(w, d, va, w->sum.leaves - leaves);
	}
}

struct table_audit audit_tables(uint64_t va, uint64_t end, bool loud)
{
	struct walk w = { .lo = va, .end = end, .loud = loud };

	audit_table(&w, swapper_pg_dir, LEVEL_ROOT, PAGE_OFFSET);
	return w.sum;
}

static struct table_audit audit_all(bool loud)
{
	return audit_tables(PAGE_OFFSET, UINT64_MAX, loud);
}

TEST(tables_all, "tables/all-of-ttbr1")
{
	struct table_audit a = audit_all(true);

	CHECK_EQ(a.violations, 0);
	CHECK(a.leaves > 0 && a.tables > 0);
	ktap_note("%lu leaves in %lu tables", a.leaves, a.tables);
}

/* Frames of one range that the linear map does not have, or has though it must not. */
static uint64_t linear_gaps(const struct phys_range *r)
{
	uint64_t pa = r->first_pfn << PAGE_SHIFT, end = pa + (r->pages << PAGE_SHIFT), wrong = 0;
	struct leaf leaf;

	while (pa < end) {
		uint64_t va = PAGE_OFFSET + pa, step = PAGE_SIZE;
		bool mapped = !walk_lookup(va, &leaf);

		if (mapped == is_image_constant(pa, PAGE_SIZE) ||
		    (mapped && (leaf.pa != pa || leaf.prot != PAGE_KERNEL)))
			wrong++;
		if (mapped)
			step = (1UL << level_shift(leaf.level)) -
			       (va & ((1UL << level_shift(leaf.level)) - 1));
		pa += step;
	}
	return wrong;
}

TEST(tables_linear, "tables/linear-map-is-complete")
{
	struct phys_range r;

	for_each_ram_range (&r) {
		CHECK_EQ(linear_gaps(&r), 0);
		/* The struct pages of the range's ends exist, and say which frame they are. */
		CHECK(READ_ONCE(pfn_to_page(r.first_pfn)->state) != UINT64_MAX);
		CHECK(READ_ONCE(pfn_to_page(r.first_pfn + r.pages - 1)->state) != UINT64_MAX);
	}
}

/* One mapping of each kind, alive at once. */
TEST(tables_in_use, "tables/with-mappings-alive")
{
	uint64_t n = CONT_PTES * 2 + 3;
	struct page **pages = take_pages(n, CONT_PTES_SHIFT);
	void *kinds[6] = { NULL };

	if (!pages)
		return;
	kinds[0] = vmalloc(3 * PAGE_SIZE);
	kinds[1] = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	kinds[2] = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	kinds[3] = vmap(pages + 1, n - 1, VM_MAP, PAGE_KERNEL_RO);
	kinds[4] = devmem_size ? ioremap(devmem_base, devmem_size) : NULL;
	kinds[5] = devmem_size ? ioremap_wc(devmem_base + PAGE_SIZE, 5 * PAGE_SIZE) : NULL;
	CHECK(kinds[0] && kinds[1] && kinds[2] && kinds[3] && (kinds[5] || !devmem_size));
	CHECK_EQ(audit_all(true).violations, 0);
	iounmap(kinds[5]);
	iounmap(kinds[4]);
	vunmap(kinds[3]);
	vunmap(kinds[2]);
	vfree(kinds[1]);
	vfree(kinds[0]);
	drop_pages(pages, n);
}

/* --- the judge is judged ------------------------------------------------------------------ */

/* Violations while the first page of [va, va + size) maps @pa with @prot. */
static uint64_t violations_of(uint64_t pa, pgprot_t prot)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);
	uint64_t va, seen = 0;

	if (!CHECK(area))
		return 0;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + PAGE_SIZE, pa, prot, PAGE_SHIFT), 0)) {
		seen = audit_all(false).violations;
		unmap_range(va, va + PAGE_SIZE);
	}
	free_vm_area(area);
	return seen;
}

TEST(tables_teeth_leaf, "tables/audit-sees-a-bad-leaf")
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	uint64_t pa;

	if (!CHECK(page))
		return;
	pa = page_to_phys(page);
	CHECK_EQ(violations_of(pa, PAGE_KERNEL), 0);
	CHECK_EQ(violations_of(pa, PAGE_KERNEL & ~DESC_PXN), 1);
	CHECK_EQ(violations_of(pa, PAGE_KERNEL_ROX), 1);
	CHECK_EQ(violations_of(pa, PAGE_KERNEL & ~DESC_AF), 1);
	CHECK_EQ(violations_of(pa, PAGE_KERNEL & ~DESC_UXN), 1);
	CHECK_EQ(violations_of(pa, PROT_DEVICE_nGnRE), 1);
	CHECK_EQ(violations_of(pa, PROT_NORMAL_NC), 1);
	CHECK_EQ(violations_of(platform.image_pa, PAGE_KERNEL), 1);
	CHECK_EQ(violations_of(platform.image_pa, PAGE_KERNEL_RO), 0);
	CHECK_EQ(violations_of(EMPTY_PA, PAGE_KERNEL), 1);
	CHECK_EQ(violations_of(EMPTY_PA, PROT_DEVICE_nGnRE), 0);
	__free_pages(page, 0);
}

TEST(tables_teeth_group, "tables/audit-sees-a-bad-group")
{
	struct vm_struct *area =
		__get_vm_area(CONT_PTE_SIZE, CONT_PTE_SIZE, VMALLOC_START, VMALLOC_END, VM_MAP);
	uint64_t va;
	desc_t *slot, good;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + CONT_PTE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY),
		     0)) {
		slot = walk_slot(va, LEVEL_PTE);
		good = get_desc(slot);
		CHECK_EQ(audit_all(false).violations, 0);
		/* Never accessed, so that the changes need no TLBI. */
		set_desc(&slot[1], get_desc(&slot[1]) & ~DESC_CONT);
		CHECK_EQ(audit_all(false).violations, 1);
		set_desc(&slot[1], get_desc(&slot[2]));
		CHECK(audit_all(false).violations > 0);
		set_desc(&slot[1], good + PAGE_SIZE);
		set_desc(slot, good & ~DESC_CONT);
		CHECK_EQ(audit_all(false).violations, CONT_PTES - 1);
		set_desc(slot, good);
		unmap_range(va, va + CONT_PTE_SIZE);
	}
	free_vm_area(area);
}
