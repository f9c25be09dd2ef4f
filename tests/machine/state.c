// SPDX-License-Identifier: MIT
/*
 * Suites registers and tables: the state that boot promises. The registers are read back
 * from the CPU (fields: Arm ARM DDI 0487); all of TTBR1 is judged descriptor by
 * descriptor, and the judge is seen to judge.
 */
#include "drivers/irq/irq.h"
#include "drivers/smp/cpus.h"
#include "drivers/timer.h"
#include "lib/arm64/sysreg.h"
#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/ranges.h"
#include "tests/audit.h"
#include "tests/support.h"

#define BIT(n) (1UL << (n))

extern char vectors[];

TEST_ON_EACH_CPU(registers_level, "registers/exception-level")
{
	CHECK_EQ(read_sysreg(CurrentEL) >> 2, 1);
	CHECK_EQ(read_sysreg(spsel), 1);
	/* Debug and FIQ masked; SError not, so that it is reported where it happens; IRQ with a
	 * GIC. */
	CHECK_EQ(read_sysreg(daif), BIT(9) | (irq_controller_name() ? 0 : BIT(7)) | BIT(6));
	CHECK_EQ(read_sysreg(vbar_el1), (uint64_t)vectors);
	CHECK(IS_ALIGNED((uint64_t)vectors, 2048));
	CHECK(platform.entry_el == 1 || platform.entry_el == 2);
	CHECK_EQ(read_sysreg(midr_el1), cpus[smp_processor_id()].midr);
	CHECK_EQ(read_sysreg(mpidr_el1) & IRQ_AFFINITY, cpus[smp_processor_id()].mpidr);
}

TEST_ON_EACH_CPU(registers_sctlr, "registers/sctlr")
{
	uint64_t sctlr = read_sysreg(sctlr_el1);
	/* M, C, SA, I, WXN */
	const uint64_t on = BIT(0) | BIT(2) | BIT(3) | BIT(12) | BIT(19);
	/* A, SA0, CP15BEN, nAA, SED, UMA, EnDB, DZE, UCT, nTWI, nTWE, E0E, EE, UCI, EnDA, EnIB,
	 * EnIA */
	const uint64_t off = BIT(1) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(13) |
			     BIT(14) | BIT(15) | BIT(16) | BIT(18) | BIT(24) | BIT(25) | BIT(26) |
			     BIT(27) | BIT(30) | BIT(31);

	CHECK_EQ(sctlr & on, on);
	/* RES1 since v8.0; SPAN (23) and EIS, EOS (22, 11) since they have names. */
	CHECK_EQ(sctlr & (BIT(29) | BIT(28) | BIT(23) | BIT(22) | BIT(20) | BIT(11)),
		 BIT(29) | BIT(28) | BIT(23) | BIT(22) | BIT(20) | BIT(11));
	CHECK_EQ(sctlr & off, 0);
}

TEST_ON_EACH_CPU(registers_tcr, "registers/tcr")
{
	uint64_t tcr = read_sysreg(tcr_el1);
	uint64_t pa_range = field(read_sysreg(id_aa64mmfr0_el1), 3, 0);

	CHECK_EQ(field(tcr, 21, 16), 64 - VA_BITS);
	CHECK_EQ(field(tcr, 5, 0), 64 - VA_BITS);
	CHECK_EQ(field(tcr, 7, 7), 1);	 /* EPD0: no walks by TTBR0 */
	CHECK_EQ(field(tcr, 23, 23), 0); /* EPD1 */
	CHECK_EQ(field(tcr, 31, 30), TCR_TG1);
	CHECK_EQ(field(tcr, 15, 14), TCR_TG0);
	CHECK_EQ(field(tcr, 25, 24), 1); /* walks: write-back, read and write allocate, */
	CHECK_EQ(field(tcr, 27, 26), 1);
	CHECK_EQ(field(tcr, 29, 28), 3); /* inner shareable */
	CHECK_EQ(field(tcr, 34, 32), MIN(pa_range, 5));
	CHECK_EQ(field(tcr, 38, 37), 0); /* TBI: every address bit counts */
	CHECK_EQ(field(tcr, 40, 39), 0); /* HA, HD: no hardware updates */
	CHECK_EQ(field(tcr, 42, 41), 0); /* HPD */
	CHECK_EQ(field(tcr, 59, 59), 0); /* DS: 48 bit descriptors */
}

TEST_ON_EACH_CPU(registers_translation, "registers/mair-and-ttbr")
{
	CHECK_EQ(read_sysreg(mair_el1), MAIR_EL1_VALUE);
	CHECK_EQ(read_sysreg(amair_el1), 0);
	CHECK_EQ(read_sysreg(ttbr0_el1), 0);
	CHECK_EQ(read_sysreg(ttbr1_el1),
		 platform.image_pa + ((uint64_t)swapper_pg_dir - KIMAGE_VADDR));
	CHECK_EQ(read_sysreg(contextidr_el1), 0);
}

TEST_ON_EACH_CPU(registers_traps, "registers/traps-and-timers")
{
	CHECK_EQ(field(read_sysreg(cpacr_el1), 21, 20), 3); /* FP and SIMD */
	CHECK_EQ(field(read_sysreg(cpacr_el1), 28, 28), 0); /* no trace traps */
	CHECK_EQ(read_sysreg(S3_3_C4_C4_0), 0);		    /* FPCR */
	CHECK_EQ(read_sysreg(mdscr_el1), 0);
	/* Nothing for EL0; the event stream is on, each 2^11 ticks. */
	CHECK_EQ(read_sysreg(cntkctl_el1), BIT(2) | 10 << 4);
	CHECK_EQ(field(read_sysreg(cntp_ctl_el0), 0, 0), 0);
	CHECK_EQ(read_sysreg(tpidr_el1), cpus[smp_processor_id()].percpu_offset);
}

/* Entered at EL2 there is no offset; of one that a hypervisor gave, EL1 cannot tell. */
TEST_ON_EACH_CPU(registers_counter, "registers/counter-offset")
{
	uint64_t before = read_sysreg(cntpct_el0), virtual = timer_ticks(), after;

	sysreg_sync();
	after = read_sysreg(cntpct_el0);
	if (platform.entry_el == 2)
		CHECK(before <= virtual && virtual <= after);
	else
		CHECK(before <= after);
}

/* --- tables --------------------------------------------------------------------------------- */

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

/* Text and rodata, of which there is no writable alias. */
static bool is_image_constant(uint64_t pa)
{
	return pa - platform.image_pa < (uint64_t)(_erodata - _text);
}

/* Frames of one range that the linear map does not have, or has though it must not. */
static uint64_t linear_gaps(const struct phys_range *r)
{
	uint64_t pa = r->first_pfn << PAGE_SHIFT, end = pa + (r->pages << PAGE_SHIFT), wrong = 0;
	struct leaf leaf;

	while (pa < end) {
		uint64_t va = PAGE_OFFSET + pa, step = PAGE_SIZE;
		bool mapped = !walk_lookup(va, &leaf);

		if (mapped == is_image_constant(pa) ||
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

	for_each_linear_range (&r)
		CHECK_EQ(linear_gaps(&r), 0);
	for_each_ram_range (&r) {
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
	/* Apart: no frame may have two memory types (Arm ARM, mismatched memory attributes). */
	kinds[4] = devmem_size ? ioremap(devmem_base, devmem_size / 2) : NULL;
	kinds[5] = devmem_size ? ioremap_wc(devmem_base + devmem_size / 2, 5 * PAGE_SIZE) : NULL;
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
	live_check_allow(1U << RULE_ATTRIBUTES | 1U << RULE_MEMORY_TYPE);
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
	live_check_allow(0);
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
		live_check_allow(1U << RULE_GROUP | 1U << RULE_BBM_SIZE | 1U << RULE_BBM_ADDRESS);
		set_desc(&slot[1], get_desc(&slot[1]) & ~DESC_CONT);
		CHECK_EQ(audit_all(false).violations, 1);
		set_desc(&slot[1], get_desc(&slot[2]));
		CHECK(audit_all(false).violations > 0);
		set_desc(&slot[1], good + PAGE_SIZE);
		set_desc(slot, good & ~DESC_CONT);
		CHECK_EQ(audit_all(false).violations, CONT_PTES - 1);
		set_desc(slot, good);
		live_check_allow(0);
		unmap_range(va, va + CONT_PTE_SIZE);
	}
	free_vm_area(area);
}
