// SPDX-License-Identifier: MIT
/*
 * Boot's mapper. Compiled for the MMU-off rules: strict alignment, no libc before
 * the MMU is on, symbols by PC-relative address, which is the physical one then.
 */
#include "boot/tables.h"

#include <string.h>

#include "lib/sections.h"
#include "lib/panic.h"
#include "mm/arm64/door.h"
#include "mm/arm64/layout.h"
#include "mm/map/map.h"
#include "mm/phys/ranges.h"

#define POOL_TABLES 24

#define TABLE_SECTION __attribute__((section(".bss.tables"), aligned(PAGE_SIZE)))

TABLE_SECTION desc_t boot_idmap_root[PTRS_PER_TABLE];
static TABLE_SECTION desc_t pool[POOL_TABLES][PTRS_PER_TABLE];

static unsigned pool_used;
static uint64_t image_offset; /* physical minus running address of the image; 0 with the MMU off */
static uint64_t ram_lo, ram_hi; /* RAM for tables; empty: the pool */
static uint64_t ram_tables;

static uint64_t new_table(void)
{
	uint64_t pa = 0;

	if (ram_hi)
		pa = boot_ram_alloc(PAGE_SIZE, PAGE_SIZE, ram_lo, ram_hi);
	if (!pa) {
		panic_unless(pool_used < POOL_TABLES, "boot_map: no page for a table");
		return (uint64_t)pool[pool_used++] + image_offset;
	}
	memset(phys_to_virt(pa), 0, PAGE_SIZE);
	ram_tables++;
	return pa;
}

static desc_t *table_at(uint64_t pa)
{
	uint64_t start = (uint64_t)pool + image_offset;

	if (pa - start < sizeof(pool))
		return (desc_t *)(pa - image_offset);
	return phys_to_virt(pa);
}

/* The slot for @va in a table of @level, tables above made as needed. */
static desc_t *make_slot(desc_t *root, uint64_t va, int level)
{
	desc_t *table = root;

	for (int l = LEVEL_ROOT; l < level; l++) {
		desc_t *slot = &table[table_index(va, l)];
		desc_t d = get_desc(slot);

		if (!(d & DESC_VALID)) {
			d = table_desc(new_table());
			table_contents_before_link();
			set_desc(slot, d);
		}
		table = table_at(desc_addr(d));
	}
	return &table[table_index(va, level)];
}

/* Whether a leaf or group of 1 << @shift bytes may begin here. */
static bool fits(uint64_t va, uint64_t pa, uint64_t size, unsigned shift)
{
	return IS_ALIGNED(va | pa, 1UL << shift) && size >= 1UL << shift;
}

/* Maps one leaf or contiguous group; returns its bytes. */
static uint64_t map_step(desc_t *root, uint64_t va, uint64_t pa, uint64_t size, pgprot_t prot)
{
	int level = LEVEL_PTE;
	unsigned group = 0; /* log2 of the entries */
	desc_t *slot;

	if (HAVE_PUD_BLOCK && fits(va, pa, size, PUD_SHIFT))
		level = LEVEL_PUD;
	else if (fits(va, pa, size, PMD_SHIFT))
		level = LEVEL_PMD;
	if (level == LEVEL_PMD && fits(va, pa, size, CONT_PMD_SHIFT))
		group = CONT_PMDS_SHIFT;
	if (level == LEVEL_PTE && fits(va, pa, size, CONT_PTE_SHIFT))
		group = CONT_PTES_SHIFT;

	slot = make_slot(root, va, level);
	for (uint64_t i = 0; i < 1UL << group; i++)
		set_desc(&slot[i], leaf_desc(pa + (i << level_shift(level)), prot, level) |
					   (group ? DESC_CONT : 0));
	return 1UL << (level_shift(level) + group);
}

void boot_map(desc_t *root, uint64_t va, uint64_t pa, uint64_t size, pgprot_t prot)
{
	while (size) {
		uint64_t step = map_step(root, va, pa, size, prot);

		va += step;
		pa += step;
		size -= step;
	}
	door_mapped();
}

static void map_image_part(uint64_t image_pa, const char *start, const char *end, pgprot_t prot)
{
	uint64_t offset = (uint64_t)start - image_pa; /* MMU off: symbols are physical */

	boot_map(swapper_pg_dir, KIMAGE_VADDR + offset, (uint64_t)start, end - start, prot);
}

void boot_early_map(uint64_t image_pa)
{
	uint64_t idmap = ALIGN_DOWN((uint64_t)mmu_on, PAGE_SIZE);

	map_image_part(image_pa, _text, _etext, PAGE_KERNEL_ROX);
	map_image_part(image_pa, _rodata, _erodata, PAGE_KERNEL_RO);
	map_image_part(image_pa, _data, _stack_guard, PAGE_KERNEL);
	map_image_part(image_pa, _stack, _stack_top, PAGE_KERNEL);
	map_image_part(image_pa, _emergency, _emergency_top, PAGE_KERNEL);
	boot_map(boot_idmap_root, idmap, idmap, PAGE_SIZE, PAGE_KERNEL_ROX);
}

void boot_tables_moved(uint64_t image_pa)
{
	image_offset = image_pa - (uint64_t)_text;
}

void boot_tables_from_ram(uint64_t lo, uint64_t hi)
{
	ram_lo = lo;
	ram_hi = hi;
}

uint64_t boot_table_pages(void)
{
	return ram_tables;
}
