// SPDX-License-Identifier: MIT
/*
 * Suite set_memory: permissions of pages, alone and in the middle of blocks and groups, through
 * the MMU on every CPU; code that is written, run and written again; neighbours that other CPUs
 * use meanwhile.
 */
#include "mm/areas/set_memory.h"

#include <errno.h>

#include "drivers/smp/call.h"
#include "drivers/smp/hang.h"
#include "lib/arm64/probe.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/map/flush.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "tests/audit.h"
#include "tests/support.h"

/* The largest leaf that vmalloc_huge() is asked for: where blocks are too large, a group. */
#define BLOCK (PMD_SIZE <= 64 * MiB ? PMD_SIZE : CONT_PTE_SIZE)

/* --- what a page lets one do ------------------------------------------------------------- */

static bool may_read(uint64_t va)
{
	uint64_t value;

	return probe_read((void *)va, &value).class == FAULT_NONE;
}

/* Writes what is there already. */
static bool may_write(uint64_t va)
{
	return probe_write((void *)va, *(volatile uint64_t *)va).class == FAULT_NONE;
}

struct look {
	uint64_t va;
	bool read, write;
	uint64_t wrong;
};

static void look_here(void *arg)
{
	struct look *l = arg;
	bool read = may_read(l->va);

	if (read != l->read || (read && may_write(l->va) != l->write))
		__atomic_fetch_add(&l->wrong, 1, __ATOMIC_RELAXED);
}

/* On every CPU, one after the other, as they write what they read. */
static uint64_t wrong_on_cpus(uint64_t va, bool read, bool write)
{
	struct look l = { va, read, write, 0 };

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu_online(cpu))
			work_on_cpu(cpu, look_here, &l);
	return l.wrong;
}

/* Pages [first, first + n) of @va let one do that, and those next to them anything. */
static void check_pages(uint64_t va, uint64_t pages, uint64_t first, uint64_t n, bool read,
			bool write)
{
	for (uint64_t i = first ? first - 1 : 0; i <= first + n && i < pages; i++) {
		bool inside = i - first < n;

		CHECK_EQ(wrong_on_cpus(va + i * PAGE_SIZE, !inside || read, !inside || write), 0);
	}
}

/* Pages [first, first + n) of an area go through all that there is, and back. */
static void change_pages(void *addr, uint64_t pages, uint64_t first, int n)
{
	uint64_t va = (uint64_t)addr, at = va + first * PAGE_SIZE;
	unsigned leaf = leaf_shift(at);

	CHECK_EQ(set_memory_ro(at, n), 0);
	check_pages(va, pages, first, n, true, false);
	CHECK_EQ(set_memory_valid(at, n, 0), 0);
	check_pages(va, pages, first, n, false, false);
	CHECK(!vmalloc_to_page((void *)at));
	CHECK_EQ(audit_tables(VMALLOC_START, VMALLOC_END, true).violations, 0);
	CHECK_EQ(set_memory_valid(at, n, 1), 0);
	check_pages(va, pages, first, n, true, false);
	CHECK_EQ(set_memory_rw(at, n), 0);
	check_pages(va, pages, first, n, true, true);
	CHECK_EQ(set_memory_merge(at, n), 0);
	CHECK(leaf_shift(at) >= leaf);
	check_pages(va, pages, first, n, true, true);
}

TEST(set_memory_pages, "set_memory/single-pages")
{
	void *addr = vmalloc(20 * PAGE_SIZE);

	if (!CHECK(addr))
		return;
	change_pages(addr, 20, 0, 20);
	change_pages(addr, 20, 3, 5);
	change_pages(addr, 20, 19, 1);
	vfree(addr);
}

TEST(set_memory_group, "set_memory/part-of-a-group")
{
	void *addr = vmalloc_huge(2 * CONT_PTE_SIZE, GFP_KERNEL);

	if (!CHECK(addr))
		return;
	CHECK_EQ(leaf_shift((uint64_t)addr), CONT_PTE_SHIFT);
	change_pages(addr, 2 * CONT_PTES, 1, 1);
	change_pages(addr, 2 * CONT_PTES, CONT_PTES - 1, 2);
	change_pages(addr, 2 * CONT_PTES, 0, CONT_PTES);
	CHECK_EQ(leaf_shift((uint64_t)addr), CONT_PTE_SHIFT);
	/* Freed while it is in pieces, some of them without translation. */
	CHECK_EQ(set_memory_valid((uint64_t)addr + PAGE_SIZE, 3, 0), 0);
	CHECK_EQ(leaf_shift((uint64_t)addr), PAGE_SHIFT);
	vfree(addr);
}

TEST(set_memory_block, "set_memory/part-of-a-block")
{
	uint64_t pages = 2 * BLOCK >> PAGE_SHIFT, va;
	void *addr = vmalloc_huge(2 * BLOCK, GFP_KERNEL);

	if (!addr)
		SKIP("no memory for two blocks of %s pages", GRANULE_NAME);
	va = (uint64_t)addr;
	change_pages(addr, pages, 1, 1);
	change_pages(addr, pages, pages / 2 - 1, 2);
	change_pages(addr, pages, 0, CONT_PTES);
	CHECK_EQ(set_memory_ro(va + PAGE_SIZE, 1), 0);
	CHECK_EQ(leaf_shift(va), PAGE_SHIFT);
	CHECK(leaf_shift(va + CONT_PTE_SIZE) >= CONT_PTE_SHIFT);
	CHECK_EQ(set_memory_valid(va, (int)pages, 0), 0);
	vfree(addr);
}

/* --- what is refused ---------------------------------------------------------------------- */

static int stack_error;

static void change_under_stack(void *arg)
{
	stack_error = set_memory_ro((uint64_t)arg, 1);
}

void call_on_stack(void (*fn)(void *), void *arg, void *top); /* tests/machine/asm.S */

TEST(set_memory_refused, "set_memory/refused")
{
	uint64_t va = (uint64_t)vmalloc(4 * PAGE_SIZE);
	struct totals before = count_totals();

	if (!CHECK(va))
		return;
	CHECK_EQ(set_memory_ro(va, 5), -EINVAL); /* the guard page is no part of it */
	CHECK_EQ(set_memory_ro(va - PAGE_SIZE, 1), -EINVAL);
	CHECK_EQ(set_memory_ro(va + 8, 1), -EINVAL);
	CHECK_EQ(set_memory_ro(va, -1), -EINVAL);
	CHECK_EQ(set_memory_ro(va, 0x7fffffff), -EINVAL);
	CHECK_EQ(set_memory_ro(va, 0), 0);
	CHECK_EQ(set_memory_x(va, 4), -EINVAL);
	CHECK_EQ(set_memory_valid(0, 1, 0), -EINVAL);
	CHECK_EQ(set_memory_ro((uint64_t)&stack_error & PAGE_MASK, 1), -EINVAL);
	CHECK_EQ(set_memory_nx((uint64_t)&set_memory_ro & PAGE_MASK, 1), -EINVAL);
	CHECK_EQ(set_memory_valid((uint64_t)__builtin_frame_address(0) & PAGE_MASK, 1, 0), -EINVAL);
	CHECK_EQ(set_memory_ro((uint64_t)phys_to_virt(0), 1), -EINVAL);
	CHECK_EQ(set_memory_ro((uint64_t)vmemmap, 1), -EINVAL);
	CHECK_EQ(set_memory_ro(va, 4), 0);
	CHECK_EQ(set_memory_x(va + PAGE_SIZE, 1), 0);
	CHECK_EQ(set_memory_rw(va, 4), -EINVAL);
	CHECK(!may_write(va));
	CHECK_EQ(set_memory_nx(va, 4), 0);
	CHECK_EQ(set_memory_rw(va, 4), 0);
	CHECK_UNCHANGED(before);
	stack_error = 0;
	call_on_stack(change_under_stack, (void *)va, (void *)(va + 4 * PAGE_SIZE));
	CHECK_EQ(stack_error, -EBUSY);
	vfree((void *)va);
}

TEST(set_memory_device, "set_memory/device")
{
	const uint64_t bytes = 2 * CONT_PTE_SIZE;
	uint64_t va;
	void *addr;

	if (devmem_size < bytes)
		SKIP("no devmem");
	addr = ioremap(devmem_base, bytes);
	if (!CHECK(addr))
		return;
	va = (uint64_t)addr;
	CHECK_EQ(set_memory_ro(va + PAGE_SIZE, 1), 0);
	CHECK_EQ(pages_mistranslated(va + PAGE_SIZE, devmem_base + PAGE_SIZE, 1,
				     PROT_DEVICE_nGnRE | DESC_RO, 1),
		 0);
	CHECK_EQ(set_memory_x(va + PAGE_SIZE, 1), -EINVAL);
	CHECK_EQ(set_memory_valid(va, 3, 0), 0);
	CHECK_EQ(pages_still_mapped(va, 3), 0);
	CHECK_EQ(set_memory_valid(va, 3, 1), 0);
	CHECK_EQ(set_memory_rw(va, 3), 0);
	CHECK_EQ(pages_mistranslated(va, devmem_base, bytes >> PAGE_SHIFT, PROT_DEVICE_nGnRE, 1),
		 0);
	iounmap(addr);
}

/* --- code --------------------------------------------------------------------------------- */

#define MOV_X0(value) (0xd2800000U | (uint32_t)(value) << 5)
#define RET	      0xd65f03c0U

static void write_code(uint64_t va, uint64_t value)
{
	volatile uint32_t *code = (uint32_t *)va;

	code[0] = MOV_X0(value);
	code[1] = RET;
}

struct run {
	uint64_t va, value, wrong;
};

static void run_code(void *arg)
{
	struct run *r = arg;

	if (((uint64_t(*)(void))r->va)() != r->value)
		__atomic_fetch_add(&r->wrong, 1, __ATOMIC_RELAXED);
}

static uint64_t runs_wrong(uint64_t va, uint64_t value)
{
	struct run r = { va, value, 0 };

	work_on_each_cpu(run_code, &r);
	return r.wrong;
}

/*
 * QEMU 7.2 may keep its own translation of code that ran after the TLBI of its page, and run it
 * whatever the page's permissions are by then; a store to the code, by whatever address, ends that.
 */
static void store_code_again(uint64_t va)
{
	volatile uint32_t *code = page_address(vmalloc_to_page((void *)va));

	code += (va & ~PAGE_MASK) / sizeof(*code);
	code[0] = code[0];
}

/* Code in page @i, written, run, written anew and run by every CPU. */
static void run_again(uint64_t va, uint64_t i, unsigned value)
{
	uint64_t page = va + i * PAGE_SIZE, at = page + 4096 - 8;

	for (unsigned k = 0; k < 3; k++, value++) {
		write_code(at, value);
		CHECK_EQ(probe_exec((void *)at).class, FAULT_PERMISSION);
		CHECK_EQ(set_memory_ro(page, 1), 0);
		CHECK_EQ(set_memory_x(page, 1), 0);
		CHECK_EQ(runs_wrong(at, value), 0);
		CHECK(!may_write(at));
		CHECK_EQ(set_memory_nx(page, 1), 0);
		store_code_again(at);
		CHECK_EQ(probe_exec((void *)at).class, FAULT_PERMISSION);
		CHECK_EQ(set_memory_rw(page, 1), 0);
	}
}

TEST(set_memory_code, "set_memory/code-on-every-cpu")
{
	void *pages = vmalloc(3 * PAGE_SIZE), *group = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);

	if (CHECK(pages))
		run_again((uint64_t)pages, 1, 7);
	if (CHECK(group))
		run_again((uint64_t)group, CONT_PTES - 1, 1000);
	vfree(pages);
	vfree(group);
}

/* An emulator has no caches: what counts is that they are seen to, by every line. */
TEST(set_memory_caches, "set_memory/cache-maintenance")
{
	uint64_t ctr = read_sysreg(ctr_el0), line = 4UL << field(ctr, 19, 16);
	void *addr = vmalloc(4 * PAGE_SIZE);
	uint64_t va = (uint64_t)addr;

	if (!CHECK(addr))
		return;
	CHECK_EQ(set_memory_ro(va, 4), 0);
	door_counts = (struct door_counts){ 0 };
	door_counting = true;
	CHECK_EQ(set_memory_x(va + PAGE_SIZE, 2), 0);
	door_counting = false;
	CHECK_EQ(door_counts.dc, field(ctr, 28, 28) ? 0 : 2 * PAGE_SIZE / line);
	CHECK_EQ(door_counts.ic, !field(ctr, 29, 29));
	CHECK_EQ(door_counts.tlbi, (flush_each_max ? 2 : 1) + door_tlbi_twice); /* by the policy */
	vfree(addr);
}

/* --- neighbours --------------------------------------------------------------------------- */

#define ROUNDS 40

/* What the others do not touch: every fourth page, which is changed. */
#define IS_CHANGED(i) ((i) % 4 == 1)

static struct {
	uint64_t va, pages;
	bool stop;
	uint64_t wrong, accesses, running;
} meadow;

/* Each CPU has a word of its own in each page, and reads what it wrote. */
static void graze(void *arg)
{
	uint64_t cpu = smp_processor_id(), n = 0;

	(void)arg;
	__atomic_fetch_add(&meadow.running, 1, __ATOMIC_RELEASE);
	for (uint64_t i = 0; !__atomic_load_n(&meadow.stop, __ATOMIC_ACQUIRE); i++) {
		volatile uint64_t *word =
			(uint64_t *)(meadow.va + i % meadow.pages * PAGE_SIZE) + cpu;

		if (IS_CHANGED(i % meadow.pages))
			continue;
		*word = i + cpu;
		if (*word != i + cpu)
			__atomic_fetch_add(&meadow.wrong, 1, __ATOMIC_RELAXED);
		if (++n % 16 == 0)
			cpu_relax();
	}
	__atomic_fetch_add(&meadow.accesses, n, __ATOMIC_RELAXED);
}

/* Splits, changes and merges, again and again. */
static void plough(void)
{
	uint64_t state = random_seed();

	for (unsigned i = 0; i < ROUNDS; i++, hang_alive()) {
		uint64_t page = random_below(&state, meadow.pages / 4) * 4 + 1;
		uint64_t at = meadow.va + page * PAGE_SIZE;

		CHECK_EQ(set_memory_ro(at, 1), 0);
		CHECK(!may_write(at));
		CHECK_EQ(set_memory_valid(at, 1, 0), 0);
		CHECK(!may_read(at));
		CHECK_EQ(set_memory_valid(at, 1, 1), 0);
		CHECK_EQ(set_memory_rw(at, 1), 0);
		CHECK(may_write(at));
		if (i % 2)
			CHECK_EQ(set_memory_merge(at, 1), 0);
		cpu_relax();
	}
}

static void meet(void *addr, uint64_t pages)
{
	unsigned others = nr_online_cpus() - 1;

	meadow.va = (uint64_t)addr;
	meadow.pages = pages;
	meadow.stop = false;
	meadow.wrong = meadow.accesses = meadow.running = 0;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu != smp_processor_id() && cpu_online(cpu))
			CHECK_EQ(cpu_start_work(cpu, graze, NULL), 0);
	while (__atomic_load_n(&meadow.running, __ATOMIC_ACQUIRE) < others)
		cpu_relax();
	plough();
	__atomic_store_n(&meadow.stop, true, __ATOMIC_RELEASE);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu != smp_processor_id() && cpu_online(cpu))
			cpu_wait(cpu);
	CHECK_EQ(meadow.wrong, 0);
	CHECK(meadow.accesses > 0);
	ktap_note("%u other CPUs made %lu accesses meanwhile", others, meadow.accesses);
}

TEST(set_memory_neighbours, "set_memory/neighbours-in-use")
{
	void *block, *group;

	if (nr_online_cpus() < 2)
		SKIP("one CPU");
	block = vmalloc_huge(BLOCK, GFP_KERNEL);
	group = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	if (block)
		meet(block, BLOCK >> PAGE_SHIFT);
	if (CHECK(group))
		meet(group, CONT_PTES);
	vfree(block);
	vfree(group);
}

/* --- CPUs that cannot be held -------------------------------------------------------------- */

static bool let_go;

static void deaf(void *arg)
{
	uint64_t irq = local_irq_save();

	(void)arg;
	__atomic_fetch_add(&meadow.running, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&let_go, __ATOMIC_ACQUIRE))
		cpu_relax();
	local_irq_restore(irq);
}

TEST(set_memory_deaf, "set_memory/cpu-that-does-not-stop")
{
	unsigned patience = smp_patience_ms, cpu = (boot_cpu + 1) % nr_cpus;
	void *addr = vmalloc_huge(CONT_PTE_SIZE, GFP_KERNEL);
	struct totals before;

	if (nr_online_cpus() < 2 || !cpu_online(cpu)) {
		vfree(addr);
		SKIP("one CPU");
	}
	if (!CHECK(addr))
		return;
	before = count_totals();
	meadow.running = let_go = 0;
	smp_patience_ms = 20;
	CHECK_EQ(cpu_start_work(cpu, deaf, NULL), 0);
	while (!__atomic_load_n(&meadow.running, __ATOMIC_ACQUIRE))
		cpu_relax();
	CHECK_EQ(set_memory_ro((uint64_t)addr, 1), -ETIMEDOUT);
	CHECK_EQ(set_memory_ro((uint64_t)addr, CONT_PTES), -ETIMEDOUT);
	smp_patience_ms = patience;
	__atomic_store_n(&let_go, true, __ATOMIC_RELEASE);
	cpu_wait(cpu);
	CHECK_EQ(leaf_shift((uint64_t)addr), CONT_PTE_SHIFT);
	CHECK(may_write((uint64_t)addr));
	CHECK_UNCHANGED(before);
	CHECK_EQ(set_memory_ro((uint64_t)addr, 1), 0);
	vfree(addr);
}
