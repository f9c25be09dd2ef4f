// SPDX-License-Identifier: MIT
/*
 * Trees of boards with the memory that boot loaders write into them, what boot plans of it, and
 * what the tables that it makes map. Included first, by programs that link drivers/board.c.
 */
#pragma once

#define _GNU_SOURCE
#include "tests/host/capture.h"

#include <sys/mman.h>

#define fdt_check_header libfdt_check_header /* the one name that both readers have */
#include <libfdt.h>
#undef fdt_check_header

/* A fresh start needs their statics. */
#include "lib/arm64/sysreg.h"
#include "boot/ram/linear.c"
#include "boot/ram/plan.c"
#include "boot/tables.c"
#include "mm/phys/ranges.c"
#include "tests/host/boards.h"

#define WINDOW	  (36 * GiB) /* of the linear map: what the largest board can have */
#define IMAGE	  0x2000000UL
#define FDT_PA	  0xeda00000UL
#define BANKS_MAX 8

/* What boot/tables.c links to on the target; only boot_early_map() uses them. */
char _text[1], _etext[1], _rodata[1], _erodata[1], _data[1], _stack_guard[1], _stack[1],
	_stack_top[1], _emergency[1], _emergency_top[1];
desc_t swapper_pg_dir[PTRS_PER_TABLE];
void mmu_on(void)
{
}

struct bank {
	uint64_t start, end;
};

static _Alignas(8) char blob[256 * 1024];
static struct fdt fdt;
static struct boot_image image;
static uint64_t phys_end; /* of the CPU */

/* --- trees ---------------------------------------------------------------------------------- */

static void must(int ret)
{
	if (ret < 0) {
		fprintf(stderr, "libfdt: %s\n", fdt_strerror(ret));
		exit(99);
	}
}

/* Without a root's compatible there is no board. */
__attribute__((unused)) static void plant_empty(const char *compatible)
{
	must(fdt_create_empty_tree(blob, sizeof(blob)));
	must(fdt_setprop_u32(blob, 0, "#address-cells", 2));
	must(fdt_setprop_u32(blob, 0, "#size-cells", 2));
	if (compatible)
		must(fdt_setprop_string(blob, 0, "compatible", compatible));
}

/* The tree of @board, with room for what boot loaders add. */
__attribute__((unused)) static void plant_board(const char *board)
{
	size_t size;
	uint8_t *tree = compile_dts("tests/boards", board, "", &size);

	must(fdt_open_into(tree, blob, sizeof(blob)));
	free(tree);
}

static void append_reg(int node, uint64_t start, uint64_t end)
{
	uint64_t reg[2] = { cpu_to_fdt64(start), cpu_to_fdt64(end - start) };

	must(fdt_appendprop(blob, node, "reg", reg, sizeof(reg)));
}

/* /memory as U-Boot writes it: no unit address, one `reg` with all banks. */
static void add_memory(const struct bank *banks)
{
	int node = fdt_add_subnode(blob, 0, "memory");

	must(node);
	must(fdt_setprop_string(blob, node, "device_type", "memory"));
	for (; banks->end; banks++)
		append_reg(node, banks->start, banks->end);
}

/* A child of /reserved-memory. */
__attribute__((unused)) static void add_reserved(const char *name, uint64_t start, uint64_t end,
						 bool no_map)
{
	int parent = fdt_path_offset(blob, "/reserved-memory");
	int node = fdt_add_subnode(blob, parent, name);

	must(node);
	if (no_map)
		must(fdt_setprop_empty(blob, node, "no-map"));
	append_reg(node, start, end);
}

/* --- one boot ------------------------------------------------------------------------------- */

static void reset(void)
{
	memset(&ram, 0, sizeof(ram));
	memset(&reserved, 0, sizeof(reserved));
	memset(&nomap, 0, sizeof(nomap));
	memset(&for_devices, 0, sizeof(for_devices));
	closed = false;
	memset(pool, 0, sizeof(pool));
	memset(swapper_pg_dir, 0, sizeof(swapper_pg_dir));
	pool_used = 0;
	ram_lo = ram_hi = ram_tables = 0;
	image = (struct boot_image){ IMAGE, IMAGE + MiB, IMAGE + 3 * MiB };
	phys_end = PHYS_END;
}

/* plan_ram() of the tree as it is. */
static int plan(uint64_t limit)
{
	if (fdt_open(&fdt, blob, sizeof(blob)))
		ok(false, "the test's tree: %s", fdt.error);
	return plan_ram(&fdt, FDT_PA, &image, phys_end, limit);
}

/* --- what the tables map -------------------------------------------------------------------- */

static struct {
	struct bank item[64];
	unsigned count;
	uint64_t leaves[3][2]; /* by level from the largest, alone and in groups */
	const char *wrong;
} mapped;

static void wrong(const char *what)
{
	if (!mapped.wrong)
		mapped.wrong = what;
}

/* A walker that sees one entry of a group may use all of it. */
static void judge_group(const desc_t *table, unsigned index, int level)
{
	unsigned shift = level == LEVEL_PTE ? CONT_PTES_SHIFT : CONT_PMDS_SHIFT;
	unsigned first = index & ~((1u << shift) - 1);

	for (unsigned i = 0; i < 1u << shift; i++)
		if (table[first + i] != table[first] + ((uint64_t)i << level_shift(level)))
			wrong("a group that is not whole");
	if (desc_addr(table[first]) & ((1UL << (level_shift(level) + shift)) - 1))
		wrong("a group that is not aligned");
}

static void take_leaf(const desc_t *table, unsigned index, uint64_t va, int level)
{
	uint64_t pa = desc_addr(table[index]), size = 1UL << level_shift(level);
	struct bank *last = mapped.count ? &mapped.item[mapped.count - 1] : NULL;

	if (va != PAGE_OFFSET + pa || pa & (size - 1))
		wrong("a leaf that is not linear, or not aligned");
	if ((table[index] & DESC_PROT_MASK) != PAGE_KERNEL)
		wrong("a leaf that is not Normal RAM");
	if (table[index] & DESC_CONT)
		judge_group(table, index, level);
	mapped.leaves[level - LEVEL_PUD][!!(table[index] & DESC_CONT)]++;
	if (last && last->end == pa)
		last->end += size;
	else if (mapped.count < ARRAY_SIZE(mapped.item))
		mapped.item[mapped.count++] = (struct bank){ pa, pa + size };
}

static void walk(const desc_t *table, uint64_t va, int level)
{
	for (unsigned i = 0; i < PTRS_PER_TABLE; i++) {
		uint64_t at = va + ((uint64_t)i << level_shift(level));

		if (!(table[i] & DESC_VALID))
			continue;
		if (level == LEVEL_PTE || !(table[i] & DESC_TABLE))
			take_leaf(table, i, at, level);
		else
			walk(table_at(desc_addr(table[i])), at, level + 1);
	}
}

/* What is mapped, against @want, which ends in an entry that is 0. */
static bool maps_just(const struct bank *want)
{
	bool good = true;
	unsigned i;

	memset(&mapped, 0, sizeof(mapped));
	walk(swapper_pg_dir, 0, LEVEL_ROOT);
	for (i = 0; want[i].end; i++)
		good &= i < mapped.count && mapped.item[i].start == want[i].start &&
			mapped.item[i].end == want[i].end;
	good &= i == mapped.count && !mapped.wrong;
	if (!good) {
		fprintf(stderr, "%s; mapped:\n", mapped.wrong ? mapped.wrong : "ranges differ");
		for (i = 0; i < mapped.count; i++)
			fprintf(stderr, "  %lx-%lx\n", mapped.item[i].start, mapped.item[i].end);
	}
	return good;
}

/* The linear map's part that tables are in; the log is kept. Before all else. */
static void open_world(void)
{
	void *window =
		mmap((void *)PAGE_OFFSET, WINDOW, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (window != (void *)PAGE_OFFSET)
		exit(99);
	log_set_console(&capture_console);
}
