// SPDX-License-Identifier: MIT
/*
 * Which memory is ours (plan.h). Every address that is refused or cut is named.
 */
#include "boot/ram/plan.h"

#include <string.h>

#include "drivers/board.h"
#include "lib/log.h"
#include "mm/phys/ranges.h"

static int complain(int error, const char *what, uint64_t base, uint64_t size)
{
	if (error)
		log_printf("boot: %s at 0x%lx, %lu KiB: %s\n", what, base, size >> 10,
			   error == -ENOMEM ? "one range too many" : "its end is no address");
	return error;
}

/* Whether RAM that is known so far has any page of [@start, @end). */
static bool touches_ram(uint64_t start, uint64_t end)
{
	struct phys_range r;

	for_each_ram_range (&r)
		if (start >> PAGE_SHIFT < r.first_pfn + r.pages &&
		    r.first_pfn < (end + PAGE_SIZE - 1) >> PAGE_SHIFT)
			return true;
	return false;
}

/* Says what of [@base, @end) is not used, or used once. */
static void judge_bank(uint64_t base, uint64_t end)
{
	uint64_t first = ALIGN_UP(base, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);

	if (last <= first)
		log_printf("boot: memory 0x%lx-0x%lx has no whole page of %lu KiB: not used\n",
			   base, end, PAGE_SIZE >> 10);
	else if (first != base || last != end)
		log_printf("boot: memory 0x%lx-0x%lx is not whole pages: 0x%lx-0x%lx is used\n",
			   base, end, first, last);
	else if (end - base < 2 * MiB)
		log_printf("boot: memory 0x%lx-0x%lx is less than 2 MiB\n", base, end);
	if (touches_ram(base, end))
		log_printf("boot: memory 0x%lx-0x%lx overlaps another bank: used once\n", base,
			   end);
}

static int add_bank(uint64_t base, uint64_t end, uint64_t phys_end)
{
	if (end > phys_end)
		log_printf("boot: memory 0x%lx-0x%lx: no more than 0x%lx is used\n", base, end,
			   phys_end);
	end = MIN(end, phys_end);
	if (base >= end)
		return 0;
	judge_bank(base, end);
	return complain(boot_ram_add(base, end - base), "memory", base, end - base);
}

static int add_banks(const struct fdt *fdt, uint64_t phys_end)
{
	struct fdt_region r = { 0 };
	struct phys_range any = { 0 };
	int error = 0;

	while (!error && fdt_next_ram(fdt, &r)) {
		if (r.skipped)
			log_printf("boot: memory node %s skipped: %s\n", r.name, r.skipped);
		else
			error = add_bank(r.base, r.base + r.size, phys_end);
	}
	if (!error && !next_ram_range(&any)) {
		log_printf("boot: the device tree has no memory that can be used\n");
		error = -EINVAL;
	}
	return error;
}

static int reserve_carve_outs(const struct board *board)
{
	int error = 0;

	for (unsigned i = 0; !error && board && i < board->nr_carve_outs; i++) {
		const struct carve_out *c = &board->carve_outs[i];

		if (touches_ram(c->base, c->base + c->size))
			log_printf("boot: memory 0x%lx-0x%lx is not used: %s on a %s\n", c->base,
				   c->base + c->size, c->what, board->compatible);
		error = complain(boot_ram_reserve_nomap(c->base, c->size), c->what, c->base,
				 c->size);
	}
	return error;
}

static int reserve_from_tree(const struct fdt *fdt)
{
	struct fdt_region r = { 0 };
	int error = 0;

	while (!error && fdt_next_memreserve(fdt, &r))
		if (!r.skipped)
			error = complain(boot_ram_reserve(r.base, r.size), "/memreserve/", r.base,
					 r.size);
	memset(&r, 0, sizeof(r));
	while (!error && fdt_next_reserved(fdt, &r)) {
		if (r.skipped)
			log_printf("boot: reserved-memory %s skipped: %s\n", r.name, r.skipped);
		else if (r.no_map)
			error = boot_ram_reserve_nomap(r.base, r.size);
		else
			error = boot_ram_reserve(r.base, r.size);
		complain(error, "reserved-memory", r.base, r.size);
	}
	return error;
}

/* Text and rodata have no other mapping than the image's own: not in the linear map. */
static int reserve_image(const struct boot_image *image)
{
	int error = boot_ram_reserve(image->start, image->end - image->start);

	if (!error)
		error = boot_ram_reserve_nomap(image->start, image->writable - image->start);
	return complain(error, "image", image->start, image->end - image->start);
}

static bool holds(const struct phys_range *r, uint64_t start, uint64_t end)
{
	return start >> PAGE_SHIFT >= r->first_pfn &&
	       end - 1 <= (r->first_pfn + r->pages) * PAGE_SIZE - 1;
}

/* One range has all of the image's writable part, which the image's own tables can map. */
static int find_image(const struct board *board, const struct boot_image *image)
{
	const struct carve_out *c = find_carve_out(board, image->start, image->end);
	struct phys_range r;

	for_each_ram_range (&r)
		if (!c && holds(&r, image->writable, image->end))
			return 0;
	if (c)
		log_printf("boot: the image at 0x%lx is in 0x%lx-0x%lx, %s on a %s\n", image->start,
			   c->base, c->base + c->size, c->what, board->compatible);
	else
		log_printf("boot: the image at 0x%lx is not in memory that is ours\n",
			   image->start);
	return -EINVAL;
}

int plan_ram(const struct fdt *fdt, uint64_t fdt_pa, const struct boot_image *image,
	     uint64_t phys_end, uint64_t limit)
{
	const struct board *board = find_board(fdt);
	int error = add_banks(fdt, phys_end);

	if (!error && limit)
		boot_ram_limit(limit);
	if (!error)
		error = reserve_carve_outs(board);
	if (!error)
		error = reserve_from_tree(fdt);
	if (!error)
		error = reserve_image(image);
	if (!error)
		error = complain(boot_ram_reserve(fdt_pa, fdt->size), "tree", fdt_pa, fdt->size);
	return error ? error : find_image(board, image);
}
