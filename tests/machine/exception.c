// SPDX-License-Identifier: MIT
/*
 * Suite exception: each fault that a CPU can report is reported as what it is, with
 * class, level, address and direction; and what must fault does.
 */
#include "lib/arm64/probe.h"
#include "lib/arm64/sysreg.h"
#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/areas/area.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

#define RET_INSTRUCTION 0xd65f03c0u

/* asm.S; for probe_exec() */
void overflow_stack(void);
void load_misaligned(void);
void run_brk(void);
void run_undefined(void);
void run_svc(void);
extern char misaligned_word[];

enum access { READ, WRITE, EXEC };

/* Where a wrongly permitted fetch would land: right back. */
static const uint32_t ret_in_rodata = RET_INSTRUCTION;
static uint32_t ret_in_data = RET_INSTRUCTION;
static uint32_t ret_in_bss;

/* Level at which a walk for @va ends, at a leaf or at an invalid descriptor. */
static int walk_end(uint64_t va)
{
	/* EPD0 and addresses in neither half are reported at level 0 (Arm ARM D8.2.4). */
	if (va >> VA_BITS != UINT64_MAX >> VA_BITS)
		return 0;
	for (int level = LEVEL_ROOT; level < LEVEL_PTE; level++)
		if (!desc_is_table(get_desc(walk_slot(va, level))))
			return level;
	return LEVEL_PTE;
}

static struct fault attempt(enum access access, uint64_t va)
{
	uint64_t value = 0;

	switch (access) {
	case READ:
		return probe_read((void *)va, &value);
	case WRITE:
		/* What is there, if it can be read: a store that should not work does no harm. */
		probe_read((void *)va, &value);
		return probe_write((void *)va, value);
	default:
		return probe_exec((void *)va);
	}
}

/* @access at @va ends in @class, at the level where the tables say so. */
static void check_fault(enum access access, uint64_t va, enum fault_class class)
{
	struct fault f = attempt(access, va);
	int level = class <= FAULT_ADDRESS_SIZE ? walk_end(va) : -1;

	if (!CHECK(f.class == class && f.level == level && f.far == va &&
		   f.write == (access == WRITE) && f.exec == (access == EXEC)))
		ktap_note("access %d at 0x%lx: %s, level %d, write %d, exec %d, FAR 0x%lx, ESR "
			  "%lx; expected %s, level %d",
			  access, va, fault_class_name(f.class), f.level, f.write, f.exec, f.far,
			  f.esr, fault_class_name(class), level);
}

static void check_unmapped(uint64_t va)
{
	check_fault(READ, va, FAULT_TRANSLATION);
	check_fault(WRITE, va, FAULT_TRANSLATION);
	check_fault(EXEC, va, FAULT_TRANSLATION);
}

TEST(exception_null, "exception/null")
{
	check_unmapped(0);
	check_unmapped(8);
	check_unmapped(PAGE_SIZE - 8);
	check_unmapped(PAGE_SIZE);
}

TEST(exception_ttbr0, "exception/low-half-is-off")
{
	for (unsigned bit = 12; bit < VA_BITS; bit++)
		check_unmapped(1UL << bit);
	check_unmapped((1UL << VA_BITS) - 8);
	/* The page that the MMU was switched on from was mapped here. */
	check_unmapped(platform.image_pa + ((uint64_t)mmu_on - (uint64_t)_text));
}

TEST(exception_outside, "exception/between-the-halves")
{
	check_unmapped(1UL << VA_BITS);
	check_unmapped(0x0123456789abc000UL);
	check_unmapped(0xfffe000000000000UL);
	check_unmapped(PAGE_OFFSET - 8);
}

TEST(exception_stack_guard, "exception/stack-guards")
{
	for (uint64_t va = (uint64_t)_stack_guard; va < (uint64_t)_stack; va += PAGE_SIZE)
		check_unmapped(va);
	check_unmapped((uint64_t)_stack - 8);
	for (uint64_t va = (uint64_t)_emergency_guard; va < (uint64_t)_emergency; va += PAGE_SIZE)
		check_unmapped(va);
	check_unmapped((uint64_t)_emergency - 8);
	check_unmapped((uint64_t)_end);
}

TEST(exception_overflow, "exception/stack-overflow-is-survived")
{
	struct fault f = probe_exec((void *)overflow_stack);

	CHECK_EQ(f.class, FAULT_TRANSLATION);
	CHECK_EQ(f.far, (uint64_t)_stack - 16);
	CHECK(f.write && !f.exec);
}

TEST(exception_text, "exception/write-to-text-and-rodata")
{
	check_fault(WRITE, (uint64_t)_text, FAULT_PERMISSION);
	check_fault(WRITE, (uint64_t)_etext - 8, FAULT_PERMISSION);
	check_fault(WRITE, ALIGN_DOWN((uint64_t)check_unmapped, 8UL), FAULT_PERMISSION);
	check_fault(WRITE, (uint64_t)_rodata, FAULT_PERMISSION);
	check_fault(WRITE, (uint64_t)_erodata - 8, FAULT_PERMISSION);
}

TEST(exception_exec, "exception/execute-data")
{
	uint32_t ret_on_stack = RET_INSTRUCTION;
	uint32_t *heap = kmalloc(64, GFP_KERNEL), *area = vmalloc(PAGE_SIZE);

	ret_in_bss = RET_INSTRUCTION;
	check_fault(EXEC, (uint64_t)&ret_in_rodata, FAULT_PERMISSION);
	check_fault(EXEC, (uint64_t)&ret_in_data, FAULT_PERMISSION);
	check_fault(EXEC, (uint64_t)&ret_in_bss, FAULT_PERMISSION);
	check_fault(EXEC, (uint64_t)&ret_on_stack, FAULT_PERMISSION);
	if (CHECK(heap && area)) {
		*heap = *area = RET_INSTRUCTION;
		check_fault(EXEC, (uint64_t)heap, FAULT_PERMISSION);
		check_fault(EXEC, (uint64_t)area, FAULT_PERMISSION);
		check_fault(EXEC, (uint64_t)virt_to_page(heap), FAULT_PERMISSION);
	}
	vfree(area);
	kfree(heap);
}

/* A frame without RAM: nothing is there to be read, and on a board it may be a device. */
static void check_hole(uint64_t first_pfn, uint64_t end_pfn)
{
	if (first_pfn == end_pfn)
		return;
	check_fault(READ, PAGE_OFFSET + (first_pfn << PAGE_SHIFT), FAULT_TRANSLATION);
	check_fault(READ, PAGE_OFFSET + (end_pfn << PAGE_SHIFT) - 8, FAULT_TRANSLATION);
	check_fault(EXEC, PAGE_OFFSET + (end_pfn << PAGE_SHIFT) - 8, FAULT_TRANSLATION);
}

TEST(exception_holes, "exception/holes-of-the-linear-map")
{
	uint64_t last = 0;
	struct phys_range r;

	for_each_linear_range (&r) {
		check_hole(last, r.first_pfn);
		last = r.first_pfn + r.pages;
	}
	check_hole(last, PHYS_END >> PAGE_SHIFT);
}

TEST(exception_devmem, "exception/devmem-is-mapped-nowhere")
{
	if (!devmem_size)
		SKIP("no devmem");
	check_unmapped(PAGE_OFFSET + devmem_base);
	check_unmapped(PAGE_OFFSET + devmem_base + devmem_size / 2);
	check_unmapped(PAGE_OFFSET + devmem_base + devmem_size - 8);
}

TEST(exception_alias, "exception/text-has-no-linear-alias")
{
	uint64_t start = PAGE_OFFSET + platform.image_pa;

	for (uint64_t offset = 0; offset < (uint64_t)(_erodata - _text); offset += PAGE_SIZE)
		check_unmapped(start + offset);
	/* What follows is data, and has one. */
	CHECK_EQ(attempt(READ, start + (_data - _text)).class, FAULT_NONE);
}

TEST(exception_vmalloc, "exception/unused-vmalloc-space")
{
	check_unmapped(VMALLOC_START);
	check_unmapped(VMALLOC_START + PAGE_SIZE - 8);
	check_unmapped(VMALLOC_END - 8);
	check_unmapped(VMALLOC_END);
	check_unmapped(VMALLOC_START - 8);
	check_unmapped(VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2 + 8);
}

/* --- a page of our own, mapped as the test wants it ---------------------------------------- */

/* [va, va + PAGE_SIZE) of a fresh area on @pa; NULL after a failed check. */
static struct vm_struct *map_one(uint64_t pa, pgprot_t prot)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);
	uint64_t va;

	if (!CHECK(area))
		return NULL;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + PAGE_SIZE, pa, prot, PAGE_SHIFT), 0))
		return area;
	free_vm_area(area);
	return NULL;
}

static void unmap_one(struct vm_struct *area)
{
	uint64_t va = (uint64_t)area->addr;

	unmap_range(va, va + PAGE_SIZE);
	free_vm_area(area);
}

/* All three accesses to @pa mapped with @prot end in these classes. */
static void check_mapping(uint64_t pa, pgprot_t prot, enum fault_class read, enum fault_class write,
			  enum fault_class exec)
{
	struct vm_struct *area = map_one(pa, prot);
	const enum fault_class classes[] = { read, write, exec };

	if (!area)
		return;
	for (enum access access = READ; access <= EXEC; access++) {
		if (classes[access] == FAULT_NONE)
			CHECK_EQ(attempt(access, (uint64_t)area->addr + 8).class, FAULT_NONE);
		else
			check_fault(access, (uint64_t)area->addr + 8, classes[access]);
	}
	unmap_one(area);
}

TEST(exception_permissions, "exception/permissions-and-access-flag")
{
	struct page *page = alloc_pages(__GFP_ZERO, 0);
	uint64_t pa;

	if (!CHECK(page))
		return;
	pa = page_to_phys(page);
	check_mapping(pa, PAGE_KERNEL, FAULT_NONE, FAULT_NONE, FAULT_PERMISSION);
	check_mapping(pa, PAGE_KERNEL_RO, FAULT_NONE, FAULT_PERMISSION, FAULT_PERMISSION);
	live_check_allow(1U << RULE_ATTRIBUTES); /* no access flag; writable and executable */
	check_mapping(pa, PAGE_KERNEL & ~DESC_AF, FAULT_ACCESS_FLAG, FAULT_ACCESS_FLAG,
		      FAULT_ACCESS_FLAG);
	/* Writable is not executable, whatever the descriptor says: SCTLR.WXN. */
	check_mapping(pa, PAGE_KERNEL & ~DESC_PXN, FAULT_NONE, FAULT_NONE, FAULT_PERMISSION);
	live_check_allow(0);
	__free_pages(page, 0);
}

/* Bits of a physical address by PARange. */
static unsigned phys_bits(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	uint64_t range = field(read_sysreg(id_aa64mmfr0_el1), 3, 0);

	return bits[MIN(range, ARRAY_SIZE(bits) - 1)];
}

TEST(exception_address_size, "exception/address-size")
{
	if (phys_bits() >= PHYS_BITS_MAX)
		SKIP("this core has %u bits of physical address", phys_bits());
	check_mapping(1UL << phys_bits(), PROT_DEVICE_nGnRE, FAULT_ADDRESS_SIZE, FAULT_ADDRESS_SIZE,
		      FAULT_ADDRESS_SIZE);
}

TEST(exception_external, "exception/external-abort")
{
	if (!is_emulated())
		SKIP("silicon may answer an empty address with an SError, or never");
	if (1UL << phys_bits() <= EMPTY_PA)
		SKIP("this core has %u bits of physical address", phys_bits());
	check_mapping(EMPTY_PA, PROT_DEVICE_nGnRE, FAULT_EXTERNAL, FAULT_EXTERNAL,
		      FAULT_PERMISSION);
}

TEST(exception_alignment, "exception/alignment")
{
	struct fault f = probe_exec((void *)load_misaligned);

	CHECK_EQ(f.class, FAULT_ALIGNMENT);
	CHECK_EQ(f.far, (uint64_t)misaligned_word);
	CHECK_EQ(f.level, -1);
	CHECK(!f.exec); /* WnR of an exclusive load differs between QEMU 7 and 10 */
}

/* Exception classes (ESR_EL1.EC). */
#define EC_UNKNOWN	 0x00
#define EC_SVC		 0x15
#define EC_MISALIGNED_PC 0x22
#define EC_BRK		 0x3c

static void check_other(const void *code, unsigned ec)
{
	struct fault f = probe_exec(code);

	CHECK_EQ(f.class, FAULT_OTHER);
	CHECK_EQ(f.esr >> 26, ec);
	CHECK_EQ(f.level, -1);
	CHECK(!f.write && !f.exec);
}

TEST(exception_other, "exception/other-classes")
{
	check_other((void *)run_undefined, EC_UNKNOWN);
	check_other((void *)run_svc, EC_SVC);
	check_other((void *)run_brk, EC_BRK);
	check_other((char *)run_brk + 2, EC_MISALIGNED_PC);
}

TEST(exception_levels, "exception/translation-faults-of-every-level")
{
	/* With 16K pages the root has two entries, both in use. */
	const int top = PTRS_PER_ROOT == 2 ? LEVEL_ROOT + 1 : LEVEL_ROOT;
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	struct vm_struct *area = page ? map_one(page_to_phys(page), PAGE_KERNEL) : NULL;
	unsigned seen = 0;

	if (!CHECK(page && area))
		return;
	for (int level = top; level <= LEVEL_PTE; level++) {
		for (uint64_t i = 1; i < 300; i++) {
			uint64_t va = (uint64_t)area->addr + (i << level_shift(level));

			if (walk_end(va) != level || leaf_shift(va))
				continue;
			check_fault(READ, va, FAULT_TRANSLATION);
			seen |= 1u << level;
			break;
		}
	}
	CHECK_EQ(seen, (1u << (LEVEL_PTE + 1)) - (1u << top));
	unmap_one(area);
	__free_pages(page, 0);
}
