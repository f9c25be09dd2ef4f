// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=get_vm_area_aligned
// granules: 12 14 16
// clang-format on
/*
 * ptdump and vmallocinfo: known layouts, line by line. Addresses and sizes are the granule's,
 * the words are literal.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/areas/view/vmallocinfo.h"
#include "mm/map/map.h"
#include "mm/map/view/ptdump.h"
#include "mm/map/view/walk.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

#define DEVICE (1UL << 44) /* no RAM, aligned to whatever leaf there is */

/* --- what is printed, and allocations that are refused ---------------------------------------- */

static char printed[1 << 16];
static size_t printed_bytes;

void __wrap_log_printf(const char *fmt, ...);
void __wrap_log_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printed_bytes +=
		vsnprintf(printed + printed_bytes, sizeof(printed) - printed_bytes, fmt, ap);
	va_end(ap);
}

/* What was printed since the last call. */
static const char *take_printed(void)
{
	printed_bytes = 0;
	return printed;
}

static unsigned top_order = MAX_ORDER;
static uint64_t top_align = ~0UL;

struct page *__real_alloc_pages(gfp_t gfp, unsigned order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order)
{
	return order > top_order ? NULL : __real_alloc_pages(gfp, order);
}

struct vm_struct *__real_get_vm_area_aligned(uint64_t size, uint64_t align, uint32_t flags);
struct vm_struct *__wrap_get_vm_area_aligned(uint64_t size, uint64_t align, uint32_t flags);
struct vm_struct *__wrap_get_vm_area_aligned(uint64_t size, uint64_t align, uint32_t flags)
{
	return align > top_align ? NULL : __real_get_vm_area_aligned(size, align, flags);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* "  1020K", as wide as the dump has it. */
static const char *size_of(uint64_t bytes)
{
	static char texts[4][SIZE_TEXT_MAX];
	static unsigned next;

	next = (next + 1) % ARRAY_SIZE(texts);
	return text_size(texts[next], bytes);
}

/* Adds the line that [va, va + size) has to have. */
static void want_line(char *want, uint64_t va, uint64_t size, const char *words)
{
	sprintf(want + strlen(want), "0x%016lx-0x%016lx %8s %s\n", va, va + size, size_of(size),
		words);
}

/* The lines of [va, end). */
static const char *dump_lines(uint64_t va, uint64_t end)
{
	static char lines[4096];
	char text[PTDUMP_TEXT_MAX];
	struct ptdump dump = { va, end };
	struct ptdump_range range;

	lines[0] = '\0';
	while (ptdump_next(&dump, &range))
		sprintf(lines + strlen(lines), "%s\n", ptdump_text(text, &range));
	return lines;
}

static bool same(const char *got, const char *want, const char *what)
{
	if (strcmp(got, want))
		fprintf(stderr, "%s:\n--- got\n%s--- want\n%s---\n", what, got, want);
	return ok(!strcmp(got, want), "%s", what);
}

static void map(uint64_t va, uint64_t size, uint64_t pa, pgprot_t prot, unsigned max_shift)
{
	if (map_range(va, va + size, pa, prot, max_shift))
		abort();
}

/* --- ptdump ----------------------------------------------------------------------------------- */

/* A page, a group, a hole, a block, a group of blocks, each with attributes of its own. */
static void test_lines(void)
{
	const uint64_t base = VMALLOC_START + 16 * CONT_PMD_SIZE;
	char want[4096] = "";

	map(base, PAGE_SIZE, DEVICE, PAGE_KERNEL, MAP_SHIFT_ANY);
	want_line(want, base, PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	map(base + PAGE_SIZE, PAGE_SIZE, DEVICE, PAGE_KERNEL_RO, MAP_SHIFT_ANY);
	want_line(want, base + PAGE_SIZE, PAGE_SIZE, "PTE ro NX     SHD AF UXN MEM/NORMAL");
	map(base + CONT_PTE_SIZE, CONT_PTE_SIZE, DEVICE, PROT_NORMAL_NC, MAP_SHIFT_ANY);
	want_line(want, base + CONT_PTE_SIZE, CONT_PTE_SIZE,
		  "PTE RW NX CON SHD AF UXN MEM/NORMAL-NC");
	map(base + PMD_SIZE, PMD_SIZE, DEVICE, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY);
	want_line(want, base + PMD_SIZE, PMD_SIZE, "PMD RW NX     SHD AF UXN DEVICE/nGnRE");
	map(base + CONT_PMD_SIZE, CONT_PMD_SIZE, DEVICE, PROT_DEVICE_nGnRnE, MAP_SHIFT_ANY);
	want_line(want, base + CONT_PMD_SIZE, CONT_PMD_SIZE,
		  "PMD RW NX CON SHD AF UXN DEVICE/nGnRnE");
	same(dump_lines(VMALLOC_START, VMALLOC_END), want, "a line for each kind of leaf");
	unmap_range(base + CONT_PMD_SIZE, base + 2 * CONT_PMD_SIZE);
	unmap_range(base + PMD_SIZE, base + 2 * PMD_SIZE);
	unmap_range(base + CONT_PTE_SIZE, base + 2 * CONT_PTE_SIZE);
	unmap_range(base, base + 2 * PAGE_SIZE);
	same(dump_lines(VMALLOC_START, VMALLOC_END), "", "nothing mapped, nothing said");
}

/* What continues is one line, whatever frames it has and however many tables it spans. */
static void test_one_line(void)
{
	const uint64_t base = VMALLOC_START + 16 * CONT_PMD_SIZE, size = 2 * PMD_SIZE + PAGE_SIZE;
	const uint64_t va = base - PAGE_SIZE; /* the table before, and half of the one after */
	desc_t *slot, kept;
	char want[4096] = "";

	map(va, PAGE_SIZE, DEVICE + PMD_SIZE, PAGE_KERNEL, PAGE_SHIFT);
	map(base, size, DEVICE, PAGE_KERNEL, PAGE_SHIFT);
	want_line(want, va, size + PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	same(dump_lines(VMALLOC_START, VMALLOC_END), want, "pages over four tables are one line");
	want[0] = '\0';
	want_line(want, base, PMD_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	same(dump_lines(base, base + PMD_SIZE), want, "a part that was asked for");

	slot = walk_slot(base, LEVEL_PTE);
	kept = slot[1];
	slot[1] &= ~DESC_VALID;
	want[0] = '\0';
	want_line(want, va, 2 * PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	want_line(want, base + PAGE_SIZE, PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL invalid");
	want_line(want, base + 2 * PAGE_SIZE, size - 2 * PAGE_SIZE,
		  "PTE RW NX     SHD AF UXN MEM/NORMAL");
	same(dump_lines(VMALLOC_START, VMALLOC_END), want, "one that is not valid");
	slot[1] = kept & ~DESC_PXN;
	want[0] = '\0';
	want_line(want, base + PAGE_SIZE, PAGE_SIZE, "PTE RW x      SHD AF UXN MEM/NORMAL");
	same(dump_lines(base + PAGE_SIZE, base + 2 * PAGE_SIZE), want, "one that is executable");
	slot[1] = kept;
	unmap_range(va, va + size + PAGE_SIZE);
}

/* Neighbours in all but the size of their leaves. */
static void test_levels(void)
{
	const uint64_t base = VMALLOC_START + 16 * CONT_PMD_SIZE;
	char want[4096] = "";

	map(base, PMD_SIZE, DEVICE, PAGE_KERNEL, PMD_SHIFT);
	map(base + PMD_SIZE, 2 * PAGE_SIZE, DEVICE + PMD_SIZE, PAGE_KERNEL, PAGE_SHIFT);
	want_line(want, base, PMD_SIZE, "PMD RW NX     SHD AF UXN MEM/NORMAL");
	want_line(want, base + PMD_SIZE, 2 * PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	same(dump_lines(VMALLOC_START, VMALLOC_END), want, "a block and pages are two lines");
	unmap_range(base, base + PMD_SIZE);
	unmap_range(base + PMD_SIZE, base + PMD_SIZE + 2 * PAGE_SIZE);
}

/* Alike, in one table, and not side by side. */
static void test_hole(void)
{
	const uint64_t low = VMALLOC_START + PAGE_SIZE, high = low + 2 * PAGE_SIZE;
	char want[4096] = "";

	map(low, PAGE_SIZE, DEVICE, PAGE_KERNEL, PAGE_SHIFT);
	map(high, PAGE_SIZE, DEVICE, PAGE_KERNEL, PAGE_SHIFT);
	want_line(want, low, PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	want_line(want, high, PAGE_SIZE, "PTE RW NX     SHD AF UXN MEM/NORMAL");
	same(dump_lines(VMALLOC_START, VMALLOC_END), want, "a hole ends a line");
	unmap_range(low, low + PAGE_SIZE);
	unmap_range(high, high + PAGE_SIZE);
}

static void test_whole_dump(void)
{
	const uint64_t areas = VMALLOC_END - CONT_PTE_SIZE, stacks = STACKS_START;
	desc_t *slot, kept;
	char want[4096], line[512] = "";

	/* Neighbours in all but the region. */
	map(areas, CONT_PTE_SIZE, DEVICE, PAGE_KERNEL, MAP_SHIFT_ANY);
	map(stacks, CONT_PTE_SIZE, DEVICE, PAGE_KERNEL, MAP_SHIFT_ANY);
	sprintf(want, "\nptdump: TTBR1, %s granule\n---[ vmalloc ]---\n", GRANULE_NAME);
	want_line(want, areas, CONT_PTE_SIZE, "PTE RW NX CON SHD AF UXN MEM/NORMAL");
	sprintf(want + strlen(want), "vmalloc: %s=%s, invalid -, W+X 0\n---[ stacks ]---\n",
		size_of(CONT_PTE_SIZE), size_of(CONT_PTE_SIZE));
	want_line(want, stacks, CONT_PTE_SIZE, "PTE RW NX CON SHD AF UXN MEM/NORMAL");
	sprintf(want + strlen(want), "stacks: %s=%s, invalid -, W+X 0\n", size_of(CONT_PTE_SIZE),
		size_of(CONT_PTE_SIZE));
	sprintf(want + strlen(want), "ptdump: all: %s=%s, invalid -, W+X 0\n",
		size_of(CONT_PTE_SIZE), size_of(2 * CONT_PTE_SIZE));
	take_printed();
	ptdump_log();
	same(take_printed(), want, "all of TTBR1, region by region");

	slot = walk_slot(areas, LEVEL_PTE);
	kept = slot[0];
	slot[0] = kept & ~DESC_PXN;
	slot[1] &= ~DESC_VALID;
	sprintf(line, "invalid %s, W+X 1\n", size_of(PAGE_SIZE));
	ptdump_log();
	ok(strstr(take_printed(), line) != NULL, "what is invalid and what is W+X is summed up");
	slot[0] = kept;
	slot[1] |= DESC_VALID;
	unmap_range(stacks, stacks + CONT_PTE_SIZE);
	unmap_range(areas, areas + CONT_PTE_SIZE);
}

/* --- vmallocinfo ------------------------------------------------------------------------------ */

/* The line of @addr's area, less its addresses: "SIZE KIND ...". */
static const char *info_of(const void *addr)
{
	static char text[VMALLOCINFO_TEXT_MAX];
	const struct vm_struct *area = find_vm_area(addr);
	struct map_census census = { 0 };
	char start[64];

	census_area(area, &census);
	vmallocinfo_text(text, area, &census);
	sprintf(start, "0x%lx-0x%lx ", (uint64_t)area->addr, (uint64_t)area->addr + area->size);
	return strncmp(text, start, strlen(start))
		       ? text
		       : text + strlen(start) + strspn(text + strlen(start), " ");
}

/* Its line is "SIZE @kind pages=N LEAF=BYTES @why", all of @bytes by leaves of @shift. */
static void check_info(const void *addr, const char *kind, uint64_t bytes, unsigned shift,
		       const char *why)
{
	char want[256];

	sprintf(want, "%s %s pages=%lu %s=%s%s%s", size_of(bytes + PAGE_SIZE), kind,
		bytes >> PAGE_SHIFT, size_of(1UL << shift), size_of(bytes), *why ? " " : "", why);
	same(info_of(addr), want, want);
}

static void test_areas(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0), *pages[] = { page, page };
	char kind[64];
	void *addr;

	addr = vmalloc(PAGE_SIZE);
	check_info(addr, "vmalloc", PAGE_SIZE, PAGE_SHIFT, "run_length");
	vfree(addr);
	addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	check_info(addr, "vmalloc huge", CONT_PTE_SIZE, CONT_PTE_SHIFT, "run_length");
	vfree(addr);
	addr = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	check_info(addr, "vmap", 2 * PAGE_SIZE, PAGE_SHIFT, "run_length");
	vunmap(addr);
	addr = ioremap(DEVICE, CONT_PMD_SIZE);
	sprintf(kind, "ioremap phys=0x%lx", DEVICE);
	check_info(addr, kind, CONT_PMD_SIZE, CONT_PMD_SHIFT, HAVE_PUD_BLOCK ? "run_length" : "");
	iounmap(addr);
	__free_pages(page, 0);
}

/* vmalloc()'s pages come in a row from fresh memory: its limit is all that is in the way. */
static void test_caller(void)
{
	struct vm_struct *area = get_vm_area(CONT_PTE_SIZE, VM_ALLOC);
	struct map_census census = { 0 };
	uint64_t va = (uint64_t)area->addr;

	ok(area_limits(area).max_shift == PAGE_SHIFT, "vmalloc()'s limit");
	map(va, CONT_PTE_SIZE, DEVICE, PAGE_KERNEL, PAGE_SHIFT);
	census_area(area, &census);
	ok(census.mapped[LEAF_PAGE][LIMIT_CALLER] == CONT_PTE_SIZE, "is the reason");
	area->flags = VM_MAP;
	area->max_shift = CONT_PTE_SHIFT;
	ok(area_limits(area).max_shift == CONT_PTE_SHIFT, "an area's own limit");
	area->max_shift = 0;
	ok(area_limits(area).max_shift == MAP_SHIFT_ANY, "none");
	unmap_range(va, va + CONT_PTE_SIZE);
	free_vm_area(area);
}

/* Huge vmalloc() whose blocks are not to be had, and vmap() whose addresses are not. */
static void test_fallback(void)
{
	const unsigned order = CONT_PTES_SHIFT;
	struct page *block, **pages = calloc(CONT_PTES, sizeof(*pages));
	void *addr, *before;

	top_order = order - 1;
	addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	check_info(addr, "vmalloc huge", CONT_PTE_SIZE, PAGE_SHIFT, "fallback");
	vfree(addr);
	top_order = PMD_SHIFT - PAGE_SHIFT - 1;
	addr = vmalloc_huge(PMD_SIZE, GFP_KERNEL);
	check_info(addr, "vmalloc huge", PMD_SIZE, PAGE_SHIFT, "fallback");
	vfree(addr);
	top_order = MAX_ORDER;
	addr = vmalloc_huge(PMD_SIZE, GFP_KERNEL);
	check_info(addr, "vmalloc huge", PMD_SIZE, PMD_SHIFT, "run_length");
	vfree(addr);

	block = alloc_pages(GFP_KERNEL, order);
	for (unsigned i = 0; i < CONT_PTES; i++)
		pages[i] = block + i;
	top_align = PAGE_SIZE;
	before = vmalloc(
		PAGE_SIZE); /* so that the lowest free address is not by chance a good one */
	addr = vmap(pages, CONT_PTES, VM_MAP, PAGE_KERNEL);
	check_info(addr, "vmap", CONT_PTE_SIZE, PAGE_SHIFT, "fallback");
	top_align = ~0UL;
	vunmap(addr);
	vfree(before);
	__free_pages(block, order);
	free(pages);
}

static void test_list(void)
{
	struct vm_struct copy;
	void *low = vmalloc(PAGE_SIZE), *high = ioremap(DEVICE, PAGE_SIZE);
	char want[1024];

	sprintf(want, "\n0x%lx-0x%lx %6s vmalloc pages=1 %s=%s run_length\n", (uint64_t)low,
		(uint64_t)low + 2 * PAGE_SIZE, size_of(2 * PAGE_SIZE), size_of(PAGE_SIZE),
		size_of(PAGE_SIZE));
	sprintf(want + strlen(want),
		"0x%lx-0x%lx %6s ioremap phys=0x%lx pages=1 %s=%s run_length\n", (uint64_t)high,
		(uint64_t)high + 2 * PAGE_SIZE, size_of(2 * PAGE_SIZE), DEVICE, size_of(PAGE_SIZE),
		size_of(PAGE_SIZE));
	sprintf(want + strlen(want), "vmallocinfo: 2 areas, mapped %s=%s\n  run_length %s=%s\n",
		size_of(PAGE_SIZE), size_of(2 * PAGE_SIZE), size_of(PAGE_SIZE),
		size_of(2 * PAGE_SIZE));
	take_printed();
	vmallocinfo_log();
	same(take_printed(), want, "the list, and its totals");
	ok(next_vm_area((uint64_t)low + 2 * PAGE_SIZE - 1, &copy) && copy.addr == low &&
		   next_vm_area((uint64_t)low + 2 * PAGE_SIZE, &copy) && copy.addr == high &&
		   !next_vm_area((uint64_t)high + 2 * PAGE_SIZE, &copy),
	   "the next area is the lowest that ends above");
	iounmap(high);
	vfree(low);
	take_printed();
	vmallocinfo_log();
	same(take_printed(), "\nvmallocinfo: 0 areas, mapped -\n", "no areas");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_add_ram(4 * ARENA_BLOCK, 12 * ARENA_BLOCK);
	buddy_init();
	test_lines();
	test_one_line();
	test_levels();
	test_hole();
	test_whole_dump();
	test_areas();
	test_caller();
	test_fallback();
	test_list();
	return tap_done();
}
