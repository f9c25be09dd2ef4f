// SPDX-License-Identifier: MIT
// clang-format off
// sources: drivers/board.c mm/arm64/door.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
// libs: -lfdt
// granules: 12 14 16
// clang-format on
/*
 * Trees that say of memory what they should not: a line each, and what can be used is.
 */
#include "tests/host/ram-plan.h"

#define ROCK "rockchip,rk3588"
#define TiB  (1024 * GiB)

static void test_carved_lines(void)
{
	static const struct bank banks[] = { { 0, 0x400000000 },
					     { 0x4f0000000, 0xb00000000 },
					     { 0, 0 } };
	static const struct bank want[] = {
		{ 0x200000, IMAGE },	      { IMAGE + MiB, 0x8400000 },
		{ 0x9400000, 0xf0000000 },    { 0x100000000, 0x3fc000000 },
		{ 0x3fc500000, 0x3fff00000 }, { 0x4f0000000, 0x900000000 },
		{ 0xa50000000, 0xb00000000 }, { 0, 0 }
	};

	reset();
	plant_empty(ROCK);
	add_memory(banks);
	ok(!plan(0), "RAM from 0 to the end, said as one, devices included");
	map_linear(swapper_pg_dir, &image);
	ok(maps_just(want), "is mapped where it can be");
	same_text(capture_text(),
		  "boot: memory 0x0-0x200000 is not used: firmware on a rockchip,rk3588\n"
		  "boot: memory 0x8400000-0x9400000 is not used: OP-TEE on a rockchip,rk3588\n"
		  "boot: memory 0xf0000000-0x100000000 is not used: devices on a rockchip,rk3588\n"
		  "boot: memory 0x3fc000000-0x3fc500000 is not used: a hole on a rockchip,rk3588\n"
		  "boot: memory 0x3fff00000-0x400000000 is not used: a hole on a rockchip,rk3588\n"
		  "boot: memory 0x900000000-0xa50000000 is not used: devices on a "
		  "rockchip,rk3588\n",
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
					    { PHYS_END - 4 * MiB, PHYS_END + MiB },
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
		"boot: memory 0x7fffffc00000-0x800000100000: no more than 0x800000000000 is used\n"
		"boot: memory 0x800000100000-0x800000200000: no more than 0x800000000000 is used\n",
		"are cut, and said to be");

	ok(!plan_banks(small), "a bank of less than 2 MiB");
	map_linear(swapper_pg_dir, &image);
	ok(maps_just(want_small), "is used as far as it goes");
	same_text(capture_text(), "boot: memory 0x20000000-0x20010000 is less than 2 MiB\n",
		  "and said to be small");
}

/* A Cortex-A55 or A76 has 40 bits of physical address. */
static void test_narrow_cpu(void)
{
	static const struct bank banks[] = { { 0x1000000, 0x10000000 },
					     { TiB - 64 * MiB, TiB + MiB },
					     { TiB, TiB + GiB },
					     { 0, 0 } };

	reset();
	plant_empty("linux,dummy-virt");
	add_memory(banks);
	phys_end = TiB;
	ok(!plan(0), "banks past what this CPU can address");
	same_text(capture_text(),
		  "boot: memory 0xfffc000000-0x10000100000: no more than 0x10000000000 is used\n"
		  "boot: memory 0x10000000000-0x10040000000: no more than 0x10000000000 is used\n",
		  "are said to be");
	ok(ram.count == 2 && ram.item[1].end == TiB >> PAGE_SHIFT, "and cut");
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
	same_text(capture_text(), "boot: the image at 0x2000000 is not in memory that is ours\n",
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
	same_text(capture_text(), "boot: memory at 0x404000000, 65536 KiB: one range too many\n",
		  "is said");
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
	open_world();
	test_carved_lines();
	test_banks();
	test_narrow_cpu();
	test_no_memory();
	test_names();
	return tap_done();
}
