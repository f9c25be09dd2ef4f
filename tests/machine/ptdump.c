// SPDX-License-Identifier: MIT
/*
 * Suite ptdump: the dump of all of TTBR1 against the audit's own walk, known mappings
 * against known lines, and dumps while other CPUs map and unmap.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/smp/cpus.h"
#include "lib/arm64/cpu.h"
#include "lib/platform.h"
#include "mm/areas/area.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/check/live.h"
#include "mm/map/view/census.h"
#include "mm/map/map.h"
#include "mm/map/view/ptdump.h"
#include "mm/map/view/walk.h"
#include "tests/audit.h"
#include "tests/support.h"

/* --- all of it ------------------------------------------------------------------------------ */

struct sums {
	uint64_t bytes, wx, nowhere, ranges;
};

static struct sums sum_dump(uint64_t va, uint64_t end)
{
	struct ptdump dump = { va, end };
	struct ptdump_range range;
	struct sums sums = { 0 };

	while (ptdump_next(&dump, &range)) {
		if (range.attributes & DESC_VALID)
			sums.bytes += range.size;
		sums.wx += ptdump_is_wx(&range);
		sums.nowhere += !strcmp(range.region, "no region");
		sums.ranges++;
	}
	return sums;
}

TEST(ptdump_all, "ptdump/all-that-the-audit-finds")
{
	struct table_audit audit = audit_tables(PAGE_OFFSET, UINT64_MAX, true);
	struct sums sums = sum_dump(TTBR1_START, TTBR1_END);

	CHECK_EQ(sums.bytes, audit.bytes);
	CHECK(sums.bytes > 0);
	CHECK_EQ(sums.wx, 0);
	CHECK_EQ(sums.nowhere, 0);
	ktap_note("%lu bytes in %lu ranges", sums.bytes, sums.ranges);
}

/* What is executable is the image's text, and nothing else. */
TEST(ptdump_executable, "ptdump/one-executable-range")
{
	struct ptdump dump = { TTBR1_START, TTBR1_END };
	struct ptdump_range range;
	uint64_t executable = 0;

	while (ptdump_next(&dump, &range)) {
		if (range.attributes & DESC_PXN)
			continue;
		CHECK_EQ(strcmp(range.region, "kernel image"), 0);
		CHECK(range.attributes & DESC_RO);
		executable++;
	}
	CHECK(executable > 0);
}

/* --- known mappings --------------------------------------------------------------------------- */

/* The range that begins at @va, as far as @end, has these words after its addresses and size. */
static void check_line(uint64_t va, uint64_t end, uint64_t size, const char *words)
{
	char got[PTDUMP_TEXT_MAX], want[PTDUMP_TEXT_MAX], bytes[SIZE_TEXT_MAX];
	struct ptdump dump = { va, end };
	struct ptdump_range range;

	if (!CHECK(ptdump_next(&dump, &range)))
		return;
	snprintf(want, sizeof(want), "0x%016lx-0x%016lx %8s %s", va, va + size,
		 text_size(bytes, size), words);
	if (!CHECK_EQ(strcmp(ptdump_text(got, &range), want), 0))
		ktap_note("%s", got);
}

static void check_mapping(unsigned shift, pgprot_t prot, const char *words)
{
	uint64_t size = 1UL << shift, va;
	struct vm_struct *area = __get_vm_area(size, size, VMALLOC_START, VMALLOC_END, VM_MAP);

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + size, EMPTY_PA, prot, MAP_SHIFT_ANY), 0)) {
		check_line(va, va + area->size, size, words);
		unmap_range(va, va + size);
		CHECK_EQ(sum_dump(va, va + size).ranges, 0);
	}
	free_vm_area(area);
}

TEST(ptdump_lines, "ptdump/known-mappings")
{
	check_mapping(PAGE_SHIFT, PROT_DEVICE_nGnRE, "PTE RW NX     SHD AF UXN DEVICE/nGnRE");
	check_mapping(CONT_PTE_SHIFT, PROT_DEVICE_nGnRnE, "PTE RW NX CON SHD AF UXN DEVICE/nGnRnE");
	check_mapping(PMD_SHIFT, PROT_DEVICE_nGnRE | DESC_RO,
		      "PMD ro NX     SHD AF UXN DEVICE/nGnRE");
	check_mapping(CONT_PMD_SHIFT, PROT_DEVICE_nGnRE, "PMD RW NX CON SHD AF UXN DEVICE/nGnRE");
	if (HAVE_PUD_BLOCK)
		check_mapping(PUD_SHIFT, PROT_DEVICE_nGnRE,
			      "PUD RW NX     SHD AF UXN DEVICE/nGnRE");
}

/* Three pages, the middle one not valid: as set_memory_valid() leaves one. */
TEST(ptdump_invalid, "ptdump/a-page-that-is-not-valid")
{
	struct vm_struct *area = get_vm_area(3 * PAGE_SIZE, VM_MAP);
	uint64_t va;
	desc_t *slot, kept;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(va, va + 3 * PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, PAGE_SHIFT),
		     0)) {
		slot = walk_slot(va + PAGE_SIZE, LEVEL_PTE);
		kept = get_desc(slot);
		set_desc(slot, kept & ~DESC_VALID);
		door_before_tlbi();
		tlbi_leaves(va + PAGE_SIZE, 1, PAGE_SIZE); /* the one descriptor that changed */
		door_after_tlbi();
		check_line(va, va + area->size, PAGE_SIZE, "PTE RW NX     SHD AF UXN DEVICE/nGnRE");
		check_line(va + PAGE_SIZE, va + area->size, PAGE_SIZE,
			   "PTE RW NX     SHD AF UXN DEVICE/nGnRE invalid");
		CHECK_EQ(sum_dump(va, va + area->size).ranges, 3);
		CHECK_EQ(sum_dump(va, va + area->size).bytes, 2 * PAGE_SIZE);
		set_desc(slot, kept);
		door_mapped();
		unmap_range(va, va + 3 * PAGE_SIZE);
	}
	free_vm_area(area);
}

/* The dump is seen to see what must not be. */
TEST(ptdump_teeth, "ptdump/sees-a-writable-executable-page")
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);
	uint64_t va;

	if (!CHECK(area))
		return;
	va = (uint64_t)area->addr;
	live_check_allow(1U << RULE_ATTRIBUTES);
	if (CHECK_EQ(map_range(va, va + PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE & ~DESC_PXN,
			       PAGE_SHIFT),
		     0)) {
		CHECK_EQ(sum_dump(TTBR1_START, TTBR1_END).wx, 1);
		unmap_range(va, va + PAGE_SIZE);
	}
	live_check_allow(0);
	free_vm_area(area);
}

/* --- while others map ---------------------------------------------------------------------------
 */

/*
 * One CPU: with more than the host has, a lock waits for CPUs that do not run. Image.check
 * has one lock more, which each event takes (tests/machine/stress.c).
 */
#define DUMPS (IS_CHECKED ? 2 : 8)

static unsigned stop;
static uint64_t rounds;

/* Tables come and go: with the last area of a table its page goes back, and is used again. */
static void churn(void *unused __attribute__((unused)))
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		void *small = vmalloc(PAGE_SIZE), *large = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);

		vfree(small);
		vfree(large);
		/* Release: who sees the count sees that the tables were changed. */
		__atomic_store_n(&rounds, rounds + 1, __ATOMIC_RELEASE);
	}
}

TEST(ptdump_smp, "ptdump/while-another-maps")
{
	uint64_t boot = sum_dump(TTBR1_START, VMALLOC_START).bytes;
	unsigned other = 0;

	while (other < nr_cpus && (other == smp_processor_id() || !cpu_online(other)))
		other++;
	if (other == nr_cpus)
		SKIP("one CPU");
	stop = rounds = 0;
	if (!CHECK_EQ(cpu_start_work(other, churn, NULL), 0))
		return;
	while (!__atomic_load_n(&rounds, __ATOMIC_ACQUIRE))
		cpu_relax();
	for (unsigned i = 0; i < DUMPS; i++) {
		struct sums sums = sum_dump(TTBR1_START, TTBR1_END);

		CHECK_EQ(sums.wx, 0);
		CHECK_EQ(sums.nowhere, 0);
		CHECK(sums.bytes >= boot);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	cpu_wait(other);
}
