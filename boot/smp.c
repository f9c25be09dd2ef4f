// SPDX-License-Identifier: MIT
/*
 * Interrupts and CPUs: registers and stacks have windows of their own, so that the vmalloc region,
 * and with it every figure, is the same whatever was started.
 */
#include "boot/smp.h"

#include "boot/memory.h"
#include "boot/tables.h"
#include "drivers/irq/gic.h"
#include "drivers/irq/irq.h"
#include "drivers/irq/timer-irq.h"
#include "drivers/scmi/clk.h"
#include "drivers/smp/cpus.h"
#include "lib/arm64/exception.h"
#include "lib/arm64/stack.h"
#include "lib/log.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

extern char _percpu_start[], _percpu_end[]; /* linker.ld */

/* Next free address of the window. */
static uint64_t device_va = FIXED_DEVICES;

static void *map_registers(uint64_t pa, uint64_t size)
{
	uint64_t start = ALIGN_DOWN(pa, PAGE_SIZE), offset = start % FIXED_DEVICES_ALIGN;
	uint64_t bytes = ALIGN_UP(pa + size, PAGE_SIZE) - start;

	if (!size || pa > cpu_phys_end() || size > cpu_phys_end() - pa ||
	    bytes > FIXED_DEVICES + FIXED_DEVICES_SIZE - device_va - offset)
		return NULL;
	/* Should the tree have them in RAM: no second mapping, of another type, and no second user.
	 */
	if (boot_ram_reserve_nomap(start, bytes))
		return NULL;
	/* At the same offset from a 2 MiB boundary: blocks and groups, few tables. */
	boot_map(swapper_pg_dir, device_va + offset, start, bytes, PROT_DEVICE_nGnRE);
	start = device_va + offset;
	device_va = ALIGN_UP(start + bytes, FIXED_DEVICES_ALIGN);
	return (void *)(start + pa % PAGE_SIZE);
}

void start_interrupts(const struct fdt *fdt)
{
	int error = gic_init(fdt, map_registers);

	if (!error)
		error = gic_cpu_init();
	if (error) {
		log_printf("boot: no interrupts, and no other CPU: ");
		if (error == -ENODEV)
			log_printf("the tree has no GIC that is known here\n");
		else
			log_printf("GIC: error %d\n", error);
		irq_set_controller(NULL);
		return;
	}
	error = timer_irq_init(fdt);
	if (error)
		log_printf("boot: no timer interrupt, hangs are not detected: error %d\n", error);
	set_irq_entry(irq_dispatch);
	local_irq_enable();
}

void find_clocks(const struct fdt *fdt)
{
	clk_init(fdt, map_registers);
}

/* A CPU has two, each the upper half of an aligned pair; what is not mapped is their guards. */
#define STACKS_BYTES (2 * STACK_PAIR_BYTES)

static_assert(NR_CPUS * STACKS_BYTES <= STACKS_END - STACKS_START,
	      "every CPU's stacks have a place");
static_assert(STACKS_START % STACK_PAIR_BYTES == 0, "vectors.S looks at one bit of SP");

static struct page *map_stack(uint64_t va)
{
	unsigned order = ilog2(STACK_BYTES / PAGE_SIZE);
	struct page *pages = alloc_pages(GFP_KERNEL, order);

	if (pages &&
	    map_range(va, va + STACK_BYTES, page_to_phys(pages), PAGE_KERNEL, MAP_SHIFT_ANY)) {
		__free_pages(pages, order);
		return NULL;
	}
	return pages;
}

static bool map_stacks(uint64_t slot)
{
	struct page *first = map_stack(slot + STACK_BYTES);

	if (first && map_stack(slot + STACK_PAIR_BYTES + STACK_BYTES))
		return true;
	if (first) {
		unmap_range(slot + STACK_BYTES, slot + STACK_PAIR_BYTES);
		__free_pages(first, ilog2(STACK_BYTES / PAGE_SIZE));
	}
	return false;
}

static int give_memory(struct cpu *cpu)
{
	unsigned order = get_order(_percpu_end - _percpu_start);
	struct page *copy = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	uint64_t slot = STACKS_START + cpu->number * STACKS_BYTES;

	if (!copy || !map_stacks(slot)) {
		__free_pages(copy, order);
		return -ENOMEM;
	}
	cpu->percpu_offset = (uint64_t)page_address(copy) - (uint64_t)_percpu_start;
	cpu->stack_top = slot + STACK_PAIR_BYTES;
	cpu->emergency_top = slot + STACKS_BYTES;
	return 0;
}

void prepare_cpus(const struct fdt *fdt, uint64_t image_pa)
{
	cpus_init(fdt, give_memory, image_pa);
}
