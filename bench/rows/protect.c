// SPDX-License-Identifier: MIT
/*
 * set_memory_*(): whole areas of each size of leaf; one page in the middle of a group or of a
 * block, when it has to be split and when it is; merging; code. They run if they are named.
 */
#include <errno.h>

#include "bench/measure.h"
#include "mm/areas/set_memory.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/at.h"
#include "mm/phys/buddy.h"

/* What the area is made of. */
enum { PAGES, GROUPS, BLOCKS };

static uint64_t area, area_pages;
static int changed; /* pages from the second on, where only some are; else all */

static unsigned leaf_shift(unsigned kind)
{
	const unsigned shifts[] = { PAGE_SHIFT, CONT_PTE_SHIFT, PMD_SHIFT };

	return shifts[kind];
}

/* log2 of the leaf or group at @va. */
static unsigned shift_at(uint64_t va)
{
	struct leaf leaf;

	if (walk_lookup(va, &leaf))
		return 0;
	if (leaf.cont)
		return leaf.level == LEVEL_PTE ? CONT_PTE_SHIFT : CONT_PMD_SHIFT;
	return level_shift(leaf.level);
}

static int make_area(struct pass *pass, uint64_t bytes)
{
	unsigned kind = pass->bench->kind;
	void *addr;

	pass->why = "not enough memory";
	bytes = ALIGN_UP(bytes, 1UL << leaf_shift(kind));
	if (nr_free_pages() < 2 * bytes >> PAGE_SHIFT)
		return -ENOMEM;
	addr = kind == PAGES ? vmalloc(bytes) : vmalloc_huge(bytes, GFP_KERNEL);
	area = (uint64_t)addr;
	area_pages = bytes >> PAGE_SHIFT;
	if (!addr || shift_at(area) < leaf_shift(kind))
		return -ENOMEM;
	pass->why = NULL;
	return 0;
}

static int prepare_whole(struct pass *pass)
{
	changed = 0;
	return make_area(pass, pass->bytes);
}

static int prepare_part(struct pass *pass)
{
	changed = 1;
	return make_area(pass, 1UL << leaf_shift(pass->bench->kind));
}

static void finish(struct pass *pass)
{
	(void)pass;
	vfree((void *)area);
	area = 0;
}

/* The pages that the row is about. */
static uint64_t first_va(void)
{
	return changed ? area + PAGE_SIZE : area;
}

static int nr_changed(void)
{
	return changed ? changed : (int)area_pages;
}

/* --- the calls ---------------------------------------------------------------------------- */

static void body_ro(struct pass *pass)
{
	pass->error = set_memory_ro(first_va(), nr_changed());
}

static void body_rw(struct pass *pass)
{
	pass->error = set_memory_rw(first_va(), nr_changed());
}

static void body_invalid(struct pass *pass)
{
	pass->error = set_memory_valid(first_va(), nr_changed(), 0);
}

static void body_x(struct pass *pass)
{
	pass->error = set_memory_x(first_va(), nr_changed());
}

static void body_merge(struct pass *pass)
{
	pass->error = set_memory_merge(first_va(), nr_changed());
}

/* --- before and after --------------------------------------------------------------------- */

static int make_rw(struct pass *pass)
{
	(void)pass;
	return set_memory_rw(first_va(), nr_changed());
}

static int make_ro(struct pass *pass)
{
	(void)pass;
	return set_memory_ro(first_va(), nr_changed());
}

static int make_valid(struct pass *pass)
{
	(void)pass;
	return set_memory_valid(first_va(), nr_changed(), 1);
}

static int make_nx(struct pass *pass)
{
	return set_memory_nx(first_va(), nr_changed()) ?: make_rw(pass);
}

/* As before the call: one leaf. */
static int make_whole(struct pass *pass)
{
	return make_rw(pass) ?: set_memory_merge(first_va(), nr_changed());
}

static int make_parts(struct pass *pass)
{
	return make_ro(pass) ?: make_rw(pass);
}

/* --- checks ------------------------------------------------------------------------------- */

/* Whether @va may be read and written, by the software walk and by AT. */
static bool allows(uint64_t va, bool read, bool write)
{
	struct leaf leaf;
	bool walks = !walk_lookup(va, &leaf);

	return walks == read && !(at_s1e1r(va) & PAR_F) == read &&
	       !(at_s1e1w(va) & PAR_F) == write && (!read || !(leaf.prot & DESC_RO) == write);
}

static int check(struct pass *pass, bool read, bool write)
{
	uint64_t va = first_va(), end = va + (uint64_t)nr_changed() * PAGE_SIZE;

	for (uint64_t at = area; at < area + area_pages * PAGE_SIZE; at += PAGE_SIZE)
		if (!allows(at, at < va || at >= end || read, at < va || at >= end || write)) {
			pass->why = "a page has the wrong permissions";
			return -EFAULT;
		}
	return 0;
}

static int check_ro(struct pass *pass)
{
	return check(pass, true, false);
}

static int check_rw(struct pass *pass)
{
	return check(pass, true, true);
}

static int check_invalid(struct pass *pass)
{
	return check(pass, false, false);
}

static int check_merged(struct pass *pass)
{
	if (shift_at(first_va()) == leaf_shift(pass->bench->kind))
		return check(pass, true, true);
	pass->why = "the parts were not merged";
	return -EFAULT;
}

static int check_x(struct pass *pass)
{
	struct leaf leaf;

	if (!walk_lookup(first_va(), &leaf) && !(leaf.prot & DESC_PXN))
		return check(pass, true, false);
	pass->why = "the pages are not executable";
	return -EFAULT;
}

#define PROTECT(ident, label, ...)                                                              \
	BENCH(ident, .name = label, .rungs = RUNGS_TLBED, .only_named = true, .finish = finish, \
	      __VA_ARGS__)

#define WHOLE(ident, label, leaves, size)                                                     \
	PROTECT(set_memory_ro_##ident, "set_memory_ro/" label, .bytes = size, .kind = leaves, \
		.prepare = prepare_whole, .body = body_ro, .check = check_ro, .after = make_rw)

WHOLE(1m_pages, "1M/pages", PAGES, 1 * MiB);
WHOLE(1m_groups, "1M/groups", GROUPS, 1 * MiB);
WHOLE(100m_pages, "100M/pages", PAGES, 100 * MiB);
WHOLE(100m_blocks, "100M/blocks", BLOCKS, 100 * MiB);

PROTECT(set_memory_rw_1m, "set_memory_rw/1M/pages", .bytes = 1 * MiB, .kind = PAGES,
	.prepare = prepare_whole, .before = make_ro, .body = body_rw, .check = check_rw);
PROTECT(set_memory_valid_1m, "set_memory_valid/1M/pages", .bytes = 1 * MiB, .kind = PAGES,
	.prepare = prepare_whole, .body = body_invalid, .check = check_invalid,
	.after = make_valid);
PROTECT(set_memory_x_4k, "set_memory_x/4K", .bytes = PAGE_SIZE, .kind = PAGES,
	.prepare = prepare_whole, .before = make_ro, .body = body_x, .check = check_x,
	.after = make_nx);
PROTECT(set_memory_x_1m, "set_memory_x/1M/pages", .bytes = 1 * MiB, .kind = PAGES,
	.prepare = prepare_whole, .before = make_ro, .body = body_x, .check = check_x,
	.after = make_nx);

/* One page: what splitting costs in all, what the same call costs then, and the way back. */
#define PART(ident, label, leaves)                                                                 \
	PROTECT(set_memory_split_##ident, "set_memory_ro/page-of-a-" label "/split",               \
		.bytes = PAGE_SIZE, .kind = leaves, .prepare = prepare_part, .body = body_ro,      \
		.check = check_ro, .after = make_whole);                                           \
	PROTECT(set_memory_steady_##ident, "set_memory_ro/page-of-a-" label "/steady",             \
		.bytes = PAGE_SIZE, .kind = leaves, .prepare = prepare_part, .before = make_parts, \
		.body = body_ro, .check = check_ro, .after = make_rw);                             \
	PROTECT(set_memory_merge_##ident, "set_memory_merge/" label, .bytes = PAGE_SIZE,           \
		.kind = leaves, .prepare = prepare_part, .before = make_parts, .body = body_merge, \
		.check = check_merged)

PART(group, "group", GROUPS);
PART(block, "block", BLOCKS);
