// SPDX-License-Identifier: MIT
/*
 * Suite fail: each allocation of each public call fails in turn (tests/sweep.h), and each
 * of those that starting a CPU needs. Allocations fail in Image.check only; Image says so.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/psci.h"
#include "drivers/smp/hang.h"
#include "lib/arm64/probe.h"
#include "lib/arm64/stack.h"
#include "mm/areas/area.h"
#include "mm/arm64/at.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "tests/audit.h"
#include "tests/support.h"
#include "tests/sweep.h"

#if HAVE_FAIL_NTH
extern char _percpu_start[], _percpu_end[]; /* linker.ld */

/* --- the eyes ------------------------------------------------------------------------- */

struct sweep_state sweep_look(void)
{
	struct totals t = count_totals();

	hang_alive();
	return (struct sweep_state){
		.free_pages = t.free_pages,
		.table_pages = t.table_pages,
		.slab_pages = t.slab_pages,
		.areas = t.areas,
		.leaves = audit_tables(MAPPABLE_START, MAPPABLE_END, false).leaves,
	};
}

bool sweep_sees(uint64_t va, uint64_t pa, pgprot_t prot, bool ram)
{
	uint64_t value = 0, par = at_s1e1r(va);
	struct leaf leaf;

	if (walk_lookup(va, &leaf) || leaf.pa != pa || leaf.prot != prot || par & PAR_F ||
	    PAR_ADDR(par) != pa)
		return false;
	if (!ram)
		return true;
	*(uint64_t *)phys_to_virt(pa) = ~pa;
	return probe_read((void *)va, &value).class == FAULT_NONE && value == ~pa;
}

uint64_t sweep_nowhere(void)
{
	return EMPTY_PA;
}

void sweep_complain(const char *fmt, ...)
{
	char line[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ktap_note("%s", line);
}

static void check_sum(const struct sweep_sum *sum)
{
	CHECK_EQ(sum->wrong, 0);
	ktap_note("%lu sweeps, %lu left out for want of room, %lu allocations failed, %lu made "
		  "up for",
		  sum->calls, sum->left_out, sum->failures, sum->made_up);
}

/* --- starting a CPU ----------------------------------------------------------------------- */

/* One more than there is: its memory is made, then firmware says that there is no such CPU. */
static struct cpu *extra;

static bool prepare_cpu(const struct sweep_call *c)
{
	(void)c;
	extra = &cpus[nr_cpus];
	return psci_method() && nr_cpus < NR_CPUS;
}

static bool call_cpu(const struct sweep_call *c)
{
	int error;

	*extra = (struct cpu){ .number = nr_cpus, .mpidr = 0x7f7f7f };
	nr_cpus++;
	error = cpu_up(extra->number);
	nr_cpus--;
	if (error != -EIO && error != -ENOMEM)
		sweep_complain("%s: error %d", c->name, error);
	return error == -EIO;
}

/* [top - STACK_BYTES, top) is memory, and what is below it a guard. */
static bool is_stack(uint64_t top)
{
	struct leaf leaf;

	for (uint64_t va = top - STACK_BYTES; va < top; va += PAGE_SIZE)
		if (walk_lookup(va, &leaf) || !sweep_sees(va, leaf.pa, PAGE_KERNEL, true))
			return false;
	return walk_lookup(top - STACK_BYTES - 1, &leaf) == -ENOENT;
}

static bool right_cpu(const struct sweep_call *c)
{
	const char *copy = _percpu_start + extra->percpu_offset;

	(void)c;
	for (size_t i = 0; i < (size_t)(_percpu_end - _percpu_start); i++)
		if (copy[i])
			return false;
	return is_stack(extra->stack_top) && is_stack(extra->emergency_top);
}

static void free_stack(uint64_t top)
{
	struct leaf leaf;

	if (!CHECK_EQ(walk_lookup(top - STACK_BYTES, &leaf), 0))
		return;
	unmap_range(top - STACK_BYTES, top);
	__free_pages(phys_to_page(leaf.pa), get_order(STACK_BYTES));
}

static void undo_cpu(const struct sweep_call *c)
{
	(void)c;
	free_stack(extra->stack_top);
	free_stack(extra->emergency_top);
	__free_pages(virt_to_page(_percpu_start + extra->percpu_offset),
		     get_order(_percpu_end - _percpu_start));
}

static void restore_cpu(const struct sweep_call *c)
{
	(void)c;
	*extra = (struct cpu){ 0 };
}

static const struct sweep_kind by_cpu = { prepare_cpu, call_cpu, right_cpu, undo_cpu, restore_cpu };
static const struct sweep_call cpu_call = { .name = "cpu_up", .kind = &by_cpu, .twice = true };

TEST(fail_cpu, "fail/memory-of-a-cpu")
{
	struct sweep_sum sum = { 0 };

	if (!psci_method())
		SKIP("no PSCI: no CPU can be started");
	sweep(&cpu_call, &sum);
	CHECK(sum.failures > 0);
	check_sum(&sum);
}

/* --- the others ---------------------------------------------------------------------------- */

/* All rows whose names begin with one of @prefixes, which ends with NULL. */
static void sweep_rows(const char *const *prefixes)
{
	struct sweep_sum sum = { 0 };

	for (; *prefixes; prefixes++)
		for (unsigned i = 0; i < nr_sweep_calls; i++)
			if (!strncmp(sweep_calls[i].name, *prefixes, strlen(*prefixes)))
				sweep(&sweep_calls[i], &sum);
	CHECK(sum.calls > 0 && sum.failures > 0);
	check_sum(&sum);
}
#define SWEEP(...) sweep_rows((const char *const[]){ __VA_ARGS__, NULL })
#else
#define SWEEP(...) SKIP("no allocation fails on demand in Image: boot Image.check")

TEST(fail_cpu, "fail/memory-of-a-cpu")
{
	SWEEP();
}
#endif

TEST(fail_phys, "fail/kmalloc-and-alloc-pages")
{
	SWEEP("k", "alloc_pages");
}

TEST(fail_vmalloc, "fail/vmalloc-and-its-kin")
{
	SWEEP("vmalloc", "vzalloc");
}

TEST(fail_vmap, "fail/vmap")
{
	SWEEP("vmap");
}

TEST(fail_family, "fail/vrealloc-and-vm-calls")
{
	SWEEP("vrealloc", "vm_", "__alloc_percpu");
}

TEST(fail_ioremap, "fail/ioremap-and-its-kin")
{
	SWEEP("ioremap");
}

TEST(fail_engine, "fail/areas-and-the-engine")
{
	SWEEP("get_vm_area", "map_");
}

TEST(fail_set_memory, "fail/set_memory")
{
	SWEEP("set_memory");
}
