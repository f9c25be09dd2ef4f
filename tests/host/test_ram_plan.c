// SPDX-License-Identifier: MIT
// clang-format off
// sources: drivers/board.c mm/arm64/door.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
// libs: -lfdt
// granules: 12 14 16
// clang-format on
/*
 * The memory of RK3588 boards of every size, as U-Boots old and new write it into the boards' own
 * trees: boot's tables are walked, and what they map is all that there is and nothing else. And
 * trees that say of memory what they should not: a line each.
 */
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

/* --- trees ---------------------------------------------------------------------------------- */

static void must(int ret)
{
	if (ret < 0) {
		fprintf(stderr, "libfdt: %s\n", fdt_strerror(ret));
		exit(99);
	}
}

/* Without a root's compatible there is no board. */
static void plant_empty(const char *compatible)
{
	must(fdt_create_empty_tree(blob, sizeof(blob)));
	must(fdt_setprop_u32(blob, 0, "#address-cells", 2));
	must(fdt_setprop_u32(blob, 0, "#size-cells", 2));
	if (compatible)
		must(fdt_setprop_string(blob, 0, "compatible", compatible));
}

/* The tree of @board, with room for what boot loaders add. */
static void plant_board(const char *board)
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
static void add_reserved(const char *name, uint64_t start, uint64_t end, bool no_map)
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
}

/* plan_ram() of the tree as it is. */
static int plan(uint64_t limit)
{
	if (fdt_open(&fdt, blob, sizeof(blob)))
		ok(false, "the test's tree: %s", fdt.error);
	return plan_ram(&fdt, FDT_PA, &image, limit);
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

/* --- the boards ----------------------------------------------------------------------------- */

/* The image's text, which only its own mapping has, cuts the first range in two. */
#define LOW                                              \
	{ 0x200000, IMAGE }, { IMAGE + MiB, 0x8400000 }, \
	{                                                \
		0x9400000, 0xf0000000                    \
	}
#define HIGH_16                          \
	{ 0x100000000, 0x3fc000000 },    \
	{                                \
		0x3fc500000, 0x3fff00000 \
	}

static const struct {
	const char *what;
	struct bank banks[BANKS_MAX], want[BANKS_MAX];
} sizes[] = {
	/* U-Boot since v2024.07. */
	{ "4 GB, new U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x1f0000000, 0x200000000 } },
	  { LOW, { 0x1f0000000, 0x200000000 } } },
	{ "8 GB, new U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x200000000 }, { 0x2f0000000, 0x300000000 } },
	  { LOW, { 0x100000000, 0x200000000 }, { 0x2f0000000, 0x300000000 } } },
	{ "12 GB, new U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x300000000 }, { 0x4f0000000, 0x500000000 } },
	  { LOW, { 0x100000000, 0x300000000 }, { 0x4f0000000, 0x500000000 } } },
	{ "16 GB, new U-Boot",
	  { { 0x200000, 0xf0000000 }, HIGH_16, { 0x4f0000000, 0x500000000 } },
	  { LOW, HIGH_16, { 0x4f0000000, 0x500000000 } } },
	{ "32 GB, new U-Boot",
	  { { 0x200000, 0xf0000000 }, HIGH_16, { 0x400000000, 0x800000000 } },
	  { LOW, HIGH_16, { 0x400000000, 0x800000000 } } },
	/* Before: from 4 GiB to the size of the RAM, holes included. */
	{ "4 GB, old U-Boot", { { 0x200000, 0xf0000000 } }, { LOW } },
	{ "8 GB, old U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x200000000 } },
	  { LOW, { 0x100000000, 0x200000000 } } },
	{ "12 GB, old U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x300000000 } },
	  { LOW, { 0x100000000, 0x300000000 } } },
	{ "16 GB, old U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x400000000 } },
	  { LOW, HIGH_16 } },
	{ "32 GB, old U-Boot",
	  { { 0x200000, 0xf0000000 }, { 0x100000000, 0x800000000 } },
	  { LOW, HIGH_16, { 0x400000000, 0x800000000 } } },
	/* The vendor's goes round OP-TEE. */
	{ "16 GB, vendor's U-Boot",
	  { { 0x200000, 0x8400000 },
	    { 0x9400000, 0xf0000000 },
	    HIGH_16,
	    { 0x4f0000000, 0x500000000 } },
	  { LOW, HIGH_16, { 0x4f0000000, 0x500000000 } } },
	/* One that says what firmware has too: RAM from 0 on. */
	{ "8 GB, all of it said",
	  { { 0, 0xf0000000 }, { 0x100000000, 0x200000000 }, { 0x2f0000000, 0x300000000 } },
	  { LOW, { 0x100000000, 0x200000000 }, { 0x2f0000000, 0x300000000 } } },
};

static const char *const boards[] = { "rk3588-rock-5b.extract.dts", "rk3588-nanopc-t6.extract.dts",
				      "rk3588s-orangepi-5.extract.dts" };

/* What is free is mapped, and neither the image nor the tree. */
static bool frees_just_ours(void)
{
	struct phys_range r;
	bool good = true;

	for_each_free_range(&r)
	{
		uint64_t start = range_start(&r), end = range_end(&r);
		bool inside = false;

		for (unsigned i = 0; i < mapped.count; i++)
			inside |= start >= mapped.item[i].start && end <= mapped.item[i].end;
		good &= inside && (end <= image.start || start >= image.end) &&
			(end <= FDT_PA || start >= FDT_PA + fdt.size);
	}
	return good;
}

static void test_boards(void)
{
	for (unsigned b = 0; b < ARRAY_SIZE(boards); b++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			int error;

			reset();
			plant_board(boards[b]);
			add_memory(sizes[i].banks);
			error = plan(0);
			if (!error)
				map_linear(swapper_pg_dir, &image);
			ok(!error && maps_just(sizes[i].want), "%s of %s", sizes[i].what,
			   boards[b]);
			ok(!error && frees_just_ours(), "%s of %s: what is free is ours",
			   sizes[i].what, boards[b]);
		}
	capture_text();
	/* Large leaves all the same: the map of the last board is mostly of them. */
	ok(HAVE_PUD_BLOCK ? mapped.leaves[0][0] > 0 : mapped.leaves[1][0] + mapped.leaves[1][1] > 0,
	   "RAM is mapped by the largest blocks that there are");
}

/* What the boot loader reserves stays what it is, whatever is carved out anyway. */
static void test_reserved(void)
{
	static const struct bank banks[] = { { 0x200000, 0xf0000000 },
					     { 0x100000000, 0x400000000 },
					     { 0, 0 } };
	static const struct bank want[] = { LOW, HIGH_16, { 0, 0 } };
	struct phys_range r;
	bool free_logo = false;

	reset();
	plant_board(boards[0]);
	add_memory(banks);
	add_reserved("gap1", 0x3fc000000, 0x3fc500000, true);
	add_reserved("gap2", 0x3fff00000, 0x400000000, true);
	add_reserved("drm-logo@edf00000", 0xedf00000, 0xee000000, false);
	ok(!plan(0), "the Rock 5B's U-Boot of 2023, which knows the holes");
	map_linear(swapper_pg_dir, &image);
	ok(maps_just(want), "maps the same");
	for_each_free_range(&r) free_logo |=
		range_start(&r) < 0xee000000 && range_end(&r) > 0xedf00000;
	ok(!free_logo, "what shows the logo is not free");
	capture_text();
}

/* --- bad input ------------------------------------------------------------------------------ */

#define ROCK "rockchip,rk3588"

static void test_carved_lines(void)
{
	static const struct bank banks[] = { { 0, 0xf0000000 },
					     { 0x100000000, 0x400000000 },
					     { 0, 0 } };

	reset();
	plant_empty(ROCK);
	add_memory(banks);
	ok(!plan(0), "RAM from 0 to the end, said as one");
	same_text(capture_text(),
		  "boot: memory 0x0-0x200000 is not used: firmware on a rockchip,rk3588\n"
		  "boot: memory 0x8400000-0x9400000 is not used: OP-TEE on a rockchip,rk3588\n"
		  "boot: memory 0x3fc000000-0x3fc500000 is not used: a hole on a rockchip,rk3588\n"
		  "boot: memory 0x3fff00000-0x400000000 is not used: a hole on a rockchip,rk3588\n",
		  "each part that is not ours is named");
}

/* Memory that is all of a tree without a board, the image in it. */
static int plan_banks(const struct bank *banks)
{
	reset();
	plant_empty("linux,dummy-virt");
	add_memory(banks);
	return plan(0);
}

static void test_banks(void)
{
	static const struct bank from_0[] = { { 0, 0x10000000 }, { 0, 0 } };
	static const struct bank odd[] = { { 0x1000000, 0x10000123 },
					   { 0x20000fff, 0x30000000 },
					   { 0x40000800, 0x40000c00 },
					   { 0, 0 } };
	static const struct bank twice[] = { { 0x1000000, 0x10000000 },
					     { 0x8000000, 0x18000000 },
					     { 0, 0 } };
	static const struct bank high[] = { { 0x1000000, 0x10000000 },
					    { PHYS_END - MiB, PHYS_END + MiB },
					    { PHYS_END + MiB, PHYS_END + 2 * MiB },
					    { 0, 0 } };
	static const struct bank small[] = { { 0x1000000, 0x10000000 },
					     { 0x20000000, 0x20010000 },
					     { 0, 0 } };
	static const struct bank want_small[] = { { 0x1000000, IMAGE },
						  { IMAGE + MiB, 0x10000000 },
						  { 0x20000000, 0x20010000 },
						  { 0, 0 } };
	char text[600];

	ok(!plan_banks(from_0), "RAM from 0 on, on a board of which nothing is known");
	same_text(capture_text(), "", "is RAM like any other");

	ok(!plan_banks(odd), "banks that are not whole pages");
	snprintf(text, sizeof(text),
		 "boot: memory 0x1000000-0x10000123 is not whole pages: 0x1000000-0x10000000 is "
		 "used\nboot: memory 0x20000fff-0x30000000 is not whole pages: 0x%lx-0x30000000 is "
		 "used\nboot: memory 0x40000800-0x40000c00 has no whole page of %lu KiB: not "
		 "used\n",
		 ALIGN_UP(0x20000fffUL, PAGE_SIZE), PAGE_SIZE >> 10);
	same_text(capture_text(), text, "are cut, and said to be");

	ok(!plan_banks(twice), "banks that overlap");
	same_text(capture_text(),
		  "boot: memory 0x8000000-0x18000000 overlaps another bank: used once\n",
		  "are said to");
	ok(ram.count == 1 && range_end(&(struct phys_range){ 0, ram.item[0].end }) == 0x18000000,
	   "and are one");

	ok(!plan_banks(high), "banks past all that can be addressed");
	same_text(
		capture_text(),
		"boot: memory 0x7ffffff00000-0x800000100000: no more than 0x800000000000 is used\n"
		"boot: memory 0x800000100000-0x800000200000: no more than 0x800000000000 is used\n",
		"are cut, and said to be");

	ok(!plan_banks(small), "a bank of less than 2 MiB");
	map_linear(swapper_pg_dir, &image);
	ok(maps_just(want_small), "is used as far as it goes");
	same_text(capture_text(), "", "without a word");
}

static void test_no_memory(void)
{
	static const struct bank none[] = { { 0, 0 } };
	static const struct bank elsewhere[] = { { 0x80000000, 0x90000000 }, { 0, 0 } };
	static const struct bank half[] = { { 0, IMAGE + 2 * MiB }, { 0, 0 } };
	static const struct bank all[] = { { 0, 0xf0000000 }, { 0, 0 } };
	struct bank many[BOOT_RANGES_MAX + 2] = { { 0, 0 } };

	reset();
	plant_empty(ROCK);
	ok(plan(0) == -EINVAL, "no memory node");
	same_text(capture_text(), "boot: the device tree has no memory that can be used\n",
		  "is said");
	ok(plan_banks(none) == -EINVAL, "a memory node without reg");
	same_text(capture_text(),
		  "boot: memory node memory skipped: no fixed address\n"
		  "boot: the device tree has no memory that can be used\n",
		  "is said");
	ok(plan_banks(elsewhere) == -EINVAL, "memory, but not where the image is");
	same_text(capture_text(), "boot: the image at 0x2000000 is not in any memory node\n",
		  "is said");
	ok(plan_banks(half) == -EINVAL, "memory that ends inside the image");
	capture_text();

	reset();
	image = (struct boot_image){ 0x8000000, 0x8200000, 0x8600000 };
	plant_empty(ROCK);
	add_memory(all);
	ok(plan(0) == -EINVAL, "an image that reaches into OP-TEE's memory");
	ok(strstr(capture_text(), "boot: the image at 0x8000000 is in 0x8400000-0x9400000, OP-TEE "
				  "on a rockchip,rk3588\n"),
	   "is said");

	reset();
	image = (struct boot_image){ 0x9200000, 0x9400000, 0x9600000 };
	plant_empty(ROCK);
	add_memory(all);
	ok(plan(0) == -EINVAL, "one of which only what is read is there");
	capture_text();

	for (unsigned i = 0; i <= BOOT_RANGES_MAX; i++)
		many[i] = (struct bank){ (2 * i + 1) * 64 * MiB, (2 * i + 2) * 64 * MiB };
	ok(plan_banks(many) == -ENOMEM, "more banks than there is room for");
	same_text(capture_text(), "boot: memory at 0x404000000, 65536 KiB: error -12\n", "is said");
}

static void test_limit(void)
{
	static const struct bank banks[] = { { 0x200000, 0xf0000000 },
					     { 0x100000000, 0x200000000 },
					     { 0, 0 } };
	static const struct bank want[] = { { 0x200000, IMAGE },
					    { IMAGE + MiB, 0x4200000 },
					    { 0, 0 } };

	reset();
	plant_board(boards[0]);
	add_memory(banks);
	ok(!plan(64 * MiB), "mem=64M");
	map_linear(swapper_pg_dir, &image);
	ok(maps_just(want), "is the lowest 64 MiB of what the tree says");
	capture_text();
}

/* Which roots are RK3588s. */
static void test_names(void)
{
	static const struct {
		const char *compatible;
		bool known;
	} names[] = { { ROCK, true },
		      { "rockchip,rk3588s", true },
		      { "rockchip,rk3588j", true },
		      { "rockchip,rk3582", true },
		      { "rockchip,rk3568", false },
		      { "rockchip,rk358", false },
		      { "x,rockchip,rk3588", false },
		      { NULL, false } };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		plant_empty(names[i].compatible);
		fdt_open(&fdt, blob, sizeof(blob));
		ok(!!find_board(&fdt) == names[i].known, "%s is %s", names[i].compatible,
		   names[i].known ? "one" : "none");
	}
}

int main(void)
{
	void *window =
		mmap((void *)PAGE_OFFSET, WINDOW, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (window != (void *)PAGE_OFFSET)
		return 99;
	log_set_console(&capture_console);
	if (system("command -v dtc >/dev/null")) {
		ok(true, "board trees # SKIP no dtc");
	} else {
		test_boards();
		test_reserved();
		test_limit();
	}
	test_carved_lines();
	test_banks();
	test_no_memory();
	test_names();
	return tap_done();
}
