// SPDX-License-Identifier: MIT
/*
 * The boards (board.h).
 */
#include "drivers/board.h"

#include <string.h>

/* An RK3582 is an RK3588S of which parts are off: U-Boot's generic-rk3588 is for both. */
static const struct carve_out rk3588_carve_outs[] = {
	/*
	 * TF-A's BL31 from 0x40000 on, SCMI's shared memory at 0x10f000, boot's tags at 0x1fe000
	 * (TF-A plat/rockchip/rk3588: include/rk3588_def.h, drivers/secure/secure.c). U-Boot's
	 * arch/arm/mach-rockchip/sdram.c leaves them out of /memory.
	 */
	{ 0, 2 * MiB, "firmware" },
	/*
	 * Secure where there is one, as in every vendor's firmware. The vendor's U-Boot goes round
	 * it, a mainline one before v2024.07 does not, and nothing tells which is there.
	 */
	{ 0x8400000, 16 * MiB, "OP-TEE" },
	/*
	 * U-Boot's rk3588.c, mem_map. No boot loader says that this is RAM; a tree that has all of
	 * RAM as one bank must not make Normal memory of it.
	 */
	{ 0xf0000000, 256 * MiB, "devices" },
	/*
	 * On boards of 16 and 32 GB, by what the DDR firmware reports (U-Boot commit b107cfbb794).
	 * Of U-Boots before v2024.07 only the Rock 5B's names them.
	 */
	{ 0x3fc000000, 5 * MiB, "a hole" },
	{ 0x3fff00000, 1 * MiB, "a hole" },
	/* PCIe's: the same. */
	{ 0x900000000, 5376 * MiB, "devices" },
};

/*
 * SYSTEM_OFF drives the pin pmic_sleep high and waits (TF-A
 * plat/rockchip/rk3588/drivers/pmu/pmu.c): what the power chip makes of it is as it was set up.
 */
#define RK3588_OFF "this SoC's firmware only asks the power chip; unplug it if it stays on"

#define CARVE_OUTS(array) .carve_outs = (array), .nr_carve_outs = ARRAY_SIZE(array)

static const struct board boards[] = {
	{ "rockchip,rk3588", CARVE_OUTS(rk3588_carve_outs), .off_note = RK3588_OFF },
	{ "rockchip,rk3582", CARVE_OUTS(rk3588_carve_outs), .off_note = RK3588_OFF },
};

/* Whether the root has a compatible that begins so: rk3588s and rk3588j are rk3588s too. */
static bool is_board(const struct fdt_prop *list, const struct board *board)
{
	const char *name = NULL;

	while ((name = fdt_next_str(list, name)))
		if (!strncmp(name, board->compatible, strlen(board->compatible)))
			return true;
	return false;
}

const struct board *find_board(const struct fdt *fdt)
{
	struct fdt_prop list;

	if (fdt_get_prop(fdt, fdt->root, "compatible", &list))
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++)
		if (is_board(&list, &boards[i]))
			return &boards[i];
	return NULL;
}

const struct carve_out *find_carve_out(const struct board *board, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; board && i < board->nr_carve_outs; i++) {
		const struct carve_out *c = &board->carve_outs[i];

		if (start < c->base + c->size && c->base < end)
			return c;
	}
	return NULL;
}
