// SPDX-License-Identifier: MIT
// clang-format off
// sources: drivers/board.c mm/arm64/door.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
// libs: -lfdt
// granules: 12 14 16
// clang-format on
/*
 * The memory of RK3588 boards of every size, as U-Boots old and new write it into the boards' own
 * trees: boot's tables are walked, and what they map is all that there is and nothing else.
 */
#include "tests/host/ram-plan.h"

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
	/*
	 * Before, and until v2026.07 where there are no tags: from 4 GiB to the size of the RAM,
	 * holes included (dram_init_banksize(), arch/arm/mach-rockchip/sdram.c).
	 */
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

int main(void)
{
	open_world();
	if (system("command -v dtc >/dev/null")) {
		ok(true, "board trees # SKIP no dtc");
		return tap_done();
	}
	test_boards();
	test_reserved();
	test_limit();
	return tap_done();
}
