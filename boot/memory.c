// SPDX-License-Identifier: MIT
/*
 * Memory: who owns what, the linear map, the struct pages.
 */
#include "boot/memory.h"

#include "boot/check.h"
#include "boot/ram/plan.h"
#include "boot/tables.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/cmdline/options.h"
#include "lib/sections.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/page.h"
#include "mm/phys/ranges.h"

uint64_t devmem_base, devmem_size;

static uint64_t mem_limit, devmem_wanted = 32 * MiB;

OPTION_SIZE(mem, "mem", &mem_limit, 16 * MiB, UINT64_MAX, "=SIZE  use no more RAM than this");
OPTION_SIZE(devmem, "devmem", &devmem_wanted, 0, 1024 * MiB,
	    "=SIZE  RAM that plays a device (32M)");

/* In the order of enum vmap_mode. */
static const char *const vmap_modes[] = { "always", "optin", NULL };

OPTION_CHOICE(
	vmap, "vmap", &vmap_mode, vmap_modes,
	"=always|optin  leaves larger than a page for every vmap(), or by VM_ALLOW_HUGE_VMAP");
/* In the order of what vmemmap_leaf says; read_options() is before boot_memory(). */
static const char *const vmemmap_leaves[] = { "blocks", "pages", NULL };
static unsigned vmemmap_leaf;

OPTION_CHOICE(
	struct_pages, "vmemmap", &vmemmap_leaf, vmemmap_leaves,
	"=blocks|pages  struct pages in the largest leaves, or in pages that HVO need not split");
OPTION_FLAG(split, "split", &vmalloc_split,
	    "  pages of huge vmalloc blocks have references of their own, as in Linux");

/* Largest alignment first, so that every leaf size can be tried on it. */
static uint64_t find_devmem(uint64_t size)
{
	uint64_t base = 0;

	for (uint64_t align = 32 * MiB; align >= PAGE_SIZE && !base; align >>= 1)
		base = boot_ram_alloc(size, align, 0, PHYS_END);
	return base;
}

/* As much as was asked for; on a small machine half of it, a quarter, ... */
static void carve_devmem(void)
{
	uint64_t size = devmem_wanted;

	if (!size)
		return;
	while (!(devmem_base = find_devmem(size)) && size / 2 >= PAGE_SIZE)
		size /= 2;
	if (!devmem_base || boot_ram_reserve_nomap(devmem_base, size)) {
		log_printf("boot: no room for devmem=%luK\n", devmem_wanted >> 10);
		devmem_base = 0;
		return;
	}
	devmem_size = ALIGN_UP(size, PAGE_SIZE);
	if (size < devmem_wanted)
		log_printf("boot: no room for devmem=%luK, it is %luK\n", devmem_wanted >> 10,
			   devmem_size >> 10);
}

/* Sections for RAM that has none yet: boot's huge pages have theirs. */
static int add_sections(uint64_t pfn, uint64_t end)
{
	int error = 0;

	for (uint64_t next; pfn < end && !error; pfn = next) {
		next = MIN(end, ALIGN_DOWN(pfn, PAGES_PER_SECTION) + PAGES_PER_SECTION);
		if (!section_of_pfn(pfn).order)
			error = sections_add(pfn, next - pfn, 0, pfn_zone(pfn));
	}
	return error;
}

static int map_structs_of(uint64_t pfn, uint64_t end)
{
	int error = add_sections(pfn, end);

	if (!error)
		error = vmemmap_populate(pfn, end - pfn, HUGE_HEAD_STATE);
	if (error)
		log_printf("boot: no room for struct pages of 0x%lx-0x%lx: error %d\n",
			   pfn << PAGE_SHIFT, end << PAGE_SHIFT, error);
	return error;
}

/* Ranges with small holes between them are one, so that leaves are large. */
static int map_struct_pages(void)
{
	uint64_t first = 0, last = 0;
	struct phys_range r;
	int error = 0;

	if (vmemmap_leaf)
		vmemmap_max_shift = PAGE_SHIFT;
	for_each_ram_range (&r) {
		/* The buddy allocator looks at the neighbour of a block at the range's edge. */
		uint64_t start = ALIGN_DOWN(r.first_pfn, MAX_ORDER_PAGES);

		if (start > last) {
			error = first < last ? map_structs_of(first, last) : 0;
			first = start;
		}
		last = ALIGN_UP(r.first_pfn + r.pages, MAX_ORDER_PAGES);
		if (error)
			return error;
	}
	return map_structs_of(first, last);
}

/* What this CPU can address (ID_AA64MMFR0_EL1.PARange), at most what the linear map covers. */
uint64_t cpu_phys_end(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, PHYS_BITS_MAX };
	uint64_t range = field(read_sysreg(id_aa64mmfr0_el1), 3, 0);

	return 1UL << bits[MIN(range, ARRAY_SIZE(bits) - 1)];
}

int boot_memory(const struct fdt *fdt, uint64_t fdt_pa, uint64_t image_pa)
{
	const struct boot_image image = { .start = image_pa,
					  .writable = image_pa + (_erodata - _text),
					  .end = image_pa + (_end - _text) };
	int error = plan_ram(fdt, fdt_pa, &image, cpu_phys_end(), mem_limit);

	if (error)
		return error;
	/* Without struct pages vmap() does not map text and rodata; ioremap() is told. */
	ioremap_forbidden_start = image.start;
	ioremap_forbidden_end = image.writable;
	carve_devmem();
	map_linear(swapper_pg_dir, &image);
	error = reserve_checker();
	if (error)
		return error;
	/* Now that all memory is mapped: what is asked for must leave room for the struct pages. */
	dax_reserve();
	hugepages_reserve();
	error = map_struct_pages();
	if (error)
		return error;
	buddy_init();
	vmemmap_late_init();
	hugepages_init();
	ioremap_phys_end = cpu_phys_end();
	return 0;
}
