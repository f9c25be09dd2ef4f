// SPDX-License-Identifier: MIT
/*
 * Suite negative: what boot mapped, what it did not, and where the one ends and the other
 * begins. On every CPU, for each has a TLB of its own.
 */
#include "lib/arm64/probe.h"
#include "lib/arm64/stack.h"
#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/pages/hvo.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"
#include "tests/negative.h"
#include "tests/support.h"

void overflow_stack(void); /* asm.S, for probe_exec() */

static uint64_t word_in_data = 1, word_in_bss;

/* @body on each CPU. */
#define NEGATIVE(ident, name)                             \
	static void body_##ident(void *unused);           \
	TEST(ident, name)                                 \
	{                                                 \
		negative_on_each_cpu(body_##ident, NULL); \
	}                                                 \
	static void body_##ident(void *unused __attribute__((unused)))

/* --- where nothing is ever -------------------------------------------------------------- */

NEGATIVE(negative_null, "negative/null-and-the-low-half")
{
	static const uint64_t low[] = {
		0,	  8,	    PAGE_SIZE - 8,	 PAGE_SIZE, PMD_SIZE - 8,
		PMD_SIZE, PUD_SIZE, (1UL << VA_BITS) - 8
	};

	for (unsigned i = 0; i < ARRAY_SIZE(low); i++)
		probe_hole("the low half", low[i]);
	for (unsigned bit = 12; bit < VA_BITS; bit++)
		probe_hole("a bit of the low half", 1UL << bit);
	/* Firmware's and boot's own view of the image. */
	for (uint64_t at = 0; at < (uint64_t)(_end - _text); at += 64 * KiB)
		probe_hole("the image's physical address", platform.image_pa + at);
}

NEGATIVE(negative_no_address, "negative/no-address")
{
	const uint64_t good[] = { (uint64_t)&word_in_data, (uint64_t)_text,
				  (uint64_t)phys_to_virt(platform.image_pa + (_data - _text)) };

	/* Good but for one bit, or for all: tags are not ignored. */
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t top = ~0UL << VA_BITS, va = ALIGN_DOWN(good[i], 8UL);

		for (unsigned bit = VA_BITS; bit < 64; bit++) {
			probe_hole("a bit is missing", va ^ 1UL << bit);
			probe_hole("a bit is set", (va & ~top) | 1UL << bit);
		}
		probe_hole("without its top", va & ~top);
		probe_hole("bits 55 and down are missing", va & ~(0xffUL << VA_BITS));
		probe_hole("another tag", (va & ~(0xffUL << 56)) | 0x5aUL << 56);
	}
	probe_hole("below the upper half", PAGE_OFFSET - 8);
}

NEGATIVE(negative_windows, "negative/windows-that-nobody-uses")
{
	static const uint64_t holes[] = {
		PAGE_OFFSET + PHYS_END - 8,
		KIMAGE_VADDR - 8,
		KIMAGE_VADDR + KIMAGE_SIZE,
		FIXED_START - 8,
		FIXED_END,
		0xffff810000000000UL,
		VMALLOC_START - 8,
		VMALLOC_START,
		VMALLOC_START + PAGE_SIZE - 8,
		VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2,
		VMALLOC_END - 8,
		STACKS_START, /* the guard of the first slot */
		STACKS_END - 8,
		STACKS_END,
		VMEMMAP_START - 8,
		VMEMMAP_START + VMEMMAP_SIZE,
		UINT64_MAX - 7,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(holes); i++)
		probe_hole("an unused window", holes[i]);
	probe_hole("past the image", (uint64_t)_end);
}

/* --- the image -------------------------------------------------------------------------- */

static void probe_pages(const char *what, const char *start, const char *end,
			const struct rights *rights, unsigned make)
{
	for (uint64_t va = (uint64_t)start; va < (uint64_t)end; va += PAGE_SIZE) {
		probe_rights(what, va, rights, make);
		probe_rights(what, va + PAGE_SIZE - 8, rights, make);
	}
}

static unsigned calls;

static void count_call(void)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

NEGATIVE(negative_image, "negative/image-has-the-rights-of-its-parts")
{
	unsigned before = READ_ONCE(calls);

	probe_pages("text", _text, _etext, &text, MAKE_READ);
	probe_pages("rodata", _rodata, _erodata, &read_only, MAKE_READ);
	/* Others write there meanwhile: nothing is stored. */
	probe_pages("data and bss", _data, _stack_guard, &data, MAKE_READ);
	probe_rights("a word of data", (uint64_t)&word_in_data, &data, MAKE_ALL);
	probe_rights("a word of bss", (uint64_t)&word_in_bss, &data, MAKE_ALL);
	probe_rights("the root", (uint64_t)swapper_pg_dir, &data, MAKE_READ);
	/* The one thing that may be executed, and is. */
	CHECK_EQ(probe_exec((void *)count_call).class, FAULT_NONE);
	CHECK(READ_ONCE(calls) > before);
}

/* --- stacks ----------------------------------------------------------------------------- */

/* A stack of any CPU ends at @top; its guard is as large as it is, and another follows. */
static void probe_stack(const char *what, uint64_t top)
{
	uint64_t bottom = top - STACK_BYTES;

	for (uint64_t va = bottom - STACK_BYTES; va < bottom; va += PAGE_SIZE) {
		probe_hole(what, va);
		probe_hole(what, va + PAGE_SIZE - 8);
	}
	probe_rights(what, bottom, &data, MAKE_READ);
	probe_rights(what, bottom + STACK_BYTES / 2, &data, MAKE_READ);
	probe_rights(what, top - 8, &data, MAKE_READ);
}

NEGATIVE(negative_stacks, "negative/stacks-and-their-guards")
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		if (!cpus[i].emergency_top)
			continue;
		probe_stack("a stack", cpus[i].stack_top);
		probe_stack("an emergency stack", cpus[i].emergency_top);
		probe_hole("above the emergency stack", cpus[i].emergency_top);
	}
	probe_hole("a slot of no CPU", STACKS_START + nr_cpus * 2 * STACK_PAIR_BYTES + STACK_BYTES);
}

NEGATIVE(negative_overflow, "negative/stack-overflow")
{
	uint64_t bottom = this_cpu(stack_top) - STACK_BYTES;
	struct fault f = probe_exec((void *)overflow_stack);

	CHECK_EQ(f.class, FAULT_TRANSLATION);
	CHECK_EQ(f.far, bottom - 16);
	CHECK_EQ(f.level, walk_end(bottom - 16));
	CHECK(f.write && !f.exec);
	probe_hole("below the stack", bottom - 16);
}

NEGATIVE(negative_percpu, "negative/per-cpu-data")
{
	extern char _percpu_start[], _percpu_end[]; /* linker.ld */

	for (unsigned i = 0; i < nr_cpus; i++) {
		uint64_t start = (uint64_t)_percpu_start + cpus[i].percpu_offset;

		if (!cpus[i].emergency_top)
			continue;
		probe_rights("per-CPU data", start, &data, MAKE_READ);
		probe_rights("per-CPU data", start + (_percpu_end - _percpu_start) - 8, &data,
			     MAKE_READ);
	}
}

/* --- the linear map and the struct pages ------------------------------------------------ */

static void probe_gap(uint64_t first_pfn, uint64_t end_pfn)
{
	uint64_t start = PAGE_OFFSET + (first_pfn << PAGE_SHIFT);
	uint64_t end = PAGE_OFFSET + (end_pfn << PAGE_SHIFT);

	if (first_pfn == end_pfn)
		return;
	probe_hole("no RAM", start);
	probe_hole("no RAM", start + PAGE_SIZE - 8);
	probe_hole("no RAM", start + ALIGN_DOWN((end - start) / 2, 8));
	probe_hole("no RAM", end - 8);
}

NEGATIVE(negative_linear, "negative/linear-map-and-its-holes")
{
	struct phys_range r;
	uint64_t last = 0;

	for_each_linear_range (&r) {
		uint64_t start = PAGE_OFFSET + (r.first_pfn << PAGE_SHIFT);
		uint64_t bytes = r.pages << PAGE_SHIFT;

		probe_gap(last, r.first_pfn);
		last = r.first_pfn + r.pages;
		probe_rights("RAM", start, &data, MAKE_READ);
		probe_rights("RAM", start + ALIGN_DOWN(bytes / 2, PAGE_SIZE), &data, MAKE_READ);
		probe_rights("RAM", start + bytes - 8, &data, MAKE_READ);
	}
	probe_gap(last, PHYS_END >> PAGE_SHIFT);
	for (uint64_t at = 0; at < (uint64_t)(_erodata - _text); at += PAGE_SIZE)
		probe_hole("text and rodata", PAGE_OFFSET + platform.image_pa + at);
	for (uint64_t at = 0; at < devmem_size; at += devmem_size / 8)
		probe_hole("devmem", PAGE_OFFSET + devmem_base + ALIGN_DOWN(at, 8UL));
}

/* What the vmemmap page with @page is: one that holds nothing but tails may be shared. */
static const struct rights *rights_of_struct(const struct page *page)
{
	const struct page *head = compound_head(page);

	return head->flags & PG_HVO && page >= head + HVO_RESERVED_STRUCTS ? &read_only : &data;
}

NEGATIVE(negative_struct_pages, "negative/struct-pages-of-ram-and-of-none")
{
	uint64_t last = VMEMMAP_START;
	struct phys_range r;

	for_each_ram_range (&r) {
		/* Rounded outward, as boot/memory.c maps them. */
		uint64_t first = ALIGN_DOWN(r.first_pfn, MAX_ORDER_PAGES);
		uint64_t end = ALIGN_UP(r.first_pfn + r.pages, MAX_ORDER_PAGES);
		uint64_t va = ALIGN_DOWN((uint64_t)pfn_to_page(first), PAGE_SIZE);

		if (va > last) {
			probe_hole("struct pages of no RAM", last);
			probe_hole("struct pages of no RAM", va - 8);
		}
		last = ALIGN_UP((uint64_t)pfn_to_page(end), PAGE_SIZE);
		probe_rights("a struct page", (uint64_t)pfn_to_page(r.first_pfn),
			     rights_of_struct(pfn_to_page(r.first_pfn)), MAKE_READ);
		probe_rights("a struct page", last - 8, rights_of_struct((struct page *)last - 1),
			     MAKE_READ);
	}
	probe_hole("struct pages of no RAM", last);
	probe_hole("struct pages of no RAM", VMEMMAP_START + VMEMMAP_SIZE - 8);
}

/* --- the fixed slots --------------------------------------------------------------------- */

/* What may be mapped at @va of a fixed slot; an access to a register is an act. */
static void probe_fixed(uint64_t va, const struct leaf *leaf)
{
	if (va - FIXED_FDT < FIXED_FDT_SIZE) {
		probe_rights("the tree", va, &read_only, MAKE_READ);
		return;
	}
	if (leaf->prot != PROT_DEVICE_nGnRE)
		CHECK_EQ(leaf->prot, PROT_DEVICE_nGnRE);
	probe_rights("registers", va, &data, 0);
}

/* Both sides of each border, and some of what is between. */
NEGATIVE(negative_fixed, "negative/fixed-slots-and-around")
{
	uint64_t step, mapped = 0;
	struct leaf leaf;

	for (uint64_t va = FIXED_START; va < FIXED_END; va += step) {
		bool is_mapped = !walk_lookup(va, &leaf);

		/* Leaves and holes are as large as the entry where the walk ends. */
		step = (1UL << level_shift(walk_end(va))) -
		       (va & ((1UL << level_shift(walk_end(va))) - 1));
		step = MIN(step, FIXED_END - va);
		mapped += is_mapped;
		for (uint64_t at = va; at <= va + step - 8; at += MAX(step - 8, 8)) {
			if (!is_mapped)
				probe_hole("no slot", at);
			else if (!walk_lookup(at, &leaf))
				probe_fixed(at, &leaf);
		}
	}
	CHECK(mapped > 0);
}
